#include "server/keyspace/database.h"

#include <catch2/catch.hpp>

#include <map>
#include <optional>
#include <set>

#include "server/base/numbers.h"

namespace larder {
namespace {

constexpr int64_t kStartMs = 1'700'000'000'000;

Entry* new_entry(std::string_view key, int64_t expiry_ms) {
  return Entry::create({key, Type::string, 1, expiry_ms, 0});
}

std::string name_of(uint64_t number) {
  return "key:" + to_text(static_cast<int64_t>(number));
}

// A database and what it ought to hold: key and expiry.
class CheckedDatabase {
 public:
  Disposal disposal;
  KeyUsage usage;
  Database database{0, disposal, usage};
  int64_t now_ms = kStartMs;

  void put(const std::string& name, int64_t expiry_ms) {
    const Key key = make_key(name);
    if (Database::Slot* slot = database.find(key)) {
      database.set_expiry(key, slot, expiry_ms, now_ms);
    } else {
      database.insert(key, new_entry(name, expiry_ms), now_ms);
    }
    model_[name] = expiry_ms;
  }
  void erase(const std::string& name) {
    const Key key = make_key(name);
    Database::Slot* slot = database.find(key);
    REQUIRE((slot != nullptr) == (model_.erase(name) == 1));
    if (slot != nullptr) database.erase(key, slot);
  }

