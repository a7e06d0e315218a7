#include "modules/latency/time_windows.h"

#include <algorithm>
#include <utility>

namespace larder {

void TimeWindows::begin(int64_t second) {
  if (now_.histogram.count() > 0) {
    recent_.push_back(close(now_, second_));
    now_.histogram.empty();
    now_.min = UINT64_MAX;
  }
  second_ = second;
  move_on(second);
}

void TimeWindows::move_on(int64_t second) {
  while (!recent_.empty() && recent_.front().last_second <= second - kRecentSeconds) {
    const Slot slot = std::move(recent_.front());
    recent_.pop_front();
    const int64_t group_end = slot.last_second / kGroupSeconds * kGroupSeconds + kGroupSeconds - 1;
    Summary group;
    if (!past_.empty() && past_.back().last_second == group_end) {
      add(group, past_.back());
      past_.pop_back();
    }
    add(group, slot);
    past_.push_back(close(group, group_end));
  }
  while (!past_.empty() && past_.front().last_second <= second - kLongestSeconds) {
    past_.pop_front();
  }
}

void TimeWindows::add_to(Summary& summary, int64_t now, int64_t seconds) const {
  if (second_ > now - seconds) add(summary, close(now_, second_));
  for (const auto* slots : {&recent_, &past_}) {
    // A group can reach into the last minute with its end only.
    if (slots == &past_ && seconds <= kRecentSeconds) break;
    for (const Slot& slot : *slots) {
      if (slot.last_second > now - seconds) add(summary, slot);
    }
  }
}

void TimeWindows::add(Summary& summary, const Slot& slot) {
  summary.histogram.add(slot.parts, slot.sum, slot.max);
  summary.min = std::min(summary.min, slot.min);
}

TimeWindows::Slot TimeWindows::close(const Summary& summary, int64_t last_second) {
  const Histogram& histogram = summary.histogram;
  return {last_second, histogram.parts(), histogram.sum(), histogram.max(), summary.min};
}

}  // namespace larder
