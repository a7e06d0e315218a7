// Clients that do not read what they asked for.
#include <catch2/catch.hpp>

#include <algorithm>

#include "tests/support/reply_text.h"
#include "tests/support/test_server.h"

namespace larder {
namespace {

constexpr size_t kMegabyte = 1024 * 1024;

// Every socket buffer on the way can take megabytes; this is more than all of them.
constexpr int kManyReplies = 64;

std::string many_gets() {
  std::string requests;
  for (int i = 0; i < kManyReplies; i++) requests += encode_request({"GET", "big"});
  return requests;
}

// True when the server has given this client up.
bool is_cut_off(TestClient& admin, const std::string& id) {
  return admin("CLIENT", "LIST", "ID", id).text.empty();
}

bool counts_one_disconnection(TestClient& admin) {
  return admin("INFO", "stats").text.find("client_output_buffer_limit_disconnections:1\r") !=
         std::string::npos;
}

TEST_CASE("a client whose output exceeds the hard limit is cut off") {
  TestServer server({"--client-output-buffer-limit", "normal 8mb 0 0"});
  auto admin = server.connect(), slow = server.connect();
  admin("SET", "big", std::string(kMegabyte, 'x'));
  const std::string id = std::to_string(slow("CLIENT", "ID").integer);
  slow.send_raw(many_gets());
  CHECK(eventually([&] { return is_cut_off(admin, id); }));
  CHECK(server.log().find("overcoming of output buffer limits") != std::string::npos);
  CHECK(eventually([&] { return counts_one_disconnection(admin); }));
  // What it gets before is less than all.
  int replies = 0;
  CHECK_THROWS([&] {
    for (; replies < kManyReplies; replies++) slow.receive();
  }());
  CHECK(replies < kManyReplies);
}

TEST_CASE("a hard limit that is too small for a conversation still lets short replies through") {
  TestServer server({"--client-output-buffer-limit", "normal 10 0 0"});
  auto client = server.connect();
  CHECK(client("SET", "big", std::string(100'000, 'x')) == status("OK"));
  CHECK(client("GETRANGE", "big", 0, 999).text.size() == 1000);
  client.send({"GET", "big"});
  CHECK_THROWS(client.receive());
  auto other = server.connect();
  CHECK(counts_one_disconnection(other));
}

TEST_CASE("one reply beyond the hard limit is cut off too") {
  TestServer server({"--client-output-buffer-limit", "normal 3mb 0 0"});
  auto client = server.connect();
  client("SET", "big", std::string(kMegabyte, 'x'));
  client.send({"MGET", "big", "big", "big", "big", "big", "big", "big", "big"});
  CHECK_THROWS(client.receive());
  CHECK(server.connect()("GET", "big").text.size() == kMegabyte);
}

TEST_CASE("a client whose output stays above the soft limit is cut off after its time") {
  TestServer server({"--client-output-buffer-limit", "normal 0 1mb 1"});
  auto admin = server.connect(), slow = server.connect();
  admin("SET", "big", std::string(kMegabyte, 'x'));
  const std::string id = std::to_string(slow("CLIENT", "ID").integer);
  const auto start = std::chrono::steady_clock::now();
  slow.send_raw(many_gets());
  CHECK(eventually([&] { return is_cut_off(admin, id); }));
  CHECK(std::chrono::steady_clock::now() - start >= 1s);
  CHECK(counts_one_disconnection(admin));
}

TEST_CASE("a client that reads is not cut off by the soft limit") {
  TestServer server({"--client-output-buffer-limit", "normal 0 1mb 1"});
  auto client = server.connect();
  client("SET", "big", std::string(kMegabyte, 'x'));
  // Longer than the limit allows to be above it, and never for long above it.
  const auto end = std::chrono::steady_clock::now() + 1500ms;
  while (std::chrono::steady_clock::now() < end) {
    client.send_raw(many_gets());
    for (int i = 0; i < kManyReplies; i++) REQUIRE(client.receive().text.size() == kMegabyte);
  }
}

TEST_CASE("without a limit a slow reader gets everything, and others do not wait for it") {
  TestServer server;
  auto admin = server.connect(), slow = server.connect();
  admin("SET", "big", std::string(kMegabyte, 'x'));
  slow.send_raw(many_gets());
  for (int i = 0; i < 100; i++) CHECK(admin("INCR", "n") == i + 1);
  for (int i = 0; i < kManyReplies; i++) CHECK(slow.receive().text.size() == kMegabyte);
}

TEST_CASE("a client that never reads is cut off although no limit was set") {
  // The least that the default comes to is 64 MB.
  TestServer server({"--maxmemory", "100mb"});
  auto admin = server.connect(), silent = server.connect(), slow = server.connect();
  admin("SET", "big", std::string(kMegabyte, 'x'));
  const std::string id = std::to_string(silent("CLIENT", "ID").integer);
  std::string requests;
  for (int i = 0; i < 10; i++) requests += many_gets();
  silent.send_raw(requests);
  // Whoever takes a little now and then is slow, and not gone.
  slow.send_raw(requests);
  uint64_t most = 0;
  auto next_read = std::chrono::steady_clock::now();
  CHECK(eventually(
      [&] {
        if (std::chrono::steady_clock::now() >= next_read) {
          slow.receive();
          next_read += 500ms;
        }
        const std::string line = admin("CLIENT", "LIST", "ID", id).text;
        if (line.empty()) return true;
        most = std::max<uint64_t>(most, std::stoull(line.substr(line.find(" obl=") + 5)));
        return false;
      },
      60s));
  // It had no more than twice as much at any time, whatever it had asked for.
  CHECK(most > 64 * kMegabyte);
  CHECK(most <= 2 * 64 * kMegabyte + 2 * kMegabyte);
  CHECK(server.log().find("it reads nothing of its output") != std::string::npos);
  CHECK(counts_one_disconnection(admin));
  CHECK(slow.receive().text.size() == kMegabyte);
}

TEST_CASE("one reply may be longer than what may stay unread") {
  TestServer server({"--unread-output-limit", "100kb"});
  auto client = server.connect();
  client("SET", "big", std::string(kMegabyte, 'x'));
  for (int i = 0; i < 200; i++) {
    CHECK(client("MGET", "big", "big", "big", "big").children.size() == 4);
  }
  CHECK(client("CONFIG", "SET", "unread-output-limit", "10%") == status("OK"));
  CHECK(client("CONFIG", "GET", "unread-output-limit") == array("unread-output-limit", "10%"));
}

TEST_CASE("the output limit changes while the server runs") {
  TestServer server;
  auto admin = server.connect(), slow = server.connect();
  admin("SET", "big", std::string(kMegabyte, 'x'));
  const std::string id = std::to_string(slow("CLIENT", "ID").integer);
  CHECK(admin("CONFIG", "SET", "client-output-buffer-limit", "normal 2mb 0 0") == status("OK"));
  slow.send_raw(many_gets());
  CHECK(eventually([&] { return is_cut_off(admin, id); }));
}

TEST_CASE("a request that grows beyond the query buffer limit ends its client") {
  TestServer server({"--client-query-buffer-limit", "1mb"});
  auto client = server.connect();
  client.send_raw("*100000\r\n");
  const std::string argument = "$1000\r\n" + std::string(1000, 'x') + "\r\n";
  CHECK_THROWS([&] {
    for (int i = 0; i < 100'000; i++) client.send_raw(argument);
  }());
  CHECK(server.log().find("max query buffer length") != std::string::npos);
  CHECK(server.connect()("PING") == status("PONG"));
}

}  // namespace
}  // namespace larder