  // Lets background expiry run until it says that it is done, and compares everything.
  void expire(bool in_slices) {
    size_t calls = 0;
    while (expire_until(in_slices ? Deadline::in_us(0) : Deadline::never())) {
      REQUIRE(++calls < 100'000);
    }
  }
  void expire_slice() { expire_until(Deadline::in_us(0)); }
  void check(int64_t tolerance_ms) {
    REQUIRE(database.size() == model_.size());
    size_t expiring = 0;
    size_t wrong = 0;
    for (const auto& [name, expiry_ms] : model_) {
      const Database::Slot* slot = database.find(make_key(name));
      if (slot == nullptr || slot->get()->expiry_ms() != expiry_ms) wrong++;
      if (expiry_ms == kNoExpiry) continue;
      expiring++;
      if (expiry_ms + tolerance_ms < now_ms) wrong++;
    }
    REQUIRE(wrong == 0);
    REQUIRE(database.expiring() == expiring);
  }

 private:
  bool expire_until(Deadline deadline) {
    return database.expire_due(now_ms, deadline, [&](const Entry& entry) {
      const auto found = model_.find(std::string(entry.key()));
      REQUIRE(found != model_.end());
      REQUIRE(found->second == entry.expiry_ms());
      REQUIRE(found->second < now_ms);
      model_.erase(found);
    });
  }

  std::map<std::string, int64_t> model_;
};

}  // namespace

TEST_CASE("keys end within a tick after their time, whatever happened to them before") {
  const bool in_slices = GENERATE(false, true);
  for (uint64_t seed = 0; seed < 20; seed++) {
    Random random(seed);
    CheckedDatabase checked;
    const auto any_expiry = [&]() -> int64_t {
      if (random.below(5) == 0) return kNoExpiry;
      return checked.now_ms + 1 +
             static_cast<int64_t>(random.below(uint64_t{1} << random.below(32)));
    };
    for (int round = 0; round < 300; round++) {
      for (uint64_t i = random.below(60); i > 0; i--) {
        const std::string name = name_of(random.below(400));
        random.below(4) == 0 ? checked.erase(name) : checked.put(name, any_expiry());
      }
      checked.now_ms += static_cast<int64_t>(random.below(uint64_t{1} << random.below(20)));
      checked.expire(in_slices);
      checked.check(TimingWheel::kTickMs);
    }
  }
}

TEST_CASE("following next_expiry_ms is enough to expire on time") {
  CheckedDatabase checked;
  Random random(2);
  for (uint64_t i = 0; i < 500; i++) {
    checked.put(name_of(i), kStartMs + 1 + static_cast<int64_t>(random.below(100'000'000)));
  }
  size_t wakes = 0;
  while (checked.database.next_expiry_ms() != INT64_MAX) {
    REQUIRE(checked.database.next_expiry_ms() > checked.now_ms);
    checked.now_ms = checked.database.next_expiry_ms();
    checked.expire(false);
    checked.check(TimingWheel::kTickMs);
    wakes++;
  }
  CHECK(checked.database.size() == 0);
  CHECK(wakes < 2000);
}

TEST_CASE("refreshing expiries over and over keeps the index small") {
  CheckedDatabase checked;
  constexpr uint64_t kKeys = 200;
  Random random(3);
  size_t most = 0;
  const bool later = GENERATE(true, false);
  for (int round = 0; round < 2000; round++) {
    for (uint64_t i = 0; i < kKeys; i++) {
      // Sessions that are prolonged, or expiries that go back and forth.
      const int64_t ttl_ms =
          later ? 1'800'000 : 60'000 + static_cast<int64_t>(random.below(3'600'000));
      checked.put(name_of(i), checked.now_ms + ttl_ms);
    }
    checked.now_ms += 100;
    checked.expire(true);
    most = std::max(most, checked.database.expiry_memory());
  }
  checked.check(TimingWheel::kTickMs);
  CHECK(checked.database.size() == kKeys);
  // 400,000 references would be 3.2 MB. The floor are the lists of two wheels.
  CHECK(most < 700'000);
}

TEST_CASE("keys that come and go do not fill the index") {
  CheckedDatabase checked;
  size_t most = 0;
  for (uint64_t i = 0; i < 300'000; i++) {
    const std::string name = name_of(i % 7);
    checked.put(name, checked.now_ms + 3'600'000);
    checked.erase(name);
    if (i % 100 == 0) {
      checked.expire(true);
      most = std::max(most, checked.database.expiry_memory());
    }
  }
  CHECK(most < 400'000);
}

TEST_CASE("keys that get an expiry while the index is built anew end on time") {
  CheckedDatabase checked;
  Random random(5);
  constexpr uint64_t kKeys = 20'000;
  for (uint64_t i = 0; i < kKeys; i++) checked.put(name_of(i), kNoExpiry);
  for (int round = 0; round < 4; round++) {
    // More stale references than are tolerated.
    for (uint64_t i = 0; i < 20'000; i++) {
      checked.put("stale", checked.now_ms + 3'600'000);
      checked.erase("stale");
    }
    // Each call builds a part of the new index.
    const size_t before = checked.database.expiry_memory();
    for (int slice = 0; slice < 200; slice++) {
      for (int i = 0; i < 20; i++) {
        const int64_t ttl_ms = 1 + static_cast<int64_t>(random.below(100'000));
        checked.put(name_of(random.below(kKeys)), checked.now_ms + ttl_ms);
      }
      checked.expire_slice();
    }
    CHECK(checked.database.expiry_memory() < before);
    for (int second = 0; second < 110; second++) {
      checked.now_ms += 1000;
      checked.expire(true);
      checked.check(TimingWheel::kTickMs);
    }
  }
}

TEST_CASE("a clock that is set back, or forward, does not lose keys") {
  const int64_t jump_ms = GENERATE(-500, -5'000, -90'000'000, 50'000'000);
  CheckedDatabase checked;
  Random random(4);
  for (uint64_t i = 0; i < 2000; i++) {
    checked.put(name_of(i), kStartMs + 10'000 + static_cast<int64_t>(random.below(10'000'000)));
  }
  checked.now_ms += 5'000'000;
  checked.expire(true);
  checked.now_ms += jump_ms;
  for (uint64_t i = 2000; i < 3000; i++) {
    checked.put(name_of(i), checked.now_ms + 1 + static_cast<int64_t>(random.below(10'000'000)));
  }
  // Up to a second the wheel just waits for the clock.
  const int64_t tolerance_ms = jump_ms == -500 ? 500 + TimingWheel::kTickMs : TimingWheel::kTickMs;
  for (int round = 0; round < 300; round++) {
    checked.now_ms += 40'000;
    checked.expire(true);
    checked.check(tolerance_ms);
  }
}

TEST_CASE("a million keys of the same second are gone in slices") {
  Disposal disposal;
  KeyUsage usage;
  Database database(0, disposal, usage);
  constexpr uint64_t kKeys = 1'000'000;
  const int64_t end_ms = kStartMs + 3'600'000;
  for (uint64_t i = 0; i < kKeys; i++) {
    const std::string name = name_of(i);
    database.insert(make_key(name), new_entry(name, end_ms + static_cast<int64_t>(i % 1000)),
                    kStartMs);
  }
  size_t expired = 0;
  int64_t longest_us = 0;
  size_t slices = 0;
  int64_t total_us = 0;
  bool has_more = true;
  while (has_more) {
    const int64_t start_us = monotonic_us();
    has_more =
        database.expire_due(end_ms + 1016, Deadline::in_us(500), [&](const Entry&) { expired++; });
    const int64_t took_us = monotonic_us() - start_us;
    longest_us = std::max(longest_us, took_us);
    total_us += took_us;
    slices++;
  }
  CHECK(expired == kKeys);
  CHECK(database.size() == 0);
  CHECK(database.expiring() == 0);
  CHECK(slices > 20);
  INFO("longest slice " << longest_us << " us, all " << total_us << " us, " << slices << " slices");
  // Generous: the machine may be doing something else in the middle of a slice.
  CHECK(longest_us < 100'000);
}

TEST_CASE("taking, inserting and swapping keep the counts true") {
  Disposal disposal;
  KeyUsage usage;
  Database first(0, disposal, usage), second(1, disposal, usage);
  first.insert(make_key("a"), new_entry("a", kStartMs + 1000), kStartMs);
  first.insert(make_key("b"), new_entry("b", kNoExpiry), kStartMs);
  CHECK(first.size() == 2);
  CHECK(first.expiring() == 1);

  Entry* entry = first.take(make_key("a"), first.find(make_key("a")));
  CHECK(first.expiring() == 0);
  second.insert(make_key("a"), entry, kStartMs);
  CHECK(second.expiring() == 1);

  first.swap_contents(second);
  CHECK(first.index() == 0);
  CHECK(first.find(make_key("a")) != nullptr);
  CHECK(first.find(make_key("b")) == nullptr);
  CHECK(first.expiring() == 1);
  CHECK(second.expiring() == 0);
  size_t expired = 0;
  first.expire_due(kStartMs + 1017, Deadline::never(), [&](const Entry&) { expired++; });
  CHECK(expired == 1);
}

TEST_CASE("a database is drained in slices, its index with it") {
  Disposal disposal;
  KeyUsage usage;
  Database database(0, disposal, usage);
  for (uint64_t i = 0; i < 20'000; i++) {
    const std::string name = name_of(i);
    database.insert(make_key(name), new_entry(name, kStartMs + 1000), kStartMs);
  }
  size_t slices = 0;
  while (!database.drain(Deadline::in_us(0))) slices++;
  CHECK(slices > 10);
  CHECK(database.size() == 0);
  CHECK(database.expiring() == 0);
  CHECK(database.table_memory() == 0);
  CHECK(database.expiry_memory() == 0);
  CHECK(database.next_expiry_ms() == INT64_MAX);
  database.insert(make_key("a"), new_entry("a", kStartMs + 5000), kStartMs);
  CHECK(database.size() == 1);
}

TEST_CASE("a slot remembers when its key was used, beside its expiry") {
  Disposal disposal;
  KeyUsage usage;
  usage.set_now_ms(kStartMs);
  Database database(0, disposal, usage);
  Database::Slot* slot =
      database.insert(make_key("a"), new_entry("a", kStartMs + 1'000'000), kStartMs);
  const auto idle_at = [&](int64_t now_ms) {
    usage.set_now_ms(now_ms);
    return usage.idle_seconds(slot->bits());
  };
  CHECK(idle_at(kStartMs) == 0);
  CHECK(idle_at(kStartMs + 90'000) == 90);
  usage.set_now_ms(kStartMs + 60'000);
  usage.touch(*slot);
  CHECK(idle_at(kStartMs + 90'000) == 30);
  database.set_expiry(make_key("a"), slot, kStartMs + 2'000'000, kStartMs);
  database.set_expiry(make_key("a"), slot, kNoExpiry, kStartMs);
  CHECK(idle_at(kStartMs + 90'000) == 30);
  const int64_t later_ms = kStartMs + 60'000 + 6'000'000;
  usage.set_now_ms(later_ms);
  CHECK(database.age(0) == 0);
  CHECK(idle_at(later_ms) >= 6'000 - 1024);
  CHECK(idle_at(later_ms) <= 6'000 + 1024);
}

}  // namespace larder
