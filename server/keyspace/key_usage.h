// When and how often keys are used, as the eviction policy wants to know it: what a use does to the
// 16 bits of a slot (eviction_word.h), what OBJECT IDLETIME and FREQ make of them, and what the
// hybrid policies have learnt.
//
// The policies of recency do not look at the clock but count uses. A tick is so many of them that
// half a thousand ticks (hybrid; 32 thousand for lru) are 32 uses of every key; keys that were used
// in the same tick are alike. A use in the same tick as the one before stores nothing, so that
// reading a popular key costs a comparison. A ring tells for each tick when it was, for IDLETIME. A
// walk over the table (Keyspace) keeps bits from coming round: whatever the policy, they must be
// aged now and then.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "server/base/random.h"
#include "server/keyspace/eviction_ghost.h"
#include "server/keyspace/eviction_policy.h"
#include "server/keyspace/eviction_score.h"
#include "server/keyspace/eviction_word.h"

namespace larder {

class KeyUsage {
 public:
  KeyUsage();
  KeyUsage(const KeyUsage&) = delete;
  KeyUsage& operator=(const KeyUsage&) = delete;

  // A policy of another kind reads the bits of all keys anew.
  void configure(const EvictionSettings& settings);
  UsageKind kind() const { return kind_; }
  // The time of the batch of requests that begins. When it goes back, because somebody has set the
  // clock, the time that counts here stands: else every key would be as idle as never before.
  void set_now_ms(int64_t now_ms);

  // Notes that the key in `slot` is used. At most one store, into the slot.
  template <class Slot>
  void touch(Slot& slot) {
    const uint16_t word = slot.bits();
    if (((word ^ now_) & stamp_mask_) != 0) {
      const unsigned one_more = (word & uses_mask_) == uses_mask_ ? 0 : use_;
      slot.set_bits(static_cast<uint16_t>(((word & ~stamp_mask_) + one_more) | now_));
    }
    if (--uses_left_ == 0) [[unlikely]]
      slot.set_bits(end_tick(slot.bits()));
  }

  // The bits of a key that comes to life, without the one of its expiry. `bytes`: what its entry
  // takes.
  uint16_t admit(uint64_t hash, size_t bytes);
  // A key that was forgotten just now lives on in another place, with its bits.
  void remember() { keys_++; }
  // A key is gone, or so many, whatever the reason.
  void forget(size_t keys = 1) { keys_ -= keys; }
  // A key is about to be evicted.
  void count_victim(uint64_t hash, uint16_t word);
  // Makes the ghost fit the number of keys, where it is in use. For the time between requests.
  void fit_ghost() {
    if (wants_ghost_) ghost_.fit(keys_);
    wants_ghost_ = false;
  }
  // How many keys there are, in all databases.
  size_t keys() const { return keys_; }

  // Whether the bits have the size of the key, which whoever changes a value has to keep true.
  bool has_sizes() const { return kind_ == UsageKind::hybrid; }
  // Whether the walk that ages the bits is to note sizes as well: keys that were there before the
  // policy became a hybrid one have none. Until the walk is at its end, sizes count for nothing.
  bool walk_notes_sizes() const { return walk_notes_sizes_; }

  // Seconds since the last use, with the accuracy that the policy has; 0 under lfu.
  int64_t idle_seconds(uint16_t word) const;
  // The counter: up to 255 under lfu, up to 7 under hybrid; 0 under the others.
  unsigned frequency(uint16_t word) const;
  // How much sooner than another a key should go: the largest is the first. Below 2^56. Under the
  // policies that keep idle times it is the idle time.
  uint64_t worthlessness(uint16_t word) const;
  EvictionScore& score() { return score_; }
  const EvictionGhost& ghost() const { return ghost_; }

  // The walk that ages the bits of all keys, which its owner does in steps, and says when it is at
  // its end.
  bool aging_is_due() const;
  void begin_aging();
  void end_aging();
  uint16_t aged(uint16_t word) const;
  // When it will be due for the passing of time alone; INT64_MAX: only uses make it due.
  int64_t next_aging_ms() const { return ticks_ == 0 ? next_aging_ms_ - set_back_ms_ : INT64_MAX; }

 private:
  uint32_t age(uint16_t word) const { return (tick_ - (uint32_t{word} >> tick_shift_)) & (ticks_ - 1); }
  size_t ring_index(uint32_t tick) const { return tick >> ring_shift_; }
  void advance_period();
  void start(UsageKind kind);
  void use_ticks(unsigned shift, unsigned bits, unsigned ring_bits);
  uint16_t end_tick(uint16_t word);
  uint16_t count_use(uint16_t word);
  uint64_t tick_length();

  UsageKind kind_ = UsageKind::idle_time;
  EvictionSettings settings_;
  int64_t now_ms_ = 0;
  int64_t set_back_ms_ = 0;  // by how much the clock was, in all
  size_t keys_ = 0;
  Random random_;

  // What touch() works with. `now_` has the bits of a use that happens now; under lfu each use is
  // the last of a tick.
  uint16_t now_ = 0;
  uint16_t stamp_mask_ = 0;
  uint16_t uses_mask_ = 0;
  uint16_t use_ = 0;
  uint64_t uses_left_ = 0;

  // --- Ticks: lru and hybrid ---
  uint32_t ticks_ = 0;  // after how many they come round; 0: there are none
  uint32_t tick_ = 0;
  unsigned tick_shift_ = 0;
  unsigned ring_shift_ = 0;
  std::vector<uint32_t> last_uses_;  // in seconds since 1970, by tick
  uint64_t uses_left_at_batch_ = 0;  // tells whether there was a use since then
  uint32_t ticks_since_aging_ = 0;
  unsigned stretch_ = 0;  // ticks are 2^stretch_ times as long as usual
  double mean_victim_age_ = 0;

  // --- Periods: lfu ---
  unsigned period_ = 0;  // modulo what a word has bits for
  int64_t period_began_ms_ = 0;

  int64_t next_aging_ms_ = 0;
  bool knows_sizes_ = true;  // of all keys, where there are sizes
  bool walk_notes_sizes_ = false;
  EvictionScore score_;
  EvictionGhost ghost_;
  bool wants_ghost_ = false;  // there were victims since it was last made fit
};

}  // namespace larder
