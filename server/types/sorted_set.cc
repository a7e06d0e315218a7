#include "server/types/sorted_set.h"

#include <cmath>

namespace larder {
namespace {

// Up to so many elements are freed at once.
constexpr size_t kLightElements = 64;

using AddOptions = SortedSet::AddOptions;
using AddResult = SortedSet::AddResult;

// What becomes of a member that is there.
AddResult change_of(double old_score, double score, const AddOptions& options) {
  if (options.only_new) return {AddResult::refused, old_score};
  if (options.is_increment) score += old_score;
  if (std::isnan(score)) return {AddResult::not_a_number, old_score};
  if ((options.only_less && score >= old_score) || (options.only_greater && score <= old_score)) {
    return {AddResult::refused, old_score};
  }
  return {score == old_score ? AddResult::unchanged : AddResult::changed, score};
}

}  // namespace

size_t SortedSet::size() const {
  const ValueView value = view();
  return is_packed(value) ? packed_set(value).size() : large_set(value).size();
}

std::string_view SortedSet::encoding_name() const {
  return view().encoding == kLarge ? "skiplist" : "listpack";
}

size_t SortedSet::memory(size_t samples) const {
  const ValueView value = view();
  return is_packed(value) ? 0 : large_set(value).memory(samples);
}

std::optional<double> SortedSet::score(std::string_view member) const {
  const ValueView value = view();
  if (is_packed(value)) {
    const auto pair = packed_set(value).find(PackedText(member));
    return pair ? std::optional(pair->score()) : std::nullopt;
  }
  const ScoredElement* element = large_set(value).find(hash_bytes(member), member);
  return element != nullptr ? std::optional(element->score()) : std::nullopt;
}

std::optional<SortedSet::Ranked> SortedSet::rank(std::string_view member) const {
  const ValueView value = view();
  if (is_packed(value)) {
    const auto pair = packed_set(value).find(PackedText(member));
    if (!pair) return std::nullopt;
    return Ranked{pair->rank, pair->score()};
  }
  const LargeSortedSet& large = large_set(value);
  const ScoredElement* element = large.find(hash_bytes(member), member);
  if (element == nullptr) return std::nullopt;
  return Ranked{large.rank(*element), element->score()};
}

RankRange SortedSet::ranks(const ScoreRange& range) const {
  const ValueView value = view();
  return is_packed(value) ? packed_set(value).ranks(range) : large_set(value).ranks(range);
}

RankRange SortedSet::ranks(const LexRange& range) const {
  const ValueView value = view();
  return is_packed(value) ? packed_set(value).ranks(range) : large_set(value).ranks(range);
}

AddResult SortedSet::add(std::string_view member, double score, const AddOptions& options) {
  if (is_packed(view())) {
    const PackedText packed(member);
    const auto pair = packed_set(view()).find(packed);
    if (!pair && options.only_present) return {AddResult::refused, score};
    const AddResult result =
        pair ? change_of(pair->score(), score, options) : AddResult{AddResult::added, score};
    if (result.outcome != AddResult::added && result.outcome != AddResult::changed) return result;
    if (pair) {
      erase_packed({pair->rank, 1});
    } else {
      leave_listpack(std::max(size() + 1, options.expected), member);
    }
    if (is_packed(view())) {
      insert_packed(packed, member, result.score);
      return result;
    }
  }
  const uint64_t hash = hash_bytes(member);
  ScoredElement* element = large_set(view()).find(hash, member);
  if (element == nullptr) {
    if (options.only_present) return {AddResult::refused, score};
    leave_listpack(size() + 1, member);
    large_set(view()).add(hash, member, score);
    return {AddResult::added, score};
  }
  const AddResult result = change_of(element->score(), score, options);
  if (result.outcome == AddResult::changed) large_set(view()).set_score(*element, result.score);
  return result;
}

bool SortedSet::remove(std::string_view member) {
  const ValueView value = view();
  if (!is_packed(value)) return large_set(value).remove(hash_bytes(member), member);
  const auto pair = packed_set(value).find(PackedText(member));
  if (pair) erase_packed({pair->rank, 1});
  return pair.has_value();
}

void SortedSet::remove_range(RankRange range) {
  if (range.count == 0) return;
  const ValueView value = view();
  if (is_packed(value)) return erase_packed(range);
  large_set(value).remove_range(range);
}

void SortedSet::assign(const SortedSet& other) {
  const ValueView value = other.view();
  if (is_packed(value)) {
    std::memcpy(place_->resize(value.size, kPacked), value.data, value.size);
    return;
  }
  auto* copy = new LargeSortedSet;
  other.visit(other.all(), [&](std::string_view member, double score) {
    copy->push_back(member, score);
    return true;
  });
  store_object(*place_, copy, value.encoding);
}

bool SortedSet::is_heavy(ValueView view) {
  return !is_packed(view) && large_set(view).size() > kLightElements;
}

bool SortedSet::drain(ValueView view, Deadline deadline) {
  if (is_packed(view)) return true;
  LargeSortedSet& large = large_set(view);
  if (!large.drain(deadline)) return false;
  delete &large;
  return true;
}

bool SortedSet::fits_listpack(size_t size, std::string_view member) const {
  const TypeLimits& limits = place_->limits();
  return size <= limits.zset_max_listpack_entries &&
         member.size() <= limits.zset_max_listpack_value;
}

// Gives up the small form, or its name, where a new member makes the set too large for it.
void SortedSet::leave_listpack(size_t size, std::string_view member) {
  const ValueView value = view();
  if (value.encoding == kLarge) return;
  const bool fits = fits_listpack(size, member);
  if (is_packed(value)) {
    const size_t bytes = value.size + member.size() + 2 * packed::kMaxHead;
    if (!fits || bytes > kMaxPacked) make_large(fits ? kLargeListpack : kLarge);
  } else if (!fits) {
    place_->resize(sizeof(LargeSortedSet*), kLarge);
  }
}

void SortedSet::make_large(uint8_t encoding) {
  auto* large = new LargeSortedSet;
  visit(all(), [&](std::string_view member, double score) {
    large->push_back(member, score);
    return true;
  });
  store_object(*place_, large, encoding);
}

void SortedSet::insert_packed(const PackedText& packed, std::string_view member, double score) {
  const PackedText packed_score = PackedText::of_double(score);
  const PackedSortedSet set = packed_set(view());
  PlaceBuffer buffer(*place_, kPacked);
  const size_t offset = set.offset_of(set.place_for(score, member));
  packed_score.write(
      packed.write(splice(buffer, offset, 0, packed.size() + packed_score.size(), 1)));
}

void SortedSet::erase_packed(RankRange range) {
  const PackedSortedSet set = packed_set(view());
  const char* begin = set.pair_at(range.first);
  const char* end = begin;
  for (size_t i = 0; i < range.count; i++) end = PackedSortedSet::Pair{end, 0}.end();
  PlaceBuffer buffer(*place_, kPacked);
  splice(buffer, set.offset_of(begin), static_cast<size_t>(end - begin), 0,
         -static_cast<int>(range.count));
}

uint64_t SortedSet::move_parts(ValueView value, AllocationMover& mover, uint64_t position) {
  if (is_packed(value)) return 0;
  return large_set(value).move_elements(position, mover);
}

}  // namespace larder
