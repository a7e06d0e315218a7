// One key with its value: a single allocation, found through one pointer in the table.
//
//   0        1       2            4            6          (14)         (18)
//   +--------+-------+------------+------------+----------+------------+-----------+-----------+
//   | type   | flags | key length | value size | expiry   | key length | key bytes | value     |
//   | 4 bits |       | u16        | u16        | i64, if  | u32, if    |           | bytes     |
//   | enc. 4 |       |            |            | expiring | flag wide  |           |           |
//   +--------+-------+------------+------------+----------+------------+-----------+-----------+
//
// A 16-byte key with a value of 8 bytes takes 30 bytes (jemalloc's class of 32), with 64 bytes 86 (96),
// with 64 bytes and an expiry 94 (96). Little endian, unaligned. A wide key (65,535 bytes and more)
// has 0xffff as its short length.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "server/base/allocator.h"
#include "server/base/hash.h"
#include "server/types/value.h"

namespace larder {

inline constexpr int64_t kNoExpiry = -1;

class Entry {
 public:
  // What an entry is made of, besides its key and its value's bytes.
  struct Shape {
    std::string_view key;
    Type type;
    uint8_t encoding;
    int64_t expiry_ms;  // kNoExpiry or a moment since 1970
    size_t value_size;

    size_t bytes() const {
      return sizeof(Entry) + (expiry_ms == kNoExpiry ? 0 : sizeof(int64_t)) +
             (key.size() >= kWideLength ? sizeof(uint32_t) : 0) + key.size() + value_size;
    }
  };

  // The value's bytes are undefined.
  static Entry* create(const Shape& shape) {
    auto* entry = static_cast<Entry*>(allocate(shape.bytes()));
    entry->write_header(shape);
    std::memcpy(entry->bytes() + entry->key_offset(), shape.key.data(), shape.key.size());
    return entry;
  }
  // Frees the entry and what its value owns.
  static void destroy(Entry* entry) {
    release_value(entry->value());
    deallocate(entry, entry->allocated_bytes());
  }
  // Frees an entry whose value owns nothing (any more).
  static void destroy_shell(Entry* entry) { deallocate(entry, entry->allocated_bytes()); }
  // The same key with another shape of value, in the same memory if that has the same size class, else
  // in new memory. The first bytes of the value are kept. Returns where the entry is now.
  static Entry* reshape(Entry* entry, Type type, uint8_t encoding, int64_t expiry_ms,
                        size_t value_size);
  // The same value and expiry under another key. What the value owns goes along. Returns where the
  // entry is now.
  static Entry* rename(Entry* entry, std::string_view key);

  std::string_view key() const { return {bytes() + key_offset(), key_size()}; }
  Type type() const { return static_cast<Type>(type_encoding_ & 0xf); }
  ValueView value() const {
    return {type(), static_cast<uint8_t>(type_encoding_ >> 4), value_size_,
            bytes() + key_offset() + key_size()};
  }
  bool has_expiry() const { return (flags_ & kHasExpiry) != 0; }
  int64_t expiry_ms() const {
    if (!has_expiry()) return kNoExpiry;
    int64_t at;
    std::memcpy(&at, bytes() + sizeof(Entry), sizeof(at));
    return at;
  }
  bool is_expired(int64_t now_ms) const { return has_expiry() && expiry_ms() < now_ms; }
  // Only when it has one already; Database::set_expiry does the rest.
  void overwrite_expiry(int64_t at_ms) {
    std::memcpy(bytes() + sizeof(Entry), &at_ms, sizeof(at_ms));
  }
  // Frees what the value owns; its place then holds nothing (kNoValue) until the next reshape.
  void discard_value() {
    release_value(value());
    abandon_value();
  }
  // The same for a value whose belongings somebody else has taken.
  void abandon_value() {
    type_encoding_ = static_cast<uint8_t>(unsigned{type_encoding_} | (unsigned{kNoValue} << 4));
  }
  // The size that was asked of the allocator.
  size_t allocated_bytes() const {
    return key_offset() + key_size() + value_size_;
  }

 private:
  static constexpr uint8_t kHasExpiry = 1;
  static constexpr uint8_t kWideKey = 2;
  static constexpr size_t kWideLength = 0xffff;

  const char* bytes() const { return reinterpret_cast<const char*>(this); }
  char* bytes() { return reinterpret_cast<char*>(this); }
  // 6, and 8 for an expiry, and 4 for a wide key, without a branch.
  size_t key_offset() const {
    return sizeof(Entry) + ((flags_ & kHasExpiry) * size_t{8}) + ((flags_ & kWideKey) * size_t{2});
  }
  size_t key_size() const {
    if (key_length_ != kWideLength) [[likely]] return key_length_;
    uint32_t length;
    std::memcpy(&length, bytes() + key_offset() - sizeof(length), sizeof(length));
    return length;
  }
  void write_header(const Shape& shape);

  uint8_t type_encoding_;
  uint8_t flags_;
  uint16_t key_length_;
  uint16_t value_size_;
};
static_assert(sizeof(Entry) == 6);

// A key to look for: its name and the hash of the name, which is computed once per request.
struct Key {
  std::string_view name;
  uint64_t hash;
};

inline Key make_key(std::string_view name) { return {name, hash_bytes(name)}; }

}  // namespace larder
