// The small form of a sorted set: a packed list (packed_list.h) of members, each with its score behind
// it, in their order.
//
//   +-------+--------+-------+--------+-------+-----+
//   | count | member | score | member | score | ... |   a whole score is a packed number, any other a
//   | u16   |        |       |        |       |     |   double; count: of members
//   +-------+--------+-------+--------+-------+-----+
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "server/structures/packed_list.h"
#include "server/types/sorted_set_range.h"

namespace larder {

// Reading. Does not own the bytes; no bytes at all are an empty set.
class PackedSortedSet {
 public:
  // A member and its score, as they lie there.
  struct Pair {
    const char* at;
    size_t rank;

    const char* score_entry() const { return packed::next(at); }
    double score() const { return PackedEntry(score_entry()).number(); }
    const char* end() const { return packed::next(score_entry()); }
  };

  explicit PackedSortedSet(std::string_view bytes) : list_(bytes) {}

  size_t size() const { return list_.count(); }
  std::optional<Pair> find(const PackedText& member) const;
  // Where the pair begins that a member with this score belongs in front of; or the end.
  const char* place_for(double score, std::string_view member) const;
  // Where the pair of this rank begins; that of rank size(): the end.
  const char* pair_at(size_t rank) const { return list_.at(rank * 2); }
  size_t offset_of(const char* entry) const { return list_.offset_of(entry); }

  RankRange ranks(const ScoreRange& range) const {
    return ranks_where([&](const char*, double score) { return range.is_below(score); },
                       [&](const char*, double score) { return range.is_up_to(score); });
  }
  RankRange ranks(const LexRange& range) const {
    PackedEntry::Digits digits;
    const auto text = [&](const char* member) { return PackedEntry(member).text(digits); };
    return ranks_where([&](const char* member, double) { return range.is_below(text(member)); },
                       [&](const char* member, double) { return range.is_up_to(text(member)); });
  }

  // `visit(std::string_view member, double score)` returns whether to go on.
  template <class Visit>
  void visit(RankRange range, Visit&& visit) const {
    const char* at = pair_at(range.first);
    for (size_t i = 0; i < range.count; i++) {
      const Pair pair{at, range.first + i};
      if (!visit_pair(pair.at, visit)) return;
      at = pair.end();
    }
  }
  // From the last of the range to its first. Entries are read forwards only: remembers where each is.
  template <class Visit>
  void visit_backwards(RankRange range, Visit&& visit) const {
    std::vector<const char*> pairs;
    pairs.reserve(range.count);
    const char* at = pair_at(range.first);
    for (size_t i = 0; i < range.count; i++) {
      pairs.push_back(at);
      at = Pair{at, 0}.end();
    }
    for (size_t i = pairs.size(); i > 0; i--) {
      if (!visit_pair(pairs[i - 1], visit)) return;
    }
  }

 private:
  template <class Visit>
  static bool visit_pair(const char* at, Visit&& visit) {
    PackedEntry::Digits digits;
    return visit(PackedEntry(at).text(digits), Pair{at, 0}.score());
  }

  // The pairs from the first that is not below the range to the last in a row that is not above it.
  template <class IsBelow, class IsUpTo>
  RankRange ranks_where(IsBelow&& is_below, IsUpTo&& is_up_to) const {
    RankRange range;
    for (const char* at = list_.begin(); at != list_.end();) {
      const Pair pair{at, 0};
      const double score = pair.score();
      if (range.count == 0 && is_below(at, score)) {
        range.first++;
      } else if (is_up_to(at, score)) {
        range.count++;
      } else {
        break;
      }
      at = pair.end();
    }
    return range;
  }

  PackedList list_;
};

}  // namespace larder
