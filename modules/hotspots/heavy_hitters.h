// The names that weigh most in a stream, in bounded memory.
//
// Space-Saving (Metwally, Agrawal, El Abbadi, "Efficient computation of frequent and top-k elements
// in data streams", 2005) with randomized admission (Ben Basat, Chen, Einziger, Friedman, Kassner,
// "Randomized admission policy for efficient top-k, frequency, and volume estimation", 2019): it
// keeps a count for so many names. A name that is not among them takes the place of the least, and
// adds to its count, but only with the probability weight / (least count + weight). Its count is
// true in the mean, and of a long tail of names nearly none gets in, where Space-Saving would let
// each push another out: the least counts stay small, and the counts of all are closer to the truth
// for the same memory.
//
// Why not HeavyKeeper, which Redis 8.6 has: it counts in a matrix of fingerprints and needs a
// second structure for the names; what belongs to a name (hits, time, bytes) would have no place to
// grow in. Why not plain Space-Saving: with 256 counts and a stream whose names are mostly new,
// each of its counts is too large by up to a 256th of everything.
//
// Weights are real numbers, so that counts can fade: see Fading. Names are told apart by a hash of
// 64 bits with the server's secret. A name that has more than about a `capacity`-th of the weight
// is kept; the larger its part, the closer its count.
//
// Cost: of a name that is known, a look-up and on average about one step in a heap of logarithmic
// height; of one that is not, a look-up and a random number. Memory: about 100 bytes for each of
// `capacity` names and the first kMaxName bytes of it.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/random.h"

namespace larder {

// `Figures`: what is kept of each name besides its count; begins as Figures(), and has
// scale(double).
template <class Figures>
class HeavyHitters {
 public:
  static constexpr size_t kMaxName = 512;
  static constexpr size_t kMaxCapacity = 16'384;

  struct Entry {
    std::string name;  // no more than its first kMaxName bytes
    uint64_t hash = 0;
    double count = 0;
    // What the count was when the name took the place of another: its true count is below
    // `count`, and not below `count - inherited` but for fading.
    double inherited = 0;
    Figures figures{};

   private:
    friend class HeavyHitters;
    uint16_t heap_place = 0;
  };

  HeavyHitters(size_t capacity, uint64_t seed)
      : capacity_(std::clamp<size_t>(capacity, 1, kMaxCapacity)),
        slots_(std::bit_ceil(2 * capacity_), kEmpty),
        random_(seed) {}

  // Adds to the name's count. Returns the entry, whose figures are the caller's to add to, until
  // the next call; nullptr: the name is none of the kept.
  Entry* add(std::string_view name, uint64_t hash, double weight) {
    total_ += weight;
    size_t slot = slot_of(hash);
    if (slots_[slot] != kEmpty) {
      Entry& entry = entries_[slots_[slot]];
      entry.count += weight;
      sink(entry.heap_place);
      return &entry;
    }
    if (entries_.size() < capacity_) {
      const auto index = static_cast<uint16_t>(entries_.size());
      entries_.emplace_back();
      heap_.push_back(index);
      entries_[index].heap_place = index;
      start(entries_[index], name, hash, 0, weight);
      slots_[slot] = index;
      rise(entries_[index].heap_place);
      return &entries_[index];
    }
    const uint16_t least = heap_[0];
    Entry& entry = entries_[least];
    if (chance() * (entry.count + weight) >= weight) return nullptr;
    remove_from_slots(entry.hash);
    start(entry, name, hash, entry.count, weight);
    slots_[slot_of(hash)] = least;
    sink(0);
    return &entry;
  }

  // nullptr: the name is none of the kept.
  Entry* find(uint64_t hash) {
    const size_t slot = slot_of(hash);
    return slots_[slot] == kEmpty ? nullptr : &entries_[slots_[slot]];
  }
  const Entry* find(uint64_t hash) const { return const_cast<HeavyHitters*>(this)->find(hash); }

