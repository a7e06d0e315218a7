#include "modules/metrics/http_request.h"

#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

namespace larder {
namespace {

using Outcome = HttpRequestParser::Outcome;

// The status that a head is refused with, or 200.
int status_of(const std::string& head) {
  HttpRequestParser parser;
  switch (parser.parse(head)) {
    case Outcome::complete:
      return 200;
    case Outcome::malformed:
      return parser.status();
    case Outcome::need_more:
      return 0;
  }
  return 0;
}

std::string with_header(const std::string& line) {
  return "GET / HTTP/1.1\r\nHost: a\r\n" + line + "\r\n\r\n";
}

TEST_CASE("http request: it is found wherever the input is cut") {
  const std::string text =
      "GET /api/history?since=12&x HTTP/1.1\r\nHost: [::1]:9121\r\nAccept: */*\r\n"
      "connection: Upgrade, Close\r\n\r\n";
  const std::string input = text + "GET /next";
  for (size_t cut = 1; cut < text.size(); cut++) {
    INFO(cut);
    HttpRequestParser parser;
    REQUIRE(parser.parse(std::string_view(input).substr(0, cut)) == Outcome::need_more);
    REQUIRE(parser.parse(input) == Outcome::complete);
    CHECK(parser.consumed() == text.size());
    CHECK(parser.request().path == "/api/history");
    CHECK(parser.request().parameter("since") == "12");
    CHECK(parser.request().parameter("x").empty());
    CHECK(parser.request().parameter("inc").empty());
    CHECK(parser.request().host == "[::1]");
    CHECK(!parser.request().keeps_alive);
    CHECK(!parser.request().is_head);
  }
  // Byte by byte, and the next request behind it.
  HttpRequestParser parser;
  for (int round = 0; round < 2; round++) {
    for (size_t end = 1; end < text.size(); end++) {
      REQUIRE(parser.parse(std::string_view(text).substr(0, end)) == Outcome::need_more);
    }
    REQUIRE(parser.parse(text) == Outcome::complete);
  }
}

TEST_CASE("http request: versions decide whether the connection stays") {
  const auto keeps_alive = [](const std::string& head) {
    HttpRequestParser parser;
    REQUIRE(parser.parse(head) == Outcome::complete);
    return parser.request().keeps_alive;
  };
  CHECK(keeps_alive("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"));
  CHECK(!keeps_alive("GET / HTTP/1.0\r\n\r\n"));
  CHECK(keeps_alive("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
  CHECK(!keeps_alive(with_header("Connection: close")));
}

TEST_CASE("http request: what is malformed is refused with its status") {
  CHECK(status_of("GET / HTTP/1.1\r\nHost: a\r\n\r\n") == 200);
  CHECK(status_of("POST / HTTP/1.1\r\nHost: a\r\n\r\n") == 405);
  CHECK(status_of("get / HTTP/1.1\r\nHost: a\r\n\r\n") == 405);
  CHECK(status_of("GET / HTTP/2.0\r\nHost: a\r\n\r\n") == 505);
  CHECK(status_of("GET / HTTPS/1.1\r\nHost: a\r\n\r\n") == 400);
  CHECK(status_of("GET  / HTTP/1.1\r\nHost: a\r\n\r\n") == 400);
  CHECK(status_of("GET / / HTTP/1.1\r\nHost: a\r\n\r\n") == 400);
  CHECK(status_of("GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n") == 400);
  CHECK(status_of("GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n") == 400);
  CHECK(status_of("GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n") == 400);
  CHECK(status_of("GET /\r\n\r\n") == 400);
  CHECK(status_of("\r\n\r\n") == 400);
  CHECK(status_of("GET / HTTP/1.1\r\n\r\n") == 400);
  CHECK(status_of(with_header("Host: b")) == 400);
  CHECK(status_of("GET / HTTP/1.1\r\nHost: a :80\r\n\r\n") == 400);
  CHECK(status_of("GET / HTTP/1.1\r\nHost: a\tb\r\n\r\n") == 400);
  CHECK(status_of(with_header("No colon")) == 400);
  CHECK(status_of(with_header("Space : x")) == 400);
  CHECK(status_of(with_header(": x")) == 400);
  CHECK(status_of(with_header(" folded: x")) == 400);
  CHECK(status_of(with_header("A: x\ny")) == 400);
  CHECK(status_of(with_header("A: x\ry")) == 400);
  CHECK(status_of(with_header(std::string("A: x\0y", 6))) == 400);
  CHECK(status_of(with_header("Content-Length: 0")) == 200);
  CHECK(status_of(with_header("Content-Length: 5")) == 413);
  CHECK(status_of(with_header("Content-Length: -1")) == 400);
  CHECK(status_of(with_header("Content-Length: 0x0")) == 400);
  CHECK(status_of(with_header("Transfer-Encoding: chunked")) == 501);
  // Other protocols at their first byte: a TLS hello, a request of Redis.
  CHECK(status_of("\x16") == 400);
  CHECK(status_of("*1\r\n") == 400);
  CHECK(status_of(" ") == 400);
  CHECK(status_of("PING\r\n") == 0);
}

TEST_CASE("http request: its size is bounded") {
  const std::string line = "GET /" + std::string(HttpRequestParser::kMaxHeadBytes, 'a');
  CHECK(status_of(line) == 414);
  CHECK(status_of(line + " HTTP/1.1\r\nHost: a\r\n\r\n") == 414);
  CHECK(status_of(with_header("A: " + std::string(HttpRequestParser::kMaxHeadBytes, 'a'))) == 431);
  std::string fits = with_header("A: ");
  fits.insert(fits.size() - 4, std::string(HttpRequestParser::kMaxHeadBytes - fits.size(), 'a'));
  CHECK(status_of(fits) == 200);
}

TEST_CASE("http request: no input does harm, and cuts do not change what is found") {
  std::mt19937 random(7);  // NOLINT: the same every time
  const std::vector<std::string> parts = {
      "GET ",    "HEAD ", "/", "x", " HTTP/1.1", " HTTP/1.0",        "\r\n", "\r", "\n",
      "Host: a", "A: b",  ":", " ", "\r\n\r\n",  "Connection: close"};
  for (int round = 0; round < 20'000; round++) {
    std::string input;
    for (size_t i = random() % 12; i > 0; i--) input += parts[random() % parts.size()];
    HttpRequestParser whole;
    const Outcome expected = whole.parse(input);
    HttpRequestParser cut;
    Outcome outcome = Outcome::need_more;
    size_t end = 0;
    while (end < input.size() && outcome == Outcome::need_more) {
      outcome = cut.parse(std::string_view(input).substr(0, ++end));
    }
    INFO(input);
    REQUIRE(outcome == expected);
    if (outcome == Outcome::complete) REQUIRE(cut.consumed() == whole.consumed());
    if (outcome == Outcome::malformed) REQUIRE(cut.status() == whole.status());
  }
}

}  // namespace
}  // namespace larder
