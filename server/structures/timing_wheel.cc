#include "server/structures/timing_wheel.h"

#include <bit>
#include <optional>

namespace larder {
namespace {

// A reference's word: hash_top in bits 32-63, the low 24 bits of its tick in 8-31, the tag in 0-7.
constexpr uint64_t kTickMask = (uint64_t{1} << 24) - 1;

uint64_t pack(uint64_t hash, uint8_t tag, uint64_t tick) {
  return (hash & ~uint64_t{UINT32_MAX}) | ((tick & kTickMask) << 8) | tag;
}

// The first set bit behind `from` in 256 bits.
std::optional<unsigned> next_bit(const std::array<uint64_t, 4>& bits, unsigned from) {
  for (unsigned at = from + 1; at < 256;) {
    const uint64_t word = bits[at / 64] >> (at % 64);
    if (word != 0) return at + static_cast<unsigned>(std::countr_zero(word));
    at = (at / 64 + 1) * 64;
  }
  return std::nullopt;
}

}  // namespace

struct TimingWheel::Chunk {
  static constexpr size_t kCapacity = 126;  // 1 KB in all: little slack in the thousand lists
  Chunk* next;
  uint64_t count;
  uint64_t words[kCapacity];
};

TimingWheel::~TimingWheel() {
  free_list(far_);
  free_list(due_);
  free_list(moving_);
  if (levels_ == nullptr) return;
  for (Level& level : *levels_) {
    for (List& list : level.lists) free_list(list);
  }
}

void TimingWheel::add(uint64_t hash, uint8_t tag, int64_t at_ms) {
  // The tick after the one that at_ms lies in: when it comes, at_ms has passed.
  const uint64_t tick = tick_before(at_ms) + 1;
  size_++;
  put(tick, pack(hash, tag, tick));
}

void TimingWheel::put(uint64_t tick, uint64_t word) {
  if (tick <= now_tick_) return push(due_, word);
  if (levels_ == nullptr) levels_ = std::make_unique<std::array<Level, kLevels>>();
  // The highest bit in which the tick differs from now decides the level.
  const unsigned level = static_cast<unsigned>(std::bit_width(tick ^ now_tick_) - 1) / 8;
  if (level >= kLevels) return push(far_, word);
  const unsigned slot = static_cast<unsigned>(tick >> (8 * level)) % kSlots;
  Level& home = (*levels_)[level];
  push(home.lists[slot], word);
  home.occupied[slot / 64] |= uint64_t{1} << (slot % 64);
}

size_t TimingWheel::take_due(int64_t now_ms, Reference* out, size_t capacity, Deadline deadline) {
  const uint64_t wanted_tick = tick_before(now_ms);
  size_t taken = 0;
  while (taken < capacity) {
    if (due_.head != nullptr) {
      const uint64_t word = due_.head->words[--due_.head->count];
      if (due_.head->count == 0) pop_chunk(due_);
      out[taken++] = {static_cast<uint32_t>(word >> 32), static_cast<uint8_t>(word)};
      size_--;
      continue;
    }
    if (moving_.head != nullptr) {
      redistribute(deadline);
      if (moving_.head != nullptr) break;
      continue;
    }
    const uint64_t tick = next_tick();
    if (tick > wanted_tick) {
      if (wanted_tick > now_tick_) now_tick_ = wanted_tick;
      break;
    }
    turn_to(tick);
  }
  return taken;
}

int64_t TimingWheel::next_ms() const {
  if (due_.head != nullptr || moving_.head != nullptr) return now_ms();
  const uint64_t tick = next_tick();
  return tick == UINT64_MAX ? INT64_MAX : static_cast<int64_t>(tick) * kTickMs;
}

size_t TimingWheel::memory() const {
  return chunks_ * sizeof(Chunk) + (levels_ == nullptr ? 0 : sizeof(*levels_));
}

// The next tick at which a list of level 0 is due or one of a higher level has to come down.
uint64_t TimingWheel::next_tick() const {
  if (levels_ != nullptr) {
    for (unsigned level = 0; level < kLevels; level++) {
      const unsigned shift = 8 * level;
      const unsigned now_slot = static_cast<unsigned>(now_tick_ >> shift) % kSlots;
      if (const auto slot = next_bit((*levels_)[level].occupied, now_slot)) {
        const uint64_t prefix = now_tick_ >> (shift + 8) << (shift + 8);
        return prefix | (uint64_t{*slot} << shift);
      }
    }
  }
  if (far_.head != nullptr) return ((now_tick_ >> 32) + 1) << 32;
  return UINT64_MAX;
}

void TimingWheel::turn_to(uint64_t tick) {
  now_tick_ = tick;
  // What lies beyond level 3 has lost the upper bits of its time: its owner adds it again.
  if ((tick & UINT32_MAX) == 0) append(due_, far_);
  if (levels_ == nullptr) return;
  for (unsigned level = kLevels; level-- > 0;) {
    const unsigned shift = 8 * level;
    if ((tick & ((uint64_t{1} << shift) - 1)) != 0) continue;
    const unsigned slot = static_cast<unsigned>(tick >> shift) % kSlots;
    Level& home = (*levels_)[level];
    append(level == 0 ? due_ : moving_, home.lists[slot]);
    home.occupied[slot / 64] &= ~(uint64_t{1} << (slot % 64));
  }
}

void TimingWheel::redistribute(Deadline deadline) {
  while (moving_.head != nullptr) {
    Chunk* chunk = moving_.head;
    for (size_t i = 0; i < chunk->count; i++) {
      const uint64_t word = chunk->words[i];
      put((now_tick_ & ~kTickMask) | ((word >> 8) & kTickMask), word);
    }
    pop_chunk(moving_);
    if (deadline.has_passed()) return;
  }
}

void TimingWheel::push(List& list, uint64_t word) {
  if (list.head == nullptr || list.head->count == Chunk::kCapacity) {
    auto* chunk = new Chunk;
    chunk->next = list.head;
    chunk->count = 0;
    list.head = chunk;
    chunks_++;
  }
  list.head->words[list.head->count++] = word;
}

void TimingWheel::pop_chunk(List& list) {
  Chunk* chunk = list.head;
  list.head = chunk->next;
  delete chunk;
  chunks_--;
}

void TimingWheel::free_list(List& list) {
  while (list.head != nullptr) pop_chunk(list);
}

// Moves all of `from` behind what `to` holds. Walks the chunks of `to`, which is empty or short.
void TimingWheel::append(List& to, List& from) {
  if (from.head == nullptr) return;
  Chunk** end = &to.head;
  while (*end != nullptr) end = &(*end)->next;
  *end = from.head;
  from.head = nullptr;
}

}  // namespace larder
