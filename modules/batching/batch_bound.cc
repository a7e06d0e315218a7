#include "modules/batching/batch_bound.h"

#include <algorithm>

namespace larder {
namespace {

constexpr double kGrowth = 1.2;
constexpr double kShrinkage = 0.8;
constexpr double kApproach = 1.0 / 8;
// A batch that is at least one in so many parts of the bound says something about it.
constexpr double kParts = 4;

}  // namespace

void BatchBound::limit(const Rules& rules) {
  bound_ = std::clamp(bound_, static_cast<double>(rules.least), static_cast<double>(rules.most));
}

void BatchBound::note(const Batch& batch, const Rules& rules) {
  const auto size = static_cast<double>(batch.size);
  // A larger batch is counted as if it had ended at the bound.
  const double share = size > bound_ ? bound_ / size : 1.0;
  const double ratio =
      static_cast<double>(batch.nanoseconds) * share / static_cast<double>(rules.target_ns);
  const bool was_full = batch.was_cut && batch.size >= value();
  // With a smaller bound a slow request that came alone would have taken as long.
  const bool says_something = batch.was_cut || size * kParts >= bound_;
  if (ratio > 2 && says_something) {
    bound_ *= kShrinkage;
  } else if (was_full && ratio < 0.5) {
    bound_ *= kGrowth;
  } else if (was_full) {
    bound_ *= 1 + kApproach * (1 / ratio - 1);
  }
  limit(rules);
}

}  // namespace larder
