#include "server/types/large_sorted_set.h"

#include <algorithm>

#include "server/base/allocator.h"

namespace larder {

ScoredElement* ScoredElement::create(std::string_view member, double score) {
  auto* element = static_cast<ScoredElement*>(allocate(allocated_bytes(member.size())));
  element->score_ = score;
  const bool is_long = member.size() >= kLong;
  element->short_length_ = is_long ? kLong : static_cast<uint8_t>(member.size());
  char* bytes = reinterpret_cast<char*>(element) + kHeader;
  if (is_long) {
    const uint64_t length = member.size();
    std::memcpy(bytes, &length, sizeof(length));
    bytes += sizeof(length);
  }
  if (!member.empty()) std::memcpy(bytes, member.data(), member.size());
  return element;
}

void ScoredElement::destroy(ScoredElement* element) {
  deallocate(element, element->allocated_bytes());
}

ScoredElement* LargeSortedSet::find(uint64_t hash, std::string_view member) const {
  const auto* slot =
      members_.find(hash, [&](const ScoredElement& element) { return element.member() == member; });
  return slot == nullptr ? nullptr : slot->get();
}

RankRange LargeSortedSet::ranks(const ScoreRange& range) const {
  const size_t first = order_.count_before(
      [&](double score, const ScoredElement&) { return range.is_below(score); });
  const size_t end = order_.count_before(
      [&](double score, const ScoredElement&) { return range.is_up_to(score); });
  return {first, end > first ? end - first : 0};
}

RankRange LargeSortedSet::ranks(const LexRange& range) const {
  const size_t first = order_.count_before(
      [&](double, const ScoredElement& element) { return range.is_below(element.member()); });
  const size_t end = order_.count_before(
      [&](double, const ScoredElement& element) { return range.is_up_to(element.member()); });
  return {first, end > first ? end - first : 0};
}

void LargeSortedSet::add(uint64_t hash, std::string_view member, double score) {
  ScoredElement* element = ScoredElement::create(member, score);
  members_.insert(hash, element);
  order_.insert(element);
}

void LargeSortedSet::adopt(ScoredElement* element) {
  // A table that was taken over has more elements than the order until the last one is adopted.
  if (members_.size() == order_.size()) members_.insert(hash_bytes(element->member()), element);
  order_.push_back(element);
}

void LargeSortedSet::set_score(ScoredElement& element, double score) {
  order_.move(element, [&](ScoredElement& moved) { moved.set_score(score); });
}

bool LargeSortedSet::remove(uint64_t hash, std::string_view member) {
  auto* slot =
      members_.find(hash, [&](const ScoredElement& element) { return element.member() == member; });
  if (slot == nullptr) return false;
  order_.erase(*slot->get());
  ScoredElement::destroy(members_.erase(hash, slot));
  return true;
}

void LargeSortedSet::remove_range(RankRange range) {
  order_.erase_range(range.first, range.count, [&](ScoredElement* element) {
    const uint64_t hash = hash_bytes(element->member());
    members_.erase(
        hash, members_.find(hash, [&](const ScoredElement& other) { return &other == element; }));
    ScoredElement::destroy(element);
  });
}

size_t LargeSortedSet::memory(size_t samples) const {
  const size_t looked_at = samples == 0 ? size() : std::min(samples, size());
  size_t bytes = 0;
  visit({0, looked_at}, [&](const ScoredElement& element) {
    bytes += allocation_size(element.allocated_bytes());
    return true;
  });
  if (looked_at > 0 && looked_at < size()) {
    const double mean = static_cast<double>(bytes) / static_cast<double>(looked_at);
    bytes = static_cast<size_t>(mean * static_cast<double>(size()));
  }
  return bytes + allocation_size(sizeof(*this)) + members_.memory() + order_.memory();
}

bool LargeSortedSet::drain(Deadline deadline) {
  const auto dispose = [](auto& slot) { ScoredElement::destroy(slot.get()); };
  return members_.drain(dispose, deadline) && order_.drain(deadline);
}

// The tree finds an element by its score and its member, so that the copy has to be in its place before
// the element goes.
uint64_t LargeSortedSet::move_elements(uint64_t position, AllocationMover& mover) {
  members_.move_segment(position, [&](void* memory, size_t bytes, size_t alignment) {
    return mover.move_if_sparse(memory, bytes, alignment);
  });
  return members_.visit_segment<true>(position, [&](MemberTable::Slot& slot) {
    ScoredElement* element = slot.get();
    if (!mover.should_move(element)) return;
    const size_t bytes = element->allocated_bytes();
    auto* copy = static_cast<ScoredElement*>(mover.copy(element, bytes));
    order_.replace(*element, copy);
    slot.set(copy);
    mover.release(element, bytes);
  });
}

}  // namespace larder
