// A HyperLogLog with bytes that anybody may have SET. The first two bytes choose an element and a
// limit, the rest is the value: whatever is done to it, nothing outside its bytes is touched; and
// one that can be counted can be changed, counts the same in both forms, and merges with another
// the same way whichever comes first.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "server/base/assert.h"
#include "server/types/detached_place.h"
#include "server/types/hyperloglog.h"

namespace {

using namespace larder;

// The registers below a header that passes, so that the fuzzer does not have to find it.
std::string value_of(std::string_view data) {
  if (data.starts_with("HYLL")) return std::string(data);
  return std::string("HYLL\x01") + std::string(11, '\0') + std::string(data);
}

// PFMERGE in either order.
void merge(const HyperLogLog& log, const HllRegisters& raised) {
  HllRegisters first = raised;
  LARDER_ASSERT(log.merge_into(first).is_ok());
  HllRegisters second{};
  LARDER_ASSERT(log.merge_into(second).is_ok());
  for (size_t i = 0; i < kHllRegisters; i++) {
    LARDER_ASSERT(first[i] == std::max(raised[i], second[i]));
  }
  DetachedPlace place(Type::string);
  HyperLogLog merged(place);
  merged.create();
  LARDER_ASSERT(merged.raise_all(first).is_ok());
  HllRegisters kept{};
  LARDER_ASSERT(merged.merge_into(kept).is_ok());
  LARDER_ASSERT(kept == first);
}

void play(HyperLogLog& log, std::string_view element, const HllRegisters& raised) {
  const auto count = log.count();
  const bool is_valid = count.is_ok();
  if (is_valid) merge(log, raised);
  HllRegisters registers{};
  LARDER_ASSERT(log.merge_into(registers).is_ok() == is_valid);
  const auto added = log.add(element);
  LARDER_ASSERT(added.is_ok() || !is_valid);
  LARDER_ASSERT(log.count().is_ok() == is_valid);
  LARDER_ASSERT(log.raise_all(raised).is_ok() || !is_valid);
  if (!is_valid) return;
  const int64_t sparse_count = log.count().value();
  LARDER_ASSERT(log.make_dense().is_ok());
  LARDER_ASSERT(log.count().value() == sparse_count);
  log.remember_count(sparse_count);
  LARDER_ASSERT(log.remembered_count() == sparse_count);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const std::string element = std::to_string(data[0]);
  DetachedPlace place(Type::string);
  place.limits().hll_sparse_max_bytes = size_t{data[1]} * 40;
  HllRegisters raised{};
  raised[data[0] * 64u] = static_cast<uint8_t>(data[1] % 52);
  raised[kHllRegisters - 1] = 7;
  const std::string value = value_of({reinterpret_cast<const char*>(data) + 2, size - 2});
  String(place).assign(value);
  HyperLogLog log(place);
  if (log.check().is_ok()) play(log, element, raised);
  return 0;
}
