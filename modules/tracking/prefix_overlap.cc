#include "modules/tracking/prefix_overlap.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace larder {
namespace {

bool overlap(std::string_view left, std::string_view right) {
  return left.starts_with(right) || right.starts_with(left);
}

// nullptr: none does. In their order, what begins with `prefix` follows upon the place where it
// would be, and what it begins with is right before that: anything between the two would begin with
// it as well.
const std::string* overlapping(const std::set<std::string, std::less<>>& existing,
                               std::string_view prefix) {
  if (existing.empty()) return nullptr;
  if (existing.begin()->empty()) return &*existing.begin();
  const auto next = existing.lower_bound(prefix);
  if (next != existing.begin() && prefix.starts_with(*std::prev(next))) return &*std::prev(next);
  return next != existing.end() && next->starts_with(prefix) ? &*next : nullptr;
}

// The lowest index of a prefix that overlaps with another one; if none does, how many there are. In
// their order, all that begin with a prefix follow upon it.
size_t first_that_overlaps(std::span<const std::string_view> prefixes) {
  std::vector<size_t> order(prefixes.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::sort(order, {}, [&](size_t index) { return prefixes[index]; });
  size_t first = prefixes.size();
  size_t shortest = 0;  // where in the order the one is that those behind it begin with
  for (size_t i = 1; i < order.size(); i++) {
    if (prefixes[order[i]].starts_with(prefixes[order[shortest]])) {
      first = std::min({first, order[i], order[shortest]});
    } else {
      shortest = i;
    }
  }
  return first;
}

}  // namespace

std::optional<PrefixOverlap> find_prefix_overlap(
    std::span<const std::string_view> prefixes,
    const std::set<std::string, std::less<>>& existing) {
  const size_t first = first_that_overlaps(prefixes);
  for (size_t i = 0; i < prefixes.size() && i <= first; i++) {
    const std::string* other = overlapping(existing, prefixes[i]);
    if (other != nullptr) return PrefixOverlap{prefixes[i], *other, true};
  }
  for (size_t i = first + 1; i < prefixes.size(); i++) {
    if (overlap(prefixes[first], prefixes[i]))
      return PrefixOverlap{prefixes[first], prefixes[i], false};
  }
  return std::nullopt;
}

}  // namespace larder
