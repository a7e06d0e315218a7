// The registers of a HyperLogLog: how many distinct elements were seen, in 12 KB or less, give or
// take 0.81 %. An element's hash chooses one of 16384 registers by its 14 lowest bits; the register
// keeps the greatest rank, which is the position of the lowest one among the other 50, counted
// from 1.
//
// (Flajolet, Fusy, Gandouet and Meunier, "HyperLogLog", 2007; the estimate is that of Ertl, "New
// cardinality estimation algorithms for HyperLogLog sketches", arXiv:1702.01284. Hash, register
// width and bytes are Redis's, so that a value can move between the two.)
//
// Dense: 6 bits per register, the lowest bits of each byte first, 12288 bytes:
//
//   byte    0          1          2
//          +----------+----------+----------+--
//          | 11000000 | 22221111 | 33333322 |     digits: which register
//          +----------+----------+----------+--
//
// Sparse: hyperloglog_sparse.h.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace larder {

inline constexpr size_t kHllRegisters = 16384;
inline constexpr size_t kHllDenseBytes = kHllRegisters * 6 / 8;

// What one element says: this register is at least that high. rank: 1 to 51.
struct HllObservation {
  uint32_t index;
  uint8_t rank;
};
HllObservation observe(std::string_view element);

// One byte each.
using HllRegisters = std::array<uint8_t, kHllRegisters>;

// How many registers have which value: all that an estimate needs.
class HllHistogram {
 public:
  void add(uint8_t value, size_t registers = 1) {
    counts_[value & 63] += static_cast<uint32_t>(registers);
  }
  // All registers of a dense one.
  void add_dense(std::string_view bytes);
  // How many distinct elements there were. INT64_MAX if the registers say: without end.
  int64_t estimate() const;

 private:
  std::array<uint32_t, 64> counts_{};
};

// `bytes` of these is kHllDenseBytes long.
inline uint8_t dense_register(std::string_view bytes, size_t index) {
  const size_t bit = index * 6;
  const size_t shift = bit & 7;
  unsigned word = static_cast<uint8_t>(bytes[bit >> 3]);
  // The others lie in one byte, the last register in the last.
  if (shift > 2) word |= unsigned{static_cast<uint8_t>(bytes[(bit >> 3) + 1])} << 8;
  return static_cast<uint8_t>((word >> shift) & 63);
}
void set_dense_register(std::span<char> bytes, size_t index, uint8_t value);
// Raises each register to at least what the others say.
void raise_dense_registers(std::span<char> bytes, const HllRegisters& others);
// Calls visit(value) for each register in turn.
template <class Visit>
void for_each_dense_register(std::string_view bytes, Visit&& visit) {
  for (size_t at = 0; at + 3 <= bytes.size(); at += 3) {
    const unsigned word = static_cast<uint8_t>(bytes[at]) |
                          unsigned{static_cast<uint8_t>(bytes[at + 1])} << 8 |
                          unsigned{static_cast<uint8_t>(bytes[at + 2])} << 16;
    for (unsigned shift = 0; shift < 24; shift += 6) {
      visit(static_cast<uint8_t>((word >> shift) & 63));
    }
  }
}

}  // namespace larder
