// When things are due: a hierarchical timing wheel (Varghese and Lauck, "Hashed and Hierarchical Timing
// Wheels", 1987) of references to elements of a hash table.
//
// A reference is 8 bytes: 32 bits and the tag of an element's hash, which find it again (or find that it
// is gone: nothing is ever removed from the wheel, so a reference can be stale), and 24 bits of its time.
// With the lists' slack a reference costs about 8.3 bytes.
//
//   level 0: 256 slots of 16 ms    (4.1 s)        level 2: 256 slots of 17 min   (3.1 days)
//   level 1: 256 slots of 4.1 s    (17.5 min)     level 3: 256 slots of 3.1 days (2.2 years)
//   beyond: one list, whose references are handed out as due every 2.2 years and are added again
//
// When the time of a slot of a higher level comes, its references move one level down, by their 24 bits
// of time alone: no element is touched. Both this and the handing out stop at a deadline.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "server/base/clock.h"

namespace larder {

class TimingWheel {
 public:
  struct Reference {
    uint32_t hash_top;  // bits 32-63 of the hash
    uint8_t tag;        // HashTable::tag_of(hash)
  };
  static constexpr int64_t kTickMs = 16;

  explicit TimingWheel(int64_t now_ms) : now_tick_(tick_before(now_ms)) {}
  TimingWheel(const TimingWheel&) = delete;
  TimingWheel& operator=(const TimingWheel&) = delete;
  ~TimingWheel();

  // Adds a reference that is due at `at_ms`; it is handed out at most 16 ms after that. Cost: a few ns.
  void add(uint64_t hash, uint8_t tag, int64_t at_ms);

  // Turns the wheel to `now_ms` and hands out up to `capacity` references that are due. Returns how many;
  // fewer than `capacity` means that nothing more is due, unless the deadline has passed.
  size_t take_due(int64_t now_ms, Reference* out, size_t capacity, Deadline deadline);

  // The earliest moment at which take_due could have something to do; INT64_MAX when the wheel is empty.
  int64_t next_ms() const;

  // The time to which the wheel has turned. A clock that went back past it makes the wheel wait.
  int64_t now_ms() const { return static_cast<int64_t>(now_tick_) * kTickMs; }
  // When a reference that is added now is handed out at the latest, whatever its time: the end of the
  // wheel's own span.
  int64_t span_end_ms() const { return static_cast<int64_t>(((now_tick_ >> 32) + 1) << 32) * kTickMs; }
  size_t size() const { return size_; }
  size_t memory() const;

 private:
  static constexpr unsigned kLevels = 4;
  static constexpr unsigned kSlots = 256;
  struct Chunk;
  struct List {
    Chunk* head = nullptr;
  };
  struct Level {
    std::array<List, kSlots> lists;
    std::array<uint64_t, kSlots / 64> occupied{};
  };

  static uint64_t tick_before(int64_t ms) {
    return ms < 0 ? 0 : static_cast<uint64_t>(ms) / kTickMs;
  }
  void push(List& list, uint64_t word);
  void pop_chunk(List& list);
  void free_list(List& list);
  void put(uint64_t tick, uint64_t word);
  uint64_t next_tick() const;
  void turn_to(uint64_t tick);
  void redistribute(Deadline deadline);
  void append(List& to, List& from);

  std::unique_ptr<std::array<Level, kLevels>> levels_;  // made at the first add
  List far_;     // beyond level 3
  List due_;     // waiting to be handed out
  List moving_;  // taken from a higher level, on their way down
  uint64_t now_tick_;
  size_t size_ = 0;
  size_t chunks_ = 0;
};

}  // namespace larder
