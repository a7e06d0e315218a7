// A sorted set in both its forms against the standard library's ordered sets.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "server/base/assert.h"
#include "server/types/detached_place.h"
#include "server/types/sorted_set.h"
#include "server/types/sorted_set_builder.h"
#include "tests/fuzz/fuzz_bytes.h"

namespace larder {
namespace {

using Scored = std::pair<double, std::string>;
using Outcome = SortedSet::AddResult::Outcome;

std::vector<Scored> listed(const SortedSet& set, RankRange range) {
  std::vector<Scored> elements;
  set.visit(range, [&](std::string_view member, double score) {
    elements.emplace_back(score, member);
    return true;
  });
  return elements;
}

class Game {
 public:
  explicit Game(FuzzBytes bytes) : bytes_(bytes) {
    limits_.zset_max_listpack_entries = bytes_.below(40);
    limits_.zset_max_listpack_value = bytes_.byte();
    begin();
  }

  void play() {
    for (int i = 0; i < 300 && !bytes_.empty(); i++) {
      step();
      LARDER_ASSERT(SortedSet(*place_).size() == scores_.size());
      if (scores_.empty()) begin();
    }
    check_same(SortedSet(*place_));
    check_copies();
  }

 private:
  void begin() { place_ = std::make_unique<DetachedPlace>(Type::sorted_set, limits_); }
  double score() {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    constexpr double kOdd[] = {kInfinity, -kInfinity,         1e308, -1e308, 5e-324, 0.1,
                               -0.0,      9007199254740993.0, -1e18, 9.3e18, 1.5};
    const uint8_t kind = bytes_.byte();
    if (kind < 16) return kOdd[kind % std::size(kOdd)];
    if (kind < 32) return static_cast<double>(bytes_.integer());
    return kind % 16;
  }
  std::vector<Scored> order() const { return {order_.begin(), order_.end()}; }

