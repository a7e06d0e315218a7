// A sequence of small records in the order of their keys, kept in blocks of up to 64.
//
//   top    [block] [block] [block] ...          found by binary search over the blocks' last keys
//            |       |       |
//          records records records              each block sorted, none empty
//
// Made for keys that mostly arrive in ascending order and leave in any: adding at the end is O(1)
// and fills every block; finding is O(log n); adding or removing elsewhere moves at most one block
// of records, and now and then the 24 bytes that each later block has in `top`. A million records
// have 16,000 blocks. Taking records away at the front costs no more than elsewhere.
//
// Records are copied as bytes. `KeyOf` takes a record and returns its key by value or reference;
// keys are unique and have `<`. Pointers to records and Positions last until the next change.
#pragma once

#include <algorithm>
#include <cstddef>
#include <type_traits>
#include <utility>
#include <vector>

#include "server/base/assert.h"

namespace larder {

template <class T, class KeyOf>
class SortedBlocks {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  static constexpr size_t kBlock = 64;
  using Key = std::decay_t<std::invoke_result_t<KeyOf, const T&>>;

  // Where a record is. The one behind the last is the end; it has no record.
  struct Position {
    size_t block = 0;
    size_t index = 0;
    bool operator==(const Position&) const = default;
  };

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // Only when not empty.
  const T& front() const { return top_[head_].front(); }
  const T& back() const { return top_.back().back(); }
  T& back() { return top_.back().back(); }

  Position begin() const { return {head_, 0}; }
  Position end() const { return {top_.size(), 0}; }
  // The last record; only when not empty.
  Position last() const { return {top_.size() - 1, top_.back().size() - 1}; }
  T& operator[](Position at) { return top_[at.block][at.index]; }
  const T& operator[](Position at) const { return top_[at.block][at.index]; }
  Position next(Position at) const {
    return at.index + 1 < top_[at.block].size() ? Position{at.block, at.index + 1}
                                                : Position{at.block + 1, 0};
  }
  // Not for the first.
  Position previous(Position at) const {
    return at.index > 0 ? Position{at.block, at.index - 1}
                        : Position{at.block - 1, top_[at.block - 1].size() - 1};
  }

  // The first record whose key is not less than this one, or the end.
  Position lower_bound(const Key& key) const {
    if (empty() || KeyOf()(back()) < key) return end();
    const auto first = top_.begin() + static_cast<std::ptrdiff_t>(head_);
    const auto block = std::lower_bound(
        first, top_.end(), key,
        [](const Block& records, const Key& wanted) { return KeyOf()(records.back()) < wanted; });
    const auto record = std::lower_bound(
        block->begin(), block->end(), key,
        [](const T& candidate, const Key& wanted) { return KeyOf()(candidate) < wanted; });
    return {static_cast<size_t>(block - top_.begin()),
            static_cast<size_t>(record - block->begin())};
  }
  // The record with this key, or nullptr.
  T* find(const Key& key) {
    return const_cast<T*>(static_cast<const SortedBlocks&>(*this).find(key));
  }
  const T* find(const Key& key) const {
    const Position at = lower_bound(key);
    return at != end() && !(key < KeyOf()((*this)[at])) ? &(*this)[at] : nullptr;
  }

  // Adds a record unless there is one with its key. Returns the one that is there now.
  std::pair<T*, bool> insert(const T& record) {
    const Key key = KeyOf()(record);
    if (empty() || KeyOf()(back()) < key) return {append(record), true};
    const Position at = lower_bound(key);
    if (!(key < KeyOf()((*this)[at]))) return {&(*this)[at], false};
    size_++;
    Block& block = top_[at.block];
    if (block.size() < kBlock) {
      return {&*block.insert(block.begin() + static_cast<std::ptrdiff_t>(at.index), record), true};
    }
    return {insert_by_split(at, record), true};
  }

  // Removes a record and returns where the next one is now.
  Position erase(Position at) {
    Block& block = top_[at.block];
    block.erase(block.begin() + static_cast<std::ptrdiff_t>(at.index));
    size_--;
    if (block.empty()) {
      // Blocks may get other numbers when the first one goes.
      const bool was_first = at.block == head_;
      erase_block(at.block);
      return was_first ? begin() : Position{at.block, 0};
    }
    if (block.size() < kBlock / 4) at = merge(at);
    return at.index < top_[at.block].size() ? at : Position{at.block + 1, 0};
  }
  // The same by key; whether it was there.
  bool erase_key(const Key& key) {
    const Position at = lower_bound(key);
    if (at == end() || key < KeyOf()((*this)[at])) return false;
    erase(at);
    return true;
  }

  // Removes the last block of records, for freeing in steps; only when not empty.
  void drop_last_block() {
    size_ -= top_.back().size();
    top_.pop_back();
    if (size_ == 0) clear();
  }
  void clear() {
    top_ = {};
    head_ = 0;
    size_ = 0;
  }

  size_t block_count() const { return top_.size() - head_; }
  // What it has allocated, to within what the last block has spare.
  size_t memory() const { return top_.capacity() * sizeof(Block) + size_ * sizeof(T); }

 private:
  using Block = std::vector<T>;

  T* append(const T& record) {
    size_++;
    if (top_.empty() || top_.back().size() == kBlock) top_.emplace_back();
    return &top_.back().emplace_back(record);
  }

  T* insert_by_split(Position at, const T& record) {
    const Block& full = top_[at.block];
    Block upper(full.begin() + kBlock / 2, full.end());
    top_[at.block].resize(kBlock / 2);
    top_.insert(top_.begin() + static_cast<std::ptrdiff_t>(at.block) + 1, std::move(upper));
    if (at.index > kBlock / 2) at = {at.block + 1, at.index - kBlock / 2};
    Block& block = top_[at.block];
    return &*block.insert(block.begin() + static_cast<std::ptrdiff_t>(at.index), record);
  }

  // The empty block at the front stays as a gap until gaps are half of all.
  void erase_block(size_t index) {
    if (index != head_) {
      top_.erase(top_.begin() + static_cast<std::ptrdiff_t>(index));
      return;
    }
    top_[head_++] = {};
    if (head_ == top_.size()) {
      clear();
    } else if (head_ > 8 && head_ > top_.size() / 2) {
      top_.erase(top_.begin(), top_.begin() + static_cast<std::ptrdiff_t>(head_));
      head_ = 0;
    }
  }

  // Joins a sparse block with a neighbour where both fill half a block at most, so that what is
  // left of a long sequence does not keep a block for each record. Returns where `at` is now.
  Position merge(Position at) {
    if (at.block > head_ && can_join(at.block - 1)) {
      const Position moved{at.block - 1, top_[at.block - 1].size() + at.index};
      join(at.block - 1);
      return moved;
    }
    if (at.block + 1 < top_.size() && can_join(at.block)) join(at.block);
    return at;
  }
  bool can_join(size_t index) const {
    return top_[index].size() + top_[index + 1].size() <= kBlock / 2;
  }
  void join(size_t index) {
    const Block& next = top_[index + 1];
    top_[index].insert(top_[index].end(), next.begin(), next.end());
    top_.erase(top_.begin() + static_cast<std::ptrdiff_t>(index) + 1);
  }

  std::vector<Block> top_;
  size_t head_ = 0;  // gaps at the front of top_
  size_t size_ = 0;
};

}  // namespace larder
