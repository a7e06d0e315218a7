// The byte code of one element in packed collections: a text, a number, or a mark.
//
//   first byte   meaning                                          bytes behind it
//   0x00 - 0x7f  a text of that many bytes (0 to 127)             the text
//   0x80 - 0xbf  the number 0 to 63                               none
//   0xc0 - 0xdf  a text of 128 to 8191 bytes: the five low bits   the low byte of the length, the
//   text
//                are the high part of its length
//   0xe0 - 0xe5  a number of 8, 16, 24, 32, 48 or 64 bits         1, 2, 3, 4, 6, 8; little endian
//   0xe6         a double                                         8
//   0xe7         a text of 8192 bytes or more                     u32 length, the text
//   0xe8         an expiry, milliseconds since 1970               8
//
// The code is canonical: a text that is a decimal int64 as Redis prints it is always kept as a
// number, in the fewest bytes that hold it, so that equal texts have equal bytes. It is read
// forwards only; without the length behind each element that Redis's listpack has, an element costs
// its bytes and one more.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "server/base/hash.h"
#include "server/base/numbers.h"

namespace larder {

namespace packed {

inline constexpr uint8_t kSmallNumber = 0x80;
inline constexpr uint8_t kMediumText = 0xc0;
inline constexpr uint8_t kNumber8 = 0xe0;
inline constexpr uint8_t kNumber64 = 0xe5;
inline constexpr uint8_t kDouble = 0xe6;
inline constexpr uint8_t kLongText = 0xe7;
inline constexpr uint8_t kExpiry = 0xe8;
// How many bytes the numbers 0xe0 to 0xe5, the double, the long text's length and the expiry take.
inline constexpr uint8_t kFixedBytes[] = {1, 2, 3, 4, 6, 8, 8, 4, 8};
// The most bytes that stand before a text's own.
inline constexpr size_t kMaxHead = 9;

inline uint8_t first_byte(const char* entry) {
  return static_cast<uint8_t>(*entry);
}

template <class T>
T load(const char* from) {
  T value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

// How many bytes the entry has, its first one included. It must be a valid one.
inline size_t size_of(const char* entry) {
  const uint8_t first = first_byte(entry);
  if (first < kSmallNumber) [[likely]]
    return size_t{1} + first;
  if (first < kMediumText) return 1;
  if (first < kNumber8) {
    return size_t{2} + ((first & 0x1fu) << 8 | first_byte(entry + 1));
  }
  const size_t fixed = kFixedBytes[first - kNumber8];
  return 1 + fixed + (first == kLongText ? load<uint32_t>(entry + 1) : 0);
}

inline const char* next(const char* entry) {
  return entry + size_of(entry);
}

}  // namespace packed

// An entry as it is read. Points at the bytes; valid as long as they are.
class PackedEntry {
 public:
  // Room for the digits of a number that is asked for as text.
  using Digits = std::array<char, 20>;

  explicit PackedEntry(const char* at) : at_(at) {}

  const char* begin() const { return at_; }
  const char* end() const { return packed::next(at_); }
  bool is_text() const {
    const uint8_t first = packed::first_byte(at_);
    return first < packed::kSmallNumber || first == packed::kLongText ||
           (first >= packed::kMediumText && first < packed::kNumber8);
  }
  bool is_expiry() const { return packed::first_byte(at_) == packed::kExpiry; }
  bool is_double() const { return packed::first_byte(at_) == packed::kDouble; }

  // The element as the client gave it. `digits` is written only for a number and has to outlive the
  // result. Not for doubles and expiries.
  std::string_view text(Digits& digits) const {
    const uint8_t first = packed::first_byte(at_);
    if (first < packed::kSmallNumber) [[likely]]
      return {at_ + 1, first};
    if (is_text()) return long_text();
    return {digits.data(), format_int64(integer(), digits.data())};
  }
  std::string to_string() const {
    Digits digits;
    return std::string(text(digits));
  }
  // The length of text().
  size_t length() const {
    Digits digits;
    return text(digits).size();
  }
  // The number of an entry that is no text, or the moment of an expiry.
  int64_t integer() const;
  // The number of an entry that is no text, doubles included.
  double number() const {
    return is_double() ? packed::load<double>(at_ + 1) : static_cast<double>(integer());
  }
  // The hash that PackedText::hash answers for the same element.
  uint64_t hash() const {
    Digits unused;
    return hash_bytes(is_text() ? text(unused) : std::string_view(at_, packed::size_of(at_)));
  }

 private:
  std::string_view long_text() const {
    const size_t head = packed::first_byte(at_) == packed::kLongText ? 5 : 2;
    return {at_ + head, packed::size_of(at_) - head};
  }

  const char* at_;
};

// An element to be stored or looked for: classified once, compared and written without another
// look. Does not own the text.
class PackedText {
 public:
  // Cost: a few ns for a text, about 15 for a number.
  explicit PackedText(std::string_view text) {
    if (may_be_number(text)) {
      if (const auto number = parse_int64(text)) {
        set_number(*number);
        return;
      }
    }
    set_text(text);
  }
  explicit PackedText(int64_t number) { set_number(number); }
  // A double, kept as a number where it is a whole one; -0 counts as 0. Must not be a NaN.
  static PackedText of_double(double value);
  static PackedText of_expiry(int64_t at_ms) {
    return PackedText(packed::kExpiry, &at_ms, sizeof(at_ms));
  }

