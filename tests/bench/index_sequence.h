#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string_view>
#include <vector>

namespace larder {

// The order in which a load touches its keys, whose indexes are 0 to `count` - 1.
enum class IndexOrder {
  kUniform,     // at random, each as likely
  kZipf,        // at random, with the few favourites of a real cache (exponent 0.99)
  kSequential,  // one after the other, round and round
  kShuffled,    // each once before any comes again, jumping, so that no neighbours meet in memory
};

inline std::optional<IndexOrder> index_order_of(std::string_view name) {
  if (name == "uniform") return IndexOrder::kUniform;
  if (name == "zipf") return IndexOrder::kZipf;
  if (name == "sequential") return IndexOrder::kSequential;
  if (name == "shuffled") return IndexOrder::kShuffled;
  return std::nullopt;
}

// The same seed gives the same sequence, so that both servers of a comparison get the same load.
class IndexSequence {
 public:
  IndexSequence(IndexOrder order, uint64_t count, uint64_t seed)
      : order_(order), count_(count), generator_(seed) {
    if (order == IndexOrder::kZipf) draw_favourites();
  }

  uint64_t next() {
    switch (order_) {
      case IndexOrder::kUniform:
        return random() % count_;
      case IndexOrder::kZipf:
        return favourites_[random() % favourites_.size()];
      case IndexOrder::kSequential:
        return position_++ % count_;
      case IndexOrder::kShuffled:
        return scatter(position_++);
    }
    return 0;
  }

  uint64_t random() { return generator_(); }

 private:
  // Draws beforehand, because a draw costs more than a request may.
  void draw_favourites() {
    std::vector<double> weights(count_);
    for (uint64_t rank = 0; rank < count_; rank++) {
      weights[rank] = std::pow(static_cast<double>(rank + 1), -0.99);
    }
    std::discrete_distribution<uint64_t> ranks(weights.begin(), weights.end());
    favourites_.resize(size_t{1} << 20);
    for (uint64_t& favourite : favourites_) favourite = scatter(ranks(generator_));
  }

  // One-to-one, as the factor is a prime beyond every count.
  uint64_t scatter(uint64_t index) const { return index % count_ * 11'400'714'823ULL % count_; }

  IndexOrder order_;
  uint64_t count_;
  uint64_t position_ = 0;
  std::mt19937_64 generator_;
  std::vector<uint64_t> favourites_;
};

}  // namespace larder
