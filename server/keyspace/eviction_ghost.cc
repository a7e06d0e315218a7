#include "server/keyspace/eviction_ghost.h"

#include "server/base/allocator.h"

namespace larder {
namespace {

constexpr uint16_t kUsesMask = 7;

}  // namespace

void EvictionGhost::fit(size_t keys) {
  const size_t wanted = (keys / 2 + kEntries - 1) / kEntries + 1;
  if (wanted <= line_count_ + line_count_ / 4 && wanted * 4 >= line_count_) [[likely]]
    return;
  clear();
  line_count_ = wanted;
  lines_ = static_cast<Line*>(allocate_aligned_zeroed(alignof(Line), wanted * sizeof(Line)));
}

void EvictionGhost::put(uint64_t hash, unsigned uses) {
  if (lines_ == nullptr) return;
  Line& line = line_of(hash);
  line.entries[line.oldest] = static_cast<uint16_t>(fingerprint(hash) | (uses & kUsesMask));
  line.oldest = static_cast<uint16_t>(line.oldest + 1u == kEntries ? 0 : line.oldest + 1u);
}

std::optional<unsigned> EvictionGhost::take(uint64_t hash) {
  if (lines_ == nullptr) return std::nullopt;
  Line& line = line_of(hash);
  const uint16_t wanted = fingerprint(hash);
  for (uint16_t& entry : line.entries) {
    if ((entry & ~unsigned{kUsesMask}) != wanted) continue;
    const unsigned uses = entry & kUsesMask;
    entry = 0;
    return uses;
  }
  return std::nullopt;
}

void EvictionGhost::clear() {
  if (lines_ != nullptr) deallocate_aligned(lines_, alignof(Line), memory());
  lines_ = nullptr;
  line_count_ = 0;
}

}  // namespace larder
