// One field of a hash as it is kept, the same bytes in every encoding:
//
//   +----------------+------------------------+----------------+
//   | name           | expiry mark, 9 bytes,  | value          |
//   | (packed entry) | if the field ends      | (packed entry) |
//   +----------------+------------------------+----------------+
//
// So a field of 12 bytes with a value of 16 takes 30 bytes, and 39 when it ends some day.
#pragma once

#include <cstddef>
#include <cstdint>

#include "server/structures/packed_entry.h"

namespace larder {

// The moment at which a field ends that never does.
inline constexpr int64_t kNeverEnds = INT64_MAX;

// A field that is looked at. Valid until the hash changes.
class HashField {
 public:
  explicit HashField(const char* record) : record_(record), value_(packed::next(record)) {
    const PackedEntry mark(value_);
    if (!mark.is_expiry()) [[likely]]
      return;
    expiry_ms_ = mark.integer();
    value_ = mark.end();
  }

  const char* record() const { return record_; }
  size_t size() const { return static_cast<size_t>(value().end() - record_); }
  PackedEntry name() const { return PackedEntry(record_); }
  PackedEntry value() const { return PackedEntry(value_); }
  // Milliseconds since 1970, or kNeverEnds.
  int64_t expiry_ms() const { return expiry_ms_; }
  bool ends() const { return expiry_ms_ != kNeverEnds; }
  bool is_expired(int64_t now_ms) const { return expiry_ms_ < now_ms; }

 private:
  const char* record_;
  const char* value_;
  int64_t expiry_ms_ = kNeverEnds;
};

// A field that is to be written. Refers to its texts.
struct NewHashField {
  PackedText name;
  PackedText value;
  int64_t expiry_ms = kNeverEnds;

  size_t size() const {
    return name.size() + (expiry_ms == kNeverEnds ? 0 : kMarkSize) + value.size();
  }
  void write(char* to) const {
    to = name.write(to);
    if (expiry_ms != kNeverEnds) to = PackedText::of_expiry(expiry_ms).write(to);
    value.write(to);
  }

 private:
  static constexpr size_t kMarkSize = 9;
};

}  // namespace larder
