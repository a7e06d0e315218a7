#include "server/info/histogram.h"

#include <algorithm>
#include <cmath>

namespace larder {
// The middle of a bucket, which is at most half its width away from every value in it.
uint64_t Histogram::middle_of(size_t bucket) {
  if (bucket < 2 * kPerPower) return bucket;
  const size_t shift = bucket / kPerPower - 1;
  const uint64_t first = (bucket - shift * kPerPower) << shift;
  return first + (uint64_t{1} << shift) / 2;
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

void Histogram::add(const Histogram& other) {
  if (other.buckets_.size() > buckets_.size()) buckets_.resize(other.buckets_.size());
  for (size_t bucket = 0; bucket < other.buckets_.size(); bucket++) {
    buckets_[bucket] += other.buckets_[bucket];
  }
  count_ += other.count_;
  sum_ += other.sum_;
  max_ = std::max(max_, other.max_);
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
