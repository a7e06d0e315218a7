// How often which duration (or size) occurred.
#pragma once

#include <algorithm>
#include <bit>
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
  void record(uint64_t value, uint64_t times = 1) {
    value = std::min(value, kMaxValue);
    const size_t bucket = bucket_of(value);
    if (bucket >= buckets_.size()) [[unlikely]]
      buckets_.resize(bucket + 1);
    buckets_[bucket] += times;
    count_ += times;
    sum_ += value * times;
    max_ = std::max(max_, value);
  }

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
  void add(const Histogram& other);
  // As reset(), but the memory stays for what comes.
  void empty();
  // Every count becomes half as large, so that what comes weighs more than what was. Single counts
  // halve in number.
  void halve();
  size_t memory() const { return buckets_.capacity() * sizeof(uint64_t); }

 private:
  // A value of n bits keeps its upper 6 bits: the first is always 1, the other 5 choose among the 32
  // buckets of its power of two.
  //
  //   value       0 .. 63   64 .. 127    128 .. 255  ...
  //   bucket      0 .. 63   64 .. 95     96 .. 127   ...
  //   width       1         2            4           ...
  static constexpr unsigned kPrecisionBits = 6;
  static constexpr uint64_t kPerPower = 1 << (kPrecisionBits - 1);
  static constexpr uint64_t kMaxValue = (uint64_t{1} << 40) - 1;

  static size_t bucket_of(uint64_t value) {
    const unsigned bits = static_cast<unsigned>(std::bit_width(value));
    if (bits <= kPrecisionBits) return value;
    const unsigned shift = bits - kPrecisionBits;
    return shift * kPerPower + (value >> shift);
  }
  static uint64_t middle_of(size_t bucket);

  std::vector<uint64_t> buckets_;
  uint64_t count_ = 0;
  uint64_t sum_ = 0;
  uint64_t max_ = 0;
};

}  // namespace larder
