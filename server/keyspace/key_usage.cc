#include "server/keyspace/key_usage.h"

#include <algorithm>
#include <bit>

#include "server/keyspace/idle_time.h"

namespace larder {
namespace {

constexpr unsigned kIdleShift = 1;
// All ticks together are so many uses of every key.
constexpr size_t kUsesPerKey = 32;
// Each time so many eighths of the ticks have passed, the walk makes the old ones younger.
constexpr uint32_t kAgingEighths = 1;
constexpr uint32_t kOldestEighths = 5;
// The mean age of victims is over so many of them.
constexpr double kVictimMemory = 1024;
constexpr unsigned kMostStretch = 20;

}  // namespace

KeyUsage::KeyUsage() {
  start(UsageKind::idle_time);
}

void KeyUsage::configure(const EvictionSettings& settings) {
  // The time until now counts in the old length; what the counters have lost so far stays.
  advance_period();
  if (settings.lfu_decay_minutes != settings_.lfu_decay_minutes) period_began_ms_ = now_ms_;
  settings_ = settings;
  if (usage_kind(settings.policy) != kind_) start(usage_kind(settings.policy));
  score_.set_size_weight(knows_sizes_ ? settings.size_weight : 0);
}

void KeyUsage::start(UsageKind kind) {
  kind_ = kind;
  ticks_ = tick_ = 0;
  now_ = stamp_mask_ = uses_mask_ = use_ = 0;
  last_uses_ = {};
  stretch_ = 0;
  mean_victim_age_ = 0;
  ghost_.clear();
  wants_ghost_ = false;
  switch (kind) {
    case UsageKind::idle_time:
      stamp_mask_ = static_cast<uint16_t>(~EvictionWord::kExpiresBit);
      uses_left_ = UINT64_MAX;
      break;
    case UsageKind::frequency:
      uses_left_ = 1;
      period_ = 0;
      period_began_ms_ = now_ms_;
      break;
    case UsageKind::recency:
      stamp_mask_ = RecencyWord::kStampMask;
      use_ticks(RecencyWord::kTickShift, RecencyWord::kTickBits, 12);
      break;
    case UsageKind::hybrid:
      stamp_mask_ = HybridWord::kStampMask;
      uses_mask_ = HybridWord::kUsesMask;
      use_ = 1 << HybridWord::kUsesShift;
      use_ticks(HybridWord::kTickShift, HybridWord::kTickBits, HybridWord::kTickBits);
      break;
  }
  set_now_ms(now_ms_ - set_back_ms_);
  begin_aging();
  knows_sizes_ = kind != UsageKind::hybrid || keys_ == 0;
  walk_notes_sizes_ = false;  // not by one that is under way
}

void KeyUsage::use_ticks(unsigned shift, unsigned bits, unsigned ring_bits) {
  ticks_ = uint32_t{1} << bits;
  tick_shift_ = shift;
  ring_shift_ = bits - ring_bits;
  last_uses_.assign(size_t{1} << ring_bits, static_cast<uint32_t>(now_ms_ / 1000));
  uses_left_ = uses_left_at_batch_ = tick_length();
}

void KeyUsage::set_now_ms(int64_t now_ms) {
  now_ms += set_back_ms_;
  if (now_ms < now_ms_) [[unlikely]] {
    set_back_ms_ += now_ms_ - now_ms;
    now_ms = now_ms_;
  }
  if (ticks_ == 0) {
    now_ms_ = now_ms;
    if (kind_ == UsageKind::idle_time) {
      now_ = static_cast<uint16_t>(IdleTime::stamp(now_ms) << kIdleShift);
    } else {
      advance_period();
    }
    return;
  }
  if (uses_left_ != uses_left_at_batch_) {
    last_uses_[ring_index(tick_)] = static_cast<uint32_t>(now_ms_ / 1000);
    uses_left_at_batch_ = uses_left_;
  }
  now_ms_ = now_ms;
}

// --- Uses ---

// The last use of a tick, with the bits of its key as they are now.
uint16_t KeyUsage::end_tick(uint16_t word) {
  if (ticks_ == 0) {
    uses_left_ = 1;
    return kind_ == UsageKind::frequency ? count_use(word) : word;
  }
  const auto now = static_cast<uint32_t>(now_ms_ / 1000);
  last_uses_[ring_index(tick_)] = now;
  tick_ = (tick_ + 1) & (ticks_ - 1);
  last_uses_[ring_index(tick_)] = now;
  now_ = static_cast<uint16_t>(tick_ << tick_shift_);
  ticks_since_aging_++;
  uses_left_ = uses_left_at_batch_ = tick_length();
  return word;
}

// Where nearly all requests hit, victims are so old that their ticks would come round: ticks then
// get longer.
uint64_t KeyUsage::tick_length() {
  if (mean_victim_age_ > ticks_ / 4 && stretch_ < kMostStretch) {
    stretch_++;
    mean_victim_age_ /= 2;
  } else if (mean_victim_age_ < ticks_ / 16 && stretch_ > 0) {
    stretch_--;
    mean_victim_age_ *= 2;
  }
  return std::bit_floor(std::max<size_t>(keys_ * kUsesPerKey / ticks_, 1)) << stretch_;
}

uint16_t KeyUsage::count_use(uint16_t word) {
  const unsigned now = period_;
  unsigned counter = FrequencyWord::counter(word, now);
  const auto random = static_cast<uint32_t>(random_.next() >> 32);
  if (FrequencyWord::grows(counter, static_cast<unsigned>(settings_.lfu_log_factor), random))
    counter++;
  return FrequencyWord::make(word & EvictionWord::kExpiresBit, counter, now);
}

void KeyUsage::advance_period() {
  if (settings_.lfu_decay_minutes == 0) return;
  const int64_t passed_ms = now_ms_ - period_began_ms_;
  const int64_t period_ms = int64_t{settings_.lfu_decay_minutes} * 60'000;
  if (passed_ms < period_ms) return;
  period_ = static_cast<unsigned>(period_ + passed_ms / period_ms) & FrequencyWord::kPeriodMask;
  period_began_ms_ = now_ms_ - passed_ms % period_ms;
}

uint16_t KeyUsage::admit(uint64_t hash, size_t bytes) {
  keys_++;
  if (kind_ == UsageKind::frequency)
    return FrequencyWord::make(0, FrequencyWord::kInitial, period_);
  uint16_t word = now_;
  if (kind_ == UsageKind::hybrid) {
    if (const auto uses = ghost_.take(hash)) {
      score_.learn(*uses, keys_);
      word = HybridWord::with_uses(word, *uses + 1);
    }
    word = HybridWord::with_size(word, bytes);
  }
  if (--uses_left_ == 0) end_tick(word);
  return word;
}

void KeyUsage::count_victim(uint64_t hash, uint16_t word) {
  if (ticks_ == 0) return;
  mean_victim_age_ += (age(word) - mean_victim_age_) / kVictimMemory;
  if (kind_ != UsageKind::hybrid) return;
  wants_ghost_ = true;
  ghost_.put(hash, HybridWord::uses(word));
  score_.count_victim(HybridWord::uses(word), keys_);
}

// --- What the bits say ---

int64_t KeyUsage::idle_seconds(uint16_t word) const {
  if (kind_ == UsageKind::frequency) return 0;
  if (kind_ == UsageKind::idle_time) {
    return IdleTime::idle_seconds(static_cast<uint16_t>(word >> kIdleShift), now_ms_);
  }
  const uint32_t tick = uint32_t{word} >> tick_shift_;
  if (tick == tick_ && uses_left_ != uses_left_at_batch_) return 0;
  return std::max<int64_t>(now_ms_ / 1000 - last_uses_[ring_index(tick)], 0);
}

unsigned KeyUsage::frequency(uint16_t word) const {
  if (kind_ == UsageKind::frequency) return FrequencyWord::counter(word, period_);
  return kind_ == UsageKind::hybrid ? HybridWord::uses(word) : 0;
}

uint64_t KeyUsage::worthlessness(uint16_t word) const {
  switch (kind_) {
    case UsageKind::recency:
      return age(word);
    case UsageKind::hybrid:
      return score_.score(word, age(word));
    case UsageKind::frequency: {
      const unsigned now = period_;
      return (FrequencyWord::kMostUses - FrequencyWord::counter(word, now)) * 128 +
             FrequencyWord::periods_since(word, now);
    }
    case UsageKind::idle_time:
      break;
  }
  return static_cast<uint64_t>(idle_seconds(word));
}

// --- Aging ---

bool KeyUsage::aging_is_due() const {
  if (!knows_sizes_ && !walk_notes_sizes_) return true;
  if (ticks_ != 0) return ticks_since_aging_ >= ticks_ * kAgingEighths / 8;
  return now_ms_ >= next_aging_ms_;
}

void KeyUsage::begin_aging() {
  ticks_since_aging_ = 0;
  next_aging_ms_ = now_ms_ + IdleTime::kAgingIntervalMs;
  walk_notes_sizes_ = !knows_sizes_;
}

void KeyUsage::end_aging() {
  if (!walk_notes_sizes_) return;
  walk_notes_sizes_ = false;
  knows_sizes_ = true;
  score_.set_size_weight(settings_.size_weight);
}

uint16_t KeyUsage::aged(uint16_t word) const {
  const uint16_t expires = word & EvictionWord::kExpiresBit;
  if (kind_ == UsageKind::idle_time) {
    const auto stamp = static_cast<uint16_t>(word >> kIdleShift);
    return static_cast<uint16_t>((IdleTime::aged(stamp, now_ms_) << kIdleShift) | expires);
  }
  if (kind_ == UsageKind::frequency) {
    const unsigned now = period_;
    return FrequencyWord::make(expires, FrequencyWord::counter(word, now), now);
  }
  const uint32_t oldest = ticks_ * kOldestEighths / 8;
  if (age(word) <= oldest) return word;
  return static_cast<uint16_t>((word & ~stamp_mask_) |
                               (((tick_ - oldest) & (ticks_ - 1)) << tick_shift_));
}

}  // namespace larder