  // How many bytes write() writes.
  size_t size() const { return head_size_ + body_.size(); }
  // Writes the entry and returns the first byte behind it.
  char* write(char* to) const {
    std::memcpy(to, head_.data(), head_size_);
    if (!body_.empty()) std::memcpy(to + head_size_, body_.data(), body_.size());
    return to + size();
  }
  // Whether the entry is this element.
  bool matches(const char* entry) const {
    if (*entry != head_[0]) return false;
    if (head_size_ > 1 && std::memcmp(entry, head_.data(), head_size_) != 0) return false;
    return body_.empty() || std::memcmp(entry + head_size_, body_.data(), body_.size()) == 0;
  }
  // Keyed; the same for equal elements and only to be compared with PackedEntry::hash.
  uint64_t hash() const {
    return hash_bytes(is_number_ ? std::string_view(head_.data(), head_size_) : body_);
  }
  bool is_number() const { return is_number_; }
  // The number; only if is_number().
  int64_t number() const { return PackedEntry(head_.data()).integer(); }

 private:
  PackedText(uint8_t first, const void* bytes, size_t size)
      : head_size_(static_cast<uint8_t>(1 + size)), is_number_(true) {
    head_[0] = static_cast<char>(first);
    std::memcpy(head_.data() + 1, bytes, size);
  }
  // Spares most texts the parser: a number ends in a digit and is short.
  static bool may_be_number(std::string_view text) {
    return !text.empty() && text.size() <= 20 && text.back() >= '0' && text.back() <= '9' &&
           text.front() <= '9';
  }
  void set_text(std::string_view text);
  void set_number(int64_t number);

  std::array<char, packed::kMaxHead> head_;
  uint8_t head_size_;
  bool is_number_ = false;
  std::string_view body_;
};

inline int64_t PackedEntry::integer() const {
  const uint8_t first = packed::first_byte(at_);
  const char* bytes = at_ + 1;
  switch (first) {
    case packed::kNumber8:
      return packed::load<int8_t>(bytes);
    case packed::kNumber8 + 1:
      return packed::load<int16_t>(bytes);
    case packed::kNumber8 + 2: {
      const uint32_t low = packed::load<uint16_t>(bytes);
      return static_cast<int64_t>(packed::load<int8_t>(bytes + 2)) * 65536 + low;
    }
    case packed::kNumber8 + 3:
      return packed::load<int32_t>(bytes);
    case packed::kNumber8 + 4: {
      const uint32_t low = packed::load<uint32_t>(bytes);
      return static_cast<int64_t>(packed::load<int16_t>(bytes + 4)) * (int64_t{1} << 32) + low;
    }
    case packed::kNumber64:
    case packed::kExpiry:
      return packed::load<int64_t>(bytes);
    default:
      return first - packed::kSmallNumber;
  }
}

inline PackedText PackedText::of_double(double value) {
  // Whole numbers that a double holds exactly; the bounds keep the conversion defined.
  constexpr double kExact = 9007199254740992.0;  // 2^53
  if (value >= -kExact && value <= kExact && std::trunc(value) == value) {
    return PackedText(static_cast<int64_t>(value));
  }
  return PackedText(packed::kDouble, &value, sizeof(value));
}

inline void PackedText::set_text(std::string_view text) {
  body_ = text;
  if (text.size() < packed::kSmallNumber) [[likely]] {
    head_[0] = static_cast<char>(text.size());
    head_size_ = 1;
  } else if (text.size() < 8192) {
    head_[0] = static_cast<char>(packed::kMediumText | text.size() >> 8);
    head_[1] = static_cast<char>(text.size());
    head_size_ = 2;
  } else {
    const auto length = static_cast<uint32_t>(text.size());
    head_[0] = static_cast<char>(packed::kLongText);
    std::memcpy(head_.data() + 1, &length, sizeof(length));
    head_size_ = 5;
  }
}

inline void PackedText::set_number(int64_t number) {
  is_number_ = true;
  if (number >= 0 && number < 64) {
    head_[0] = static_cast<char>(packed::kSmallNumber + number);
    head_size_ = 1;
    return;
  }
  // The fewest bytes whose sign extension gives the number back.
  uint8_t code = packed::kNumber8;
  for (; code < packed::kNumber64; code++) {
    const int bits = packed::kFixedBytes[code - packed::kNumber8] * 8;
    if (number >= -(int64_t{1} << (bits - 1)) && number < int64_t{1} << (bits - 1)) break;
  }
  head_[0] = static_cast<char>(code);
  std::memcpy(head_.data() + 1, &number, sizeof(number));
  head_size_ = static_cast<uint8_t>(1 + packed::kFixedBytes[code - packed::kNumber8]);
}

}  // namespace larder
