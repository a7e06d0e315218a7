#include "server/types/sorted_set_builder.h"

namespace larder {
namespace {

// Beside its element, so that sorting reads elements only where scores are equal.
struct Scored {
  double score;
  ScoredElement* element;
};

bool comes_first(const Scored& left, const Scored& right) {
  if (left.score != right.score) return left.score < right.score;
  return left.element->member() < right.element->member();
}

}  // namespace

SortedSetBuilder::~SortedSetBuilder() { clear(); }

void SortedSetBuilder::clear() {
  for (ScoredElement* element : elements_) ScoredElement::destroy(element);
  elements_.clear();
}

void SortedSetBuilder::sort() {
  std::vector<Scored> order;
  order.reserve(elements_.size());
  for (ScoredElement* element : elements_) order.push_back({element->score(), element});
  std::sort(order.begin(), order.end(), comes_first);
  for (size_t i = 0; i < order.size(); i++) elements_[i] = order[i].element;
}

void SortedSetBuilder::store(ValuePlace& place) {
  const TypeLimits& limits = place.limits();
  const bool fits = size() <= limits.zset_max_listpack_entries &&
                    longest_member_ <= limits.zset_max_listpack_value;
  const size_t most_bytes = member_bytes_ + 2 * packed::kMaxHead * size();
  if (fits && most_bytes <= SortedSet::kMaxPacked) {
    store_packed(place);
  } else {
    store_large(place, fits ? SortedSet::kLargeListpack : SortedSet::kLarge);
  }
}

void SortedSetBuilder::store_packed(ValuePlace& place) {
  size_t bytes = PackedList::kHeader;
  for (const ScoredElement* element : elements_) {
    bytes += PackedText(element->member()).size() + PackedText::of_double(element->score()).size();
  }
  char* to = place.resize(bytes, SortedSet::kPacked);
  const auto count = static_cast<uint16_t>(size());
  std::memcpy(to, &count, sizeof(count));
  to += sizeof(count);
  for (const ScoredElement* element : elements_) {
    to = PackedText(element->member()).write(to);
    to = PackedText::of_double(element->score()).write(to);
  }
  clear();
}

void SortedSetBuilder::store_large(ValuePlace& place, uint8_t encoding) {
  auto* large = new LargeSortedSet(std::move(index_));
  for (ScoredElement* element : elements_) large->adopt(element);
  elements_.clear();
  store_object(place, large, encoding);
}

}  // namespace larder
