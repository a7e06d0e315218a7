#include "server/types/string.h"

#include <algorithm>
#include <cstring>

#include "server/base/assert.h"
#include "server/base/errors.h"
#include "server/base/numbers.h"

namespace larder {
namespace {

// Redis keeps strings up to this length in one block with their header and calls them embstr.
constexpr size_t kMaxEmbstr = 44;

int64_t load_integer(ValueView view) {
  int64_t number;
  std::memcpy(&number, view.data, sizeof(number));
  return number;
}

void* load_block(ValueView view) {
  void* block;
  std::memcpy(&block, view.data, sizeof(block));
  return block;
}

}  // namespace

size_t String::length() const {
  Digits digits;
  return bytes(digits).size();
}

std::string_view String::bytes(Digits& digits) const {
  const ValueView value = view();
  switch (value.encoding) {
    case kInteger: return {digits.data(), format_int64(load_integer(value), digits.data())};
    case kShared: return SharedBytes::view_of(load_block(value));
    default: return {value.data, value.size};  // kNoValue has no bytes
  }
}

std::optional<int64_t> String::integer() const {
  const ValueView value = view();
  if (value.encoding == kInteger) return load_integer(value);
  Digits unused;
  return parse_int64(bytes(unused));
}

SharedBytes String::shared() const {
  const ValueView value = view();
  return value.encoding == kShared ? SharedBytes::share(load_block(value)) : SharedBytes();
}

std::string_view String::encoding_name() const {
  const ValueView value = view();
  if (value.encoding == kInteger) return "int";
  return value.encoding == kEmbedded && value.size <= kMaxEmbstr ? "embstr" : "raw";
}

size_t String::memory(size_t) const {
  const SharedBytes block = shared();
  return block.memory();
}

void String::assign(std::string_view bytes) {
  if (bytes.size() <= 20) {
    if (const auto number = parse_int64(bytes)) return assign(*number);
  }
  assign_text(bytes);
}

void String::assign_text(std::string_view bytes) {
  if (bytes.size() > kMaxEmbedded) return assign(SharedBytes::copy_of(bytes));
  drop_shared();
  char* data = place_->resize(bytes.size(), kEmbedded);
  if (!bytes.empty()) std::memcpy(data, bytes.data(), bytes.size());
}

void String::assign(SharedBytes bytes) {
  if (bytes.size() <= kMaxEmbedded) return assign(bytes.view());
  drop_shared();
  void* block = bytes.detach();
  std::memcpy(place_->resize(sizeof(block), kShared), &block, sizeof(block));
}

void String::assign(int64_t number) {
  drop_shared();
  std::memcpy(place_->resize(sizeof(number), kInteger), &number, sizeof(number));
}

void String::assign(const String& other) {
  if (SharedBytes block = other.shared()) return assign(std::move(block));
  const ValueView value = other.view();
  drop_shared();
  std::memcpy(place_->resize(value.size, value.encoding), value.data, value.size);
}

Result<int64_t> String::add(int64_t delta) {
  const bool is_new = view().encoding == kNoValue;
  const auto number = is_new ? std::optional<int64_t>(0) : integer();
  if (!number) return errors::not_an_integer();
  int64_t sum = 0;
  if (__builtin_add_overflow(*number, delta, &sum)) return errors::overflow();
  if (view().encoding == kInteger) {
    std::memcpy(place_->data(), &sum, sizeof(sum));
  } else {
    assign(sum);
  }
  return sum;
}

size_t String::append(std::string_view bytes) {
  const size_t old_length = length();
  char* data = grow_bytes(old_length + bytes.size());
  if (!bytes.empty()) std::memcpy(data + old_length, bytes.data(), bytes.size());
  return old_length + bytes.size();
}

size_t String::set_range(size_t offset, std::string_view bytes) {
  const size_t old_length = length();
  const size_t new_length = std::max(old_length, offset + bytes.size());
  char* data = grow_bytes(new_length);
  if (offset > old_length) std::memset(data + old_length, 0, offset - old_length);
  std::memcpy(data + offset, bytes.data(), bytes.size());
  return new_length;
}

std::span<char> String::writable(size_t size) {
  const ValueView value = view();
  if (value.encoding == kEmbeddedRaw && size <= value.size) return {place_->data(), value.size};
  const size_t old_length = length();
  size = std::max(size, old_length);
  if (size > kMaxEmbedded && size / 2 > old_length) return move_to_zeros(size);
  char* data = grow_bytes(size);
  std::memset(data + old_length, 0, size - old_length);
  return {data, size};
}

std::span<char> String::move_to_zeros(size_t size) {
  Digits digits;
  const std::string_view old = bytes(digits);
  SharedBytes block = SharedBytes::zeros(size);
  if (!old.empty()) std::memcpy(block.data(), old.data(), old.size());
  char* data = block.data();
  assign(std::move(block));
  return {data, size};
}

char* String::grow_bytes(size_t size) {
  const ValueView value = view();
  if (value.encoding == kShared) {
    SharedBytes block = SharedBytes::attach(load_block(value));
    // Doubling keeps a long series of appends linear.
    const size_t capacity = size > block.capacity() ? std::max(size, size + size / 2) : 0;
    block.resize(size, std::max(capacity, std::min(block.capacity(), size * 2)));
    char* data = block.data();
    void* detached = block.detach();
    std::memcpy(place_->data(), &detached, sizeof(detached));
    return data;
  }
  Digits digits;
  const std::string_view old = bytes(digits);
  if (size <= kMaxEmbedded) {
    const bool was_integer = value.encoding == kInteger;
    const size_t old_size = old.size();
    char* data = place_->resize(size, kEmbeddedRaw);
    if (was_integer) std::memcpy(data, digits.data(), old_size);
    return data;
  }
  SharedBytes block = SharedBytes::with_size(size);
  if (!old.empty()) std::memcpy(block.data(), old.data(), old.size());
  char* data = block.data();
  void* detached = block.detach();
  std::memcpy(place_->resize(sizeof(detached), kShared), &detached, sizeof(detached));
  return data;
}

void String::drop_shared() {
  const ValueView value = view();
  if (value.data != nullptr && value.encoding == kShared) release(value);
}

void String::release(ValueView view) {
  if (view.encoding == kShared) SharedBytes::attach(load_block(view));
}

}  // namespace larder
