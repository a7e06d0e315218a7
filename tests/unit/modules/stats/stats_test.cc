#include "modules/stats/stats.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

#include "server/keyspace/edit.h"
#include "server/types/string.h"
#include "tests/support/test_services.h"

namespace larder {
namespace {

// A keyspace with the module listening to it, and a clock that the test sets.
class Scene : public TestServices {
 public:
  Scene() {
    configuration.options.add(stats.options);
    info.add(stats.info);
    keyspace.set_now_ms(now_ms);
    stats.start(host);
  }
  void set(std::string_view name, int64_t expiry_ms = kNoExpiry, size_t bytes = 10) {
    const Key key = make_key(name);
    Edit<String> edit(keyspace, keyspace.database(0), key,
                      keyspace.find(keyspace.database(0), key, Lookup::write), Type::string,
                      expiry_ms);
    const std::string value(bytes, 'x');
    edit->assign(std::string_view(value));
    edit.commit("set");
  }
  bool peek(std::string_view name) {
    return keyspace.find(keyspace.database(0), make_key(name), Lookup::peek) != nullptr;
  }
  bool get(std::string_view name) {
    return keyspace.find(keyspace.database(0), make_key(name), Lookup::read) != nullptr;
  }
  void pass(int64_t ms) {
    keyspace.set_now_ms(now_ms += ms);
    hooks.tick(now_ms);
  }
  std::string field(const std::string& name) {
    constexpr std::string_view kSection = "cache";
    const std::string report = info.report({&kSection, 1});
    const size_t at = report.find("\n" + name + ":");
    if (at == std::string::npos) return "";
    const size_t begin = at + name.size() + 2;
    return report.substr(begin, report.find('\r', begin) - begin);
  }
  void set_option(std::string_view value) {
    const NameAndValue setting{"cache-stats", value};
    REQUIRE(configuration.options.set({&setting, 1}, Authority::ordinary).is_ok());
  }

