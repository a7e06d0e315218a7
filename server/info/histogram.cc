#include "server/info/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace larder {
namespace {

// A value of n bits keeps its upper 6 bits: the first is always 1, the other 5 choose among the 32
// buckets of its power of two.
//
//   value       0 .. 63   64 .. 127    128 .. 255  ...
//   bucket      0 .. 63   64 .. 95     96 .. 127   ...
//   width       1         2            4           ...
constexpr unsigned kPrecisionBits = 6;
constexpr uint64_t kPerPower = 1 << (kPrecisionBits - 1);
constexpr uint64_t kMaxValue = (uint64_t{1} << 40) - 1;

size_t bucket_of(uint64_t value) {
  const unsigned bits = static_cast<unsigned>(std::bit_width(value));
  if (bits <= kPrecisionBits) return value;
  const unsigned shift = bits - kPrecisionBits;
  return shift * kPerPower + (value >> shift);
}

// The middle of a bucket, which is at most half its width away from every value in it.
uint64_t middle_of(size_t bucket) {
  if (bucket < 2 * kPerPower) return bucket;
  const size_t shift = bucket / kPerPower - 1;
  const uint64_t first = (bucket - shift * kPerPower) << shift;
  return first + (uint64_t{1} << shift) / 2;
}

}  // namespace

void Histogram::record(uint64_t value, uint64_t times) {
  value = std::min(value, kMaxValue);
  const size_t bucket = bucket_of(value);
  if (bucket >= buckets_.size()) [[unlikely]]
    buckets_.resize(bucket + 1);
  buckets_[bucket] += times;
  count_ += times;
  sum_ += value * times;
  max_ = std::max(max_, value);
}

uint64_t Histogram::percentile(double percent) const {
  if (count_ == 0) return 0;
  const double share = std::clamp(percent, 0.0, 100.0) / 100;
  const auto wanted = std::clamp<uint64_t>(
      static_cast<uint64_t>(std::ceil(share * static_cast<double>(count_))), 1, count_);
  uint64_t seen = 0;
  for (size_t bucket = 0; bucket < buckets_.size(); bucket++) {
    seen += buckets_[bucket];
    if (seen >= wanted) return std::min(middle_of(bucket), max_);
  }
  return max_;
}

uint64_t Histogram::count_up_to(uint64_t value) const {
  const size_t end = std::min(buckets_.size(), bucket_of(std::min(value, kMaxValue)) + 1);
  uint64_t count = 0;
  for (size_t bucket = 0; bucket < end; bucket++) count += buckets_[bucket];
  return count;
}

std::vector<Histogram::Part> Histogram::parts() const {
  std::vector<Part> parts;
  parts.reserve(static_cast<size_t>(
      std::ranges::count_if(buckets_, [](uint64_t count) { return count != 0; })));
  for (size_t bucket = 0; bucket < buckets_.size(); bucket++) {
    if (buckets_[bucket] == 0) continue;
    parts.push_back({static_cast<uint16_t>(bucket),
                     static_cast<uint32_t>(std::min<uint64_t>(buckets_[bucket], UINT32_MAX))});
  }
  return parts;
}

void Histogram::add(std::span<const Part> parts, uint64_t sum, uint64_t max) {
  if (parts.empty()) return;
  if (parts.back().bucket >= buckets_.size()) buckets_.resize(parts.back().bucket + size_t{1});
  for (const Part& part : parts) {
    buckets_[part.bucket] += part.count;
    count_ += part.count;
  }
  sum_ += sum;
  max_ = std::max(max_, max);
}

void Histogram::empty() {
  std::ranges::fill(buckets_, 0);
  count_ = sum_ = max_ = 0;
}

void Histogram::halve() {
  count_ = 0;
  // What a half is too much for goes on to the next bucket that has some: of two buckets with one
  // each, one stays. Rounded down, a wide distribution would be gone at once.
  uint64_t rest = 0;
  for (uint64_t& count : buckets_) {
    count += rest;
    rest = count % 2;
    count /= 2;
    count_ += count;
  }
  sum_ /= 2;
}

void Histogram::reset() {
  *this = Histogram();
}

}  // namespace larder
