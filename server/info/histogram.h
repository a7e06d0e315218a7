// How often which duration (or size) occurred.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace larder {

// A log-linear histogram: values below 64 are counted exactly, larger ones in 32 buckets per power
// of two, so that a percentile is at most 1.6 % off. Recording costs a few ns; memory follows the
// largest value seen (2.5 kB for a millisecond in microseconds) and is none before the first.
class Histogram {
 public:
  // Values of 2^40 and more (12 days in microseconds) count as just below it.
  // `times`: how often it has occurred.
  void record(uint64_t value, uint64_t times = 1);

  uint64_t count() const { return count_; }
  uint64_t sum() const { return sum_; }
  uint64_t max() const { return max_; }  // exact
  double mean() const {
    return count_ == 0 ? 0 : static_cast<double>(sum_) / static_cast<double>(count_);
  }
  // The value that `percent` (0 to 100) of all records do not exceed; 0 while nothing is recorded.
  uint64_t percentile(double percent) const;
  // How many records are <= `value`, to the precision of the buckets.
  uint64_t count_up_to(uint64_t value) const;
  void reset();

  // --- Several histograms as one ---
  // What one bucket has: a histogram that is kept for later takes little in this form.
  struct Part {
    uint16_t bucket;
    uint32_t count;
  };
  std::vector<Part> parts() const;
  // What another histogram had: its parts, sum and maximum.
  void add(std::span<const Part> parts, uint64_t sum, uint64_t max);
  // As reset(), but the memory stays for what comes.
  void empty();
  // Every count becomes half as large, so that what comes weighs more than what was. Single counts
  // halve in number.
  void halve();
  size_t memory() const { return buckets_.capacity() * sizeof(uint64_t); }

 private:
  std::vector<uint64_t> buckets_;
  uint64_t count_ = 0;
  uint64_t sum_ = 0;
  uint64_t max_ = 0;
};

}  // namespace larder