  int64_t now_ms = 1'000'000'000;
  Host host{services};
  CacheStatistics stats;
};

TEST_CASE("cache statistics: why reads miss") {
  Scene scene;
  CHECK_FALSE(scene.get("never"));
  scene.set("short", scene.now_ms + 100);
  scene.set("deleted");
  scene.set("evicted");
  scene.pass(200);
  CHECK_FALSE(scene.get("short"));
  CHECK_FALSE(scene.get("short"));
  scene.keyspace.remove(scene.keyspace.database(0), make_key("deleted"), "del");
  CHECK_FALSE(scene.get("deleted"));

  scene.keyspace.eviction.configure({.policy = EvictionPolicy::allkeys_random});
  scene.pass(1000);
  if (used_memory() > 0) {
    scene.keyspace.eviction.evict(1, Deadline::never());
    CHECK_FALSE(scene.get("evicted"));
    CHECK(scene.field("cache_misses_evicted") == "1");
    CHECK(scene.field("cache_eviction_age_ms").find("max=1200,") != std::string::npos);
    CHECK(scene.field("cache_removed_never_read") == "2");
  }
  CHECK(scene.field("cache_misses_cold") == "1");
  CHECK(scene.field("cache_misses_expired") == "2");
  CHECK(scene.field("cache_misses_deleted") == "1");
  // It was removed when it was asked for.
  CHECK(scene.field("cache_expiry_lag_ms").find("max=100,") != std::string::npos);
}

TEST_CASE("cache statistics: keys that expire unasked") {
  Scene scene;
  for (int i = 0; i < 50; i++) scene.set("key:" + std::to_string(i), scene.now_ms + 100);
  scene.pass(5000);
  while (scene.keyspace.do_background_work(Deadline::never())) {
  }
  CHECK(scene.keyspace.total_keys() == 0);
  CHECK(scene.field("cache_removed_never_read") == "50");
  CHECK_FALSE(scene.get("key:7"));
  CHECK(scene.field("cache_misses_expired") == "1");
}

TEST_CASE("cache statistics: a key under another name, and an empty database") {
  Scene scene;
  scene.set("from");
  Database& database = scene.keyspace.database(0);
  scene.keyspace.relocate(
      {database, make_key("from"), database, make_key("to"), "rename_from", "rename_to"},
      database.find(make_key("from")));
  CHECK(scene.field("cache_sampled_keys") == "1");
  CHECK_FALSE(scene.get("from"));
  CHECK(scene.get("to"));
  CHECK(scene.field("cache_misses_deleted") == "1");
  scene.keyspace.flush_all();
  CHECK_FALSE(scene.get("to"));
  CHECK(scene.field("cache_misses_cold") == "1");
  CHECK(scene.field("cache_sampled_keys") == "0");
}

TEST_CASE("cache statistics: hit ratio and keys that nobody reads") {
  Scene scene;
  for (int i = 0; i < 10; i++) scene.set("key:" + std::to_string(i));
  for (int i = 0; i < 3; i++) scene.get("key:1");
  scene.get("none");
  CHECK(scene.field("cache_hit_ratio_1m") == "0.7500");
  CHECK(scene.field("cache_hit_ratio_60m") == "0.7500");
  CHECK(scene.field("cache_keys_never_read") == "9");
}

TEST_CASE("cache statistics: who asks about a key does not use it") {
  Scene scene;
  scene.set("asked");
  scene.set("read");
  scene.get("read");
  CHECK(scene.peek("asked"));
  CHECK_FALSE(scene.peek("none"));
  CHECK(scene.field("cache_keys_never_read") == "1");
  CHECK(scene.field("cache_sampled_keys") == "2");
  // It counts as a hit or a miss all the same.
  CHECK(scene.field("cache_hit_ratio_1m") == "0.6667");
}

TEST_CASE("cache statistics: a big key stays known when another database is emptied") {
  Scene scene;
  scene.set("big", kNoExpiry, kBigKeyBytes);
  REQUIRE(scene.stats.advise().size() == 1);
  scene.keyspace.flush(scene.keyspace.database(1));
  CHECK(scene.stats.advise().size() == 1);
  scene.keyspace.flush(scene.keyspace.database(0));
  CHECK(scene.stats.advise().empty());
}

TEST_CASE("cache statistics: a big key that shrinks is none") {
  Scene scene;
  scene.set("big", kNoExpiry, kBigKeyBytes);
  scene.set("bigger", kNoExpiry, 2 * kBigKeyBytes);
  const auto advice = scene.stats.advise();
  REQUIRE(advice.size() == 1);
  CHECK(advice[0].text.find("bigger") != std::string::npos);
  scene.set("bigger");
  CHECK(scene.stats.advise().empty());
}

TEST_CASE("cache statistics: what happened before a database was emptied or exchanged is over") {
  Scene scene;
  Keyspace& keyspace = scene.keyspace;
  const auto put_elsewhere = [&](std::string_view name) {
    keyspace.relocate({keyspace.database(0), make_key(name), keyspace.database(1), make_key(name), "", ""},
                      keyspace.find(keyspace.database(0), make_key(name), Lookup::silent));
  };
  scene.set("here");
  scene.get("here");
  scene.set("there");
  put_elsewhere("there");
  // Nobody has asked for anything yet.
  keyspace.flush(keyspace.database(0));
  CHECK(scene.field("cache_sampled_keys") == "1");
  scene.set("here");
  keyspace.swap(keyspace.database(0), keyspace.database(1));
  CHECK(scene.field("cache_sampled_keys") == "0");
}

TEST_CASE("cache statistics: RESETSTAT and switching off leave nothing behind") {
  Scene scene;
  const auto fill = [&] {
    for (int i = 0; i < 10; i++) scene.set("key:" + std::to_string(i), scene.now_ms + 100);
    scene.pass(1000);
    for (int i = 0; i < 10; i++) scene.get("key:" + std::to_string(i));
    scene.set("big", kNoExpiry, kBigKeyBytes);
    REQUIRE(scene.field("cache_misses_expired") == "10");
    REQUIRE(scene.field("cache_stats_bytes") != "0");
    REQUIRE(scene.stats.advise().size() == 1);
  };
  const auto check_empty = [&] {
    for (const char* name :
         {"cache_misses_expired", "cache_stats_bytes", "cache_sampled_keys",
          "cache_removed_keys_known", "cache_removed_sampled", "cache_expiry_lag_p99_ms"}) {
      INFO(name);
      CHECK(scene.field(name) == "0");
    }
    CHECK(scene.field("cache_hit_ratio_60m") == "0.0000");
    CHECK(scene.stats.advise().empty());
  };
  fill();
  scene.info.reset();
  scene.keyspace.stats.reset();
  check_empty();
  fill();
  scene.set_option("no");
  check_empty();
  CHECK(scene.keyspace.sampled_uses.end == 0);
  CHECK_FALSE(scene.keyspace.key_removed.is_used());
  CHECK_FALSE(scene.keyspace.key_missed.is_used());
  CHECK_FALSE(scene.hooks.tick.is_used());
  scene.set("key:1");
  scene.get("none");
  check_empty();
  scene.set_option("yes");
  fill();
}

TEST_CASE("cache statistics: of a small limit they take a 50th") {
  if (used_memory() == 0) return;
  constexpr size_t kLimit = 8 << 20;
  Scene scene;
  scene.keyspace.eviction.set_limit(kLimit);
  // It is known when they begin, and else on the next tick.
  scene.set_option("no");
  scene.set_option("yes");
  const auto memory = [&] { return std::stoull(scene.field("cache_stats_bytes")); };
  const auto churn = [&] {
    for (int i = 0; i < 100'000; i++) scene.set("key:" + std::to_string(i));
    for (int i = 0; i < 100'000; i++) {
      scene.keyspace.remove(scene.keyspace.database(0), make_key("key:" + std::to_string(i)), "del");
    }
  };
  churn();
  CHECK(memory() > kLimit / 256);
  CHECK(memory() <= kLimit / 50);
  // A larger one allows for more.
  scene.keyspace.eviction.set_limit(kLimit * 4);
  scene.pass(100);
  churn();
  CHECK(memory() > kLimit / 64);
  CHECK(memory() <= kLimit * 4 / 64);
}

}  // namespace
}  // namespace larder
