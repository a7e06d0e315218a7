#include "modules/stats/hit_ratio.h"

namespace larder {

void HitRatio::add_to(std::deque<Counts>& counts, const Counts& more) {
  if (counts.empty() || counts.back().second != more.second) {
    counts.push_back(more);
    return;
  }
  counts.back().hits += more.hits;
  counts.back().misses += more.misses;
}

void HitRatio::add(int64_t second, uint64_t hits, uint64_t misses) {
  now_ = second;
  if (hits + misses > 0) add_to(seconds_, {second, hits, misses});
  while (!seconds_.empty() && seconds_.front().second <= second - kMinute) {
    Counts old = seconds_.front();
    seconds_.pop_front();
    old.second = old.second / kMinute * kMinute + kMinute - 1;
    add_to(minutes_, old);
  }
  const int64_t hour = kMinute * static_cast<int64_t>(kMinutes);
  while (!minutes_.empty() && minutes_.front().second <= second - hour) minutes_.pop_front();
}

HitRatio::Counts HitRatio::sum_over(int64_t seconds) const {
  Counts sum{now_, 0, 0};
  for (const auto* counts : {&seconds_, &minutes_}) {
    // A minute before the last one may reach into that with its end only.
    if (counts == &minutes_ && seconds <= kMinute) break;
    for (const Counts& part : *counts) {
      if (part.second <= now_ - seconds) continue;
      sum.hits += part.hits;
      sum.misses += part.misses;
    }
  }
  return sum;
}

double HitRatio::over(int64_t seconds) const {
  const Counts sum = sum_over(seconds);
  const uint64_t reads = sum.hits + sum.misses;
  return reads == 0 ? 0 : static_cast<double>(sum.hits) / static_cast<double>(reads);
}

uint64_t HitRatio::reads_over(int64_t seconds) const {
  const Counts sum = sum_over(seconds);
  return sum.hits + sum.misses;
}

}  // namespace larder
