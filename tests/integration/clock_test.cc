// The machine's clock is set, back or forward, while the server runs. What has a date, as expiry
// has, follows it; what takes a while does not.
#include <catch2/catch.hpp>

#include "tests/support/build.h"
#include "tests/support/server_figures.h"
#include "tests/support/settable_clock.h"
#include "tests/support/test_server.h"

namespace larder {
namespace {

constexpr int64_t kHour = 3600;

int64_t field_of(const std::string& line, const std::string& name) {
  return std::stoll(line.substr(line.find(" " + name + "=") + name.size() + 2));
}

TEST_CASE("clock: it is that of the test") {
  if (kHasSanitizers) return;
  SettableClock clock;
  TestServer server;
  auto client = server.connect();
  const int64_t now = std::stoll(client("TIME").children[0].text);
  clock.set(-kHour);
  CHECK(
      eventually([&] { return std::stoll(client("TIME").children[0].text) <= now - kHour + 10; }));
}

TEST_CASE("clock: set back by an hour, keys keep their date and nothing else changes") {
  if (kHasSanitizers) return;
  SettableClock clock;
  const std::string policy = GENERATE("noeviction", "allkeys-lru", "allkeys-lfu", "allkeys-hybrid");
  TestServer server(
      {"--maxmemory-policy", policy, "--client-output-buffer-limit", "normal 0 1mb 60"});
  auto client = server.connect(), slow = server.connect(), blocked = server.connect();
  for (int i = 0; i < 300; i++) client("SET", "k" + std::to_string(i), "v", "EX", 100 + i);
  client("SET", "stays", std::string(1'000'000, 'x'));
  client("HSET", "h", "f", "v");
  client("HPEXPIRE", "h", 100'000, "FIELDS", 1, "f");
  // Above its soft limit from now on.
  for (int i = 0; i < 30; i++) slow.send({"GET", "stays"});
  CHECK(eventually([&] {
    return client("CLIENT", "LIST").text.find(" omem=0 ") != std::string::npos &&
           info_number(client, "memory", "mem_clients_normal") > 1'000'000;
  }));
  const int64_t checks = info_number(client, "server", "uptime_in_seconds");
  // The cron has looked at it.
  CHECK(client("SET", "tick", "1", "PX", "300") == status("OK"));
  CHECK(eventually([&] { return client("EXISTS", "tick") == 0; }));
  blocked.send({"BLPOP", "q", "0.5"});

  clock.set(-kHour);
  CHECK(client("PING") == status("PONG"));
  // By its date the key lives for an hour longer, as in Redis.
  const int64_t ttl = client("TTL", "k0").integer;
  CHECK(ttl > kHour + 50);
  CHECK(ttl <= kHour + 100);
  CHECK(client("HTTL", "h", "FIELDS", 1, "f").children[0].integer > kHour);
  CHECK(client("SET", "new", "v", "PX", 200) == status("OK"));
  CHECK(eventually([&] { return client("DBSIZE") == 302; }));
  // A wait ends after its own time, and so does a pause.
  blocked.set_timeout(20s);
  CHECK(blocked.receive() == nil);
  CHECK(client("CLIENT", "PAUSE", 200) == status("OK"));
  CHECK(blocked("SET", "paused", 1) == status("OK"));
  // Nobody is older than before, or younger than nothing, and all can be named.
  const std::string list = client("CLIENT", "LIST", "ID", client("CLIENT", "ID").integer).text;
  CHECK(field_of(list, "age") >= 0);
  CHECK(field_of(list, "idle") >= 0);
  CHECK(info_number(client, "server", "uptime_in_seconds") <= checks + 60);
  // Nothing has become idle.
  if (policy != "allkeys-lfu") CHECK(client("OBJECT", "IDLETIME", "k1").integer <= 60);
  if (policy == "allkeys-lfu") CHECK(client("OBJECT", "FREQ", "k1").integer >= 5);
  // Whoever reads slowly has the time that it has.
  for (int i = 0; i < 30; i++) REQUIRE(slow.receive().text.size() == 1'000'000);
  CHECK(client("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes") == 2);
  CHECK(info_number(client, "stats", "client_output_buffer_limit_disconnections") == 0);
  CHECK(info_number(client, "stats", "expired_keys") == 2);
}

TEST_CASE("clock: set forward by a day, what had less time ends and the server goes on") {
  if (kHasSanitizers) return;
  SettableClock clock;
  TestServer server({"--timeout", "3600", "--maxmemory-policy", "allkeys-lfu"});
  auto client = server.connect(), other = server.connect(), blocked = server.connect();
  for (int i = 0; i < 1000; i++) client("SET", "k" + std::to_string(i), "v", "EX", kHour);
  client("SET", "week", "v", "EX", 7 * 24 * kHour);
  REQUIRE(other("PING") == status("PONG"));
  blocked.send({"BLPOP", "q", "100"});
  CHECK(eventually([&] { return info_number(client, "clients", "blocked_clients") == 1; }));
  clock.set(24 * kHour);
  CHECK(eventually([&] { return client("DBSIZE") == 1; }));
  CHECK(client("TTL", "week").integer <= 6 * 24 * kHour);
  // Neither idle nor waiting for as long.
  CHECK(other("PING") == status("PONG"));
  CHECK(client("LPUSH", "q", "x") == 1);
  CHECK(blocked.receive() == array("q", "x"));
  // And back to where it was.
  clock.set(0);
  CHECK(client("SET", "again", "v", "PX", 100) == status("OK"));
  CHECK(eventually([&] { return client("EXISTS", "again") == 0; }));
  CHECK(info_number(client, "server", "uptime_in_seconds") < kHour);
  CHECK(std::stoll(client("INFO", "stats")
                       .text.substr(
                           client("INFO", "stats").text.find("instantaneous_ops_per_sec:") + 26)) >=
        0);
}

}  // namespace
}  // namespace larder
