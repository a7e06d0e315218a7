// How fast a count grows: the instantaneous_* fields of INFO.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace larder {

// The mean over the last 16 samples, one every 100 ms as a rule. A rate that has just begun counts
// the samples that it does not have yet as 0, as Redis does, so it rises over 1.6 seconds.
class Rate {
 public:
  // Tells the total at a moment (microseconds that never go back). Called as often as is
  // convenient: what comes within 90 ms of the last sample is left for the next one.
  void sample(int64_t now_us, uint64_t total);
  uint64_t per_second() const;
  // After the total was set back to 0.
  void reset() { *this = Rate(); }

 private:
  static constexpr size_t kSamples = 16;
  // A little below 100 ms, so that a tick that comes early still counts.
  static constexpr int64_t kIntervalUs = 90'000;

  std::array<uint64_t, kSamples> samples_{};
  size_t next_ = 0;
  bool has_begun_ = false;
  int64_t last_us_ = 0;
  uint64_t last_total_ = 0;
};

}  // namespace larder
