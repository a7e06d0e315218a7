// A server whose memory is full.
#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "tests/support/build.h"
#include "tests/support/test_server.h"

namespace larder {
namespace {

int64_t info(TestClient& client, const std::string& name) {
  const std::string text = client("INFO", "everything").text;
  const size_t at = text.find("\n" + name + ":");
  REQUIRE(at != std::string::npos);
  return std::stoll(text.substr(at + name.size() + 2));
}

// Sends many requests and reads all replies. Returns how many were errors.
int pipeline(TestClient& client, const std::vector<std::vector<std::string>>& requests) {
  for (const auto& request : requests) client.send(request);
  int errors = 0;
  for (size_t i = 0; i < requests.size(); i++)
    errors += client.receive().type == Reply::Type::error;
  return errors;
}

std::string name_of(int number) {
  return "key:" + std::to_string(number);
}

// `count` keys of a kilobyte, from `first` on.
int fill(TestClient& client, int first, int count, const std::vector<std::string>& more = {}) {
  const std::string value(1000, 'x');
  int errors = 0;
  for (int i = first; i < first + count;) {
    std::vector<std::vector<std::string>> requests;
    for (int end = std::min(i + 100, first + count); i < end; i++) {
      requests.push_back({"SET", name_of(i), value});
      requests.back().insert(requests.back().end(), more.begin(), more.end());
    }
    errors += pipeline(client, requests);
  }
  return errors;
}

// A limit with room for so many kilobytes beyond what is used now.
int64_t set_limit(TestClient& client, int64_t kilobytes) {
  const int64_t limit = info(client, "used_memory") + kilobytes * 1024;
  client("CONFIG", "SET", "maxmemory", limit);
  return limit;
}

// What INFO needs to say how much is used is used at that moment, too.
constexpr int64_t kReport = 16 * 1024;

TEST_CASE("each policy makes room for writes and stays below the limit") {
  if (kHasSanitizers) return;
  for (const char* policy :
       {"allkeys-lru", "allkeys-lfu", "allkeys-random", "allkeys-hybrid", "volatile-lru",
        "volatile-lfu", "volatile-random", "volatile-ttl", "volatile-hybrid"}) {
    INFO(policy);
    TestServer server({"--maxmemory-policy", policy});
    auto client = server.connect();
    const int64_t limit = set_limit(client, 10'000);
    CHECK(fill(client, 0, 20'000, {"EX", "10000"}) == 0);
    CHECK(eventually([&] { return info(client, "used_memory") <= limit + kReport; }));
    CHECK(info(client, "evicted_keys") > 9'000);
    CHECK(client("DBSIZE").integer > 7'000);
    // What a report takes for a moment may cost a key between the two.
    CHECK(eventually([&] {
      return client("DBSIZE").integer + info(client, "evicted_keys") == 20'000;
    }));
  }
}

TEST_CASE(
    "volatile policies leave keys without an expiry alone, and refuse when only those are left") {
  if (kHasSanitizers) return;
  for (const char* policy :
       {"volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl", "volatile-hybrid"}) {
    INFO(policy);
    TestServer server({"--maxmemory-policy", policy});
    auto client = server.connect();
    set_limit(client, 12'000);
    CHECK(fill(client, 0, 5'000) == 0);
    CHECK(fill(client, 5'000, 10'000, {"EX", "10000"}) == 0);
    CHECK(info(client, "evicted_keys") > 2'000);
    for (int i = 0; i < 5'000; i += 7) REQUIRE(client("EXISTS", name_of(i)) == 1);
    // These push all others out and are refused then.
    const int refused = fill(client, 100'000, 10'000);
    CHECK(refused > 0);
    CHECK(client("SET", "one more", "value") ==
          is_error("OOM command not allowed when used memory > 'maxmemory'."));
    CHECK(info(client, "evicted_keys") == 10'000);
    CHECK(client("DBSIZE") == 5'000 + 10'000 - refused);
    CHECK(client("GET", name_of(1)).text.size() == 1000);
  }
}

TEST_CASE("lru keeps what was used, and lfu what is used often") {
  if (kHasSanitizers) return;
  for (const char* policy : {"allkeys-lru", "allkeys-lfu", "allkeys-hybrid"}) {
    INFO(policy);
    TestServer server({"--maxmemory-policy", policy});
    auto client = server.connect();
    set_limit(client, 6'000);
    CHECK(fill(client, 0, 500) == 0);
    for (int i = 500; i < 20'000; i += 250) {
      std::vector<std::vector<std::string>> reads;
      for (int key = 0; key < 500; key++) reads.push_back({"GET", name_of(key)});
      pipeline(client, reads);
      CHECK(fill(client, i, 250) == 0);
    }
    int kept = 0;
    for (int i = 0; i < 500; i++) kept += client("EXISTS", name_of(i)).integer == 1;
    CHECK(kept > 490);
  }
}

TEST_CASE("memory stays within the limit while fifty clients write") {
  if (kHasSanitizers) return;
  TestServer server({"--maxmemory", "32mb", "--maxmemory-policy", "allkeys-hybrid"});
  auto admin = server.connect();
  std::vector<TestClient> clients;
  for (int i = 0; i < 50; i++) clients.push_back(server.connect());
  const std::string value(1000, 'x');
  int number = 0;
  int64_t most = 0;
  for (int round = 0; round < 200; round++) {
    for (TestClient& client : clients) {
      for (int i = 0; i < 10; i++) client.send({"SET", name_of(number++), value});
    }
    for (TestClient& client : clients) {
      for (int i = 0; i < 10; i++) REQUIRE(client.receive() == status("OK"));
    }
    most = std::max(most, info(admin, "used_memory"));
  }
  CHECK(most <= int64_t{32} * 1024 * 1024 * 101 / 100);
  CHECK(most >= int64_t{32} * 1024 * 1024 * 97 / 100);
  CHECK(info(admin, "evicted_keys") > 60'000);
}

TEST_CASE("a large value pushes many small ones out, in slices between which others are served") {
  if (kHasSanitizers) return;
  TestServer server({"--maxmemory", "128mb", "--maxmemory-policy", "allkeys-hybrid"});
  auto client = server.connect(), other = server.connect();
  // A little less than a size class of the allocator.
  constexpr int kLarge = 63 << 20;
  CHECK(fill(client, 0, 130'000) == 0);
  REQUIRE(info(client, "evicted_keys") > 0);
  const int64_t before = info(client, "evicted_keys");
  client.send({"SET", "large", std::string(kLarge, 'x')});
  CHECK(other("PING") == status("PONG"));
  CHECK(client.receive() == status("OK"));
  CHECK(eventually([&] { return info(other, "used_memory") <= (128 << 20) + kReport; }));
  CHECK(client("STRLEN", "large") == kLarge);
  CHECK(info(other, "evicted_keys") - before > 50'000);
  CHECK(info(other, "evicted_keys") - before < 70'000);
}

TEST_CASE("output that waits for a slow reader pushes no keys out") {
  if (kHasSanitizers) return;
  TestServer server(
      {"--maxmemory-policy", "allkeys-lru", "--client-output-buffer-limit", "pubsub 0 0 0"});
  auto client = server.connect(), reader = server.connect();
  reader("SUBSCRIBE", "news");
  CHECK(fill(client, 0, 1'000) == 0);
  set_limit(client, 4'000);
  // Larger ones are kept once for all readers, and count.
  const std::vector<std::string> publish = {"PUBLISH", "news", std::string(1000, 'm')};
  for (int i = 0; i < 240; i++) pipeline(client, std::vector(100, publish));
  CHECK(info(client, "mem_not_counted_for_evict") > 8 << 20);
  CHECK(client("SET", "key", "value") == status("OK"));
  CHECK(info(client, "evicted_keys") == 0);
  for (int i = 0; i < 24'000; i++) REQUIRE(reader.receive().children.size() == 3);
  CHECK(eventually([&] { return info(client, "mem_not_counted_for_evict") < 1 << 20; }));
}

TEST_CASE("a limit that is lowered is kept without any request") {
  if (kHasSanitizers) return;
  TestServer server({"--maxmemory-policy", "allkeys-lru"});
  auto client = server.connect();
  fill(client, 0, 20'000);
  const int64_t limit = info(client, "used_memory") / 2;
  client("CONFIG", "SET", "maxmemory", limit);
  CHECK(eventually([&] { return info(client, "used_memory") <= limit + kReport; }));
  CHECK(client("DBSIZE").integer > 5'000);
  CHECK(eventually([&] { return info(client, "current_eviction_exceeded_time") == 0; }));
  CHECK(client("CONFIG", "RESETSTAT") == status("OK"));
  CHECK(info(client, "evicted_keys") == 0);
  CHECK(info(client, "total_eviction_exceeded_time") == 0);
}

TEST_CASE("the time for which the limit is exceeded is counted") {
  if (kHasSanitizers) return;
  TestServer server;
  auto client = server.connect();
  client("CONFIG", "SET", "maxmemory", 1);
  CHECK(eventually([&] { return info(client, "current_eviction_exceeded_time") > 2; }));
  client("CONFIG", "SET", "maxmemory", 0);
  CHECK(eventually([&] { return info(client, "current_eviction_exceeded_time") == 0; }));
  CHECK(info(client, "total_eviction_exceeded_time") > 2);
}

TEST_CASE("an evicted key is news to those who watch it and to those who listen") {
  if (kHasSanitizers) return;
  TestServer server({"--maxmemory-policy", "allkeys-random", "--notify-keyspace-events", "Ee"});
  auto client = server.connect(), admin = server.connect(), listener = server.connect();
  listener("SUBSCRIBE", "__keyevent@0__:evicted");
  client("SET", "key", "value");
  client("WATCH", "key");
  client("MULTI");
  client("GET", "key");
  admin("CONFIG", "SET", "maxmemory", 1);
  CHECK(eventually([&] { return admin("DBSIZE").integer == 0; }));
  CHECK(client("EXEC") == nil);
  CHECK(listener.receive() == array("message", "__keyevent@0__:evicted", "key"));
}

TEST_CASE("without eviction writes are refused and reads are not") {
  if (kHasSanitizers) return;
  TestServer server;
  auto client = server.connect();
  set_limit(client, 1'000);
  const int refused = fill(client, 0, 2'000, {"EX", "1000"});
  CHECK(refused > 900);
  CHECK(client("DBSIZE") == 2'000 - refused);
  CHECK(info(client, "evicted_keys") == 0);
  CHECK(client("GET", name_of(1)).text.size() == 1000);
  CHECK(client("DEL", name_of(1)) == 1);
  CHECK(client("FLUSHALL") == status("OK"));
  CHECK(eventually([&] { return client("SET", "key", "value") == status("OK"); }));
}

}  // namespace
}  // namespace larder
