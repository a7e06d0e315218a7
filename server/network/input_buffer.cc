#include "server/network/input_buffer.h"

#include <algorithm>
#include <cstring>

#include "server/base/allocator.h"
#include "server/base/assert.h"

namespace larder {

void InputBuffer::consume(size_t bytes) {
  LARDER_ASSERT(bytes <= size_);
  data_ += bytes;
  size_ -= bytes;
}

void InputBuffer::borrow(char* memory, size_t bytes) {
  LARDER_ASSERT(is_empty());
  free_own();
  data_ = memory;
  size_ = bytes;
}

void InputBuffer::append(std::string_view bytes) {
  if (bytes.empty()) return;
  settle();
  make_room(bytes.size());
  std::memcpy(data_ + size_, bytes.data(), bytes.size());
  size_ += bytes.size();
}

void InputBuffer::cut(size_t offset, size_t bytes) {
  LARDER_ASSERT(offset <= size_ && bytes <= size_ - offset);
  std::memmove(data_ + offset, data_ + offset + bytes, size_ - offset - bytes);
  size_ -= bytes;
}

void InputBuffer::settle() {
  if (size_ == 0) {
    free_own();
  } else if (is_borrowed()) {
    const char* borrowed = data_;
    own_ = static_cast<char*>(allocate(size_));
    capacity_ = size_;
    std::memcpy(own_, borrowed, size_);
    data_ = own_;
  }
}

size_t InputBuffer::memory() const {
  return own_ == nullptr ? 0 : allocation_size(capacity_);
}

void InputBuffer::free_own() {
  if (own_ != nullptr) deallocate(own_, capacity_);
  own_ = nullptr;
  data_ = nullptr;
  capacity_ = 0;
}

// Consumed bytes at the front are reclaimed before the buffer grows.
void InputBuffer::make_room(size_t bytes) {
  if (own_ == nullptr) {
    own_ = data_ = static_cast<char*>(allocate(bytes));
    capacity_ = bytes;
    return;
  }
  const size_t behind = capacity_ - static_cast<size_t>(data_ - own_) - size_;
  if (bytes <= behind) return;
  std::memmove(own_, data_, size_);
  if (size_ + bytes > capacity_) {
    capacity_ = std::max(size_ + bytes, capacity_ * 2);
    own_ = static_cast<char*>(reallocate(own_, capacity_));
  }
  data_ = own_;
}

}  // namespace larder
