// The large form of a sorted set: each element one allocation, found by its member through a hash
// table and by its place in the order through a tree.
//
//   element
//   0       8        9
//   +-------+--------+---------------------+
//   | score | length | bytes of the member |
//   | f64   | u8     |                     |
//   +-------+--------+---------------------+
//
// A member of 255 bytes or more has 255 there, and its length as a u64 in front of its bytes.
//
// A member of 12 bytes takes 32 for its element, 12.8 in the table and 10 in the tree.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

#include "server/base/allocation_mover.h"
#include "server/base/clock.h"
#include "server/base/hash.h"
#include "server/structures/hash_table.h"
#include "server/structures/ordered_tree.h"
#include "server/types/sorted_set_range.h"

namespace larder {

// A member with its score, as the large form keeps it. Made and freed by create and destroy only.
class ScoredElement {
 public:
  static ScoredElement* create(std::string_view member, double score);
  static void destroy(ScoredElement* element);

  double score() const { return score_; }
  void set_score(double score) { score_ = score; }
  std::string_view member() const {
    if (short_length_ != kLong) [[likely]]
      return {bytes(), short_length_};
    uint64_t length;
    std::memcpy(&length, bytes(), sizeof(length));
    return {bytes() + sizeof(length), length};
  }
  // What was asked of the allocator.
  size_t allocated_bytes() const { return allocated_bytes(member().size()); }

 private:
  static constexpr uint8_t kLong = 255;
  static constexpr size_t kHeader = sizeof(double) + sizeof(uint8_t);

  // Never less than the compiler's idea of the object, which is the allocator's smallest class
  // here.
  static size_t allocated_bytes(size_t length) {
    const size_t bytes = kHeader + (length < kLong ? 0 : sizeof(uint64_t)) + length;
    return bytes < sizeof(ScoredElement) ? sizeof(ScoredElement) : bytes;
  }
  const char* bytes() const { return reinterpret_cast<const char*>(this) + kHeader; }

  double score_;
  uint8_t short_length_;
};

class LargeSortedSet {
 public:
  struct MemberTraits {
    static uint64_t hash(const ScoredElement& element) { return hash_bytes(element.member()); }
  };
  using MemberTable = HashTable<ScoredElement, MemberTraits>;

  LargeSortedSet() = default;
  // Takes over a table of elements, or an empty one; adopt is to be called with every element then.
  explicit LargeSortedSet(MemberTable members) : members_(std::move(members)) {}
  ~LargeSortedSet() { drain(Deadline::never()); }
  LargeSortedSet(const LargeSortedSet&) = delete;
  LargeSortedSet& operator=(const LargeSortedSet&) = delete;

  size_t size() const { return members_.size(); }

  // The element of a member, or nullptr. `hash`: hash_bytes of the member.
  ScoredElement* find(uint64_t hash, std::string_view member) const;
  // Ask for the memory of the element with this hash, in two steps.
  void prefetch_bucket(uint64_t hash) const { members_.prefetch_bucket(hash); }
  void prefetch_element(uint64_t hash) const { members_.prefetch_element(hash); }
  size_t rank(const ScoredElement& element) const { return order_.rank(element); }
  RankRange ranks(const ScoreRange& range) const;
  RankRange ranks(const LexRange& range) const;
  // `visit(const ScoredElement&)` returns whether to go on.
  template <class Visit>
  void visit(RankRange range, Visit&& visit) const {
    order_.visit(range.first, range.count, visit);
  }
  // From the last of the range to its first.
  template <class Visit>
  void visit_backwards(RankRange range, Visit&& visit) const {
    if (range.count > 0) order_.visit_backwards(range.first + range.count - 1, range.count, visit);
  }
  // A step of a scan in no particular order: see HashTable::scan.
  template <class Visit>
  uint64_t scan(uint64_t position, Visit&& visit) const {
    return members_.scan(position, [&](const auto& slot) { visit(*slot.get()); });
  }

  // A member that is not there yet.
  void add(uint64_t hash, std::string_view member, double score);
  // The same for one whose place is behind all others.
  void push_back(std::string_view member, double score) {
    adopt(ScoredElement::create(member, score));
  }
  // Takes over an element behind all others, which may be in the table already.
  void adopt(ScoredElement* element);
  void set_score(ScoredElement& element, double score);
  // Whether the member was there.
  bool remove(uint64_t hash, std::string_view member);
  void remove_range(RankRange range);

  // Bytes of everything; elements by the mean of the first `samples`, 0: of all.
  size_t memory(size_t samples) const;
  // A step of a walk over everything, of up to 768 elements: moves those that lie in sparse slabs.
  // Returns the position of the next step; 0 behind the last.
  uint64_t move_elements(uint64_t position, AllocationMover& mover);
  // Frees until the deadline passes; returns whether all is gone. See HashTable::drain.
  bool drain(Deadline deadline);

 private:
  struct OrderTraits {
    static double score(const ScoredElement& element) { return element.score(); }
    static bool precedes(const ScoredElement& left, const ScoredElement& right) {
      return left.member() < right.member();
    }
  };

  MemberTable members_;
  OrderedTree<ScoredElement, OrderTraits> order_;
};

}  // namespace larder
