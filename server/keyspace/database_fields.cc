// The index of hashes whose fields end: when to look into which.
#include <algorithm>

#include "server/keyspace/database.h"
#include "server/types/hash.h"

namespace larder {

void Database::index_fields(uint64_t hash, Slot* slot, int64_t now_ms) {
  const ValueView value = slot->get()->value();
  const Hash fields(value);
  const FieldTimes times = fields.times();
  if (times.due_ms >= times.indexed_ms) return;
  if (field_wheel_ == nullptr) field_wheel_ = std::make_unique<TimingWheel>(now_ms);
  // Behind the wheel's own time, so that the turn that is under way does not meet it again.
  const int64_t at_ms =
      std::max(fields.next_removal_ms(), field_wheel_->now_ms() + TimingWheel::kTickMs);
  const int64_t indexed_ms = std::min(at_ms, field_wheel_->span_end_ms());
  if (indexed_ms >= times.indexed_ms) return;
  if (times.indexed_ms == kNeverEnds) indexed_hashes_++;
  field_wheel_->add(hash, Table::tag_of(hash), at_ms);
  Hash::set_indexed_ms(value, indexed_ms);
}

void Database::reindex_fields(uint64_t hash, Slot* slot, bool was_indexed, int64_t now_ms) {
  if (was_indexed) indexed_hashes_--;
  Hash::set_indexed_ms(slot->get()->value(), kNeverEnds);
  index_fields(hash, slot, now_ms);
}

void Database::forget_fields(const Entry& entry) {
  if (entry.type() != Type::hash) return;
  const ValueView value = entry.value();
  if (Hash(value).times().indexed_ms == kNeverEnds) return;
  indexed_hashes_--;
  Hash::set_indexed_ms(value, kNeverEnds);
}

// A hash that the reference may mean and whose fields are to be looked at. Those that it may mean
// and whose time is later than it says are indexed anew on the way.
Database::Slot* Database::find_due_hash(TimingWheel::Reference reference, int64_t now_ms) {
  Slot* due = nullptr;
  table_.visit_candidates(reference.hash_top, reference.tag, [&](Slot& slot) {
    if (slot.get()->type() != Type::hash) return true;
    const Hash fields(slot.get()->value());
    // Another reference, which is still to come, is the one that counts.
    if (fields.times().indexed_ms > std::max(now_ms, field_wheel_->now_ms())) return true;
    if (fields.next_removal_ms() < now_ms) {
      due = &slot;
      return false;
    }
    reindex_fields(EntryTraits::hash(*slot.get()), &slot, true, now_ms);
    return true;
  });
  return due;
}

}  // namespace larder
