// When something made everybody wait, and for how long: the last 160 seconds in which it did.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace larder {

class EventSeries {
 public:
  static constexpr size_t kSamples = 160;

  struct Sample {
    int64_t time_seconds = 0;
    int64_t ms = 0;
  };

  // Of several in one second the longest stays.
  void add(int64_t now_seconds, int64_t ms);

  // The oldest first; never empty once something was added.
  std::vector<Sample> samples() const;
  Sample latest() const { return samples_[(next_ + kSamples - 1) % kSamples]; }
  int64_t longest_ms() const { return longest_ms_; }  // ever

  // What the samples have in common.
  struct Summary {
    size_t samples = 0;
    int64_t mean_ms = 0;
    int64_t mean_deviation_ms = 0;
    double period_seconds = 0;  // between two, on average
  };
  Summary summary(int64_t now_seconds) const;

 private:
  std::array<Sample, kSamples> samples_{};
  size_t next_ = 0;
  size_t count_ = 0;
  int64_t longest_ms_ = 0;
};

}  // namespace larder
