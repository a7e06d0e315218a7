#include "modules/stats/removed_keys.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace larder {

uint16_t* RemovedKeys::find_in(Line& line, uint64_t hash) {
  constexpr uint16_t kCauses = (1 << kCauseBits) - 1;
  const uint16_t wanted = fingerprint(hash);
  for (uint16_t& entry : line.entries) {
    if ((entry & kCauses) != 0 && (entry & ~kCauses) == wanted) return &entry;
  }
  return nullptr;
}

void RemovedKeys::set_most_bytes(size_t bytes) {
  most_lines_ = std::bit_floor(std::clamp(bytes / 2 / sizeof(Line), kFirstLines, kMostLines));
}

void RemovedKeys::begin_table() {
  const size_t lines = young_.lines.empty() ? kFirstLines : young_.lines.size() * 2;
  old_ = std::exchange(young_, Table());
  young_.lines.resize(std::min(lines, most_lines_));
}

void RemovedKeys::put(uint64_t hash, RemovalCause cause) {
  if (young_.is_full()) begin_table();
  const auto entry = static_cast<uint16_t>(fingerprint(hash) | (static_cast<uint16_t>(cause) + 1));
  Line& line = young_.line_of(hash);
  if (uint16_t* known = find_in(line, hash)) {
    *known = entry;
    return;
  }
  line.entries[line.oldest] = entry;
  line.oldest = static_cast<uint16_t>((line.oldest + 1) % kEntries);
  young_.count++;
}

std::optional<RemovalCause> RemovedKeys::find(uint64_t hash) const {
  for (Table* table : {&young_, &old_}) {
    if (table->lines.empty()) continue;
    if (const uint16_t* entry = find_in(table->line_of(hash), hash)) {
      return static_cast<RemovalCause>((*entry & ((1 << kCauseBits) - 1)) - 1);
    }
  }
  return std::nullopt;
}

void RemovedKeys::clear() {
  young_ = Table();
  old_ = Table();
}

}  // namespace larder
