// What clients wait for, and what a cache of another size would do.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "server/base/allocator.h"
#include "server/base/random.h"
#include "tests/support/eventually.h"
#include "tests/support/test_server.h"

namespace larder {
namespace {

constexpr double kUsPerMs = 1000;

// A field of LATENCY PERCENTILES.
double latency_of(TestClient& client, const std::string& command, const std::string& kind,
                  const std::string& field) {
  const Reply map = client("LATENCY", "PERCENTILES", command, "KIND", kind);
  for (size_t i = 0; i + 1 < map.children.size(); i += 2) {
    if (map.children[i].text != field) continue;
    const Reply& value = map.children[i + 1];
    return value.type == Reply::Type::integer ? static_cast<double>(value.integer)
                                              : std::stod(value.text);
  }
  FAIL("no field " << field);
  return 0;
}

TEST_CASE("a request that could not be read while another ran has waited for it") {
  TestServer server({"--enable-debug-command", "yes"});
  auto sleeper = server.connect();
  auto other = server.connect();
  double longest_us = 0;
  // The second may come late where the machine is busy, but not each time.
  for (int attempt = 0; attempt < 5 && longest_us < 200 * kUsPerMs; attempt++) {
    sleeper.send({"DEBUG", "SLEEP", "0.5"});
    other.send({"GET", "k"});
    other.receive();
    sleeper.receive();
    longest_us = latency_of(other, "get", "service", "max");
  }
  CHECK(longest_us >= 200 * kUsPerMs);
  CHECK(latency_of(other, "get", "execution", "min") < 200 * kUsPerMs);
  CHECK(latency_of(other, "debug", "service", "min") >= 500 * kUsPerMs);
}

TEST_CASE("CONFIG RESETSTAT also forgets what has run before it and was not answered yet") {
  TestServer server;
  auto client = server.connect();
  client.send_raw("GET k\r\nCONFIG RESETSTAT\r\nSET k v\r\n");
  for (int i = 0; i < 3; i++) client.receive();
  CHECK(latency_of(client, "get", "service", "count") == 0);
  CHECK(latency_of(client, "get", "execution", "count") == 0);
  CHECK(latency_of(client, "set", "service", "count") == 1);
}

TEST_CASE("INFO shows names of keys to those who may ask HOTSPOTS for them") {
  TestServer server;
  auto client = server.connect();
  client("SET", "secret:key", "value");
  CHECK(client("INFO", "hotspots").text.find("secret:key") != std::string::npos);
  client("ACL", "SETUSER", "watcher", "on", "nopass", "+info", "+hotspots|clients");
  client("AUTH", "watcher", "any");
  const std::string text = client("INFO", "everything").text;
  CHECK(text.find("hotspots_memory:") != std::string::npos);
  CHECK(text.find("heavy_client_1:") != std::string::npos);
  CHECK(text.find("secret") == std::string::npos);
  // It is no request that was refused.
  CHECK(text.find("acl_access_denied_cmd:0") != std::string::npos);
}

TEST_CASE("the log of slow requests tells how long they waited to begin") {
  TestServer server({"--enable-debug-command", "yes", "--slowlog-log-slower-than", "100000"});
  auto client = server.connect();
  const std::string request = "*3\r\n$5\r\nDEBUG\r\n$5\r\nSLEEP\r\n$3\r\n0.2\r\n";
  client.send_raw(request + request);
  client.receive();
  client.receive();
  const Reply entries = client("COMMANDLOG", "GET", 1, "slow", "WITHQUEUE");
  REQUIRE(entries.children.size() == 1);
  REQUIRE(entries.children[0].children.size() == 7);
  CHECK(entries.children[0].children[6].integer >= 200'000);
  const Reply plain = client("SLOWLOG", "GET", 1);
  CHECK(plain.children.at(0).children.size() == 6);
}

TEST_CASE("CACHE.MRC at the present size is what the cache does, and less at half of it") {
  if (used_memory() == 0) return;  // without figures of memory there is no limit
  TestServer server({"--maxmemory", "16mb", "--maxmemory-policy", "allkeys-lru"});
  auto client = server.connect();
  constexpr int kKeys = 6000;
  const std::string value(4096, 'x');
  Random random(1);
  int hits = 0;
  int reads = 0;
  const auto run = [&](int requests) {
    for (int i = 0; i < requests; i++) {
      const std::string key = "key:" + std::to_string(random.below(kKeys));
      reads++;
      if (client("GET", key).type != Reply::Type::nil) {
        hits++;
      } else {
        client("SET", key, value);
      }
    }
  };
  run(25'000);
  const double real = static_cast<double>(hits) / reads;
  const Reply rows = client("CACHE.MRC");
  REQUIRE(rows.children.size() == 20);
  const auto ratio_at = [&](size_t tenths) {
    return std::stod(rows.children[tenths - 1].children[1].text);
  };
  INFO("in the run: " << real);
  CHECK(std::abs(ratio_at(10) - real) < 0.05);
  CHECK(std::abs(ratio_at(5) - real / 2) < 0.08);
  for (size_t tenths = 2; tenths <= 20; tenths++) CHECK(ratio_at(tenths) >= ratio_at(tenths - 1));
}

// The texts of the advices with this code.
std::vector<std::string> advices(TestClient& client, std::string_view code) {
  std::vector<std::string> texts;
  for (const Reply& row : client("CACHE.ADVISE").children) {
    if (row.children.at(0).text == code) texts.push_back(row.children.at(1).text);
  }
  return texts;
}

TEST_CASE("CACHE.ADVISE names who does not read, as long as it does not") {
  TestServer server;
  auto client = server.connect();
  auto slow = server.connect();
  const std::string id = std::to_string(slow("CLIENT", "ID").integer);
  client("SETRANGE", "large", 32'000'000, "x");
  slow.send({"GET", "large"});
  const auto is_named = [&] {
    const auto named = advices(client, "SLOW_CLIENT");
    return named.size() == 1 && named[0].find("id " + id + " ") != std::string::npos;
  };
  CHECK(eventually(is_named));
  CHECK(slow.receive().text.size() == 32'000'001);
  CHECK(eventually([&] { return advices(client, "SLOW_CLIENT").empty(); }));
}

TEST_CASE("CACHE.ADVISE names hot keys and each big key, also of more keys than the sample has") {
  TestServer server({"--hotspots-sampling", "1"});
  auto client = server.connect();
  for (int i = 0; i < 200; i++) {
    std::vector<std::string> request = {"MSET"};
    for (int k = 0; k < 100; k++) {
      request.push_back("key:" + std::to_string(100 * i + k));
      request.emplace_back("value");
    }
    client.call(request);
  }
  CHECK(client("INFO", "cache").text.find("cache_sampling_ratio:1.0") == std::string::npos);
  for (int i = 0; i < 4; i++) client("SETRANGE", "big:" + std::to_string(i), 2'000'000, "x");
  CHECK(advices(client, "BIG_KEY").size() == 4);
  CHECK(advices(client, "HOT_KEY").empty());  // a few hundred requests say nothing

  std::string requests;
  constexpr int kRequests = 2000;
  for (int i = 0; i < kRequests; i++) {
    requests += "GET popular\r\nGET key:" + std::to_string(i) + "\r\n";
  }
  client.send_raw(requests);
  for (int i = 0; i < 2 * kRequests; i++) client.receive();
  const auto hot = advices(client, "HOT_KEY");
  const auto names = [](std::string_view key) {
    return [key](const std::string& text) { return text.find(key) != std::string::npos; };
  };
  CHECK(std::ranges::count_if(hot, names("\"popular\"")) == 1);
  CHECK(std::ranges::none_of(hot, names("\"key:")));

  // Without the module that knows them the sample knows of one big key at most.
  client("CONFIG", "SET", "hotspots", "no");
  CHECK(advices(client, "HOT_KEY").empty());
  CHECK(advices(client, "BIG_KEY").size() <= 1);
}

}  // namespace
}  // namespace larder
