// Keys by their last use, with their sizes: how many bytes were used since a key was. That is how
// large a cache that lets the least recently used go must be to still have it.
//
// Each use takes the next position of a line, and a tree of sums (Fenwick, "A new data structure
// for cumulative frequency tables", 1994) knows the bytes behind each. When the line is at its end,
// the keys move together. O(log n) for everything; 40 bytes a key.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace larder {

class RecencyStack {
 public:
  // The key becomes the last used, with this size. Keys are numbers from 0, which the owner gives
  // again when they are free.
  void use(uint32_t key, uint64_t bytes);
  // Makes room for so many keys and no more.
  void reserve(size_t keys) { places_.reserve(keys); }
  void remove(uint32_t key);
  bool has(uint32_t key) const { return key < places_.size() && places_[key].position != kNowhere; }
  uint64_t bytes_of(uint32_t key) const { return places_[key].bytes; }
  // The bytes of all keys that were used since this one was, and its own. Requires has(key).
  uint64_t depth(uint32_t key) const;
  uint64_t total() const { return total_; }
  // Calls `function(key, bytes)`, the last used key first. It may remove this key.
  template <class Function>
  void visit(Function&& function) {
    for (size_t position = next_; position-- > 0;) {
      const uint32_t key = owners_[position];
      if (key != kNobody) function(key, places_[key].bytes);
    }
  }
  size_t memory() const {
    return places_.capacity() * sizeof(Place) + owners_.capacity() * sizeof(uint32_t) +
           sums_.capacity() * sizeof(uint64_t);
  }

 private:
  static constexpr uint32_t kNowhere = UINT32_MAX;
  static constexpr uint32_t kNobody = UINT32_MAX;
  static constexpr size_t kLeastPositions = 64;

  struct Place {
    uint32_t position = kNowhere;
    uint64_t bytes = 0;
  };
  void add(size_t position, uint64_t bytes);  // modulo 2^64: also takes away
  uint64_t sum_before(size_t position) const;
  void move_together();

  std::vector<Place> places_;     // by key
  std::vector<uint32_t> owners_;  // by position
  std::vector<uint64_t> sums_;    // the tree, from 1 on
  size_t next_ = 0;               // position
  size_t count_ = 0;
  uint64_t total_ = 0;
};

}  // namespace larder
