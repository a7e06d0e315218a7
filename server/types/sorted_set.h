// The sorted set type: members, each once, ordered by their scores and among equal scores by their
// bytes.
//
// Two forms: packed into the entry while small (packed_sorted_set.h), else an object on the heap
// (large_sorted_set.h). OBJECT ENCODING answers "listpack" up to the limits of zset-max-listpack-*,
// even where such a set is too large for its entry, and "skiplist" above.
#pragma once

#include <optional>
#include <string_view>

#include "server/types/large_sorted_set.h"
#include "server/types/packed_sorted_set.h"
#include "server/types/value.h"

namespace larder {

class SortedSetBuilder;

class SortedSet {
 public:
  static constexpr Type kType = Type::sorted_set;
  // The most bytes that lie in the entry itself, whatever the limits say.
  static constexpr size_t kMaxPacked = 16 * 1024;

  explicit SortedSet(ValueView view) : view_(view) {}
  explicit SortedSet(ValuePlace& place) : view_{}, place_(&place) {}

  // --- Reading ---
  size_t size() const;
  bool empty() const { return size() == 0; }
  std::string_view encoding_name() const;
  size_t memory(size_t samples) const;

  std::optional<double> score(std::string_view member) const;
  struct Ranked {
    size_t rank;
    double score;
  };
  std::optional<Ranked> rank(std::string_view member) const;
  // The elements in a range; where it begins if there are none is of no meaning. Cost: O(log n).
  RankRange ranks(const ScoreRange& range) const;
  RankRange ranks(const LexRange& range) const;
  RankRange all() const { return {0, size()}; }
  // The elements of a range in their order. `visit(std::string_view member, double score)` returns
  // whether to go on; the member is valid during the call.
  template <class Visit>
  void visit(RankRange range, Visit&& visit) const;
  // The same from the last to the first.
  template <class Visit>
  void visit_backwards(RankRange range, Visit&& visit) const;
  // A step of ZSCAN: see HashTable::scan. A small set is visited in one step.
  template <class Visit>
  uint64_t scan(uint64_t position, Visit&& visit) const;
  // See prefetch_element in value.h.
  uint64_t prefetch(std::string_view member) const {
    if (is_packed(view())) return 0;
    const uint64_t hash = hash_bytes(member);
    large_set(view()).prefetch_bucket(hash);
    return hash;
  }
  void prefetch(uint64_t hash) const { large_set(view()).prefetch_element(hash); }

  // --- Changing; only through an Edit ---
  struct AddOptions {
    bool only_new = false;
    bool only_present = false;
    bool only_greater = false;  // of those that are present
    bool only_less = false;
    bool is_increment = false;  // the score is added to the present one
    // How many elements the caller is about to add.
    size_t expected = 1;
  };
  struct AddResult {
    enum Outcome { added, changed, unchanged, refused, not_a_number };
    Outcome outcome;
    double score;  // that the member has now; nothing if the options refused it
  };
  // Adds a member or changes its score, which must not be a NaN.
  AddResult add(std::string_view member, double score, const AddOptions& options);
  AddResult add(std::string_view member, double score) { return add(member, score, {}); }
  // Whether the member was there.
  bool remove(std::string_view member);
  void remove_range(RankRange range);
  void assign(const SortedSet& other);

  // Whether the place holds the address of an object on the heap.
  static bool has_object(ValueView value) { return !is_packed(value); }
  static bool is_heavy(ValueView view);
  static bool drain(ValueView view, Deadline deadline);
  static uint64_t move_parts(ValueView value, AllocationMover& mover, uint64_t position);

 private:
  friend class SortedSetBuilder;
  // kLargeListpack: on the heap, though the limits call it a listpack.
  enum Encoding : uint8_t { kPacked = 0, kLarge = 1, kLargeListpack = 2 };

  static bool is_packed(ValueView view) {
    return view.encoding == kPacked || view.encoding == kNoValue;
  }
  static PackedSortedSet packed_set(ValueView view) {
    return PackedSortedSet({view.data, view.size});
  }
  static LargeSortedSet& large_set(ValueView view) { return *load_object<LargeSortedSet>(view); }
  ValueView view() const { return place_ == nullptr ? view_ : place_->view(); }

  bool fits_listpack(size_t size, std::string_view member) const;
  void leave_listpack(size_t size, std::string_view member);
  void make_large(uint8_t encoding);
  void insert_packed(const PackedText& packed, std::string_view member, double score);
  void erase_packed(RankRange range);

  ValueView view_;
  ValuePlace* place_ = nullptr;
};

template <class Visit>
void SortedSet::visit(RankRange range, Visit&& visit) const {
  const ValueView value = view();
  if (is_packed(value)) return packed_set(value).visit(range, visit);
  large_set(value).visit(range, [&](const ScoredElement& element) {
    return visit(element.member(), element.score());
  });
}

template <class Visit>
void SortedSet::visit_backwards(RankRange range, Visit&& visit) const {
  const ValueView value = view();
  if (is_packed(value)) return packed_set(value).visit_backwards(range, visit);
  large_set(value).visit_backwards(range, [&](const ScoredElement& element) {
    return visit(element.member(), element.score());
  });
}

template <class Visit>
uint64_t SortedSet::scan(uint64_t position, Visit&& visit) const {
  const ValueView value = view();
  if (!is_packed(value)) {
    return large_set(value).scan(
        position, [&](const ScoredElement& element) { visit(element.member(), element.score()); });
  }
  packed_set(value).visit(all(), [&](std::string_view member, double score) {
    visit(member, score);
    return true;
  });
  return 0;
}

}  // namespace larder
