#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace larder {

// Counts of times in nanoseconds, exact to 1/32. Recording costs a few instructions whatever the
// time.
class LatencyHistogram {
 public:
  void record(int64_t time_ns, uint64_t count) {
    const auto time = static_cast<uint64_t>(std::max<int64_t>(time_ns, 0));
    counts_[slot_of(time)] += count;
    total_ += count;
    longest_ns_ = std::max(longest_ns_, time);
  }

  // The time that a share (0 to 1) of all recorded ones do not exceed.
  double percentile_us(double share) const {
    const double wanted = share * static_cast<double>(total_);
    uint64_t seen = 0;
    for (size_t slot = 0; slot < counts_.size(); slot++) {
      seen += counts_[slot];
      if (seen > 0 && static_cast<double>(seen) >= wanted) return to_us(longest_of(slot));
    }
    return longest_us();
  }

  double longest_us() const { return to_us(longest_ns_); }

 private:
  // The first 64 slots are the times 0 to 63; from there on each doubling has 32 slots, chosen by
  // the five bits behind the highest.
  static constexpr size_t kSlotsPerDoubling = 32;
  static constexpr size_t kSlotBits = 5;

  static size_t slot_of(uint64_t time) {
    if (time < 2 * kSlotsPerDoubling) return time;
    const auto shift = static_cast<size_t>(std::bit_width(time)) - kSlotBits - 1;
    return shift * kSlotsPerDoubling + (time >> shift);
  }

  uint64_t longest_of(size_t slot) const {
    if (slot < 2 * kSlotsPerDoubling) return std::min<uint64_t>(slot, longest_ns_);
    const size_t shift = slot / kSlotsPerDoubling - 1;
    const uint64_t leading = slot % kSlotsPerDoubling + kSlotsPerDoubling;
    return std::min(((leading + 1) << shift) - 1, longest_ns_);
  }

  static double to_us(uint64_t time_ns) { return static_cast<double>(time_ns) / 1000; }

  std::array<uint64_t, 60 * kSlotsPerDoubling> counts_{};
  uint64_t total_ = 0;
  uint64_t longest_ns_ = 0;
};

}  // namespace larder
