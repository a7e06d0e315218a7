#include "server/structures/timing_wheel.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <unordered_map>

#include "server/base/random.h"

namespace larder {
namespace {

constexpr int64_t kStartMs = 1'700'000'000'123;
constexpr int64_t kDayMs = 24 * 3600 * 1000;

uint64_t hash_with_id(uint32_t id) {
  return static_cast<uint64_t>(id) << 32;
}

// The wheel and what it ought to hand out. References carry an id, by which their time is known.
class CheckedWheel {
 public:
  explicit CheckedWheel(int64_t now_ms) : wheel(now_ms), now_ms_(now_ms) {}

  TimingWheel wheel;

  void add(int64_t at_ms) {
    const uint32_t id = next_id_++;
    const uint8_t tag = tag_of(id);
    wheel.add(hash_with_id(id), tag, at_ms);
    due_at_[id] = at_ms;
  }

  // Turns the wheel and checks each reference that it hands out; those that come back early,
  // because they are further away than the wheel reaches, are added again as their owner would.
  void turn_to(int64_t now_ms, bool in_slices = false) {
    now_ms_ = now_ms;
    TimingWheel::Reference out[16];
    for (;;) {
      const Deadline deadline = in_slices ? Deadline::in_us(0) : Deadline::never();
      const size_t count = wheel.take_due(now_ms, out, std::size(out), deadline);
      for (size_t i = 0; i < count; i++) take(out[i]);
      if (count < std::size(out) && (!in_slices || wheel.next_ms() > now_ms)) break;
    }
    check_nothing_late();
  }

  size_t size() const { return due_at_.size(); }
  size_t came_early() const { return came_early_; }

 private:
  static uint8_t tag_of(uint32_t id) { return static_cast<uint8_t>(1 + id % 255); }

  void take(TimingWheel::Reference reference) {
    const auto found = due_at_.find(reference.hash_top);
    REQUIRE(found != due_at_.end());
    REQUIRE(reference.tag == tag_of(reference.hash_top));
    if (found->second < now_ms_) {
      due_at_.erase(found);
      return;
    }
    came_early_++;
    wheel.add(hash_with_id(reference.hash_top), reference.tag, found->second);
  }
  void check_nothing_late() {
    REQUIRE(wheel.size() == due_at_.size());
    size_t late = 0;
    for (const auto& [id, at_ms] : due_at_) late += at_ms + TimingWheel::kTickMs <= now_ms_ ? 1 : 0;
    REQUIRE(late == 0);
  }

