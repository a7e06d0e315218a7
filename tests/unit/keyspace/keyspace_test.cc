#include "server/keyspace/keyspace.h"

#include <catch2/catch.hpp>

#include <map>

#include "server/base/numbers.h"
#include "server/keyspace/edit.h"
#include "server/types/string.h"

namespace larder {
namespace {

constexpr int64_t kStartMs = 1'700'000'000'000;

// A keyspace with a clock that the test turns, and a list of the events.
class TestKeyspace {
 public:
  TestKeyspace() : keyspace(4) {
    keyspace.set_now_ms(kStartMs);
    keyspace.key_changed.add([this](const KeyEvent& event) {
      events.push_back(to_text(event.database.index()) + " " + std::string(event.event) + " " +
                       std::string(event.key));
    });
  }

  void put(std::string_view name, int64_t expiry_ms = kNoExpiry, size_t database = 0,
           std::string_view value = "value") {
    Database& home = keyspace.database(database);
    const Key key = make_key(name);
    Edit<String> edit(keyspace, home, key, keyspace.find(home, key, Lookup::write), Type::string,
                      expiry_ms);
    edit.discard_value();
    edit->assign(value);
    edit.commit("set");
  }
  bool has(std::string_view name, size_t database = 0) { return find(name, database) != nullptr; }
  Database::Slot* find(std::string_view name, size_t database = 0) {
    return keyspace.find(keyspace.database(database), make_key(name), Lookup::silent);
  }
  std::vector<std::string> take_events() { return std::exchange(events, {}); }
  void advance(int64_t ms) { keyspace.set_now_ms(keyspace.now_ms() + ms); }

