#include "server/network/large_read.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "server/base/assert.h"

namespace larder {

void LargeRead::begin(size_t length) {
  LARDER_ASSERT(!is_active() && length > 0);
  bytes_ = SharedBytes::with_size(std::min(length, kReadBytes));
  length_ = length;
  filled_ = 0;
}

std::span<char> LargeRead::room() {
  LARDER_ASSERT(missing() > 0);
  if (filled_ == bytes_.size()) grow();
  return {bytes_.data() + filled_, std::min(bytes_.size() - filled_, kReadBytes)};
}

void LargeRead::grow() {
  if (bytes_.try_grow(length_)) {
    unwritten_.set(bytes_.memory() - filled_);
  } else {
    bytes_.resize(std::min(length_, bytes_.size() * 2));
  }
}

void LargeRead::keep(size_t bytes) {
  LARDER_ASSERT(bytes <= bytes_.size() - filled_);
  filled_ += bytes;
  if (unwritten_.bytes() > 0) unwritten_.set(is_done() ? 0 : bytes_.memory() - filled_);
}

void LargeRead::add(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::span<char> target = room();
    const size_t count = std::min(bytes.size(), target.size());
    std::memcpy(target.data(), bytes.data(), count);
    keep(count);
    bytes.remove_prefix(count);
  }
}

SharedBytes LargeRead::take() {
  LARDER_ASSERT(is_done());
  length_ = 0;
  filled_ = 0;
  return std::exchange(bytes_, SharedBytes());
}

}  // namespace larder
