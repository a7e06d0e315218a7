// One of the numbered databases: keys, their entries, and when they expire.
//
// Commands do not use it directly but through Context (find, edit, replace, remove), which decides about
// expiry, statistics and events; this class keeps the table, the expiry index and the counts true.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "server/base/clock.h"
#include "server/keyspace/disposal.h"
#include "server/keyspace/entry.h"
#include "server/keyspace/key_usage.h"
#include "server/structures/hash_table.h"
#include "server/structures/timing_wheel.h"

namespace larder {

class Database {
 public:
  struct EntryTraits {
    static uint64_t hash(const Entry& entry) { return hash_bytes(entry.key()); }
  };
  using Table = HashTable<Entry, EntryTraits>;
  using Slot = Table::Slot;

  // `disposal` frees what takes long, `usage` gives new keys their bits. Both outlive the database.
  Database(int index, Disposal& disposal, KeyUsage& usage)
      : index_(index), disposal_(disposal), usage_(usage) {}
  ~Database() { drain(Deadline::never()); }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Changes with SWAPDB, which swaps the contents of two databases.
  int index() const { return index_; }
  size_t size() const { return table_.size(); }
  // Keys that have an expiry.
  size_t expiring() const { return expiring_; }
  // The mean time to live of expiring keys, estimated from those that were given one of late.
  int64_t average_ttl_ms() const { return average_ttl_ms_; }
  size_t table_memory() const { return table_.memory(); }
  // What the index of expiries takes.
  size_t expiry_memory() const {
    return (wheel_ ? wheel_->memory() : 0) + (next_wheel_ ? next_wheel_->memory() : 0) +
           (field_wheel_ ? field_wheel_->memory() : 0);
  }
  size_t slot_count() const { return table_.slot_count(); }

  // The key's slot whether or not it has expired; nullptr if there is none. Valid until the next
  // insertion or removal.
  Slot* find(const Key& key) const {
    return table_.find(key.hash, [&](const Entry& entry) { return entry.key() == key.name; });
  }
  void prefetch_bucket(uint64_t hash) const { table_.prefetch_bucket(hash); }
  void prefetch_entry(uint64_t hash) const { table_.prefetch_element(hash); }

  // A step of the walk that keeps the bits of usage from coming round: as visit_segment's. Notes sizes
  // where KeyUsage says so; only then it reads the entries.
  uint64_t age(uint64_t position);
  // Notes about how much memory the key in `slot` takes now. Only where KeyUsage::has_sizes.
  static void note_size(Slot& slot);

  // Adds an entry for a key that is not there; the database owns it from then on.
  Slot* insert(const Key& key, Entry* entry, int64_t now_ms);
  // The same for an entry that was taken from another place, where its slot had these bits: to the
  // eviction policy the key stays what it was.
  Slot* insert_moved(const Key& key, Entry* entry, uint16_t bits, int64_t now_ms);
  // What the key is called in the ghost, which all databases share.
  uint64_t ghost_hash(uint64_t hash) const {
    return hash + static_cast<uint64_t>(index_) * 0x9e3779b97f4a7c15;
  }
  // Changes the shape of a slot's entry (Entry::reshape), its expiry included.
  Entry* reshape(const Key& key, Slot* slot, Type type, uint8_t encoding, int64_t expiry_ms,
                 size_t value_size, int64_t now_ms);
  // Sets or (kNoExpiry) removes the expiry.
  void set_expiry(const Key& key, Slot* slot, int64_t expiry_ms, int64_t now_ms);
  // Removes the entry and frees it.
  void erase(const Key& key, Slot* slot) { disposal_.dispose(take(key, slot)); }
  // Removes the entry and hands it over.
  Entry* take(const Key& key, Slot* slot);

  // Exchanges the contents; the indexes stay.
  void swap_contents(Database& other);
  // Frees entries until the deadline passes; returns whether the database is empty now. From the first
  // call until it returns true the database must not be used for anything else.
  bool drain(Deadline deadline);

