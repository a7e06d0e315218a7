// How often reads hit in the last minutes, from counts that only grow.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

namespace larder {

class HitRatio {
 public:
  // Hits and misses since the last call; some ten times a second. `second`: never goes back.
  void add(int64_t second, uint64_t hits, uint64_t misses);
  // Of the last so many seconds, at most 3600: exact to a second up to a minute, beyond that to a
  // minute. 0 without a read.
  double over(int64_t seconds) const;
  // How many reads that are.
  uint64_t reads_over(int64_t seconds) const;
  void clear() { *this = HitRatio(); }

 private:
  static constexpr int64_t kMinute = 60;
  static constexpr size_t kMinutes = 60;

  struct Counts {
    int64_t second;  // the last that they belong to
    uint64_t hits;
    uint64_t misses;
  };
  Counts sum_over(int64_t seconds) const;
  static void add_to(std::deque<Counts>& counts, const Counts& more);

  int64_t now_ = 0;
  std::deque<Counts> seconds_;  // of the last minute
  std::deque<Counts> minutes_;  // the hour before
};

}  // namespace larder
