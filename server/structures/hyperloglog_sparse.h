// The sparse form of a HyperLogLog's registers: runs of equal ones, of which there are few at
// first.
//
//   00nnnnnn             n + 1 registers (1 to 64) that are zero
//   01nnnnnn nnnnnnnn    n + 1 registers (1 to 16384) that are zero, n big endian
//   1vvvvvnn             n + 1 registers (1 to 4) of the value v + 1 (1 to 32)
//
// All runs together have 16384 registers; anything else is corrupted. Which runs a series of
// changes leads to is a matter of how Redis splits and joins them, and is the same here, byte by
// byte.
//
// The bytes may come from anywhere (SET): nothing here reads or writes outside them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "server/structures/hyperloglog_registers.h"

namespace larder {

// The highest value that a sparse run can have.
inline constexpr uint8_t kHllSparseMaxRank = 32;

// The first run of some opcodes.
struct HllRun {
  size_t bytes;  // 1 or 2; 0: there is none, or it is cut short
  size_t registers;
  uint8_t value;
};

inline HllRun first_run(std::string_view opcodes) {
  if (opcodes.empty()) return {0, 0, 0};
  const auto first = static_cast<uint8_t>(opcodes[0]);
  if ((first & 0x80) != 0)
    return {1, (first & 3) + 1u, static_cast<uint8_t>((first >> 2 & 31) + 1)};
  if ((first & 0x40) == 0) return {1, (first & 63) + 1u, 0};
  if (opcodes.size() < 2) return {0, 0, 0};
  return {2, ((first & 63u) << 8 | static_cast<uint8_t>(opcodes[1])) + 1u, 0};
}

// Calls visit(value, registers) for each run. False: the opcodes are corrupted; the runs that were
// visited have no more than 16384 registers even then.
template <class Visit>
bool for_each_run(std::string_view opcodes, Visit&& visit) {
  size_t registers = 0;
  while (!opcodes.empty()) {
    const HllRun run = first_run(opcodes);
    registers += run.registers;
    if (run.bytes == 0 || registers > kHllRegisters) return false;
    visit(run.value, run.registers);
    opcodes.remove_prefix(run.bytes);
  }
  return registers == kHllRegisters;
}

// What has to be done to the opcodes for a register to have at least this rank.
struct HllSplice {
  enum class Kind : uint8_t { nothing, replace, corrupted };
  Kind kind;
  size_t previous;  // where the run before begins, or 0: joining starts there
  size_t at;        // the run that holds the register ...
  size_t old_size;  // ... and how many bytes it has
  size_t new_size;  // 1 to 5
  std::array<uint8_t, 5> bytes;
};
// rank: at most kHllSparseMaxRank. Cost: a few cycles per run before the register's.
HllSplice plan_splice(std::string_view opcodes, HllObservation observation);

// Joins runs of equal values near `from` as far as Redis does. Returns how many bytes are left.
size_t join_runs(std::span<char> opcodes, size_t from);

}  // namespace larder