  // In no order.
  const std::vector<Entry>& entries() const { return entries_; }
  // Up to so many, the one with the largest `measure(entry)` first.
  template <class Measure>
  std::vector<const Entry*> top(size_t count, Measure&& measure) const {
    std::vector<const Entry*> sorted;
    for (const Entry& entry : entries_) sorted.push_back(&entry);
    // Equals in the order of their names, so that two reports agree.
    const auto is_before = [&](const Entry* left, const Entry* right) {
      const double difference = measure(*left) - measure(*right);
      return difference != 0 ? difference > 0 : left->name < right->name;
    };
    count = std::min(count, sorted.size());
    std::partial_sort(sorted.begin(), sorted.begin() + static_cast<ptrdiff_t>(count), sorted.end(),
                      is_before);
    sorted.resize(count);
    return sorted;
  }

  // The weight of everything that was added, kept or not.
  double total() const { return total_; }
  size_t capacity() const { return capacity_; }
  size_t memory() const {
    size_t bytes = slots_.capacity() * sizeof(uint16_t) + heap_.capacity() * sizeof(uint16_t) +
                   entries_.capacity() * sizeof(Entry);
    for (const Entry& entry : entries_) bytes += entry.name.capacity();
    return bytes;
  }
  // Multiplies all counts and figures.
  void scale(double factor) {
    total_ *= factor;
    for (Entry& entry : entries_) {
      entry.count *= factor;
      entry.inherited *= factor;
      entry.figures.scale(factor);
    }
  }

 private:
  static constexpr uint16_t kEmpty = UINT16_MAX;

  void start(Entry& entry, std::string_view name, uint64_t hash, double inherited, double weight) {
    entry.name.assign(name.substr(0, kMaxName));
    entry.hash = hash;
    entry.inherited = inherited;
    entry.count = inherited + weight;
    entry.figures = Figures();
  }
  // Uniform in [0, 1).
  double chance() { return static_cast<double>(random_.next() >> 11) * 0x1p-53; }

  // Where the hash is, or the empty slot in which it would be. Open addressing with steps of one.
  size_t slot_of(uint64_t hash) const {
    const size_t mask = slots_.size() - 1;
    size_t slot = hash & mask;
    while (slots_[slot] != kEmpty && entries_[slots_[slot]].hash != hash) slot = (slot + 1) & mask;
    return slot;
  }
  // Moves those behind it up, so that nobody who looks for them meets a gap.
  void remove_from_slots(uint64_t hash) {
    const size_t mask = slots_.size() - 1;
    size_t gap = slot_of(hash);
    for (size_t next = (gap + 1) & mask; slots_[next] != kEmpty; next = (next + 1) & mask) {
      const size_t home = entries_[slots_[next]].hash & mask;
      // It may not go to a place before its home.
      if (((next - home) & mask) < ((next - gap) & mask)) continue;
      slots_[gap] = slots_[next];
      gap = next;
    }
    slots_[gap] = kEmpty;
  }

  // --- The heap: the least count first ---
  double count_at(size_t place) const { return entries_[heap_[place]].count; }
  void put(size_t place, uint16_t index) {
    heap_[place] = index;
    entries_[index].heap_place = static_cast<uint16_t>(place);
  }
  void sink(size_t place) {
    const uint16_t index = heap_[place];
    for (;;) {
      size_t child = 2 * place + 1;
      if (child >= heap_.size()) break;
      if (child + 1 < heap_.size() && count_at(child + 1) < count_at(child)) child++;
      if (entries_[index].count <= count_at(child)) break;
      put(place, heap_[child]);
      place = child;
    }
    put(place, index);
  }
  void rise(size_t place) {
    const uint16_t index = heap_[place];
    while (place > 0 && entries_[index].count < count_at((place - 1) / 2)) {
      put(place, heap_[(place - 1) / 2]);
      place = (place - 1) / 2;
    }
    put(place, index);
  }

  size_t capacity_;
  std::vector<uint16_t> slots_;  // indexes of entries by hash; at most half are taken
  std::vector<Entry> entries_;
  std::vector<uint16_t> heap_;  // indexes of entries
  double total_ = 0;
  Random random_;
};

}  // namespace larder
