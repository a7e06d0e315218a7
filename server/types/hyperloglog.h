// A string as a HyperLogLog: what PFADD and its relatives see of a value. Redis's bytes:
//
//   0                4          5             8                     16
//   +----------------+----------+-------------+---------------------+-----------------------------+
//   | "HYLL"         | 0 dense  | not used, 0 | the last count, u64 | registers                   |
//   |                | 1 sparse |             | little endian       |                             |
//   +----------------+----------+-------------+---------------------+-----------------------------+
//
// The highest bit of the count says that it no longer holds. Registers: hyperloglog_registers.h
// (dense) and hyperloglog_sparse.h. A new one is sparse; it becomes dense when a register rises
// above 32, or when it would be longer than hll-sparse-max-bytes, and stays so.
//
// Anybody can SET such bytes. check() says whether they look like a HyperLogLog at all, and must
// have been asked before anything else; damage further inside is found by whoever comes across it,
// as an error.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "server/base/result.h"
#include "server/structures/hyperloglog_registers.h"
#include "server/structures/hyperloglog_sparse.h"
#include "server/types/string.h"
#include "server/types/value.h"

namespace larder {

class HyperLogLog {
 public:
  static constexpr Type kType = Type::string;
  static constexpr size_t kHeaderBytes = 16;
  static constexpr size_t kDenseBytes = kHeaderBytes + kHllDenseBytes;

  explicit HyperLogLog(ValueView view) : string_(view) {}
  explicit HyperLogLog(ValuePlace& place) : string_(place), place_(&place) {}

  // --- Reading ---
  // Error: the string is no HyperLogLog.
  Status check() const;
  bool is_dense() const { return bytes()[kFormAt] == kDense; }
  // The count, if it was asked for since the last change.
  std::optional<int64_t> remembered_count() const;
  // Computes it. Error: corrupted. Cost: about 15 us if dense.
  Result<int64_t> count() const;
  // Raises each register of `registers` to this one's. Error: corrupted; some are raised then.
  Status merge_into(HllRegisters& registers) const;
  // The opcodes of a sparse one.
  std::string_view opcodes() const { return registers(); }

  // --- Changing; only through an Edit ---
  // Makes a new key an empty HyperLogLog.
  void create();
  // Returns whether a register rises. The remembered count is left to the caller, who calls
  // forget_count after the last. Error: corrupted; nothing has changed then.
  Result<bool> add(std::string_view element) {
    const HllObservation observation = observe(element);
    // Most elements are known, where many are counted.
    if (is_known(observation)) return false;
    return raise(observation);
  }
  // Raises all registers to at least these. Error: corrupted.
  Status raise_all(const HllRegisters& registers);
  // Error: corrupted.
  Status make_dense();
  void remember_count(int64_t count);
  void forget_count();

 private:
  static constexpr size_t kFormAt = 4;
  static constexpr char kDense = 0;

  std::string_view bytes() const {
    if (bytes_.data() == nullptr) [[unlikely]]
      look_up();
    return bytes_;
  }
  void look_up() const;
  // The bytes for changing them, as String has it.
  std::span<char> writable(size_t size = 0);
  std::span<char> resize(size_t size);
  std::span<char> keep(std::span<char> bytes);
  std::string_view registers() const { return bytes().substr(kHeaderBytes); }
  // Whether the register is that high already. Only a dense one knows at once.
  bool is_known(HllObservation observation) const {
    return is_dense() && dense_register(registers(), observation.index) >= observation.rank;
  }
  Result<bool> raise(HllObservation observation);
  // `old`: the registers as they are.
  bool raise_dense(std::string_view old, HllObservation observation);
  Result<bool> raise_sparse(std::string_view old, HllObservation observation);

  String string_;
  ValuePlace* place_ = nullptr;
  mutable std::string_view bytes_ = {};  // where they are, once they were asked for
};

// What PFSELFTEST does: registers keep what is written to them, both forms count alike, and counts
// are as near to the truth as they should be. The name of the first failure, or nothing. Takes some
// 0.1 s.
std::optional<std::string> test_hyperloglog(uint64_t seed, size_t sparse_max_bytes);

}  // namespace larder