  Keyspace keyspace;
  std::vector<std::string> events;
};

using Events = std::vector<std::string>;

}  // namespace

TEST_CASE("expiries that are refreshed over and over keep the index small although none is due") {
  TestKeyspace test;
  size_t most = 0;
  for (int i = 0; i < 100'000; i++) {
    test.put("session", kStartMs + 3'600'000 + i);
    if (i % 100 != 0) continue;
    test.keyspace.do_background_work(Deadline::in_us(10'000));
    most = std::max(most, test.keyspace.database(0).expiry_memory());
  }
  CHECK(most < 400'000);
}

TEST_CASE("a key that has expired is gone at the first look, to the millisecond") {
  TestKeyspace test;
  test.put("a", kStartMs + 100);
  test.take_events();
  test.advance(100);
  CHECK(test.has("a"));
  test.advance(1);
  CHECK_FALSE(test.has("a"));
  CHECK(test.take_events() == Events{"0 expired a"});
  CHECK(test.keyspace.stats.expired_keys == 1);
  CHECK(test.keyspace.database(0).size() == 0);
}

TEST_CASE("look-ups count as hits and misses, and as uses, as they should") {
  TestKeyspace test;
  test.put("a");
  Database& database = test.keyspace.database(0);
  const auto idle_after = [&](Lookup lookup) {
    test.advance(5000);
    test.keyspace.find(database, make_key("a"), lookup);
    return test.keyspace.usage.idle_seconds(test.find("a")->bits());
  };
  CHECK(idle_after(Lookup::silent) == 5);
  CHECK(idle_after(Lookup::peek) == 10);
  CHECK(test.keyspace.stats.keyspace_hits == 1);
  CHECK(idle_after(Lookup::read) == 0);
  CHECK(test.keyspace.stats.keyspace_hits == 2);
  CHECK(idle_after(Lookup::write) == 0);
  CHECK(test.keyspace.stats.keyspace_hits == 2);
  test.keyspace.find(database, make_key("b"), Lookup::read);
  test.keyspace.find(database, make_key("b"), Lookup::peek);
  test.keyspace.find(database, make_key("b"), Lookup::write);
  test.keyspace.find(database, make_key("b"), Lookup::silent);
  CHECK(test.keyspace.stats.keyspace_misses == 2);
}

TEST_CASE("idle times hold for days") {
  TestKeyspace test;
  test.put("a");
  for (int hour = 0; hour < 24 * 10; hour++) {
    test.advance(3'600'000);
    REQUIRE(test.keyspace.next_background_ms() != INT64_MAX);
    while (test.keyspace.do_background_work(Deadline::in_us(0))) {
    }
  }
  const int64_t idle = test.keyspace.usage.idle_seconds(test.find("a")->bits());
  CHECK(idle >= 864'000 - 1024);
  CHECK(idle <= 864'000 + 1024);
}

TEST_CASE("setting an expiry tells what happened") {
  TestKeyspace test;
  Database& database = test.keyspace.database(0);
  test.put("a");
  test.take_events();
  const uint64_t changes = test.keyspace.changes();
  test.keyspace.set_expiry(database, make_key("a"), test.find("a"), kStartMs + 1);
  CHECK(test.take_events() == Events{"0 expire a"});
  test.keyspace.set_expiry(database, make_key("a"), test.find("a"), kNoExpiry);
  CHECK(test.take_events() == Events{"0 persist a"});
  test.keyspace.set_expiry(database, make_key("a"), test.find("a"), kStartMs);
  CHECK(test.take_events() == Events{"0 del a"});
  CHECK_FALSE(test.has("a"));
  CHECK(test.keyspace.changes() == changes + 3);
  CHECK(test.keyspace.stats.expired_keys == 0);
}

TEST_CASE("removing tells only of what was there") {
  TestKeyspace test;
  test.put("a");
  test.put("b", kStartMs + 1);
  test.take_events();
  test.advance(2);
  Database& database = test.keyspace.database(0);
  CHECK(test.keyspace.remove(database, make_key("a"), "del"));
  CHECK_FALSE(test.keyspace.remove(database, make_key("a"), "del"));
  CHECK_FALSE(test.keyspace.remove(database, make_key("b"), "del"));
  CHECK(test.take_events() == Events{"0 del a", "0 expired b"});
}

TEST_CASE("an entry that gets another place keeps its value and its expiry") {
  TestKeyspace test;
  const std::string large(100'000, 'x');
  const std::string value = GENERATE_REF(as<std::string>{}, "short", large, "17");
  const int64_t expiry_ms = GENERATE(as<int64_t>{}, kNoExpiry, kStartMs + 5000);
  test.put("a", expiry_ms, 0, value);
  test.take_events();
  const uint64_t changes = test.keyspace.changes();
  Database& source = test.keyspace.database(0);
  Database& target = test.keyspace.database(GENERATE(size_t{0}, size_t{2}));
  const bool same_name = &target != &source && GENERATE(false, true);
  const std::string name = same_name ? "a" : "longer:name";
  test.keyspace.relocate({source, make_key("a"), target, make_key(name), "from", "to"},
                         test.find("a"));
  CHECK(test.take_events() == Events{"0 from a", to_text(target.index()) + " to " + name});
  CHECK(test.keyspace.changes() == changes + 1);
  CHECK_FALSE(test.has("a"));
  const Database::Slot* slot = target.find(make_key(name));
  REQUIRE(slot != nullptr);
  CHECK(slot->get()->expiry_ms() == expiry_ms);
  String::Digits digits;
  CHECK(String(slot->get()->value()).bytes(digits) == value);
  CHECK(source.expiring() + (&source == &target ? 0 : target.expiring()) ==
        (expiry_ms == kNoExpiry ? 0 : 1));
  if (expiry_ms == kNoExpiry) return;
  test.advance(6000);
  test.keyspace.do_background_work(Deadline::never());
  CHECK(test.take_events() == Events{to_text(target.index()) + " expired " + name});
}

TEST_CASE("a copied value is independent of the first") {
  TestKeyspace test;
  const std::string large(100'000, 'x');
  const std::string value = GENERATE_REF(as<std::string>{}, "short", large, "17");
  test.put("a", kNoExpiry, 0, value);
  Database& database = test.keyspace.database(0);
  const Entry* source = test.find("a")->get();
  {
    EditedEntry copied(test.keyspace, database, make_key("b"), nullptr, source->type(),
                       kStartMs + 9);
    copy_value(source->value(), copied);
    copied.commit(KeyEventClass::generic, "copy_to");
  }
  test.keyspace.remove(database, make_key("a"), "del");
  const Entry* copy = test.find("b")->get();
  String::Digits digits;
  CHECK(String(copy->value()).bytes(digits) == value);
  CHECK(copy->expiry_ms() == kStartMs + 9);
}

TEST_CASE("a random key is one that is alive") {
  TestKeyspace test;
  CHECK(test.keyspace.random_entry(test.keyspace.database(0)) == nullptr);
  for (int i = 0; i < 50; i++) test.put("gone" + to_text(i), kStartMs + 1);
  test.put("alive");
  test.advance(2);
  CHECK(test.keyspace.random_entry(test.keyspace.database(0))->key() == "alive");
  test.keyspace.remove(test.keyspace.database(0), make_key("alive"), "del");
  CHECK(test.keyspace.random_entry(test.keyspace.database(0)) == nullptr);
}

TEST_CASE("a flush empties at once and frees in slices") {
  TestKeyspace test;
  for (int i = 0; i < 20'000; i++) test.put(to_text(i), i % 2 == 0 ? kNoExpiry : kStartMs + 9, 1);
  test.put("other");
  std::vector<const Database*> flushed;
  test.keyspace.flushed.add([&](const Database* database) { flushed.push_back(database); });
  const uint64_t changes = test.keyspace.changes();
  test.keyspace.flush(test.keyspace.database(1));
  CHECK(flushed == std::vector<const Database*>{&test.keyspace.database(1)});
  CHECK(test.keyspace.changes() == changes + 20'000);
  CHECK(test.keyspace.database(1).size() == 0);
  CHECK(test.keyspace.database(1).expiring() == 0);
  CHECK(test.keyspace.total_keys() == 1);
  test.put("1", kNoExpiry, 1);
  CHECK(test.keyspace.next_background_ms() == kStartMs);
  size_t slices = 0;
  while (test.keyspace.do_background_work(Deadline::in_us(0))) slices++;
  CHECK(slices > 10);
  CHECK(test.has("1", 1));

  flushed.clear();
  test.keyspace.flush_all();
  CHECK(test.keyspace.total_keys() == 0);
  CHECK(flushed == std::vector<const Database*>{nullptr});
  CHECK_FALSE(test.keyspace.free_removed(Deadline::never()));
  CHECK(test.keyspace.next_background_ms() == INT64_MAX);
}

TEST_CASE("swapping databases swaps keys and expiries, not the numbers") {
  TestKeyspace test;
  test.put("a", kStartMs + 100, 0);
  test.put("b", kNoExpiry, 1);
  test.take_events();
  int swaps = 0;
  test.keyspace.swapped.add([&](const Database& first, const Database& second) {
    CHECK(first.index() == 0);
    CHECK(second.index() == 1);
    swaps++;
  });
  test.keyspace.swap(test.keyspace.database(0), test.keyspace.database(1));
  CHECK(test.has("a", 1));
  CHECK(test.has("b", 0));
  test.keyspace.swap(test.keyspace.database(0), test.keyspace.database(0));
  CHECK(test.has("b", 0));
  CHECK(swaps == 1);
  test.advance(200);
  test.keyspace.do_background_work(Deadline::never());
  CHECK(test.take_events() == Events{"1 expired a"});
}

TEST_CASE("a backlog in one database does not keep another waiting") {
  TestKeyspace test;
  for (int i = 0; i < 5000; i++) test.put(to_text(i), kStartMs + 100, 0);
  for (int i = 0; i < 5000; i++) test.put(to_text(i), kStartMs + 100, 1);
  test.advance(1000);
  for (int slice = 0; slice < 40; slice++) test.keyspace.do_background_work(Deadline::in_us(0));
  CHECK(test.keyspace.database(0).size() > 0);
  CHECK(test.keyspace.database(0).size() < 5000);
  CHECK(test.keyspace.database(1).size() > 0);
  CHECK(test.keyspace.database(1).size() < 5000);
  while (test.keyspace.do_background_work(Deadline::never())) {
  }
  CHECK(test.keyspace.total_keys() == 0);
}

TEST_CASE("active expiry can be switched off; expired keys are still not to be seen") {
  TestKeyspace test;
  test.put("a", kStartMs + 100);
  test.put("b", kStartMs + 100);
  test.keyspace.set_active_expiry(false);
  test.advance(1000);
  CHECK_FALSE(test.keyspace.do_background_work(Deadline::never()));
  CHECK(test.keyspace.database(0).size() == 2);
  CHECK_FALSE(test.has("a"));
  CHECK(test.keyspace.database(0).size() == 1);
  test.keyspace.set_active_expiry(true);
  test.keyspace.do_background_work(Deadline::never());
  CHECK(test.keyspace.database(0).size() == 0);
}

TEST_CASE("a keyspace does what maps do, with every kind of change") {
  for (uint64_t seed = 0; seed < 15; seed++) {
    Random random(seed);
    TestKeyspace test;
    struct Expected {
      std::string value;
      int64_t expiry_ms;
    };
    std::map<std::string, Expected> model[2];
    const auto drop_expired = [&] {
      for (auto& keys : model) {
        std::erase_if(keys, [&](const auto& pair) {
          return pair.second.expiry_ms != kNoExpiry &&
                 pair.second.expiry_ms < test.keyspace.now_ms();
        });
      }
    };
    for (int step = 0; step < 6000; step++) {
      const size_t number = random.below(2);
      Database& database = test.keyspace.database(number);
      const std::string name = "key" + to_text(static_cast<int64_t>(random.below(60)));
      const Key key = make_key(name);
      const std::string other = "key" + to_text(static_cast<int64_t>(random.below(60)));
      const int64_t expiry_ms =
          random.below(2) == 0
              ? kNoExpiry
              : test.keyspace.now_ms() + 1 + static_cast<int64_t>(random.below(20'000));
      switch (random.below(8)) {
        case 0:
        case 1: {
          const std::string value(random.below(100), 'v');
          test.put(name, expiry_ms, number, value);
          model[number][name] = {value, expiry_ms};
          break;
        }
        case 2:
          REQUIRE(test.keyspace.remove(database, key, "del") == (model[number].erase(name) == 1));
          break;
        case 3:
          if (Database::Slot* slot = test.find(name, number)) {
            test.keyspace.set_expiry(database, key, slot, expiry_ms);
            model[number][name].expiry_ms = expiry_ms;
          }
          break;
        case 4:
          if (Database::Slot* slot = test.find(name, number)) {
            const size_t to = random.below(2);
            if (test.has(other, to)) break;
            test.keyspace.relocate(
                {database, key, test.keyspace.database(to), make_key(other), "from", "to"}, slot);
            model[to][other] = model[number].extract(name).mapped();
          }
          break;
        case 5:
          if (random.below(50) == 0) {
            test.keyspace.swap(test.keyspace.database(0), test.keyspace.database(1));
            model[0].swap(model[1]);
          }
          break;
        case 6:
          if (random.below(100) == 0) {
            test.keyspace.flush(database);
            model[number].clear();
          }
          break;
        default:
          test.advance(static_cast<int64_t>(random.below(300)));
          if (random.below(2) == 0) test.keyspace.do_background_work(Deadline::in_us(0));
          drop_expired();
          break;
      }
      const auto expected = model[number].find(name);
      const Database::Slot* slot = test.find(name, number);
      REQUIRE((slot != nullptr) == (expected != model[number].end()));
      if (slot == nullptr) continue;
      String::Digits digits;
      REQUIRE(String(slot->get()->value()).bytes(digits) == expected->second.value);
      REQUIRE(slot->get()->expiry_ms() == expected->second.expiry_ms);
    }
  }
}

}  // namespace larder
