#include "server/keyspace/watched_keys.h"

#include <catch2/catch.hpp>

#include <array>
#include <map>
#include <memory>
#include <random>
#include <string>

#include "server/keyspace/edit.h"
#include "server/types/string.h"

namespace larder {
namespace {

constexpr int64_t kStartMs = 1'700'000'000'000;

class TestWatch {
 public:
  explicit TestWatch(WatchedKeys& keys) : watch(has_changed), keys_(keys) {}
  ~TestWatch() { keys_.clear(watch); }

  bool has_changed = false;
  WatchedKeys::Watch watch;

 private:
  WatchedKeys& keys_;
};

class TestKeys {
 public:
  TestKeys() { keyspace.set_now_ms(kStartMs); }

  void put(std::string_view name, int64_t expiry_ms = kNoExpiry, size_t database = 0) {
    Database& home = keyspace.database(database);
    const Key key = make_key(name);
    Edit<String> edit(keyspace, home, key, keyspace.find(home, key, Lookup::write), Type::string,
                      expiry_ms);
    edit.discard_value();
    edit->assign("value");
    edit.commit("set");
  }
  bool remove(std::string_view name, size_t database = 0) {
    return keyspace.remove(keyspace.database(database), make_key(name), "del");
  }
  void watch(TestWatch& watch, std::string_view name, size_t database = 0) {
    watched.add(watch.watch, keyspace.database(database), make_key(name));
  }

