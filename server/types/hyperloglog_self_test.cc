#include <array>
#include <cmath>
#include <optional>
#include <string>

#include "server/base/random.h"
#include "server/types/detached_place.h"
#include "server/types/hyperloglog.h"

namespace larder {
namespace {

bool registers_keep_values(Random& random) {
  std::array<char, kHllDenseBytes> dense{};
  HllRegisters expected;
  for (int round = 0; round < 20; round++) {
    for (size_t i = 0; i < kHllRegisters; i++) {
      expected[i] = static_cast<uint8_t>(random.below(64));
      set_dense_register(dense, i, expected[i]);
    }
    for (size_t i = 0; i < kHllRegisters; i++) {
      if (dense_register({dense.data(), dense.size()}, i) != expected[i]) return false;
    }
  }
  return true;
}

// Six times the standard error of this many registers, and at least one element.
bool is_near(int64_t count, int64_t truth) {
  const double allowed =
      std::ceil(6 * 1.04 / std::sqrt(double{kHllRegisters}) * static_cast<double>(truth));
  return std::abs(static_cast<double>(count - truth)) <= allowed;
}

// Adds a million elements to one that begins sparse and to a dense one.
std::optional<std::string> compare_counts(Random& random, size_t sparse_max_bytes) {
  constexpr uint64_t kElements = 1'000'000;
  TypeLimits limits;
  limits.hll_sparse_max_bytes = sparse_max_bytes;
  DetachedPlace grown_place(Type::string, limits);
  DetachedPlace dense_place(Type::string);
  HyperLogLog grown(grown_place);
  HyperLogLog dense(dense_place);
  grown.create();
  dense.create();
  if (!dense.make_dense().is_ok()) return "a new one is corrupted";
  const uint64_t seed = random.next();
  uint64_t checkpoint = 1;
  for (uint64_t i = 1; i <= kElements; i++) {
    const uint64_t element = i ^ seed;
    const std::string_view bytes(reinterpret_cast<const char*>(&element), sizeof(element));
    if (!grown.add(bytes).is_ok() || !dense.add(bytes).is_ok()) return "corrupted by adding";
    if (i != checkpoint) continue;
    checkpoint *= 10;
    const auto count = grown.count();
    if (i < sparse_max_bytes / 4 && grown.is_dense()) return "sparse encoding not used";
    if (!count.is_ok() || count.value() != dense.count().value()) return "dense/sparse disagree";
    if (!is_near(count.value(), static_cast<int64_t>(i))) return "Too big error";
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> test_hyperloglog(uint64_t seed, size_t sparse_max_bytes) {
  Random random(seed);
  if (!registers_keep_values(random)) return "a register is not what it was set to";
  return compare_counts(random, sparse_max_bytes);
}

}  // namespace larder
