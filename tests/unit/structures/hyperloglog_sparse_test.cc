#include "server/structures/hyperloglog_sparse.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

#include "server/base/random.h"

namespace larder {
namespace {

const std::string kEmpty = "\x7f\xff";

// What the type does with a plan.
void apply(std::string& opcodes, const HllSplice& splice) {
  opcodes.replace(splice.at, splice.old_size, reinterpret_cast<const char*>(splice.bytes.data()),
                  splice.new_size);
  opcodes.resize(join_runs(opcodes, splice.previous));
}

HllSplice::Kind raise(std::string& opcodes, HllObservation observation) {
  const HllSplice splice = plan_splice(opcodes, observation);
  if (splice.kind == HllSplice::Kind::replace) apply(opcodes, splice);
  return splice.kind;
}

HllRegisters registers_of(std::string_view opcodes) {
  HllRegisters registers{};
  auto target = registers.begin();
  REQUIRE(for_each_run(
      opcodes, [&](uint8_t value, size_t run) { target = std::fill_n(target, run, value); }));
  return registers;
}

}  // namespace

TEST_CASE("runs of all three kinds are read") {
  const HllRun zeros = first_run(std::string_view("\x3f", 1));
  CHECK(zeros.bytes == 1);
  CHECK(zeros.registers == 64);
  CHECK(zeros.value == 0);
  const HllRun many_zeros = first_run("\x7f\xff");
  CHECK(many_zeros.bytes == 2);
  CHECK(many_zeros.registers == 16384);
  const HllRun values = first_run("\xff");
  CHECK(values.bytes == 1);
  CHECK(values.registers == 4);
  CHECK(values.value == 32);
  CHECK(first_run("").bytes == 0);
  CHECK(first_run("\x7f").bytes == 0);
}

TEST_CASE("opcodes that are not 16384 registers are corrupted") {
  const auto is_valid = [](std::string_view opcodes) {
    size_t registers = 0;
    const bool result = for_each_run(opcodes, [&](uint8_t, size_t run) { registers += run; });
    CHECK(registers <= kHllRegisters);
    return result;
  };
  CHECK(is_valid(kEmpty));
  CHECK_FALSE(is_valid(""));
  CHECK_FALSE(is_valid("\x7f"));
  CHECK_FALSE(is_valid("\x7f\xfe"));
  CHECK(is_valid(std::string("\x7f\xfe\x00", 3)));
  CHECK_FALSE(is_valid(std::string("\x7f\xff\x00", 3)));
  CHECK_FALSE(is_valid(std::string("\x7f\xff\x7f\xff", 4)));
}

TEST_CASE("one register is set at the ends and in the middle of a run") {
  const auto after = [](uint32_t index) {
    std::string opcodes = kEmpty;
    CHECK(raise(opcodes, {index, 5}) == HllSplice::Kind::replace);
    return opcodes;
  };
  // As Redis writes them: v:5,1 Z:16383, and so on.
  CHECK(after(0) == "\x90\x7f\xfe");
  CHECK(after(16383) == "\x7f\xfe\x90");
  CHECK(after(64) == "\x3f\x90\x7f\xbe");
  CHECK(after(65) == std::string("\x40\x40\x90\x7f\xbd", 5));
}

TEST_CASE("runs of the same value are joined, four at most") {
  std::string opcodes = kEmpty;
  for (uint32_t i = 0; i < 6; i++) raise(opcodes, {i, 3});
  // Four and two, and the zeros behind.
  CHECK(opcodes == std::string("\x8b\x89\x7f\xf9"));
  CHECK(raise(opcodes, {1, 3}) == HllSplice::Kind::nothing);
  CHECK(raise(opcodes, {1, 2}) == HllSplice::Kind::nothing);
  raise(opcodes, {1, 4});
  CHECK(opcodes == std::string("\x88\x8c\x8b\x7f\xf9"));
}

TEST_CASE("raising registers agrees with an array of them") {
  Random random(41);
  for (int game = 0; game < 10; game++) {
    std::string opcodes = kEmpty;
    HllRegisters model{};
    const uint64_t spread = game % 2 == 0 ? kHllRegisters : 300;
    for (int round = 0; round < 2000; round++) {
      const auto index = static_cast<uint32_t>(random.below(spread));
      const auto rank = static_cast<uint8_t>(1 + random.below(random.below(4) == 0 ? 32 : 3));
      const bool rises = rank > model[index];
      const auto kind = raise(opcodes, {index, rank});
      REQUIRE((kind == HllSplice::Kind::replace) == rises);
      REQUIRE(kind != HllSplice::Kind::corrupted);
      model[index] = std::max(model[index], rank);
      if (round % 100 == 0) REQUIRE(registers_of(opcodes) == model);
    }
    REQUIRE(registers_of(opcodes) == model);
  }
}

TEST_CASE("damaged opcodes are refused or changed inside their bytes") {
  Random random(42);
  for (int round = 0; round < 20'000; round++) {
    std::string opcodes(random.below(12), '\0');
    for (char& c : opcodes) c = static_cast<char>(random.next());
    const auto index = static_cast<uint32_t>(random.below(kHllRegisters));
    const HllSplice splice = plan_splice(opcodes, {index, 32});
    if (splice.kind != HllSplice::Kind::replace) continue;
    REQUIRE(splice.at + splice.old_size <= opcodes.size());
    REQUIRE(splice.previous <= splice.at);
    REQUIRE(splice.new_size >= 1);
    REQUIRE(splice.new_size <= splice.bytes.size());
    const size_t size = opcodes.size() - splice.old_size + splice.new_size;
    apply(opcodes, splice);
    REQUIRE(opcodes.size() <= size);
  }
}

}  // namespace larder