  std::unordered_map<uint32_t, int64_t> due_at_;
  uint32_t next_id_ = 0;
  int64_t now_ms_;
  size_t came_early_ = 0;
};

// From milliseconds to years, each magnitude as often.
int64_t any_span_ms(Random& random) {
  const int64_t magnitude = int64_t{1} << random.below(38);
  return static_cast<int64_t>(random.below(static_cast<uint64_t>(magnitude)));
}

}  // namespace

TEST_CASE("what is due is handed out within a tick after its time and not before") {
  const bool in_slices = GENERATE(false, true);
  for (uint64_t seed = 0; seed < 30; seed++) {
    Random random(seed);
    int64_t now_ms = kStartMs + any_span_ms(random);
    CheckedWheel checked(now_ms);
    for (int round = 0; round < 200; round++) {
      for (uint64_t i = random.below(20); i > 0; i--) checked.add(now_ms + any_span_ms(random));
      if (random.below(10) == 0) checked.add(now_ms - any_span_ms(random));
      now_ms +=
          random.below(20) == 0 ? any_span_ms(random) : static_cast<int64_t>(random.below(5000));
      checked.turn_to(now_ms, in_slices);
    }
    // Everything within the wheel's reach comes at its own time; from beyond it may come up to once
    // in each round of 2.2 years.
    checked.turn_to(now_ms + 30 * 365 * kDayMs, in_slices);
    CHECK(checked.size() == 0);
    CHECK(checked.wheel.next_ms() == INT64_MAX);
  }
}

TEST_CASE("only what is beyond the wheel's reach comes early") {
  CheckedWheel checked(0);
  checked.add(700 * kDayMs);
  checked.turn_to(699 * kDayMs);
  CHECK(checked.came_early() == 0);
  checked.add(3000 * kDayMs);
  checked.turn_to(2900 * kDayMs);
  CHECK(checked.came_early() > 0);
  CHECK(checked.size() == 1);
  checked.turn_to(3001 * kDayMs);
  CHECK(checked.size() == 0);
}

TEST_CASE("the wheel says when it has something to do") {
  TimingWheel wheel(kStartMs);
  CHECK(wheel.next_ms() == INT64_MAX);
  const int64_t at_ms = kStartMs + 90'000;
  wheel.add(1, 1, at_ms);
  TimingWheel::Reference out[4];
  int64_t now_ms = kStartMs;
  int wakes = 0;
  // Following next_ms is enough to be there on time.
  while (wheel.take_due(now_ms, out, 4, Deadline::never()) == 0) {
    REQUIRE(wheel.next_ms() > now_ms);
    now_ms = wheel.next_ms();
    REQUIRE(++wakes < 10);
  }
  CHECK(now_ms > at_ms);
  CHECK(now_ms <= at_ms + TimingWheel::kTickMs);
}

TEST_CASE("no time is too far away or too long ago") {
  TimingWheel wheel(kStartMs);
  wheel.add(hash_with_id(1), 1, INT64_MAX);
  wheel.add(hash_with_id(2), 1, 0);
  wheel.add(hash_with_id(3), 1, -5);
  TimingWheel::Reference out[4];
  CHECK(wheel.take_due(kStartMs, out, 4, Deadline::never()) == 2);
  CHECK(wheel.size() == 1);
  // The far one is handed out now and then.
  CHECK(wheel.take_due(kStartMs + 2000 * kDayMs, out, 4, Deadline::never()) == 1);
  CHECK(out[0].hash_top == 1);
}

TEST_CASE("a clock that goes back makes the wheel wait") {
  CheckedWheel checked(kStartMs);
  checked.add(kStartMs + 10'000);
  TimingWheel::Reference out[4];
  CHECK(checked.wheel.take_due(kStartMs - 3'600'000, out, 4, Deadline::never()) == 0);
  CHECK(checked.wheel.now_ms() <= kStartMs);
  checked.turn_to(kStartMs + 9'000);
  CHECK(checked.size() == 1);
  checked.turn_to(kStartMs + 10'100);
  CHECK(checked.size() == 0);
}

TEST_CASE("a reference costs little more than its eight bytes") {
  TimingWheel wheel(kStartMs);
  Random random(3);
  constexpr size_t kCount = 1'000'000;
  for (size_t i = 0; i < kCount; i++) {
    wheel.add(random.next(), 1, kStartMs + static_cast<int64_t>(random.below(3'600'000)));
  }
  CHECK(static_cast<double>(wheel.memory()) / kCount < 9.0);
}

TEST_CASE("a long list comes down in slices") {
  TimingWheel wheel(kStartMs);
  constexpr size_t kCount = 200'000;
  const int64_t at_ms = kStartMs + 3'600'000;
  for (size_t i = 0; i < kCount; i++) wheel.add(hash_with_id(static_cast<uint32_t>(i)), 1, at_ms);
  TimingWheel::Reference out[64];
  size_t taken = 0;
  size_t calls = 0;
  while (taken < kCount) {
    taken += wheel.take_due(at_ms + 100, out, 64, Deadline::in_us(0));
    calls++;
    REQUIRE(calls < 1'000'000);
  }
  CHECK(wheel.size() == 0);
  // Each call that ran out of time moved a chunk at the most.
  CHECK(calls > kCount / 64 + 1000);
}

}  // namespace larder
