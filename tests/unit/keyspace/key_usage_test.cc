#include "server/keyspace/key_usage.h"

#include <catch2/catch.hpp>

#include <cmath>
#include <deque>

#include "server/base/random.h"

namespace larder {
namespace {

constexpr int64_t kStartMs = 1'700'000'000'000;

struct TestSlot {
  uint16_t word = 0;
  int stores = 0;
  uint16_t bits() const { return word; }
  void set_bits(uint16_t bits) {
    word = bits;
    stores++;
  }
};

// Keys that are used under a policy, without a table.
class TestUsage {
 public:
  explicit TestUsage(EvictionPolicy policy, size_t keys = 0) {
    usage.set_now_ms(kStartMs);
    settings.policy = policy;
    usage.configure(settings);
    for (size_t i = 0; i < keys; i++) add();
  }
  TestSlot& add(bool expires = false) {
    slots.push_back({});
    slots.back().word =
        static_cast<uint16_t>(usage.admit(slots.size() * 77, 64) | (expires ? 1 : 0));
    return slots.back();
  }
  void use_all(int rounds) {
    for (int i = 0; i < rounds; i++) {
      for (TestSlot& slot : slots) usage.touch(slot);
    }
  }
  // What the keyspace does between turns.
  void age_if_due() {
    if (!usage.aging_is_due()) return;
    usage.begin_aging();
    for (TestSlot& slot : slots) slot.word = usage.aged(slot.word);
  }

