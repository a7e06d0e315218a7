// A sorted set in the making: what the algebras and ZRANGESTORE gather, in any order, before it is
// answered or stored. It keeps copies, so that the key it is stored under may be one of its sources.
#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

#include "server/types/sorted_set.h"

namespace larder {

class SortedSetBuilder {
 public:
  SortedSetBuilder() = default;
  ~SortedSetBuilder();
  SortedSetBuilder(const SortedSetBuilder&) = delete;
  SortedSetBuilder& operator=(const SortedSetBuilder&) = delete;

  size_t size() const { return elements_.size(); }

  // A member that is not there yet.
  void add(std::string_view member, double score) {
    append(ScoredElement::create(member, score));
  }
  // A member that may be there; `combine(double present, double score)` returns the score that it has
  // then. All members of a builder are given by this function, or all by add.
  template <class Combine>
  void combine(std::string_view member, double score, Combine&& combine) {
    const uint64_t hash = hash_bytes(member);
    const auto* slot = index_.find(
        hash, [&](const ScoredElement& element) { return element.member() == member; });
    if (slot != nullptr) return slot->get()->set_score(combine(slot->get()->score(), score));
    add(member, score);
    index_.insert(hash, elements_.back());
  }

  // Of a builder that combine fills.
  bool contains(std::string_view member) const {
    return index_.find(hash_bytes(member), [&](const ScoredElement& element) {
      return element.member() == member;
    }) != nullptr;
  }

  // Puts the elements in order; to be called before those below.
  void sort();
  // `visit(std::string_view member, double score)` returns whether to go on.
  template <class Visit>
  void visit(Visit&& visit) const {
    for (const ScoredElement* element : elements_) {
      if (!visit(element->member(), element->score())) return;
    }
  }
  // Gives the set, which is not empty, to a place that has no value, in the form that the limits ask for.
  // The builder is empty afterwards.
  void store(ValuePlace& place);

 private:
  void append(ScoredElement* element) {
    elements_.push_back(element);
    member_bytes_ += element->member().size();
    longest_member_ = std::max(longest_member_, element->member().size());
  }
  void store_packed(ValuePlace& place);
  void store_large(ValuePlace& place, uint8_t encoding);
  void clear();

  std::vector<ScoredElement*> elements_;
  LargeSortedSet::MemberTable index_;  // of combine
  size_t member_bytes_ = 0;
  size_t longest_member_ = 0;
};

}  // namespace larder
