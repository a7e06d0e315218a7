// The 16 bits of a slot that say how its key was used. They lie in the bucket that every look-up
// has loaded, so neither a use nor the search for a victim touches the entry for them. Bit 0, in
// all forms, says that the key has an expiry; the rest depends on the policy:
//
//   idle time   15 bits  a stamp of the clock (idle_time.h): noeviction, random, volatile-ttl
//   recency     15 bits  the tick of the last use: lru
//   frequency    7 bits  the period of the last use | 8 bits counter: lfu
//   hybrid       9 bits  the tick of the last use | 3 bits uses | 3 bits size class
//
// When the policy changes, the bits are read anew under the new one, which takes them for what they
// are not; uses put that right, as in Redis. Sizes are put right by a walk (KeyUsage).
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace larder {

struct EvictionWord {
  static constexpr uint16_t kExpiresBit = 1;
};

struct RecencyWord {
  static constexpr unsigned kTickShift = 1;
  static constexpr unsigned kTickBits = 15;
  static constexpr uint16_t kStampMask = 0xfffe;
};

struct HybridWord {
  static constexpr unsigned kTickShift = 7;
  static constexpr unsigned kTickBits = 9;
  static constexpr uint16_t kStampMask = 0xff80;
  static constexpr unsigned kUsesShift = 4;
  static constexpr unsigned kMostUses = 7;
  static constexpr uint16_t kUsesMask = kMostUses << kUsesShift;
  static constexpr unsigned kSizeShift = 1;
  static constexpr unsigned kSizeClasses = 8;
  static constexpr uint16_t kSizeMask = (kSizeClasses - 1) << kSizeShift;

  static constexpr unsigned uses(uint16_t word) { return (word & kUsesMask) >> kUsesShift; }
  // Uses and size class as one number below 64: what the score of a key depends on beside its age.
  static constexpr unsigned kKinds = 64;
  static constexpr unsigned kind(uint16_t word) { return (word >> kSizeShift) % kKinds; }
  static constexpr uint16_t with_uses(uint16_t word, unsigned uses) {
    return static_cast<uint16_t>((unsigned{word} & ~unsigned{kUsesMask}) |
                                 (std::min(uses, kMostUses) << kUsesShift));
  }
  // Classes grow by the factor 4: below 256 bytes, 1 KB, 4 KB ... 1 MB, and all above.
  static constexpr unsigned size_class(size_t bytes) {
    const unsigned log4 = static_cast<unsigned>(std::bit_width(bytes >> 8) + 1) / 2;
    return std::min(log4, kSizeClasses - 1);
  }
  static constexpr uint16_t with_size(uint16_t word, size_t bytes) {
    return static_cast<uint16_t>((unsigned{word} & ~unsigned{kSizeMask}) |
                                 (size_class(bytes) << kSizeShift));
  }
};

// A counter that grows with the logarithm of the uses (Morris, "Counting large numbers of events in
// small registers", 1978), and loses one for each period without a use, as Redis's.
struct FrequencyWord {
  static constexpr unsigned kPeriodShift = 9;
  static constexpr unsigned kPeriodMask = 0x7f;
  static constexpr unsigned kCounterShift = 1;
  static constexpr unsigned kMostUses = 255;
  // What a new key begins with, so that it is not the first to go.
  static constexpr unsigned kInitial = 5;

  static constexpr uint16_t make(uint16_t expires_bit, unsigned counter, unsigned period) {
    return static_cast<uint16_t>(expires_bit | (counter << kCounterShift) |
                                 ((period & kPeriodMask) << kPeriodShift));
  }
  static constexpr unsigned periods_since(uint16_t word, unsigned period) {
    return (period - (word >> kPeriodShift)) & kPeriodMask;
  }
  // The counter as it is in `period`.
  static constexpr unsigned counter(uint16_t word, unsigned period) {
    const unsigned stored = (word >> kCounterShift) & kMostUses;
    return stored - std::min(stored, periods_since(word, period));
  }
  // Whether a use makes a counter grow, given 32 random bits.
  static constexpr bool grows(unsigned counter, unsigned log_factor, uint32_t random) {
    if (counter >= kMostUses) return false;
    const uint64_t above = counter > kInitial ? counter - kInitial : 0;
    return static_cast<unsigned __int128>(random) * (above * log_factor + 1) <= UINT32_MAX;
  }
};

}  // namespace larder
