#include "server/keyspace/database.h"

#include <algorithm>
#include <utility>

namespace larder {
namespace {

// How far behind the wheel the clock may be before the wheel is built anew instead of waiting.
constexpr int64_t kMaxClockSetBackMs = 1000;

}  // namespace

Database::Slot* Database::insert(const Key& key, Entry* entry, int64_t now_ms) {
  const uint16_t bits = usage_.admit(ghost_hash(key.hash), entry->allocated_bytes());
  return insert_with(key, entry, entry->has_expiry() ? bits | kExpiresBit : bits, now_ms);
}

Database::Slot* Database::insert_moved(const Key& key, Entry* entry, uint16_t bits,
                                       int64_t now_ms) {
  usage_.remember();
  Slot* slot = insert_with(key, entry, bits, now_ms);
  // The walk that notes sizes may be past this place and not at the other yet.
  if (usage_.has_sizes()) note_size(*slot);
  return slot;
}

Database::Slot* Database::insert_with(const Key& key, Entry* entry, uint16_t bits, int64_t now_ms) {
  Slot* slot = table_.insert(key.hash, entry);
  slot->set_bits(bits);
  if (entry->has_expiry()) index_expiry(key.hash, kNoExpiry, entry->expiry_ms(), now_ms);
  return slot;
}

uint64_t Database::age(uint64_t position) {
  const auto age_slot = [&](Slot& slot) { slot.set_bits(usage_.aged(slot.bits())); };
  if (!usage_.walk_notes_sizes()) return table_.visit_segment<false>(position, age_slot);
  return table_.visit_segment<true>(position, [&](Slot& slot) {
    age_slot(slot);
    note_size(slot);
  });
}

void Database::note_size(Slot& slot) {
  const Entry& entry = *slot.get();
  const size_t bytes = entry.allocated_bytes() + value_size_hint(entry.value());
  slot.set_bits(HybridWord::with_size(slot.bits(), bytes));
}

Entry* Database::reshape(const Key& key, Slot* slot, Type type, uint8_t encoding,
                         int64_t expiry_ms, size_t value_size, int64_t now_ms) {
  const int64_t old_expiry_ms = slot->get()->expiry_ms();
  Entry* entry = Entry::reshape(slot->get(), type, encoding, expiry_ms, value_size);
  slot->set(entry);
  if (expiry_ms != old_expiry_ms) {
    const uint16_t others = static_cast<uint16_t>(slot->bits() & ~kExpiresBit);
    slot->set_bits(entry->has_expiry() ? others | kExpiresBit : others);
    index_expiry(key.hash, old_expiry_ms, expiry_ms, now_ms);
  }
  return entry;
}

void Database::set_expiry(const Key& key, Slot* slot, int64_t expiry_ms, int64_t now_ms) {
  const ValueView value = slot->get()->value();
  reshape(key, slot, value.type, value.encoding, expiry_ms, value.size, now_ms);
}

Entry* Database::take(const Key& key, Slot* slot) {
  if (slot->get()->has_expiry()) expiring_--;
  usage_.forget();
  forget_fields(*slot->get());
  return table_.erase(key.hash, slot);
}

void Database::swap_contents(Database& other) {
  table_.swap(other.table_);
  std::swap(expiring_, other.expiring_);
  std::swap(average_ttl_ms_, other.average_ttl_ms_);
  wheel_.swap(other.wheel_);
  next_wheel_.swap(other.next_wheel_);
  std::swap(rebuild_position_, other.rebuild_position_);
  field_wheel_.swap(other.field_wheel_);
  std::swap(indexed_hashes_, other.indexed_hashes_);
  unfinished_hash_.swap(other.unfinished_hash_);
}

bool Database::drain(Deadline deadline) {
  if (!table_.drain([&](Slot& slot) { disposal_.dispose(slot.get()); }, deadline)) return false;
  expiring_ = 0;
  wheel_.reset();
  next_wheel_.reset();
  field_wheel_.reset();
  indexed_hashes_ = 0;
  unfinished_hash_.reset();
  return true;
}

void Database::index_expiry(uint64_t hash, int64_t old_ms, int64_t new_ms, int64_t now_ms) {
  if (old_ms == kNoExpiry) expiring_++;
  if (new_ms == kNoExpiry) {
    expiring_--;
    return;
  }
  const int64_t ttl_ms = std::max(new_ms - now_ms, int64_t{0});
  average_ttl_ms_ = average_ttl_ms_ == 0 ? ttl_ms : average_ttl_ms_ + (ttl_ms - average_ttl_ms_) / 64;
  // A key that already has a reference keeps it while its expiry moves later: when the reference is
  // due, it is added again at the new time. So refreshing a session over and over costs nothing here.
  if (old_ms != kNoExpiry && old_ms <= new_ms) return;
  if (wheel_ == nullptr) wheel_ = std::make_unique<TimingWheel>(now_ms);
  wheel_->add(hash, Table::tag_of(hash), new_ms);
  if (next_wheel_ != nullptr) next_wheel_->add(hash, Table::tag_of(hash), new_ms);
}

// The slot of a key that the reference may mean and that has expired. With `add_again`, keys that it may
// mean and that live longer get a reference at their time.
Database::Slot* Database::find_expired(TimingWheel::Reference reference, int64_t now_ms,
                                       bool add_again) {
  Slot* expired = nullptr;
  table_.visit_candidates(reference.hash_top, reference.tag, [&](Slot& slot) {
    if ((slot.bits() & kExpiresBit) == 0) return true;
    if (slot.get()->is_expired(now_ms)) {
      expired = &slot;
      return false;
    }
    if (add_again) {
      const uint64_t hash = EntryTraits::hash(*slot.get());
      // Not before the wheel's own time, so that this turn of it does not meet the reference again.
      const int64_t at_ms = std::max(slot.get()->expiry_ms(), wheel_->now_ms());
      if (hash >> 32 == reference.hash_top) wheel_->add(hash, reference.tag, at_ms);
    }
    return true;
  });
  return expired;
}

void Database::prefetch(const TimingWheel::Reference* references, size_t count) const {
  for (size_t i = 0; i < count; i++) {
    table_.prefetch_bucket(static_cast<uint64_t>(references[i].hash_top) << 32);
  }
  for (size_t i = 0; i < count; i++) {
    table_.prefetch_element((static_cast<uint64_t>(references[i].hash_top) << 32) |
                            references[i].tag);
  }
}

bool Database::wheel_needs_rebuild(int64_t now_ms) const {
  // Often enough that stale references cost less than the live ones, and seldom enough that walking
  // the table is paid for by the changes since the last time.
  const size_t tolerated = 2 * expiring_ + table_.slot_count() / 16 + 4096;
  return wheel_->size() > tolerated || wheel_->now_ms() > now_ms + kMaxClockSetBackMs;
}

void Database::rebuild_wheel(int64_t now_ms, Deadline deadline) {
  if (next_wheel_ == nullptr) {
    next_wheel_ = std::make_unique<TimingWheel>(now_ms);
    rebuild_position_ = 0;
  }
  do {
    rebuild_position_ = table_.visit_segment<false>(rebuild_position_, [&](Slot& slot) {
      if ((slot.bits() & kExpiresBit) == 0) return;
      const uint64_t hash = EntryTraits::hash(*slot.get());
      next_wheel_->add(hash, Table::tag_of(hash), slot.get()->expiry_ms());
    });
  } while (rebuild_position_ != 0 && !deadline.has_passed());
  if (rebuild_position_ == 0) wheel_ = std::move(next_wheel_);
}

}  // namespace larder
