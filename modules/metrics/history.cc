#include "modules/metrics/history.h"

#include <algorithm>

#include "server/base/assert.h"

namespace larder {

void History::add(int64_t seconds, std::span<const float> values) {
  LARDER_ASSERT(values.size() == series_);
  if (times_.empty()) {
    times_.resize(capacity_);
    values_.resize(capacity_ * series_);
  }
  const size_t place = end_ % capacity_;
  times_[place] = static_cast<uint32_t>(seconds);
  std::ranges::copy(values, values_.begin() + static_cast<ptrdiff_t>(place * series_));
  end_++;
  size_ = std::min(size_ + 1, capacity_);
}

// Times may go back when somebody sets the clock, so this looks from the end for the last row that
// is not later.
uint64_t History::first_after(int64_t moment) const {
  uint64_t row = end_;
  while (row > first() && seconds(row - 1) > moment) row--;
  return row;
}

}  // namespace larder
