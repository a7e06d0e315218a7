#include "modules/tracking/prefix_overlap.h"

#include <catch2/catch.hpp>

#include "server/base/clock.h"
#include "server/base/random.h"

namespace larder {
namespace {

using Existing = std::set<std::string, std::less<>>;

bool overlap(std::string_view left, std::string_view right) {
  return left.starts_with(right) || right.starts_with(left);
}

// Straight from the definition: every pair, in the order in which Redis looks at them.
std::optional<PrefixOverlap> find_by_definition(const std::vector<std::string_view>& prefixes,
                                                const Existing& existing) {
  for (size_t i = 0; i < prefixes.size(); i++) {
    for (const std::string& other : existing) {
      if (overlap(prefixes[i], other)) return PrefixOverlap{prefixes[i], other, true};
    }
    for (size_t j = i + 1; j < prefixes.size(); j++) {
      if (overlap(prefixes[i], prefixes[j])) return PrefixOverlap{prefixes[i], prefixes[j], false};
    }
  }
  return std::nullopt;
}

TEST_CASE("the overlap that is told is that of the definition", "[tracking]") {
  Random random(5);
  const auto pick = [&](size_t longest) {
    std::string text(random.below(longest + 1), ' ');
    for (char& c : text) c = static_cast<char>('a' + random.below(3));
    return text;
  };
  size_t found = 0;
  for (int round = 0; round < 20'000; round++) {
    // As a client comes by them: none overlaps, but the empty one may join them.
    Existing existing;
    for (uint64_t i = random.below(6); i > 0; i--) {
      const std::string prefix = pick(6);
      if (!find_by_definition({prefix}, existing)) existing.insert(prefix);
    }
    if (random.below(10) == 0) existing.insert("");
    std::vector<std::string> texts;
    for (uint64_t i = random.below(7); i > 0; i--) texts.push_back(pick(7));
    const std::vector<std::string_view> prefixes(texts.begin(), texts.end());
    const auto expected = find_by_definition(prefixes, existing);
    const auto overlap = find_prefix_overlap(prefixes, existing);
    REQUIRE(overlap.has_value() == expected.has_value());
    if (!expected) continue;
    found++;
    CHECK(overlap->prefix.data() == expected->prefix.data());
    CHECK(overlap->other.data() == expected->other.data());
    CHECK(overlap->other_exists == expected->other_exists);
  }
  CHECK(found > 1000);
  CHECK(found < 19'000);
}

TEST_CASE("many prefixes are looked at in little time", "[tracking]") {
  constexpr int kPrefixes = 200'000;
  Existing existing;
  std::vector<std::string> texts;
  for (int i = 0; i < kPrefixes; i++) {
    existing.insert("old:" + std::to_string(i) + ":");
    texts.push_back("new:" + std::to_string(i) + ":");
  }
  const std::vector<std::string_view> prefixes(texts.begin(), texts.end());
  const int64_t begin = monotonic_us();
  CHECK_FALSE(find_prefix_overlap(prefixes, existing));
  // A fraction of a second; minutes where each is compared with each.
  CHECK(monotonic_us() - begin < 20'000'000);
}

}  // namespace
}  // namespace larder
