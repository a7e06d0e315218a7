// A short sequence of packed entries in one run of bytes, with their count in front:
//
//   +-------+---------+---------+-----+
//   | count | entry   | entry   | ... |
//   | u16   |         |         |     |
//   +-------+---------+---------+-----+
//
// What is counted is the owner's business (a hash counts fields, not entries). It is the small form
// of collections, embedded in their key's entry. (Lists, which grow by one element at a time, do
// without the count: packed_run.h.) Looking for something walks over everything before it, which
// for the hundred entries that it is meant for beats any index.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "server/structures/packed_entry.h"

namespace larder {

// Reading. Does not own the bytes; no bytes at all are an empty list.
class PackedList {
 public:
  static constexpr size_t kHeader = sizeof(uint16_t);
  static constexpr size_t kMaxCount = UINT16_MAX;

  explicit PackedList(std::string_view bytes) : bytes_(bytes) {}

  size_t count() const { return bytes_.empty() ? 0 : packed::load<uint16_t>(bytes_.data()); }
  const char* begin() const { return bytes_.empty() ? end() : bytes_.data() + kHeader; }
  const char* end() const { return bytes_.data() + bytes_.size(); }
  // The entry `index` entries behind the first; there must be one.
  const char* at(size_t index) const {
    const char* entry = begin();
    for (; index > 0; index--) entry = packed::next(entry);
    return entry;
  }
  // Where an entry begins, counted from the first byte of all: what splice() wants.
  size_t offset_of(const char* entry) const { return static_cast<size_t>(entry - bytes_.data()); }

  // Calls `visit(const char* entry)` for each entry.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (const char* entry = begin(); entry != end(); entry = packed::next(entry)) visit(entry);
  }

 private:
  std::string_view bytes_;
};

// Replaces `removed` bytes at `offset` by room for `inserted` bytes, returned to be written, and
// adds to the count. `Buffer` holds the list: `std::string_view bytes()` and `char*
// resize(size_t)`, which keeps what fits. A buffer without bytes becomes a list; a list keeps its
// header when all its entries go.
template <class Buffer>
char* splice(Buffer& buffer, size_t offset, size_t removed, size_t inserted, int count_delta) {
  const size_t old_size = buffer.bytes().size();
  if (old_size == 0) {
    char* data = buffer.resize(PackedList::kHeader + inserted);
    const auto count = static_cast<uint16_t>(count_delta);
    std::memcpy(data, &count, sizeof(count));
    return data + PackedList::kHeader;
  }
  const size_t tail = old_size - offset - removed;
  const size_t new_size = old_size - removed + inserted;
  char* data = const_cast<char*>(buffer.bytes().data());
  if (inserted < removed) std::memmove(data + offset + inserted, data + offset + removed, tail);
  if (new_size != old_size) data = buffer.resize(new_size);
  if (inserted > removed) std::memmove(data + offset + inserted, data + offset + removed, tail);
  if (count_delta != 0) {
    const int count = packed::load<uint16_t>(data) + count_delta;
    const auto stored = static_cast<uint16_t>(count);
    std::memcpy(data, &stored, sizeof(stored));
  }
  return data + offset;
}

}  // namespace larder
