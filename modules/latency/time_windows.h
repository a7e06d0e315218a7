// How long something took over the last seconds and minutes: a histogram whose past can be looked
// at from now back to any moment of the last five minutes.
//
// One histogram takes what happens in this second. Each second that is over is kept by itself for a
// minute, and after that together with the others of its ten seconds: only buckets that have
// something, so that what is seldom used takes next to nothing, and what is always used some 25 kB.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "server/info/histogram.h"

namespace larder {

// What each record writes to is one line of memory, and the one of its bucket.
class alignas(64) TimeWindows {
 public:
  static constexpr int64_t kLongestSeconds = 300;

  // A histogram and the least value, which its buckets do not tell.
  struct Summary {
    Histogram histogram;
    uint64_t min = UINT64_MAX;

    // The middle of the lowest bucket may be below what is in it.
    uint64_t percentile(double percent) const {
      return histogram.count() == 0 ? 0 : std::max(histogram.percentile(percent), min);
    }
  };

  // `second`: by a clock that never goes back.
  void record(int64_t second, uint64_t value, uint64_t times) {
    if (second != second_) [[unlikely]]
      begin(second);
    now_.histogram.record(value, times);
    if (value < now_.min) now_.min = value;
  }
  // Another second begins: the past moves on. Costs nothing where nothing has happened.
  void begin(int64_t second);
  // Adds what happened in the second `now` and those before it, `seconds` in all; beyond a minute
  // to ten seconds more.
  void add_to(Summary& summary, int64_t now, int64_t seconds) const;
  // What has happened in the second that goes on.
  const Histogram& current() const { return now_.histogram; }
  // Nothing has happened in the last five minutes.
  bool is_empty() const { return now_.histogram.count() == 0 && recent_.empty() && past_.empty(); }

 private:
  static constexpr int64_t kRecentSeconds = 60;
  static constexpr int64_t kGroupSeconds = 10;

  struct Slot {
    int64_t last_second;
    std::vector<Histogram::Part> parts;
    uint64_t sum;
    uint64_t max;
    uint64_t min;
  };
  static void add(Summary& summary, const Slot& slot);
  static Slot close(const Summary& summary, int64_t last_second);
  void move_on(int64_t second);

  int64_t second_ = 0;
  Summary now_;
  std::deque<Slot> recent_;  // of a second each
  std::deque<Slot> past_;    // of ten
};

}  // namespace larder
