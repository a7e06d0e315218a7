#include "server/structures/hyperloglog_registers.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace larder {
namespace {

constexpr unsigned kIndexBits = 14;
constexpr unsigned kRankBits = 64 - kIndexBits;
constexpr double kAlpha = 0.721347520444481703680;  // 1 / (2 ln 2)

static_assert(std::endian::native == std::endian::little);

template <class Word>
uint64_t load(const char* from) {
  Word word;
  std::memcpy(&word, from, sizeof(word));
  return word;
}

// Fewer than eight bytes, and at least one, as a little endian number. Bytes that are read twice
// come to lie on themselves.
uint64_t load_short(std::string_view bytes) {
  const size_t size = bytes.size();
  const char* from = bytes.data();
  if (size >= 4) {
    return load<uint32_t>(from) | load<uint32_t>(from + size - 4) << (8 * (size - 4));
  }
  const size_t middle = size / 2;
  const size_t last = size - 1;
  return load<uint8_t>(from) | load<uint8_t>(from + middle) << (8 * middle) |
         load<uint8_t>(from + last) << (8 * last);
}

// MurmurHash64A (Austin Appleby, public domain) with Redis's seed, little endian.
uint64_t murmur_hash(std::string_view bytes) {
  constexpr uint64_t kSeed = 0xadc83b19;
  constexpr uint64_t kFactor = 0xc6a4a7935bd1e995;
  constexpr unsigned kShift = 47;
  uint64_t hash = kSeed ^ (bytes.size() * kFactor);
  for (; bytes.size() >= 8; bytes.remove_prefix(8)) {
    uint64_t word = load<uint64_t>(bytes.data()) * kFactor;
    word ^= word >> kShift;
    hash = (hash ^ (word * kFactor)) * kFactor;
  }
  if (!bytes.empty()) hash = (hash ^ load_short(bytes)) * kFactor;
  hash = (hash ^ (hash >> kShift)) * kFactor;
  return hash ^ (hash >> kShift);
}

// The two series of Ertl's paper, summed until a term changes nothing any more.
double sigma(double x) {
  if (x == 1.0) return INFINITY;
  double sum = x;
  double previous;
  double weight = 1;
  do {
    x *= x;
    previous = sum;
    sum += x * weight;
    weight += weight;
  } while (sum != previous);
  return sum;
}

double tau(double x) {
  if (x == 0.0 || x == 1.0) return 0;
  double sum = 1 - x;
  double previous;
  double weight = 1;
  do {
    x = std::sqrt(x);
    previous = sum;
    weight *= 0.5;
    sum -= (1 - x) * (1 - x) * weight;
  } while (sum != previous);
  return sum / 3;
}

}  // namespace

HllObservation observe(std::string_view element) {
  const uint64_t hash = murmur_hash(element);
  // The added one ends the search where all 50 bits are zeros.
  const uint64_t rest = hash >> kIndexBits | uint64_t{1} << kRankBits;
  return {static_cast<uint32_t>(hash & (kHllRegisters - 1)),
          static_cast<uint8_t>(std::countr_zero(rest) + 1)};
}

int64_t HllHistogram::estimate() const {
  constexpr double kCount = kHllRegisters;
  double sum = kCount * tau((kCount - counts_[kRankBits + 1]) / kCount);
  for (size_t rank = kRankBits; rank >= 1; rank--) sum = (sum + counts_[rank]) * 0.5;
  sum += kCount * sigma(counts_[0] / kCount);
  const double estimate = kAlpha * kCount * kCount / sum;
  return estimate < 0x1p63 ? std::llround(estimate) : INT64_MAX;
}

void HllHistogram::add_dense(std::string_view bytes) {
  // Neighbours often have the same value; counted in one place, each would wait for the one before.
  std::array<std::array<uint32_t, 64>, 4> counts{};
  unsigned turn = 0;
  for_each_dense_register(bytes, [&](uint8_t value) { counts[turn++ & 3][value]++; });
  for (size_t value = 0; value < counts_.size(); value++) {
    counts_[value] += counts[0][value] + counts[1][value] + counts[2][value] + counts[3][value];
  }
}

void set_dense_register(std::span<char> bytes, size_t index, uint8_t value) {
  const size_t bit = index * 6;
  const size_t shift = bit & 7;
  const auto overwrite = [](char& byte, unsigned mask, unsigned bits) {
    byte = static_cast<char>((static_cast<uint8_t>(byte) & ~mask) | (bits & mask));
  };
  overwrite(bytes[bit >> 3], 63u << shift & 0xff, unsigned{value} << shift);
  if (shift > 2)
    overwrite(bytes[(bit >> 3) + 1], 63u >> (8 - shift), unsigned{value} >> (8 - shift));
}

void raise_dense_registers(std::span<char> bytes, const HllRegisters& others) {
  // Four registers have three bytes for themselves.
  for (size_t group = 0; group < kHllRegisters / 4; group++) {
    char* at = bytes.data() + group * 3;
    const unsigned old = static_cast<uint8_t>(at[0]) | unsigned{static_cast<uint8_t>(at[1])} << 8 |
                         unsigned{static_cast<uint8_t>(at[2])} << 16;
    unsigned raised = 0;
    for (unsigned i = 0; i < 4; i++) {
      raised |= std::max((old >> (6 * i)) & 63, unsigned{others[group * 4 + i]} & 63) << (6 * i);
    }
    for (unsigned i = 0; i < 3; i++) at[i] = static_cast<char>(raised >> (8 * i));
  }
}

}  // namespace larder
