// What the server does in its own time, and that nobody waits for it.
#include <catch2/catch.hpp>

#include "tests/support/build.h"
#include "tests/support/test_server.h"

namespace larder {
namespace {

using Clock = std::chrono::steady_clock;

int64_t unix_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// Sends `count` inline requests in pipelines of a thousand.
template <class MakeRequest>
void send_many(TestClient& client, int count, MakeRequest make_request) {
  constexpr int kPipeline = 1000;
  for (int i = 0; i < count; i += kPipeline) {
    std::string requests;
    for (int j = i; j < i + kPipeline; j++) requests += make_request(std::to_string(j)) + "\r\n";
    client.send_raw(requests);
    for (int j = i; j < i + kPipeline; j++) client.receive();
  }
}

// Remembers the longest answer.
class Questions {
 public:
  Reply ask(TestClient& client, const std::string& command) {
    const auto start = Clock::now();
    const Reply reply = client(command);
    longest_ = std::max(longest_, std::chrono::nanoseconds(Clock::now() - start));
    return reply;
  }
  std::chrono::nanoseconds longest() const { return longest_; }

 private:
  std::chrono::nanoseconds longest_ = 0ns;
};

// Far above what the slices of background work should take, for machines that do other things too.
constexpr auto kLongestAnswer = kHasSanitizers ? 2s : 250ms;

TEST_CASE("many keys that end in the same second are gone within a second, unasked") {
  constexpr int kKeys = kHasSanitizers ? 20'000 : 100'000;
  TestServer server;
  auto client = server.connect();
  // Their time is given when all are there, so that no machine is too slow to set them.
  send_many(client, kKeys,
            [](const std::string& number) { return "SET key:" + number + " v EX 3600"; });
  const int64_t end_ms = unix_ms() + (kHasSanitizers ? 2500 : 1200);
  const std::string end = std::to_string(end_ms);
  send_many(client, kKeys,
            [&end](const std::string& number) { return "PEXPIREAT key:" + number + ' ' + end; });
  const Reply size = client("DBSIZE");
  if (unix_ms() < end_ms) CHECK(size == kKeys);
  Questions questions;
  REQUIRE(eventually([&] { return questions.ask(client, "DBSIZE") == 0; }));
  CHECK(unix_ms() < end_ms + 1000);
  CHECK(unix_ms() >= end_ms);
  CHECK(questions.longest() < kLongestAnswer);
  CHECK(client("INFO", "stats").text.find("expired_keys:" + std::to_string(kKeys) + "\r\n") !=
        std::string::npos);
}

TEST_CASE("a key is not seen after its time, whether or not it was removed") {
  TestServer server({"--enable-debug-command", "local"});
  auto client = server.connect();
  CHECK(client("DEBUG", "SET-ACTIVE-EXPIRE", "0") == status("OK"));
  const int64_t end_ms = unix_ms() + 30;
  CHECK(client("SET", "k", "v", "PXAT", end_ms) == status("OK"));
  CHECK(client("SET", "other", "v", "PXAT", end_ms) == status("OK"));
  CHECK(eventually([&] { return client("GET", "k") == nil; }));
  CHECK(client("EXISTS", "other") == 0);
  CHECK(client("PTTL", "other") == -2);
}

TEST_CASE("expiry in one database does not stop that of another") {
  TestServer server;
  auto client = server.connect();
  for (int database = 0; database < 16; database++) {
    client("SELECT", database);
    client("SET", "k", "v", "PX", 50 + database);
  }
  CHECK(
      eventually([&] { return client("INFO", "keyspace").text.find("db") == std::string::npos; }));
}

TEST_CASE("flushing a million keys asynchronously blocks nobody") {
  constexpr int kKeys = kHasSanitizers ? 100'000 : 1'000'000;
  constexpr int kPerRequest = 1000;
  TestServer server;
  auto client = server.connect(), other = server.connect();
  for (int i = 0; i < kKeys; i += kPerRequest) {
    std::string request = "MSET";
    for (int j = i; j < i + kPerRequest; j++) {
      request += " key:" + std::to_string(j) + " a-value-of-some-length";
    }
    client.send_raw(request + "\r\n");
  }
  for (int i = 0; i < kKeys; i += kPerRequest) REQUIRE(client.receive() == status("OK"));
  REQUIRE(client("DBSIZE") == kKeys);

  Questions questions;
  client.send({"FLUSHALL", "ASYNC"});
  for (int i = 0; i < 200; i++) CHECK(questions.ask(other, "PING") == status("PONG"));
  CHECK(client.receive() == status("OK"));
  CHECK(questions.ask(other, "DBSIZE") == 0);
  CHECK(questions.longest() < kLongestAnswer);
  // The memory comes back too.
  CHECK(eventually([&] {
    const std::string info = other("INFO", "memory").text;
    return std::stoull(info.substr(info.find("used_memory:") + 12)) < 20'000'000;
  }));
}

}  // namespace
}  // namespace larder
