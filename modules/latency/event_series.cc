#include "modules/latency/event_series.h"

#include <algorithm>
#include <cstdlib>

namespace larder {

void EventSeries::add(int64_t now_seconds, int64_t ms) {
  longest_ms_ = std::max(longest_ms_, ms);
  Sample& last = samples_[(next_ + kSamples - 1) % kSamples];
  if (count_ > 0 && last.time_seconds == now_seconds) {
    last.ms = std::max(last.ms, ms);
    return;
  }
  samples_[next_] = {now_seconds, ms};
  next_ = (next_ + 1) % kSamples;
  count_ = std::min(count_ + 1, kSamples);
}

std::vector<EventSeries::Sample> EventSeries::samples() const {
  std::vector<Sample> ordered;
  ordered.reserve(count_);
  for (size_t i = 0; i < count_; i++) {
    ordered.push_back(samples_[(next_ + kSamples - count_ + i) % kSamples]);
  }
  return ordered;
}

EventSeries::Summary EventSeries::summary(int64_t now_seconds) const {
  if (count_ == 0) return {};
  const std::vector<Sample> ordered = samples();
  const auto count = static_cast<int64_t>(ordered.size());
  int64_t sum = 0;
  for (const Sample& sample : ordered) sum += sample.ms;
  const int64_t mean = sum / count;
  int64_t deviations = 0;
  for (const Sample& sample : ordered) deviations += std::abs(sample.ms - mean);
  const int64_t span = std::max<int64_t>(now_seconds - ordered.front().time_seconds, 1);
  return {ordered.size(), mean, deviations / count,
          static_cast<double>(span) / static_cast<double>(count)};
}

}  // namespace larder