  KeyUsage usage;
  EvictionSettings settings;
  std::deque<TestSlot> slots;
};

}  // namespace

TEST_CASE("without eviction a slot says for how long its key was not used") {
  TestUsage test(EvictionPolicy::noeviction);
  TestSlot& slot = test.add(true);
  test.usage.set_now_ms(kStartMs + 90'000);
  CHECK(test.usage.idle_seconds(slot.word) == 90);
  test.usage.touch(slot);
  CHECK(test.usage.idle_seconds(slot.word) == 0);
  CHECK((slot.word & 1) == 1);
  CHECK(slot.stores == 1);
  test.usage.touch(slot);
  CHECK(slot.stores == 1);
  CHECK(test.usage.frequency(slot.word) == 0);
}

TEST_CASE("a clock that is set back makes no key idle, and time goes on from there") {
  for (const auto policy :
       {EvictionPolicy::noeviction, EvictionPolicy::allkeys_lru, EvictionPolicy::allkeys_hybrid}) {
    TestUsage test(policy);
    TestSlot& slot = test.add();
    test.usage.set_now_ms(kStartMs + 100'000);
    test.usage.begin_aging();
    test.usage.end_aging();
    const int64_t to_next_ms = test.usage.next_aging_ms() - (kStartMs + 100'000);
    test.usage.touch(slot);
    const int64_t before = test.usage.idle_seconds(slot.word);
    test.usage.set_now_ms(kStartMs - 3'600'000);
    CHECK(test.usage.idle_seconds(slot.word) == before);
    const bool is_due_by_time = policy == EvictionPolicy::noeviction;
    if (is_due_by_time) CHECK(test.usage.next_aging_ms() == kStartMs - 3'600'000 + to_next_ms);
    test.usage.set_now_ms(kStartMs - 3'600'000 + 50'000);
    CHECK(test.usage.idle_seconds(slot.word) == before + 50);
    // And once more.
    test.usage.set_now_ms(0);
    test.usage.set_now_ms(10'000);
    CHECK(test.usage.idle_seconds(slot.word) == before + 60);
  }
}

TEST_CASE("under lru the key that was used last has the least to fear") {
  TestUsage test(EvictionPolicy::allkeys_lru, 10'000);
  // In an order of their own: each next one is worth more.
  Random random(1);
  std::vector<TestSlot*> order;
  for (TestSlot& slot : test.slots) order.push_back(&slot);
  for (size_t i = order.size(); i > 1; i--) std::swap(order[i - 1], order[random.below(i)]);
  for (TestSlot* slot : order) test.usage.touch(*slot);
  size_t ties = 0;
  for (size_t i = 1; i < order.size(); i++) {
    const uint64_t older = test.usage.worthlessness(order[i - 1]->word);
    const uint64_t younger = test.usage.worthlessness(order[i]->word);
    REQUIRE(older >= younger);
    ties += older == younger;
  }
  CHECK(ties < order.size());  // a tick is a thousandth of the keys
  CHECK(test.usage.worthlessness(order.front()->word) > 1000);
}

TEST_CASE("ticks tell idle times") {
  for (const EvictionPolicy policy :
       {EvictionPolicy::allkeys_lru, EvictionPolicy::allkeys_hybrid}) {
    TestUsage test(policy, 1000);
    for (int second = 1; second <= 10; second++) {
      test.usage.set_now_ms(kStartMs + second * 1000);
      for (TestSlot& slot : test.slots) test.usage.touch(slot);
    }
    TestSlot& slot = test.slots[500];
    test.usage.touch(slot);
    CHECK(test.usage.idle_seconds(slot.word) == 0);
    // Nothing is used, so no tick ends, and time passes nevertheless.
    test.usage.set_now_ms(kStartMs + 75'000);
    CHECK(test.usage.idle_seconds(slot.word) == 65);
    test.usage.touch(test.slots[1]);
    CHECK(test.usage.idle_seconds(test.slots[1].word) == 0);
  }
}

TEST_CASE("under hybrid a use stores once a tick and counts up to seven") {
  TestUsage test(EvictionPolicy::allkeys_hybrid, 16 * 1024);
  TestSlot& slot = test.add(true);
  const int before = slot.stores;
  test.usage.touch(slot);
  test.usage.touch(slot);
  test.usage.touch(slot);
  CHECK(slot.stores <= before + 2);  // a tick may end in between
  test.use_all(3);
  CHECK(test.usage.frequency(slot.word) == 3 + (slot.stores - before > 3 ? 1u : 0u));
  test.use_all(10);
  CHECK(test.usage.frequency(slot.word) == 7);
  CHECK((slot.word & 1) == 1);
  CHECK(HybridWord::size_class(64) == (unsigned{slot.word} >> 1 & 7));
}

TEST_CASE("keys that are not used for ever do not become young again") {
  for (const EvictionPolicy policy :
       {EvictionPolicy::allkeys_lru, EvictionPolicy::allkeys_hybrid}) {
    TestUsage test(policy, 64);
    const TestSlot& idle = test.slots.front();
    uint64_t least = 0;
    for (int round = 0; round < 20'000; round++) {
      for (size_t i = 1; i < test.slots.size(); i++) test.usage.touch(test.slots[i]);
      test.age_if_due();
      const uint64_t now = test.usage.worthlessness(idle.word);
      if (round < 20) continue;
      REQUIRE(now > 4 * test.usage.worthlessness(test.slots[1].word));
      least = std::max(least, now);
    }
  }
}

TEST_CASE("a key that was evicted and comes back is known") {
  TestUsage test(EvictionPolicy::allkeys_hybrid, 1000);
  TestSlot& slot = test.slots[10];
  test.use_all(4);
  const unsigned uses = test.usage.frequency(slot.word);
  REQUIRE(uses >= 3);
  const double theta = test.usage.score().theta();
  // The first victims tell that a ghost is wanted, which nobody waits for.
  test.usage.fit_ghost();
  CHECK(test.usage.ghost().is_empty());
  test.usage.count_victim(414141, slot.word);
  CHECK(test.usage.ghost().is_empty());
  test.usage.fit_ghost();
  test.usage.count_victim(424242, slot.word);
  const uint16_t word = test.usage.admit(424242, 64);
  CHECK(test.usage.frequency(word) == std::min(uses + 1, 7u));
  CHECK(test.usage.score().theta() > theta);
  CHECK(test.usage.frequency(test.usage.admit(434343, 64)) == 0);
}

TEST_CASE("counters of lfu grow with the logarithm of the uses") {
  // Redis's table of lfu-log-factor, at a thousand uses and a hundred thousand.
  struct Row {
    int factor;
    unsigned after_1000, after_100k;
  };
  for (const Row row : {Row{1, 49, 255}, Row{10, 18, 142}, Row{100, 11, 49}}) {
    TestUsage test(EvictionPolicy::allkeys_lfu);
    test.settings.lfu_log_factor = row.factor;
    test.usage.configure(test.settings);
    double sum_1000 = 0, sum_100k = 0;
    for (int run = 0; run < 20; run++) {
      TestSlot& slot = test.add(true);
      CHECK(test.usage.frequency(slot.word) == 5);
      for (int i = 0; i < 1000; i++) test.usage.touch(slot);
      sum_1000 += test.usage.frequency(slot.word);
      for (int i = 0; i < 99'000; i++) test.usage.touch(slot);
      sum_100k += test.usage.frequency(slot.word);
      CHECK((slot.word & 1) == 1);
    }
    CHECK(sum_1000 / 20 == Approx(row.after_1000).epsilon(0.25));
    CHECK(sum_100k / 20 == Approx(row.after_100k).epsilon(0.25));
  }
}

TEST_CASE("factor 0 counts each use, and a counter stays at its end") {
  TestUsage test(EvictionPolicy::volatile_lfu);
  test.settings.lfu_log_factor = 0;
  test.usage.configure(test.settings);
  TestSlot& slot = test.add();
  for (int i = 0; i < 100; i++) test.usage.touch(slot);
  CHECK(test.usage.frequency(slot.word) == 105);
  for (int i = 0; i < 1000; i++) test.usage.touch(slot);
  CHECK(test.usage.frequency(slot.word) == 255);
}

TEST_CASE("a counter loses one for each period without a use") {
  for (const int minutes : {1, 7}) {
    TestUsage test(EvictionPolicy::allkeys_lfu);
    test.settings.lfu_log_factor = 0;
    test.settings.lfu_decay_minutes = minutes;
    test.usage.configure(test.settings);
    const int64_t period_ms = minutes * 60'000;
    const int64_t start_ms = kStartMs / period_ms * period_ms;
    test.usage.set_now_ms(start_ms);
    TestSlot& slot = test.add();
    for (int i = 0; i < 200; i++) test.usage.touch(slot);
    CHECK(test.usage.frequency(slot.word) == 205);
    test.usage.set_now_ms(start_ms + 3 * period_ms);
    CHECK(test.usage.frequency(slot.word) == 202);
    test.usage.touch(slot);
    CHECK(test.usage.frequency(slot.word) == 203);
    // For days, with the walk that its owner does.
    int64_t now_ms = start_ms + 3 * period_ms;
    for (int walk = 0; walk < 50; walk++) {
      now_ms += 4096 * 1000;
      test.usage.set_now_ms(now_ms);
      test.age_if_due();
      const int64_t periods = (now_ms - start_ms) / period_ms - 3;
      REQUIRE(test.usage.frequency(slot.word) ==
              static_cast<unsigned>(std::max<int64_t>(203 - periods, 0)));
    }
  }
}

TEST_CASE("counters survive another decay time and a clock that is set back") {
  TestUsage test(EvictionPolicy::allkeys_lfu);
  test.settings.lfu_log_factor = 0;
  test.usage.configure(test.settings);
  TestSlot& slot = test.add();
  for (int i = 0; i < 200; i++) test.usage.touch(slot);
  test.usage.set_now_ms(kStartMs + 2 * 60'000);
  CHECK(test.usage.frequency(slot.word) == 203);
  for (const int minutes : {7, 0, 1000, 1}) {
    test.settings.lfu_decay_minutes = minutes;
    test.usage.configure(test.settings);
    CHECK(test.usage.frequency(slot.word) == 203);
  }
  // From then on in the new one.
  test.usage.set_now_ms(kStartMs + 3 * 60'000);
  CHECK(test.usage.frequency(slot.word) == 202);
  test.usage.set_now_ms(kStartMs - 1'000'000);
  CHECK(test.usage.frequency(slot.word) == 202);
  test.usage.set_now_ms(kStartMs - 1'000'000 + 60'000);
  CHECK(test.usage.frequency(slot.word) == 201);
}

TEST_CASE("counters do not decay where the decay time is 0") {
  TestUsage test(EvictionPolicy::allkeys_lfu);
  test.settings.lfu_decay_minutes = 0;
  test.settings.lfu_log_factor = 0;
  test.usage.configure(test.settings);
  TestSlot& slot = test.add();
  test.usage.touch(slot);
  test.usage.set_now_ms(kStartMs + 1'000'000'000);
  test.age_if_due();
  CHECK(test.usage.frequency(slot.word) == 6);
}

}  // namespace larder
