#include "server/keyspace/eviction_score.h"

#include <algorithm>
#include <cmath>

namespace larder {
namespace {

// Weights are whole numbers of these parts.
constexpr double kUnit = 1 << 20;
// How fast theta follows: so many steps for as many returns as there are keys.
constexpr double kLearning = 10;
// Below this share, keys that were never used again are spared.
constexpr double kFewUnused = 0.01;
// The share is a mean over about so many samples of ten keys.
constexpr double kShareMemory = 256;

double reuse_factor(unsigned uses) {
  return 1 / (uses + 0.5);
}

uint64_t to_weight(double factor) {
  return static_cast<uint64_t>(factor * kUnit);
}

}  // namespace

void EvictionScore::set_size_weight(int weight) {
  for (unsigned size = 0; size < HybridWord::kSizeClasses; size++) {
    size_factors_[size] = std::exp2(2.0 * size * weight / 100);
  }
  for (unsigned uses = 1; uses <= HybridWord::kMostUses; uses++) {
    for (unsigned size = 0; size < HybridWord::kSizeClasses; size++) {
      weights_[uses * HybridWord::kSizeClasses + size] =
          to_weight(reuse_factor(uses) * size_factors_[size]);
    }
  }
  compute_unused();
}

void EvictionScore::compute_unused() {
  const double factor = reuse_factor(1) * (spares_unused_ ? 1 : std::exp2(theta_));
  for (unsigned size = 0; size < HybridWord::kSizeClasses; size++) {
    weights_[size] = to_weight(factor * size_factors_[size]);
  }
  is_stale_ = false;
}

void EvictionScore::learn(unsigned uses, size_t keys) {
  // The rarer kind among the victims has fewer chances to come back, so each return counts for
  // more.
  const double step = kLearning / static_cast<double>(std::max<size_t>(keys, 1));
  theta_ += uses == 0 ? -step * std::max(1.0, used_victims_ / unused_victims_)
                      : step * std::max(1.0, unused_victims_ / used_victims_);
  theta_ = std::clamp(theta_, 0.0, kMostTheta);
  is_stale_ = true;
}

void EvictionScore::count_victim(unsigned uses, size_t keys) {
  const double kept = 1 - 1 / static_cast<double>(std::max<size_t>(keys, 2));
  unused_victims_ *= kept;
  used_victims_ *= kept;
  (uses == 0 ? unused_victims_ : used_victims_) += 1;
}

void EvictionScore::note_sample(size_t count, size_t unused) {
  if (count == 0) return;
  const double share = static_cast<double>(unused) / static_cast<double>(count);
  unused_share_ += (share - unused_share_) / kShareMemory;
  const bool spares = unused_share_ < kFewUnused;
  is_stale_ |= spares != spares_unused_;
  spares_unused_ = spares;
}

}  // namespace larder