  void step() {
    SortedSet set(*place_);
    const uint8_t choice = bytes_.byte();
    if (choice < 150) return add(set);
    if (choice < 190) return remove(set);
    if (choice < 200) return remove_range(set);
    if (choice < 225) return check_score_range(set);
    if (choice < 245) return check_lex_range(set);
    for (size_t i = bytes_.byte(); i > 0; i--) put(set, "many:" + std::to_string(i), choice);
  }
  void put(SortedSet& set, const std::string& member, double value) {
    set.add(member, value);
    forget(member);
    scores_[member] = value;
    order_.insert({value, member});
  }
  void forget(const std::string& member) {
    const auto known = scores_.find(member);
    if (known == scores_.end()) return;
    order_.erase({known->second, member});
    scores_.erase(known);
  }
  void add(SortedSet& set) {
    const uint8_t flags = bytes_.byte();
    SortedSet::AddOptions options;
    options.only_new = flags % 8 == 1;
    options.only_present = flags % 8 == 2;
    options.only_greater = flags % 8 == 3;
    options.only_less = flags % 8 == 4;
    options.is_increment = flags >= 200 && !options.only_new;
    const std::string member = bytes_.text();
    const double given = score();
    const auto known = scores_.find(member);
    const bool is_known = known != scores_.end();
    const auto result = set.add(member, given, options);
    if (!is_known) {
      const bool is_added = !options.only_present;
      LARDER_ASSERT(result.outcome == (is_added ? Outcome::added : Outcome::refused));
      if (is_added) put(set, member, given);
      return;
    }
    const double wanted = options.is_increment ? known->second + given : given;
    if (std::isnan(wanted)) {
      LARDER_ASSERT(result.outcome == Outcome::not_a_number);
      return;
    }
    const bool is_refused = options.only_new || (options.only_greater && wanted <= known->second) ||
                            (options.only_less && wanted >= known->second);
    if (is_refused) {
      LARDER_ASSERT(result.outcome == Outcome::refused || result.outcome == Outcome::unchanged);
      LARDER_ASSERT(set.score(member) == known->second);
      return;
    }
    LARDER_ASSERT(result.outcome ==
                  (wanted == known->second ? Outcome::unchanged : Outcome::changed));
    LARDER_ASSERT(result.score == wanted);
    if (result.outcome == Outcome::changed) put(set, member, wanted);
  }
  void remove(SortedSet& set) {
    if (scores_.empty()) return;
    const std::string member = bytes_.text();
    LARDER_ASSERT(set.remove(member) == scores_.contains(member));
    forget(member);
    LARDER_ASSERT(!set.score(member) && !set.rank(member));
  }
  void remove_range(SortedSet& set) {
    if (scores_.empty()) return;
    const size_t first = bytes_.byte() % scores_.size();
    const size_t count = bytes_.byte() % (scores_.size() - first + 1);
    if (count == 0) return;
    const std::vector<Scored> elements = order();
    set.remove_range({first, count});
    for (size_t i = first; i < first + count; i++) forget(elements[i].second);
  }
  void check_score_range(const SortedSet& set) {
    const uint8_t flags = bytes_.byte();
    const ScoreRange range{score(), score(), (flags & 1) != 0, (flags & 2) != 0};
    std::vector<Scored> expected;
    for (const Scored& element : order_) {
      if (!range.is_below(element.first) && range.is_up_to(element.first))
        expected.push_back(element);
    }
    const RankRange ranks = set.ranks(range);
    LARDER_ASSERT(ranks.count == expected.size());
    if (ranks.count > 0) LARDER_ASSERT(listed(set, ranks) == expected);
  }
  LexBound bound(const std::string& member) {
    const uint8_t kind = bytes_.byte();
    if (kind % 8 == 0) return {LexBound::Kind::lowest};
    if (kind % 8 == 1) return {LexBound::Kind::highest};
    return {LexBound::Kind::member, kind >= 128, member};
  }
  // Among other scores only that it ends, and leaves nothing.
  void check_lex_range(const SortedSet& set) {
    const std::string low = bytes_.text();
    const std::string high = bytes_.text();
    const LexBound min = bound(low);
    const LexRange range{min, bound(high)};
    const RankRange ranks = set.ranks(range);
    LARDER_ASSERT(ranks.count == 0 || ranks.first + ranks.count <= scores_.size());
    if (order_.empty() || order_.begin()->first != order_.rbegin()->first) return;
    std::vector<Scored> expected;
    for (const Scored& element : order_) {
      if (!range.is_below(element.second) && range.is_up_to(element.second))
        expected.push_back(element);
    }
    LARDER_ASSERT(ranks.count == expected.size());
    if (ranks.count > 0) LARDER_ASSERT(listed(set, ranks) == expected);
  }
  void check_same(const SortedSet& set) const {
    const std::vector<Scored> expected = order();
    LARDER_ASSERT(set.size() == expected.size());
    if (expected.empty()) return;
    LARDER_ASSERT(listed(set, set.all()) == expected);
    std::vector<Scored> backwards;
    set.visit_backwards(set.all(), [&](std::string_view member, double value) {
      backwards.emplace_back(value, member);
      return true;
    });
    std::reverse(backwards.begin(), backwards.end());
    LARDER_ASSERT(backwards == expected);
    std::map<std::string, double> scanned;
    uint64_t position = 0;
    do {
      position = set.scan(position, [&](std::string_view member, double value) {
        LARDER_ASSERT(scanned.emplace(member, value).second);
      });
    } while (position != 0);
    LARDER_ASSERT(scanned == scores_);
    for (size_t i = 0; i < expected.size(); i++) {
      const auto ranked = set.rank(expected[i].second);
      LARDER_ASSERT(ranked && ranked->rank == i && ranked->score == expected[i].first);
    }
  }
  // Copied, and built anew out of its elements.
  void check_copies() const {
    if (scores_.empty()) return;
    DetachedPlace copied(Type::sorted_set, limits_);
    SortedSet copy(copied);
    copy.assign(SortedSet(*place_));
    check_same(copy);
    SortedSetBuilder builder;
    for (const auto& [member, value] : scores_) builder.add(member, value);
    builder.sort();
    DetachedPlace built(Type::sorted_set, limits_);
    builder.store(built);
    check_same(SortedSet(built));
  }

  FuzzBytes bytes_;
  TypeLimits limits_;
  std::unique_ptr<DetachedPlace> place_;
  std::map<std::string, double> scores_;
  std::set<Scored> order_;
};

}  // namespace
}  // namespace larder

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  larder::Game(larder::FuzzBytes(data, size)).play();
  return 0;
}
