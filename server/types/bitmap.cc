#include "server/types/bitmap.h"

namespace larder {

Bitmap::Change Bitmap::set(uint64_t offset, bool bit) {
  const size_t byte = offset >> 3;
  String::Digits digits;
  const std::string_view old = bytes(digits);
  const bool old_bit = bit_at(old, offset);
  if (old_bit == bit && byte < old.size()) return {old_bit, false};
  char& target = string_.writable(byte + 1)[byte];
  const unsigned mask = 0x80u >> (offset & 7);
  const unsigned others = static_cast<uint8_t>(target) & ~mask;
  target = static_cast<char>(bit ? others | mask : others);
  return {old_bit, true};
}

bool Bitmap::reach(uint64_t offset) {
  const size_t size = (offset >> 3) + 1;
  if (size <= string_.length()) return false;
  string_.writable(size);
  return true;
}

bool Bitmap::set_field(uint64_t offset, BitField field, int64_t value) {
  if (get_field(offset, field) == value) return false;
  write_field(string_.writable(), offset, field, value);
  return true;
}

}  // namespace larder
