#include "server/structures/hyperloglog_registers.h"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <string>

#include "server/base/random.h"

namespace larder {
namespace {

HllRegisters random_registers(Random& random) {
  HllRegisters registers;
  for (uint8_t& value : registers) value = static_cast<uint8_t>(random.below(64));
  return registers;
}

std::string dense_of(const HllRegisters& registers) {
  std::string bytes(kHllDenseBytes, '\0');
  for (size_t i = 0; i < kHllRegisters; i++) set_dense_register(bytes, i, registers[i]);
  return bytes;
}

HllRegisters registers_of(std::string_view dense) {
  HllRegisters registers;
  for (size_t i = 0; i < kHllRegisters; i++) registers[i] = dense_register(dense, i);
  return registers;
}

}  // namespace

TEST_CASE("elements have the register and the rank that Redis gives them") {
  // As PFDEBUG DECODE of Redis 7.0.15 shows them.
  const auto check = [](std::string_view element, uint32_t index, uint8_t rank) {
    const HllObservation observation = observe(element);
    CHECK(observation.index == index);
    CHECK(observation.rank == rank);
  };
  check("a", 12711, 2);
  check("hello world", 9399, 4);
  check("", 5938, 2);
  // The hash takes eight bytes at a time; what is left over has every length here.
  check("ab", 719, 1);
  check("abc", 9474, 1);
  check("abcd", 11070, 8);
  check("abcde", 3726, 4);
  check("abcdef", 13647, 2);
  check("abcdefg", 5634, 2);
  check("abcdefgh", 1383, 1);
  check("abcdefghi", 6903, 1);
  check("\xff", 10599, 1);
  check("\xff\xfe\xfd\xfc\xfb", 15791, 2);
}

TEST_CASE("dense registers keep what they are set to, first bits lowest") {
  Random random(31);
  HllRegisters registers = random_registers(random);
  std::string dense = dense_of(registers);
  REQUIRE(registers_of(dense) == registers);
  for (int i = 0; i < 1000; i++) {
    const size_t index = random.below(kHllRegisters);
    registers[index] = static_cast<uint8_t>(random.below(64));
    set_dense_register(dense, index, registers[index]);
  }
  CHECK(registers_of(dense) == registers);
  size_t index = 0;
  for_each_dense_register(dense, [&](uint8_t value) { REQUIRE(value == registers[index++]); });
  CHECK(index == kHllRegisters);
  std::string first(kHllDenseBytes, '\0');
  set_dense_register(first, 1, 63);
  CHECK(first.substr(0, 3) == std::string_view("\xc0\x0f\x00", 3));
  set_dense_register(first, kHllRegisters - 1, 1);
  CHECK(first.back() == 4);
}

TEST_CASE("raising takes the greater of each two registers") {
  Random random(32);
  const HllRegisters old = random_registers(random);
  const HllRegisters others = random_registers(random);
  std::string dense = dense_of(old);
  raise_dense_registers(dense, others);
  HllRegisters expected;
  std::ranges::transform(old, others, expected.begin(),
                         [](uint8_t left, uint8_t right) { return std::max(left, right); });
  CHECK(registers_of(dense) == expected);
}

TEST_CASE("an estimate is near the number of distinct elements") {
  HllRegisters registers{};
  for (int i = 1; i <= 100'000; i++) {
    const HllObservation observation = observe("element:" + std::to_string(i));
    registers[observation.index] = std::max(registers[observation.index], observation.rank);
    if (i != 8 && i != 1000 && i != 100'000) continue;
    HllHistogram histogram;
    for (const uint8_t value : registers) histogram.add(value);
    HllHistogram of_dense;
    of_dense.add_dense(dense_of(registers));
    CHECK(histogram.estimate() == Approx(i).epsilon(0.03));
    CHECK(of_dense.estimate() == histogram.estimate());
  }
}

TEST_CASE("an estimate of nothing is 0, and one without end is a number") {
  HllHistogram none;
  none.add(0, kHllRegisters);
  CHECK(none.estimate() == 0);
  for (const uint8_t value : std::array<uint8_t, 3>{51, 52, 63}) {
    HllHistogram full;
    full.add(value, kHllRegisters);
    CHECK(full.estimate() == INT64_MAX);
  }
}

}  // namespace larder