  // One step of SCAN: see HashTable::scan. `visit(const Entry&)`.
  template <class Visit>
  uint64_t scan(uint64_t position, Visit&& visit) const {
    return table_.scan(position, [&](Slot& slot) { visit(*slot.get()); });
  }
  // A larger step, of up to 768 entries, for a walk over everything: see HashTable::visit_segment.
  template <class Visit>
  uint64_t visit_segment(uint64_t position, Visit&& visit) const {
    return table_.template visit_segment<true>(position, [&](Slot& slot) { visit(*slot.get()); });
  }
  // A step of the same walk that gives entries other addresses: `visit(Slot&)` may set the slot to a copy
  // of its entry.
  template <class Visit>
  uint64_t relocate_segment(uint64_t position, Visit&& visit) {
    return table_.template visit_segment<false>(position, visit);
  }
  // Steps of walks over the table's own memory: see HashTable.
  uint64_t compact_segment(uint64_t position) { return table_.compact_segment(position); }
  template <class Move>
  uint64_t move_segment(uint64_t position, Move&& move) {
    return table_.move_segment(position, move);
  }
  Slot* random(Random& random) const { return table_.random(random); }
  // Several keys at once, and a way back to them: see HashTable::sample_bucket and visit_bucket.
  template <class Visit>
  void sample_bucket(Random& random, Visit&& visit) const {
    table_.sample_bucket(random, visit);
  }
  template <class Visit>
  void visit_bucket(uint64_t position, Visit&& visit) const {
    table_.visit_bucket(position, visit);
  }
  // All keys, step by step; reads no entries: see HashTable::visit_places.
  template <class Visit>
  uint64_t visit_places(uint64_t position, Visit&& visit) const {
    return table_.visit_places(position, visit);
  }

  // Removes keys whose time has come, until none is left or the deadline passes. `on_expired(const
  // Entry&)` sees each when it is not in the table any more, and before it is freed. Returns whether
  // there is more to do.
  template <class OnExpired>
  bool expire_due(int64_t now_ms, Deadline deadline, OnExpired&& on_expired);
  // The earliest moment at which expire_due has something to do; INT64_MAX: never.
  int64_t next_expiry_ms() const { return wheel_ ? wheel_->next_ms() : INT64_MAX; }
  // Whether expire_due or expire_fields have something to do now: keys or fields that have ended, or an
  // index with more stale references than it should have.
  bool has_expiry_work(int64_t now_ms) const {
    if (next_field_expiry_ms() <= now_ms) return true;
    return wheel_ != nullptr && (wheel_->next_ms() <= now_ms || next_wheel_ != nullptr ||
                                 wheel_needs_rebuild(now_ms));
  }

  // --- Hashes whose fields end ---

  // How many the index knows. One that has lost its last such field a moment ago counts.
  size_t hashes_with_expiry() const { return indexed_hashes_; }
  // Puts the hash in `slot` into the index, or at an earlier time, if its fields say so.
  void index_fields(uint64_t hash, Slot* slot, int64_t now_ms);
  // The same after its fields were looked at. `was_indexed`: whether the index knew it before.
  void reindex_fields(uint64_t hash, Slot* slot, bool was_indexed, int64_t now_ms);
  // The entry's value is about to go, or to get another key.
  void forget_fields(const Entry& entry);
  // Calls `on_due(Slot*)` for hashes in which fields may have ended, until there is none or the deadline
  // passes. It removes the fields, maybe the hash as well, indexes it anew, and returns whether it looked
  // at all fields; if not, the same hash is the first of the next call. Returns whether there is more to
  // do.
  template <class OnDue>
  bool expire_fields(int64_t now_ms, Deadline deadline, OnDue&& on_due);
  // As next_expiry_ms.
  int64_t next_field_expiry_ms() const {
    if (unfinished_hash_) return 0;
    return field_wheel_ ? field_wheel_->next_ms() : INT64_MAX;
  }

