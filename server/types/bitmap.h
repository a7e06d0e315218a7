// A string as a row of bits: what SETBIT and its relatives see of a value. The numbering of bits is
// in server/structures/bit_string.h; whatever lies beyond the end reads as zeros.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "server/structures/bit_string.h"
#include "server/types/string.h"
#include "server/types/value.h"

namespace larder {

class Bitmap {
 public:
  static constexpr Type kType = Type::string;

  explicit Bitmap(ValueView view) : string_(view) {}
  explicit Bitmap(ValuePlace& place) : string_(place) {}

  // --- Reading ---
  // See String::bytes.
  std::string_view bytes(String::Digits& digits) const { return string_.bytes(digits); }
  bool get(uint64_t offset) const {
    String::Digits digits;
    return bit_at(bytes(digits), offset);
  }
  int64_t get_field(uint64_t offset, BitField field) const {
    String::Digits digits;
    return read_field(bytes(digits), offset, field);
  }

  // --- Changing; only through an Edit ---
  struct Change {
    bool old_bit;
    bool has_changed;  // the bit, or the length of the string
  };
  // Grows the string as far as needed.
  Change set(uint64_t offset, bool bit);
  // Fills up with zeros until the string has this bit. Returns whether it had to grow.
  bool reach(uint64_t offset);
  // Overwrites an integer, which must be within reach. Returns whether that changes it.
  bool set_field(uint64_t offset, BitField field, int64_t value);

 private:
  String string_;
};

}  // namespace larder
