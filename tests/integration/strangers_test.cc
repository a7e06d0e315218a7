// What somebody may cost the server who has not logged in: little, in either direction, whatever is
// sent, on each of the ports.
#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/support/build.h"
#include "tests/support/reply_text.h"
#include "tests/support/server_figures.h"
#include "tests/support/test_server.h"
#include "tests/support/tls_server.h"

namespace larder {
namespace {

constexpr int kStrangers = 200;

std::string repeat(std::string_view text, size_t times) {
  std::string repeated;
  repeated.reserve(text.size() * times);
  for (size_t i = 0; i < times; i++) repeated += text;
  return repeated;
}

TestClient logged_in(const TestServer& server) {
  TestClient admin = server.connect();
  REQUIRE(admin("AUTH", "secret") == status("OK"));
  return admin;
}

// A request of ten arguments, each of which is as long as it may be, without its last byte: the
// most that a stranger can have on the way.
std::string longest_unfinished_request() {
  return "*10\r\n" + repeat("$16384\r\n" + std::string(16384, 'x') + "\r\n", 9) + "$16384\r\n" +
         std::string(16383, 'x');
}

TEST_CASE("strangers: what they have sent of a request takes little") {
  TestServer server({"--requirepass", "secret"});
  auto admin = logged_in(server);
  const std::string bytes =
      GENERATE(longest_unfinished_request(), std::string(65'000, 'x'),
               "*" + std::string(65'000, '0'), "GET \"" + repeat("\\x41", 16'000));
  const auto before = used_memory(admin);
  std::vector<TestClient> strangers;
  for (int i = 0; i < kStrangers; i++) {
    strangers.push_back(server.connect());
    try {
      strangers.back().send_raw(bytes);
    } catch (const std::runtime_error&) {
      // Cut off before it had sent all of it.
    }
  }
  // Each is answered, or has been read as far as it will be.
  CHECK(eventually([&] {
    return info_number(admin, "clients", "connected_clients") == 1 ||
           info_number(admin, "stats", "total_net_input_bytes") >=
               static_cast<int64_t>(kStrangers * bytes.size());
  }));
  const auto each = (used_memory(admin) - before) / kStrangers;
  INFO("bytes for each: " << each);
  if (!kHasSanitizers) CHECK(each <= 32 * 1024);
  CHECK(admin("PING") == status("PONG"));
}

TEST_CASE("strangers: the beginning of a request may be 20 KB, and its line 16 KB") {
  TestServer server({"--requirepass", "secret"});
  auto client = server.connect();
  SECTION("a password of the longest length, and a name") {
    CHECK(client("AUTH", std::string(3000, 'n'), std::string(16384, 'p')) ==
          error_starting("WRONGPASS"));
  }
  SECTION("two arguments of the longest length") {
    client.send_raw("*3\r\n$4\r\nAUTH\r\n$16384\r\n" + std::string(16384, 'n') + "\r\n$16384\r\n");
    CHECK(client.receive() == is_error("ERR Protocol error: unauthenticated bulk length"));
    CHECK(client.receive_eof());
  }
  SECTION("a line") {
    client.send_raw("AUTH " + std::string(16'000, 'x') + "\r\n");
    CHECK(client.receive() == error_starting("WRONGPASS"));
    client.send_raw("AUTH " + std::string(17'000, 'x'));
    CHECK(client.receive() == is_error("ERR Protocol error: too big inline request"));
    CHECK(client.receive_eof());
  }
}

TEST_CASE("strangers: announcing much is refused in Redis's words, on both ports") {
  TlsServer server({"--requirepass", "secret"});
  const auto [bytes, reason] = GENERATE(table<std::string, std::string>({
      {"*1000000\r\n", "unauthenticated multibulk length"},
      {"*11\r\n", "unauthenticated multibulk length"},
      {"*2147483647\r\n", "unauthenticated multibulk length"},
      {"*2147483648\r\n", "invalid multibulk length"},
      {"*1\r\n$536870912\r\n", "unauthenticated bulk length"},
      {"*2\r\n$3\r\nGET\r\n$16385\r\n", "unauthenticated bulk length"},
  }));
  auto plain = server.connect();
  plain.send_raw(bytes);
  CHECK(plain.receive() == is_error("ERR Protocol error: " + reason));
  CHECK(plain.receive_eof());
  auto tls = server.connect_tls();
  tls->send_raw(bytes);
  CHECK(tls->receive() == is_error("ERR Protocol error: " + reason));
}

TEST_CASE("strangers: errors that nobody reads are not kept, on both ports") {
  TlsServer server({"--requirepass", "secret"});
  auto admin = logged_in(server.server());
  const auto before = used_memory(admin);
  // As much as the sockets take: the server has long ended the connection then.
  const std::string requests = repeat("GET k\r\n", 20'000);
  int cut_off = 0;
  std::vector<TestClient> strangers;
  for (int i = 0; i < 20; i++) {
    strangers.push_back(server.connect());
    try {
      for (int j = 0; j < 200; j++) strangers.back().send_raw(requests);
    } catch (const std::runtime_error&) {
      cut_off++;
    }
  }
  CHECK(cut_off == 20);
  std::vector<std::unique_ptr<TlsTestClient>> tls_strangers;
  for (int i = 0; i < 5; i++) {
    tls_strangers.push_back(server.connect_tls());
    try {
      for (int j = 0; j < 200; j++) tls_strangers.back()->send_raw(requests);
    } catch (const std::runtime_error&) {
      cut_off++;
    }
  }
  CHECK(cut_off == 25);
  CHECK(eventually([&] {
    return info_number(admin, "stats", "client_output_buffer_limit_disconnections") == 25;
  }));
  if (!kHasSanitizers) CHECK(used_memory(admin) - before < 25 * 128 * 1024);
}

// Requests that are whole are run one by one; those behind them stay with the kernel.
TEST_CASE("strangers: pipelines are not read ahead, on both ports") {
  if (kHasSanitizers) return;
  TlsServer server({"--requirepass", "secret", "--maxmemory", "30mb", "--maxmemory-policy", "allkeys-lru"});
  auto admin = logged_in(server.server());
  for (int i = 0; i < 20; i++) admin("SET", "key:" + std::to_string(i), std::string(1'000'000, 'v'));
  // Blank lines are requests that cost the least to send, and have no reply that would fill up.
  const std::string lines = repeat("\r\n", 30'000);
  const auto before = used_memory(admin);
  std::vector<TestClient> strangers;
  std::vector<std::unique_ptr<TlsTestClient>> tls_strangers;
  int64_t most = 0;
  const auto look = [&] { most = std::max<int64_t>(most, used_memory(admin) - before); };
  for (int i = 0; i < kStrangers; i++) {
    strangers.push_back(server.connect());
    strangers.back().send_raw(lines);
    if (i % 20 == 0) look();
  }
  for (int i = 0; i < 10; i++) {
    tls_strangers.push_back(server.connect_tls());
    tls_strangers.back()->send_raw(lines);
    look();
  }
  // All is run in the end.
  CHECK(eventually(
      [&] {
        look();
        return info_number(admin, "stats", "total_net_input_bytes") >
               static_cast<int64_t>((kStrangers + 10) * lines.size());
      },
      60s));
  INFO("bytes for each: " << most / (kStrangers + 10));
  CHECK(most / (kStrangers + 10) <= 40 * 1024);
  CHECK(info_number(admin, "stats", "evicted_keys") == 0);
  // Who logs in has no such limit any more, not even for what he has sent already.
  TestClient& one = strangers.front();
  one.send_raw("AUTH secret\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$30000\r\n" + std::string(30'000, 'v') +
               "\r\nSTRLEN k\r\n");
  CHECK(one.receive() == status("OK"));
  CHECK(one.receive() == status("OK"));
  CHECK(one.receive().integer == 30'000);
}

TEST_CASE("strangers: a request that never becomes whole is refused at 20 KB") {
  TestServer server({"--requirepass", "secret"});
  auto client = server.connect();
  // Ten arguments may be 20 KB together; the line of the last one never ends.
  client.send_raw("*10\r\n" + repeat("$2000\r\n" + std::string(2000, 'x') + "\r\n", 9) + "$1000\r\n" +
                  std::string(1000, 'x') + "\r\n" + std::string(1000, 'x'));
  CHECK(client.receive() == error_starting("ERR unknown command"));
  auto other = server.connect();
  other.send_raw("*3\r\n$16384\r\n" + std::string(16'384, 'x') + "\r\n$4000\r\n" + std::string(4000, 'x') +
                 "\r\n" + std::string(8000, '$'));
  CHECK(other.receive() == error_starting("ERR Protocol error: "));
  CHECK(other.receive_eof());
}

TEST_CASE("strangers: a pause does not make the server read ahead of them") {
  TestServer server({"--requirepass", "secret"});
  auto admin = logged_in(server);
  CHECK(admin("CLIENT", "PAUSE", "100000", "ALL") == status("OK"));
  std::vector<TestClient> strangers;
  // More than the server would hold of a client that is known, and less than the sockets take.
  const std::string requests = repeat("GET k\r\n", 100'000);
  for (int i = 0; i < 30; i++) {
    strangers.push_back(server.connect());
    strangers.back().send({"AUTH", "secret"});
    strangers.back().send_raw(requests);
  }
  const auto held = [&] {
    const std::string list = admin("CLIENT", "LIST").text;
    int64_t most = 0;
    for (size_t at = list.find(" qbuf="); at != std::string::npos; at = list.find(" qbuf=", at + 1))
      most = std::max<int64_t>(most, std::stoll(list.substr(at + 6)));
    return most;
  };
  CHECK(eventually([&] {
    const std::string list = admin("CLIENT", "LIST").text;
    size_t waiting = 0;
    for (size_t at = 0; (at = list.find("flags=b", at)) != std::string::npos; at++) waiting++;
    return waiting == strangers.size();
  }));
  CHECK(held() <= 128 * 1024);
  CHECK(admin("CLIENT", "UNPAUSE") == status("OK"));
  // And nothing of it is lost.
  CHECK(strangers[0].receive() == status("OK"));
  for (int i = 0; i < 100'000; i++) REQUIRE(strangers[0].receive() == nil);
}

TEST_CASE("strangers: names that are tried do not fill the log of refusals") {
  TestServer server({"--requirepass", "secret"});
  auto admin = logged_in(server);
  auto client = server.connect();
  const auto before = used_memory(admin);
  for (int i = 0; i < 128; i++) {
    const std::string name = std::to_string(i) + std::string(16'000, 'n');
    CHECK(client("AUTH", name, "x") == error_starting("WRONGPASS"));
  }
  if (!kHasSanitizers) CHECK(used_memory(admin) - before < 256 * 1024);
  CHECK(admin("ACL", "LOG", 1000).children.size() == 128);
}

TEST_CASE("strangers: a browser that is sent here cannot fill the log") {
  TestServer server;
  for (int i = 0; i < 50; i++) {
    auto browser = server.connect();
    browser.send_raw("POST / HTTP/1.1\r\nHost: localhost\r\n\r\nSET k v\r\n");
    CHECK(browser.receive_eof());
  }
  const std::string log = server.log();
  size_t warnings = 0;
  for (size_t at = 0; (at = log.find("SECURITY ATTACK", at)) != std::string::npos; at++) warnings++;
  CHECK(warnings == 1);
  CHECK(server.connect()("EXISTS", "k") == 0);
}

TEST_CASE("strangers: handshakes take no more descriptors than tls-handshake-max and maxclients") {
  TlsServer server(
      {"--maxclients", "40", "--tls-handshake-max", "20", "--tls-handshake-timeout", "3600"});
  auto admin = server.connect();
  REQUIRE(admin("PING") == status("PONG"));
  server.connect_tls()->call({"PING"});
  const size_t before = open_files(server.server().pid());
  std::vector<TestClient> silent;
  for (int i = 0; i < 200; i++) silent.push_back(TestClient::connect(server.tls_port()));
  CHECK(
      eventually([&] { return info_number(admin, "stats", "tls_handshakes_in_progress") == 20; }));
  for (int i = 0; i < 100; i++) {
    REQUIRE(open_files(server.server().pid()) <= before + 21);
    REQUIRE(admin("PING") == status("PONG"));
  }
}

}  // namespace
}  // namespace larder
