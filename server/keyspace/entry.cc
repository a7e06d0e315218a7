#include "server/keyspace/entry.h"

#include <algorithm>

#include "server/base/assert.h"

namespace larder {

void Entry::write_header(const Shape& shape) {
  LARDER_ASSERT(shape.value_size <= ValuePlace::kMaxBytes && shape.key.size() <= UINT32_MAX);
  const bool is_wide = shape.key.size() >= kWideLength;
  const bool expires = shape.expiry_ms != kNoExpiry;
  type_encoding_ =
      static_cast<uint8_t>(static_cast<unsigned>(shape.type) | (unsigned{shape.encoding} << 4));
  flags_ = static_cast<uint8_t>((expires ? kHasExpiry : 0) | (is_wide ? kWideKey : 0));
  key_length_ = static_cast<uint16_t>(is_wide ? kWideLength : shape.key.size());
  value_size_ = static_cast<uint16_t>(shape.value_size);
  if (expires) overwrite_expiry(shape.expiry_ms);
  if (is_wide) {
    const auto length = static_cast<uint32_t>(shape.key.size());
    std::memcpy(bytes() + key_offset() - sizeof(length), &length, sizeof(length));
  }
}

Entry* Entry::reshape(Entry* entry, Type type, uint8_t encoding, int64_t expiry_ms,
                      size_t value_size) {
  const ValueView old = entry->value();
  const size_t old_bytes = entry->allocated_bytes();
  const Shape shape{entry->key(), type, encoding, expiry_ms, value_size};
  const bool same_layout = entry->has_expiry() == (expiry_ms != kNoExpiry);
  const size_t new_bytes = shape.bytes();
  if (same_layout &&
      (new_bytes == old_bytes || allocation_size(new_bytes) == allocation_size(old_bytes))) {
    // write_header leaves the key's bytes where they are.
    entry->write_header(shape);
    return entry;
  }
  Entry* moved = create(shape);
  std::memcpy(const_cast<char*>(moved->value().data), old.data,
              std::min(size_t{old.size}, value_size));
  deallocate(entry, old_bytes);
  return moved;
}

Entry* Entry::rename(Entry* entry, std::string_view key) {
  const ValueView value = entry->value();
  Entry* renamed = create({key, value.type, value.encoding, entry->expiry_ms(), value.size});
  std::memcpy(const_cast<char*>(renamed->value().data), value.data, value.size);
  deallocate(entry, entry->allocated_bytes());
  return renamed;
}

}  // namespace larder
