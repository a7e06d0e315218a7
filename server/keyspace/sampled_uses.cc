#include "server/keyspace/sampled_uses.h"

#include <algorithm>

#include "server/base/clock.h"
#include "server/keyspace/database.h"
#include "server/keyspace/entry.h"
#include "server/types/string.h"

namespace larder {
namespace {

// Of how many elements of a collection the size is the mean of all.
constexpr size_t kElements = 5;
// One value in so many is timed for all. One that took longer than this was kept from the processor.
constexpr unsigned kTimed = 16;
constexpr int64_t kMostNs = 5'000;

}  // namespace

uint64_t SampledUses::bytes_beside(ValueView value) {
  // Most values, and there is nothing to find out.
  if (value.type == Type::string && String::lies_in_entry(value)) [[likely]]
    return 0;
  if (++untimed_ < kTimed) return value_size_hint(value, kElements);
  untimed_ = 0;
  const int64_t began_ns = monotonic_ns();
  const uint64_t bytes = value_size_hint(value, kElements);
  sizing_ns_ += kTimed * std::min(monotonic_ns() - began_ns, kMostNs);
  return bytes;
}

void SampledUses::add(SampledUse::Kind kind, const Database& database, uint64_t hash,
                      const Entry* entry, int64_t now_ms) {
  SampledUse& use = gathered_.next();
  use.id = database.ghost_hash(hash);
  use.rank = static_cast<uint32_t>(hash);
  use.database = static_cast<uint16_t>(database.index());
  use.kind = kind;
  use.is_there = entry != nullptr;
  use.now_ms = now_ms;
  use.name = {};
  if (entry != nullptr) {
    use.entry_bytes = entry->allocated_bytes();
    use.value_bytes = bytes_beside(entry->value());
    use.expiry_ms = entry->expiry_ms();
    if (use.entry_bytes + use.value_bytes >= kNamedBytes) [[unlikely]] {
      use.name = entry->key();
      return tell();
    }
  }
  if (gathered_.is_full()) tell();
}

void SampledUses::tell() {
  const auto uses = gathered_.take();
  if (!uses.empty()) told(uses);
}

}  // namespace larder