 private:
  // The owner's bits of a slot: eviction_word.h.
  static constexpr uint16_t kExpiresBit = EvictionWord::kExpiresBit;
  static constexpr size_t kExpireBatch = 32;

  Slot* insert_with(const Key& key, Entry* entry, uint16_t bits, int64_t now_ms);
  void index_expiry(uint64_t hash, int64_t old_ms, int64_t new_ms, int64_t now_ms);
  Slot* find_expired(TimingWheel::Reference reference, int64_t now_ms, bool add_again);
  void prefetch(const TimingWheel::Reference* references, size_t count) const;
  Slot* find_due_hash(TimingWheel::Reference reference, int64_t now_ms);
  bool wheel_needs_rebuild(int64_t now_ms) const;
  void rebuild_wheel(int64_t now_ms, Deadline deadline);

  int index_;
  Disposal& disposal_;
  KeyUsage& usage_;
  Table table_;
  size_t expiring_ = 0;
  int64_t average_ttl_ms_ = 0;
  // References are never taken out of the wheel: one that leads to no expired key is dropped, or added
  // again if its key lives longer now. When more are stale than not, a new wheel is built from the
  // table, step by step, while the old one keeps working.
  std::unique_ptr<TimingWheel> wheel_;
  std::unique_ptr<TimingWheel> next_wheel_;
  uint64_t rebuild_position_ = 0;
  // Hashes by when their first field ends. Each says under which time it is known here (FieldTimes);
  // references with other times are stale and dropped when they come up.
  std::unique_ptr<TimingWheel> field_wheel_;
  size_t indexed_hashes_ = 0;
  std::optional<std::string> unfinished_hash_;  // the key of one whose fields were not all looked at
};

template <class OnExpired>
bool Database::expire_due(int64_t now_ms, Deadline deadline, OnExpired&& on_expired) {
  if (wheel_ == nullptr) return false;
  if (next_wheel_ != nullptr || wheel_needs_rebuild(now_ms)) rebuild_wheel(now_ms, deadline);
  TimingWheel::Reference due[kExpireBatch];
  for (;;) {
    const size_t count = wheel_->take_due(now_ms, due, kExpireBatch, deadline);
    prefetch(due, count);
    for (size_t i = 0; i < count; i++) {
      while (Slot* slot = find_expired(due[i], now_ms, false)) {
        Entry* entry = take(make_key(slot->get()->key()), slot);
        on_expired(*entry);
        disposal_.dispose(entry);
      }
      find_expired(due[i], now_ms, true);
    }
    if (count == kExpireBatch && !deadline.has_passed()) continue;
    return next_wheel_ != nullptr || wheel_->next_ms() <= now_ms;
  }
}

template <class OnDue>
bool Database::expire_fields(int64_t now_ms, Deadline deadline, OnDue&& on_due) {
  if (field_wheel_ == nullptr) return false;
  const auto look_at = [&](Slot* slot) {
    std::string name(slot->get()->key());
    if (!on_due(slot)) unfinished_hash_ = std::move(name);
    return !unfinished_hash_;
  };
  if (unfinished_hash_) {
    const std::string name = *std::exchange(unfinished_hash_, std::nullopt);
    Slot* slot = find(make_key(name));
    // It may have become something else meanwhile.
    if (slot != nullptr && slot->get()->type() == Type::hash && !look_at(slot)) return true;
  }
  TimingWheel::Reference due;
  while (field_wheel_->take_due(now_ms, &due, 1, deadline) == 1) {
    while (Slot* slot = find_due_hash(due, now_ms)) {
      if (!look_at(slot)) return true;
    }
    if (deadline.has_passed()) break;
  }
  return field_wheel_->next_ms() <= now_ms;
}

}  // namespace larder
