// Prefixes of one client that overlap: keys that begin with both would be told twice.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

namespace larder {

struct PrefixOverlap {
  std::string_view prefix;  // one that is asked for
  std::string_view other;
  bool other_exists;  // is the client's already; not: asked for as well
};

// The first prefix that overlaps with another one, and which that is: of those that the client has
// the first in their order, or else the first that is asked for behind it. As the client's own do
// not overlap with each other, unless the empty one is among them, this costs O(n log n), and not n
// times n.
std::optional<PrefixOverlap> find_prefix_overlap(
    std::span<const std::string_view> prefixes, const std::set<std::string, std::less<>>& existing);

}  // namespace larder
