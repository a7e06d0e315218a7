// Things that are noted where they happen and worked off together. Each alone would fetch its code and
// memory from far, and push out of the caches what requests need; 64 at once share that.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <utility>

namespace larder {

template <class T, size_t kMost = 64>
class Gathered {
 public:
  // The next one, to be filled in. Requires that it was not full.
  T& next() { return items_[count_++]; }
  bool is_full() const { return count_ == kMost; }
  // All of them, in the order in which they came: valid until the next one is noted.
  std::span<const T> take() { return std::span(items_).first(std::exchange(count_, 0)); }

 private:
  std::array<T, kMost> items_;
  size_t count_ = 0;
};

}  // namespace larder
