#include "modules/metrics/http_connection.h"

#include <catch2/catch.hpp>
#include <string>

namespace larder {
namespace {

// Parts of which some are empty, as those of a step that is all work.
class Parts final : public HttpBody {
 public:
  bool write(std::string& out, Deadline) override {
    static constexpr std::string_view kParts[] = {"first ", "", "second"};
    out += kParts[next_++];
    return next_ < 3;
  }

 private:
  size_t next_ = 0;
};

HttpResponse respond(const HttpRequest& request) {
  if (request.path == "/text") return {.text = "hello\n"};
  if (request.path == "/parts") return {.body = std::make_unique<Parts>()};
  if (request.path == "/bytes") {
    static const std::string large(100'000, 'x');
    return {.bytes = large};
  }
  return {.status = 404, .text = "no\n"};
}

struct Answer {
  std::string text = {};
  size_t used = 0;
  bool is_closed = false;
};

Answer ask(HttpConnection& connection, const std::string& request) {
  Answer answer{.used = connection.receive(request)};
  if (answer.used == 0) return answer;
  for (;;) {
    const StreamOutput output = connection.next_output(Deadline::never());
    answer.text += output.bytes;
    answer.is_closed = output.then == StreamOutput::Then::close;
    if (output.then != StreamOutput::Then::more) return answer;
  }
}

std::string body_of(const Answer& answer) {
  return answer.text.substr(answer.text.find("\r\n\r\n") + 4);
}
bool has(const Answer& answer, std::string_view text) {
  return answer.text.find(text) != std::string::npos;
}

TEST_CASE("http connection: texts have a length, bodies come in chunks, and the connection stays") {
  HttpConnection connection(respond);
  const Answer text = ask(connection, "GET /text HTTP/1.1\r\nHost: a\r\n\r\nGET /");
  CHECK(text.used == 31);
  CHECK(text.text.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(has(text, "Content-Length: 6\r\n"));
  CHECK(has(text, "X-Content-Type-Options: nosniff\r\n"));
  CHECK(body_of(text) == "hello\n");
  CHECK(!text.is_closed);
  const Answer parts = ask(connection, "GET /parts HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(has(parts, "Transfer-Encoding: chunked\r\n"));
  CHECK(!has(parts, "Content-Length"));
  CHECK(body_of(parts) == "6\r\nfirst \r\n6\r\nsecond\r\n0\r\n\r\n");
  CHECK(!parts.is_closed);
  const Answer bytes = ask(connection, "GET /bytes HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(body_of(bytes).size() == 100'000);
  CHECK(ask(connection, "GET /none HTTP/1.1\r\nHost: a\r\n\r\n")
            .text.starts_with("HTTP/1.1 404 Not Found\r\n"));
}

TEST_CASE("http connection: HEAD has the head of GET and no body") {
  for (const std::string path : {"/text", "/parts", "/bytes"}) {
    HttpConnection connection(respond);
    const Answer get = ask(connection, "GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n");
    const Answer head = ask(connection, "HEAD " + path + " HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(head.text == get.text.substr(0, get.text.find("\r\n\r\n") + 4));
  }
}

TEST_CASE("http connection: without chunks the end of the body is that of the connection") {
  HttpConnection connection(respond);
  const Answer parts = ask(connection, "GET /parts HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  CHECK(body_of(parts) == "first second");
  CHECK(parts.is_closed);
  HttpConnection another(respond);
  CHECK(!ask(another, "GET /text HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").is_closed);
  CHECK(ask(another, "GET /text HTTP/1.0\r\n\r\n").is_closed);
}

TEST_CASE("http connection: what is malformed is answered and is the last") {
  int malformed = 0;
  HttpConnection connection(respond, [&] { malformed++; });
  CHECK(ask(connection, "GET /none HTTP/1.1\r\nHost: a\r\n\r\n").used > 0);
  CHECK(malformed == 0);
  const Answer refused = ask(connection, "DELETE / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(refused.text.starts_with("HTTP/1.1 405 Method Not Allowed\r\n"));
  CHECK(has(refused, "Allow: GET, HEAD\r\n"));
  CHECK(has(refused, "Connection: close\r\n"));
  CHECK(refused.is_closed);
  CHECK(malformed == 1);
  HttpConnection unfinished(respond);
  CHECK(ask(unfinished, "GET / HTTP/1.1\r\n").used == 0);
}

}  // namespace
}  // namespace larder
