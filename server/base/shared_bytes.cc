#include "server/base/shared_bytes.h"

#include <algorithm>
#include <cstring>

#include "server/base/allocator.h"

namespace larder {

SharedBytes SharedBytes::with_size(size_t size) {
  auto* block = static_cast<Block*>(allocate(sizeof(Block) + size));
  *block = {.owners = 1, .unused = 0, .size = size, .capacity = size};
  return SharedBytes(block);
}

SharedBytes SharedBytes::zeros(size_t size) {
  auto* block = static_cast<Block*>(allocate_zeroed(sizeof(Block) + size));
  *block = {.owners = 1, .unused = 0, .size = size, .capacity = size};
  return SharedBytes(block);
}

SharedBytes SharedBytes::copy_of(std::string_view bytes) {
  SharedBytes copy = with_size(bytes.size());
  if (!bytes.empty()) std::memcpy(copy.data(), bytes.data(), bytes.size());
  return copy;
}

size_t SharedBytes::memory() const {
  return block_ == nullptr ? 0 : allocation_size(sizeof(Block) + block_->capacity);
}

void SharedBytes::resize(size_t size, size_t capacity) {
  capacity = std::max(size, capacity);
  if (!is_unique()) {
    SharedBytes copy = with_size(capacity);
    if (block_ != nullptr) std::memcpy(copy.data(), data(), std::min(size, this->size()));
    copy.block_->size = size;
    *this = std::move(copy);
    return;
  }
  if (capacity > block_->capacity || capacity < block_->capacity / 2) {
    block_ = static_cast<Block*>(reallocate(block_, sizeof(Block) + capacity));
    block_->capacity = capacity;
  }
  block_->size = size;
}

bool SharedBytes::try_grow(size_t size) {
  void* moved = try_reallocate(block_, sizeof(Block) + size);
  if (moved == nullptr) return false;
  block_ = static_cast<Block*>(moved);
  block_->size = block_->capacity = size;
  return true;
}

void SharedBytes::release() {
  if (block_ == nullptr || --block_->owners > 0) return;
  deallocate(block_, sizeof(Block) + block_->capacity);
  block_ = nullptr;
}

}  // namespace larder
