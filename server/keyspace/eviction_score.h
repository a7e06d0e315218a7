// What a key is worth under the hybrid policies: the score, of which the largest goes first.
//
//   score = (age + 1) * R[uses] * S[size class]
//   R[n] = 1 / (n + 0.5), R[0] = R[1] * 2^theta        S[c] = 4^(c * weight / 100)
//
// Theta says how much sooner a key that was never used again goes than one that was. It is learnt
// (the idea is ARC's: Megiddo and Modha, FAST 2003): an evicted key that comes back says that its
// kind should have stayed longer.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "server/keyspace/eviction_word.h"

namespace larder {

class EvictionScore {
 public:
  EvictionScore() { set_size_weight(50); }

  // 0 to 100: hybrid-size-weight.
  void set_size_weight(int weight);

  // `age`: in ticks. Below 2^56. In its first tick a very large key counts as a large one, so that
  // it does not go before anybody could ask for it.
  uint64_t score(uint16_t word, uint64_t age) const {
    unsigned kind = HybridWord::kind(word);
    if (age == 0)
      kind -=
          kind % HybridWord::kSizeClasses - std::min(kind % HybridWord::kSizeClasses, kMostAtFirst);
    return (age + 1) * weights_[kind];
  }

  // A key came back that had been evicted with so many uses.
  void learn(unsigned uses, size_t keys);
  // A key with so many uses is evicted.
  void count_victim(unsigned uses, size_t keys);
  // Of `count` keys that were looked at, `unused` had never been used again. Where hardly any are
  // left, they are treated like the others, so that a new key gets some time in any case.
  void note_sample(size_t count, size_t unused);
  // Makes what was learnt count. To be called before a series of scores.
  void refresh() {
    if (is_stale_) compute_unused();
  }

  double theta() const { return theta_; }

 private:
  static constexpr double kMostTheta = 8;
  // The class of 16 to 64 KB.
  static constexpr unsigned kMostAtFirst = 4;

  void compute_unused();

  double theta_ = 1.58;
  double unused_victims_ = 1;  // of late, never used again and used
  double used_victims_ = 1;
  double unused_share_ = 1;  // of the keys, estimated
  bool spares_unused_ = false;
  bool is_stale_ = false;
  std::array<double, HybridWord::kSizeClasses> size_factors_{};  // S
  std::array<uint64_t, HybridWord::kKinds> weights_{};
};

}  // namespace larder
