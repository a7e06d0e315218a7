// The keys that are next to go: the best candidates of all samples so far. A sample of ten keys
// alone is a poor choice; with the sixteen best of those before it, it comes close to looking at
// all keys.
//
// A candidate is remembered by where it lies and by its bits. It is looked up only when it is
// picked; if it is gone, has moved, or was used meanwhile, it is dropped.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "server/keyspace/database.h"

namespace larder {

class EvictionPool {
 public:
  struct Candidate {
    const Entry* entry;  // for comparing only: it may be gone
    Database* database;
    uint64_t position;  // of its bucket
    uint64_t rank;      // where that does not follow from the bits: as it was at the last sight
    uint16_t word;
  };

  static constexpr size_t kKept = 16;
  // How many a sample can add; what is beyond is ignored.
  static constexpr size_t kMostSampled = 64;

  void clear() { count_ = old_ = 0; }
  bool is_empty() const { return count_ == 0; }

  void add(const Candidate& candidate) {
    for (size_t i = 0; i < count_; i++) {
      if (candidates_[i].entry != candidate.entry) continue;
      // It is there; what is known of it may be old, so it counts as new.
      candidates_[i] = candidate;
      if (i < old_) std::swap(candidates_[i], candidates_[--old_]);
      return;
    }
    if (count_ < candidates_.size()) candidates_[count_++] = candidate;
  }

  // Calls `visit(Candidate&)` for those that were added since the last take_best, for the first
  // time or again.
  template <class Visit>
  void visit_new(Visit&& visit) {
    for (size_t i = old_; i < count_; i++) visit(candidates_[i]);
  }

  // Takes out the candidate with the largest `score(const Candidate&)`, below 2^56. Of the others
  // the best stay. Not from an empty pool.
  template <class Score>
  Candidate take_best(Score&& score) {
    // Scores with the candidates' places in the low bits, so that only numbers are sorted.
    std::array<uint64_t, kKept + kMostSampled> ranked{};
    for (size_t i = 0; i < count_; i++) ranked[i] = (score(candidates_[i]) << 8) | i;
    const auto end = ranked.begin() + static_cast<std::ptrdiff_t>(count_);
    const auto best_of = [&](auto place) { return candidates_[*place & 0xff]; };
    std::iter_swap(ranked.begin(), std::max_element(ranked.begin(), end));
    const Candidate best = best_of(ranked.begin());
    const size_t kept = std::min(count_ - 1, kKept);
    const auto first_lost = ranked.begin() + 1 + static_cast<std::ptrdiff_t>(kept);
    if (first_lost < end) std::nth_element(ranked.begin() + 1, first_lost, end, std::greater<>());
    std::array<Candidate, kKept> next;
    for (size_t i = 0; i < kept; i++)
      next[i] = best_of(ranked.begin() + 1 + static_cast<std::ptrdiff_t>(i));
    std::copy_n(next.begin(), kept, candidates_.begin());
    count_ = old_ = kept;
    return best;
  }

 private:
  std::array<Candidate, kKept + kMostSampled> candidates_{};
  size_t count_ = 0;
  size_t old_ = 0;  // how many, the first, were there before the last sample and not seen in it
};

}  // namespace larder
