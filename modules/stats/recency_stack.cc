#include "modules/stats/recency_stack.h"

#include <algorithm>

namespace larder {

void RecencyStack::use(uint32_t key, uint64_t bytes) {
  if (key >= places_.size()) places_.resize(key + size_t{1});
  Place& place = places_[key];
  // What was used last and is used again, as by a GET that misses and the SET behind it.
  if (place.position != kNowhere && place.position + size_t{1} == next_) {
    add(place.position, bytes - place.bytes);
    place.bytes = bytes;
    return;
  }
  remove(key);
  if (next_ == owners_.size()) move_together();
  place.position = static_cast<uint32_t>(next_++);
  place.bytes = bytes;
  owners_[place.position] = key;
  count_++;
  add(place.position, bytes);
}

void RecencyStack::remove(uint32_t key) {
  if (!has(key)) return;
  Place& place = places_[key];
  add(place.position, 0 - place.bytes);
  owners_[place.position] = kNobody;
  place.position = kNowhere;
  count_--;
}

uint64_t RecencyStack::depth(uint32_t key) const {
  return total_ - sum_before(places_[key].position);
}

void RecencyStack::add(size_t position, uint64_t bytes) {
  total_ += bytes;
  for (size_t at = position + 1; at < sums_.size(); at += at & (~at + 1)) sums_[at] += bytes;
}

uint64_t RecencyStack::sum_before(size_t position) const {
  uint64_t sum = 0;
  for (size_t at = position; at > 0; at &= at - 1) sum += sums_[at];
  return sum;
}

// Half of the positions are free behind it.
void RecencyStack::move_together() {
  std::vector<uint32_t> keys;
  keys.reserve(count_);
  std::ranges::copy_if(owners_, std::back_inserter(keys),
                       [](uint32_t key) { return key != kNobody; });
  owners_.assign(std::max(kLeastPositions, count_ * 2), kNobody);
  sums_.assign(owners_.size() + 1, 0);
  total_ = 0;
  next_ = 0;
  for (const uint32_t key : keys) {
    places_[key].position = static_cast<uint32_t>(next_);
    owners_[next_] = key;
    add(next_++, places_[key].bytes);
  }
}

}  // namespace larder
