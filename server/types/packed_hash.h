// The fields of a small hash, as they lie in its entry one behind the other:
//
//   plain    +-------+-------------------------+
//            | count | records (hash_field.h)  |
//            | u16   |                         |
//            +-------+-------------------------+
//   ending   +-------+--------+------------+-------------------------+
//            | count | due_ms | indexed_ms | records                 |
//            | u16   | i64    | i64        |                         |
//            +-------+--------+------------+-------------------------+
//
// Hashes begin plain; the first field that is given an end makes theirs ending, and when none is
// left a look for expired fields makes them plain again.
#pragma once

#include <cstring>

#include "server/base/clock.h"
#include "server/types/field_times.h"
#include "server/types/hash_field.h"
#include "server/types/value.h"

namespace larder {

class PackedHash {
 public:
  enum Encoding : uint8_t { kPlain = 0, kEnding = 1 };

  // An empty view (no value yet) counts as plain without fields.
  explicit PackedHash(ValueView view)
      : data_(view.data), size_(view.size), is_ending_(view.encoding == kEnding) {}

  size_t size() const { return size_ == 0 ? 0 : packed::load<uint16_t>(data_); }
  size_t bytes() const { return size_; }
  bool has_times() const { return is_ending_; }
  FieldTimes times() const;
  // `view` is of the kind with times, in memory that may be written.
  static void set_times(ValueView view, const FieldTimes& times);

  // The record of a field with this name, or nullptr. Looks at all in front of it.
  const char* find(const PackedText& name) const {
    const char* at = records();
    for (size_t left = size(); left > 0; left--) {
      if (name.matches(at)) return at;
      at = packed::next(at);
      if (is_ending_ && PackedEntry(at).is_expiry()) at = packed::next(at);
      at = packed::next(at);
    }
    return nullptr;
  }
  // All fields, until visit(HashField) returns false.
  template <class Visit>
  void visit(Visit&& visit) const {
    const char* at = records();
    for (size_t left = size(); left > 0; left--) {
      const HashField field(at);
      if (!visit(field)) return;
      at += field.size();
    }
  }

  // --- Changing; records move with each ---

  // What the value would take with one more record, and a field that ends if `ends`.
  size_t bytes_with(size_t record_size, bool ends) const {
    const size_t header = size_ == 0 ? kCountBytes : 0;
    return size_ + header + record_size + (ends && !is_ending_ ? kTimesBytes : 0);
  }
  // Writes a field, in the place of the record `old` (nullptr: behind the others).
  static void put(ValuePlace& place, const char* old, const NewHashField& field);
  static void remove(ValuePlace& place, const char* record);
  static ExpiredFields remove_expired(ValuePlace& place, int64_t now_ms);

 private:
  static constexpr size_t kCountBytes = sizeof(uint16_t);
  static constexpr size_t kTimesBytes = 2 * sizeof(int64_t);

  size_t header() const { return kCountBytes + (is_ending_ ? kTimesBytes : 0); }
  const char* records() const { return size_ == 0 ? data_ : data_ + header(); }
  static void begin(ValuePlace& place, bool with_times);
  static void set_count(ValuePlace& place, size_t count);

  const char* data_;
  size_t size_;
  bool is_ending_;
};

}  // namespace larder
