#include "server/types/packed_sorted_set.h"

namespace larder {

std::optional<PackedSortedSet::Pair> PackedSortedSet::find(const PackedText& member) const {
  size_t rank = 0;
  for (const char* at = list_.begin(); at != list_.end(); rank++) {
    const Pair pair{at, rank};
    if (member.matches(at)) return pair;
    at = pair.end();
  }
  return std::nullopt;
}

const char* PackedSortedSet::place_for(double score, std::string_view member) const {
  PackedEntry::Digits digits;
  const char* at = list_.begin();
  while (at != list_.end()) {
    const Pair pair{at, 0};
    const double other = pair.score();
    if (other > score) break;
    if (other == score && PackedEntry(at).text(digits) > member) break;
    at = pair.end();
  }
  return at;
}

}  // namespace larder
