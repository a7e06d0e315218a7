// Remembers keys that were evicted of late, and how much they had been used: when one comes back,
// the policy learns that it had thrown away the wrong kind.
//
// Lines of a cache line each, 31 entries and the place of the oldest: an entry is 13 bits of the
// key's hash and 3 bits of uses, so that a key that was never evicted is taken for one that was
// about once in 260 times. Half as many entries as there are keys: 1 byte a key. A put or a take
// touches one line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace larder {

class EvictionGhost {
 public:
  EvictionGhost() = default;
  ~EvictionGhost() { clear(); }
  EvictionGhost(const EvictionGhost&) = delete;
  EvictionGhost& operator=(const EvictionGhost&) = delete;

  // Makes the ghost fit for so many keys: when it has become too small or far too large, a new one
  // begins. Its memory counts as used. Not for requests: where many keys need one, the allocator
  // may have to clear it, which takes a millisecond or more.
  void fit(size_t keys);
  // `uses` <= 7. Takes the place of the line's oldest.
  void put(uint64_t hash, unsigned uses);
  // How much the key had been used if it was evicted not long ago, which is then forgotten.
  std::optional<unsigned> take(uint64_t hash);
  void clear();

  bool is_empty() const { return lines_ == nullptr; }
  size_t memory() const { return line_count_ * sizeof(Line); }

 private:
  static constexpr size_t kEntries = 31;
  struct alignas(64) Line {
    uint16_t entries[kEntries];  // 0: none
    uint16_t oldest;
  };
  static_assert(sizeof(Line) == 64);

  // The lower half of the hash, because a bucket of the table shares the upper one: keys that go
  // together must not crowd one line.
  Line& line_of(uint64_t hash) const { return lines_[((hash & UINT32_MAX) * line_count_) >> 32]; }
  static uint16_t fingerprint(uint64_t hash) {
    const auto bits = static_cast<uint16_t>((hash >> 32) << 3);
    return bits == 0 ? 8 : bits;
  }

  Line* lines_ = nullptr;
  size_t line_count_ = 0;
};

}  // namespace larder
