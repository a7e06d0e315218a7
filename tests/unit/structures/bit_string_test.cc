#include "server/structures/bit_string.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "server/base/random.h"

namespace larder {
namespace {

std::vector<bool> bits_of(std::string_view bytes) {
  std::vector<bool> bits;
  for (const char c : bytes) {
    for (int bit = 7; bit >= 0; bit--) bits.push_back(((static_cast<uint8_t>(c) >> bit) & 1) != 0);
  }
  return bits;
}

// Mostly long runs of equal bits, so that searches have a way to go.
std::string random_bytes(Random& random, size_t size) {
  std::string bytes(size, '\0');
  const uint64_t kind = random.below(3);
  for (char& c : bytes) {
    const bool is_odd_one = random.below(20) == 0;
    c = static_cast<char>(kind == 2 || is_odd_one ? random.next() : kind == 1 ? 0xff : 0);
  }
  return bytes;
}

BitRange random_range(Random& random, size_t bytes) {
  const uint64_t first = random.below(bytes * 8);
  return {first, first + random.below(bytes * 8 - first)};
}

bool combine_slowly(BitOperation operation, const std::vector<bool>& column) {
  const auto others = static_cast<size_t>(std::count(column.begin() + 1, column.end(), true));
  const size_t ones = others + column[0];
  switch (operation) {
    case BitOperation::all:
      return ones == column.size();
    case BitOperation::any:
      return ones > 0;
    case BitOperation::odd:
      return ones % 2 == 1;
    case BitOperation::invert:
      return !column[0];
    case BitOperation::diff:
      return column[0] && others == 0;
    case BitOperation::diff1:
      return !column[0] && others > 0;
    case BitOperation::and_or:
      return column[0] && others > 0;
    case BitOperation::exactly_one:
      return ones == 1;
  }
  return false;
}

constexpr BitOperation kOperations[] = {
    BitOperation::all,  BitOperation::any,   BitOperation::odd,    BitOperation::invert,
    BitOperation::diff, BitOperation::diff1, BitOperation::and_or, BitOperation::exactly_one};

BitField random_field(Random& random) {
  const bool is_signed = random.below(2) == 0;
  return {is_signed, static_cast<uint8_t>(1 + random.below(is_signed ? 64 : 63))};
}

}  // namespace

TEST_CASE("bit 0 is the highest of the first byte, and zeros follow the last") {
  CHECK(bit_at("\x80", 0));
  CHECK_FALSE(bit_at("\x80", 1));
  CHECK(bit_at(std::string_view("\0\x01", 2), 15));
  CHECK_FALSE(bit_at("\xff", 8));
  CHECK_FALSE(bit_at("", 0));
  CHECK_FALSE(bit_at("\xff", UINT64_MAX));
}

TEST_CASE("counting and searching agree with a row of bools") {
  Random random(21);
  for (int round = 0; round < 2000; round++) {
    const std::string bytes = random_bytes(random, 1 + random.below(70));
    const std::vector<bool> bits = bits_of(bytes);
    const BitRange range = random_range(random, bytes.size());
    const auto first = bits.begin() + static_cast<ptrdiff_t>(range.first);
    const auto end = bits.begin() + static_cast<ptrdiff_t>(range.last) + 1;
    REQUIRE(count_ones(bytes, range) == static_cast<uint64_t>(std::count(first, end, true)));
    for (const bool bit : {false, true}) {
      const auto at = std::find(first, end, bit);
      const auto found = find_bit(bytes, bit, range);
      REQUIRE(found.has_value() == (at != end));
      if (found) REQUIRE(*found == static_cast<uint64_t>(at - bits.begin()));
    }
  }
}

TEST_CASE("operations agree with columns of bools, whatever the lengths") {
  Random random(22);
  for (int round = 0; round < 300; round++) {
    // One round in ten goes beyond a block.
    const size_t max_size = random.below(10) == 0 ? 9000 : 80;
    std::vector<std::string> strings(1 + random.below(5));
    size_t longest = 0;
    for (std::string& string : strings) {
      string = random_bytes(random, random.below(max_size));
      longest = std::max(longest, string.size());
    }
    const std::vector<std::string_view> sources(strings.begin(), strings.end());
    for (const BitOperation operation : kOperations) {
      std::string result(longest, 'x');
      combine_bits(operation, sources, result.data(), longest);
      for (uint64_t i = 0; i < longest * 8; i++) {
        std::vector<bool> column;
        for (const std::string_view source : sources) column.push_back(bit_at(source, i));
        if (bit_at(result, i) != combine_slowly(operation, column)) FAIL("bit " << i);
      }
    }
  }
}

TEST_CASE("a field is written and read at any bit, and changes nothing beside it") {
  Random random(23);
  for (int round = 0; round < 5000; round++) {
    std::string bytes = random_bytes(random, 20);
    const BitField field = random_field(random);
    const uint64_t offset = random.below(bytes.size() * 8 - field.bits + 1);
    const auto value = static_cast<int64_t>(random.next());
    std::vector<bool> expected = bits_of(bytes);
    for (unsigned i = 0; i < field.bits; i++) {
      expected[offset + i] = ((static_cast<uint64_t>(value) >> (field.bits - 1 - i)) & 1) != 0;
    }
    write_field(bytes, offset, field, value);
    REQUIRE(bits_of(bytes) == expected);
    const auto wrapped = fit_field(field, value, FieldOverflow::wrap);
    REQUIRE(read_field(bytes, offset, field) == wrapped);
  }
}

TEST_CASE("a field beyond the end reads as zeros, one across the end in part") {
  CHECK(read_field("", 0, {true, 64}) == 0);
  CHECK(read_field("\xff", 8, {false, 8}) == 0);
  CHECK(read_field("\xff", 4, {false, 8}) == 0xf0);
  CHECK(read_field("\xff", 4, {true, 8}) == -16);
  CHECK(read_field("\xff", UINT64_MAX - 100, {true, 64}) == 0);
  CHECK(read_field(std::string(9, '\xff'), 1, {true, 64}) == -1);
  CHECK(read_field(std::string(9, '\xff'), 7, {false, 63}) == INT64_MAX);
}

TEST_CASE("what does not fit wraps, saturates or fails") {
  using enum FieldOverflow;
  const BitField i8{true, 8};
  const BitField u8{false, 8};
  const BitField i64{true, 64};
  CHECK(fit_field(i8, 127, fail) == 127);
  CHECK(fit_field(i8, -128, fail) == -128);
  CHECK(fit_field(i8, 128, fail) == std::nullopt);
  CHECK(fit_field(i8, -129, fail) == std::nullopt);
  CHECK(fit_field(i8, 128, wrap) == -128);
  CHECK(fit_field(i8, -129, wrap) == 127);
  CHECK(fit_field(i8, 1000, saturate) == 127);
  CHECK(fit_field(i8, -1000, saturate) == -128);
  CHECK(fit_field(u8, 256, wrap) == 0);
  CHECK(fit_field(u8, -1, wrap) == 255);
  CHECK(fit_field(u8, -1, saturate) == 0);
  CHECK(fit_field(u8, 256, saturate) == 255);
  CHECK(fit_field(i64, __int128{INT64_MAX} + 1, wrap) == INT64_MIN);
  CHECK(fit_field(i64, __int128{INT64_MAX} + 1, saturate) == INT64_MAX);
  CHECK(fit_field(i64, __int128{INT64_MIN} - 1, saturate) == INT64_MIN);
  CHECK(fit_field({false, 63}, __int128{INT64_MAX} + 1, fail) == std::nullopt);
  CHECK(fit_field({true, 1}, 1, wrap) == -1);
}

}  // namespace larder