  Keyspace keyspace{4};
  WatchedKeys watched{keyspace};
};

TEST_CASE("a watch goes off with the first change of any of its keys, and lets go of all") {
  TestKeys keys;
  TestWatch first(keys.watched);
  TestWatch second(keys.watched);
  keys.watch(first, "a");
  keys.watch(first, "b");
  keys.watch(first, "b");
  keys.watch(second, "b");
  CHECK(first.watch.size() == 2);
  CHECK(keys.watched.size() == 2);
  keys.put("c");
  keys.put("a", kNoExpiry, 1);
  CHECK(!first.has_changed);
  keys.put("a");
  CHECK(first.has_changed);
  CHECK(!second.has_changed);
  CHECK(first.watch.size() == 0);
  CHECK(keys.watched.size() == 1);
  keys.put("b");
  CHECK(second.has_changed);
  CHECK(keys.watched.size() == 0);
}

TEST_CASE("who listens after the watches hears the name of a key that expires at EXEC") {
  TestKeys keys;
  const std::string name(200, 'k');
  keys.put(name, kStartMs + 10);
  TestWatch watch(keys.watched);
  keys.watch(watch, name);
  std::string heard;
  keys.keyspace.key_changed.add([&](const KeyEvent& event) { heard = event.key; });
  keys.keyspace.set_now_ms(kStartMs + 20);
  keys.watched.notice_expired(watch.watch);
  CHECK(watch.has_changed);
  CHECK(heard == name);
}

TEST_CASE("nobody listens to the keyspace while nothing is watched") {
  TestKeys keys;
  CHECK(!keys.keyspace.key_changed.is_used());
  {
    TestWatch watch(keys.watched);
    keys.watch(watch, "a");
    CHECK(keys.keyspace.key_changed.is_used());
    keys.put("a");
  }
  CHECK(!keys.keyspace.key_changed.is_used());
  CHECK(!keys.keyspace.flushed.is_used());
}

TEST_CASE("flushing changes keys that were there") {
  TestKeys keys;
  TestWatch there(keys.watched);
  TestWatch missing(keys.watched);
  keys.put("a");
  keys.watch(there, "a");
  keys.watch(missing, "b");
  keys.keyspace.flush(keys.keyspace.database(1));
  CHECK(!there.has_changed);
  SECTION("one database") {
    keys.keyspace.flush(keys.keyspace.database(0));
  }
  SECTION("all") {
    keys.keyspace.flush_all();
  }
  CHECK(there.has_changed);
  CHECK(!missing.has_changed);
}

TEST_CASE("swapping changes keys that are in one of the two") {
  TestKeys keys;
  keys.put("here");
  keys.put("there", kNoExpiry, 1);
  keys.put("expired", kStartMs + 5, 1);
  TestWatch here(keys.watched);
  TestWatch there(keys.watched);
  TestWatch nowhere(keys.watched);
  TestWatch expired(keys.watched);
  keys.watch(here, "here");
  keys.watch(there, "there");
  keys.watch(nowhere, "nowhere");
  keys.watch(expired, "expired");
  keys.keyspace.set_now_ms(kStartMs + 10);
  keys.keyspace.swap(keys.keyspace.database(0), keys.keyspace.database(1));
  CHECK(here.has_changed);
  CHECK(there.has_changed);
  CHECK(!nowhere.has_changed);
  CHECK(!expired.has_changed);
}

TEST_CASE("a key that expires has changed, one that had expired before has not") {
  TestKeys keys;
  keys.put("a", kStartMs + 10);
  TestWatch before(keys.watched);
  keys.watch(before, "a");
  keys.watched.notice_expired(before.watch);
  CHECK(!before.has_changed);
  keys.keyspace.set_now_ms(kStartMs + 11);
  TestWatch after(keys.watched);
  SECTION("found by another watch") {
    keys.watch(after, "a");
  }
  SECTION("found at EXEC") {
    keys.watched.notice_expired(before.watch);
  }
  CHECK(before.has_changed);
  CHECK(!after.has_changed);
}

TEST_CASE("an expired key that a swap brings was not there before and may go") {
  TestKeys keys;
  keys.put("key", kStartMs + 5, 1);
  TestWatch watch(keys.watched);
  keys.watch(watch, "key");
  keys.keyspace.set_now_ms(kStartMs + 10);
  keys.keyspace.swap(keys.keyspace.database(0), keys.keyspace.database(1));
  keys.watched.notice_expired(watch.watch);
  CHECK(!watch.has_changed);
  CHECK(keys.keyspace.database(0).size() == 0);
  keys.put("key");
  CHECK(watch.has_changed);
}

TEST_CASE("watches agree with a plain model under random operations") {
  std::mt19937 random(7);
  const auto pick = [&](unsigned end) { return random() % end; };
  TestKeys keys;
  constexpr std::array<std::string_view, 5> kNames = {"a", "b", "c", "d", "e"};
  struct Modelled {
    TestWatch watch;
    std::map<std::pair<size_t, std::string>, bool> existed;
    bool has_changed = false;
    explicit Modelled(WatchedKeys& watched) : watch(watched) {}
  };
  std::vector<std::unique_ptr<Modelled>> watches;
  for (int i = 0; i < 8; i++) watches.push_back(std::make_unique<Modelled>(keys.watched));
  const auto has = [&](size_t database, std::string_view name) {
    return keys.keyspace.database(database).find(make_key(name)) != nullptr;
  };
  const auto touch = [&](size_t database, std::string_view name) {
    for (auto& watch : watches) {
      if (watch->existed.contains({database, std::string(name)})) watch->has_changed = true;
    }
  };
  for (int step = 0; step < 20'000; step++) {
    const std::string_view name = kNames[pick(kNames.size())];
    const size_t database = pick(2);
    Modelled& watch = *watches[pick(8)];
    switch (pick(12)) {
      case 0:
      case 1:
      case 2:
        if (watch.has_changed) break;
        keys.watch(watch.watch, name, database);
        watch.existed.emplace(std::pair(database, std::string(name)), has(database, name));
        break;
      case 3:
      case 4:
      case 5:
        keys.watched.clear(watch.watch.watch);
        watch.watch.has_changed = watch.has_changed = false;
        watch.existed.clear();
        break;
      case 6:
      case 7:
      case 8:
        keys.put(name, kNoExpiry, database);
        touch(database, name);
        break;
      case 9:
      case 10:
        if (keys.remove(name, database)) touch(database, name);
        break;
      default: {
        const bool swaps = pick(2) == 0;
        std::map<std::pair<size_t, std::string>, bool> before;
        for (size_t home = 0; home < 2; home++) {
          for (const std::string_view each : kNames)
            before[{home, std::string(each)}] = has(home, each);
        }
        if (swaps) {
          keys.keyspace.swap(keys.keyspace.database(0), keys.keyspace.database(1));
        } else {
          keys.keyspace.flush(keys.keyspace.database(database));
        }
        for (const auto& [key, was_there] : before) {
          if (!swaps && key.first != database) continue;
          if (was_there || has(key.first, key.second)) touch(key.first, key.second);
        }
      }
    }
    for (auto& each : watches) REQUIRE(each->watch.has_changed == each->has_changed);
  }
}

}  // namespace
}  // namespace larder
