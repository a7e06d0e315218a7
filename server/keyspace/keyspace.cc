#include "server/keyspace/keyspace.h"

#include <algorithm>

#include "server/keyspace/edit.h"

namespace larder {

Keyspace::Keyspace(size_t database_count) {
  set_now_ms(wall_clock_ms());
  usage.begin_aging();
  for (size_t i = 0; i < database_count; i++) {
    databases_.push_back(std::make_unique<Database>(static_cast<int>(i), disposal, usage));
  }
}

void Keyspace::expire(Database& database, const Key& key, Database::Slot* slot) {
  Entry* entry = database.take(key, slot);
  ++stats.expired_keys;
  removing(RemovalCause::expired, database, key.hash, *entry);
  // The name in the entry lives until the entry goes, whatever the listeners do with the caller's.
  key_changed({KeyEventClass::expired, "expired", database, entry->key()});
  disposal.dispose(entry);
}

// Apart, so that look-ups which find their key stay short.
void Keyspace::missed(Database& database, const Key& key) {
  ++stats.keyspace_misses;
  if (!key_missed.is_used()) return;
  key_missed({KeyEventClass::key_miss, "keymiss", database, key.name, key.hash});
}

void Keyspace::note_use(SampledUse::Kind kind, const Database& database, const Key& key,
                        const Database::Slot* slot) {
  sampled_uses.add(kind, database, key.hash, slot == nullptr ? nullptr : slot->get(), now_ms_);
}

bool Keyspace::remove(Database& database, const Key& key, std::string_view event) {
  Database::Slot* slot = find(database, key, Lookup::write);
  if (slot == nullptr) return false;
  removing(RemovalCause::deleted, database, key.hash, *slot->get());
  database.erase(key, slot);
  changed({KeyEventClass::generic, event, database, key.name});
  return true;
}

void Keyspace::set_expiry(Database& database, const Key& key, Database::Slot* slot,
                          int64_t expiry_ms) {
  if (expiry_ms != kNoExpiry && expiry_ms <= now_ms_) {
    removing(RemovalCause::deleted, database, key.hash, *slot->get());
    database.erase(key, slot);
    changed({KeyEventClass::generic, "del", database, key.name});
    return;
  }
  database.set_expiry(key, slot, expiry_ms, now_ms_);
  changed({KeyEventClass::generic, expiry_ms == kNoExpiry ? "persist" : "expire", database, key.name});
}

void Keyspace::relocate(const Relocation& relocation, Database::Slot* slot) {
  const uint16_t bits = slot->bits();
  removing(RemovalCause::deleted, relocation.source, relocation.from.hash, *slot->get());
  Entry* entry = relocation.source.take(relocation.from, slot);
  if (relocation.from.name != relocation.to.name) entry = Entry::rename(entry, relocation.to.name);
  Database::Slot* moved = relocation.target.insert_moved(relocation.to, entry, bits, now_ms_);
  if (entry->type() == Type::hash) relocation.target.index_fields(relocation.to.hash, moved, now_ms_);
  added(relocation.target, relocation.to);
  note_written(relocation.target, relocation.to, moved);
  changes_++;
  key_changed({KeyEventClass::generic, relocation.source_event, relocation.source,
               relocation.from.name});
  key_changed({KeyEventClass::generic, relocation.target_event, relocation.target,
               relocation.to.name});
}

const Entry* Keyspace::random_entry(Database& database) {
  // Ends because each round that finds nothing removes a key.
  while (Database::Slot* slot = database.random(random)) {
    if (!slot->get()->is_expired(now_ms_)) return slot->get();
    expire(database, make_key(slot->get()->key()), slot);
  }
  return nullptr;
}

void Keyspace::empty(Database& database) {
  auto contents = std::make_unique<Database>(database.index(), disposal, usage);
  contents->swap_contents(database);
  usage.forget(contents->size());
  changes_ += contents->size();
  flushed_contents_.push_back(std::move(contents));
}

void Keyspace::flush(Database& database) {
  empty(database);
  flushed(&database);
}

void Keyspace::flush_all() {
  for (const auto& database : databases_) {
    if (database->size() > 0) empty(*database);
  }
  flushed(nullptr);
}

bool Keyspace::free_removed(Deadline deadline) {
  while (!flushed_contents_.empty()) {
    Database& contents = *flushed_contents_.front();
    const size_t before = contents.size() + disposal.pending();
    const bool is_empty = contents.drain(deadline);
    // What is heavy goes on to the disposal, which counts it.
    disposal.stats.freed += before - contents.size() - disposal.pending();
    if (is_empty) flushed_contents_.pop_front();
    if (deadline.has_passed()) return true;
  }
  return disposal.run(deadline);
}

bool Keyspace::compact_tables(Deadline deadline) {
  while (compacting_database_ < databases_.size()) {
    compacting_position_ = databases_[compacting_database_]->compact_segment(compacting_position_);
    if (compacting_position_ == 0) compacting_database_++;
    if (deadline.has_passed()) break;
  }
  if (compacting_database_ < databases_.size()) return false;
  compacting_database_ = 0;
  return true;
}

size_t Keyspace::pending_disposal() const {
  size_t pending = disposal.pending();
  for (const auto& contents : flushed_contents_) pending += contents->size();
  return pending;
}

void Keyspace::swap(Database& first, Database& second) {
  changes_++;
  if (&first == &second) return;
  first.swap_contents(second);
  swapped(first, second);
}

bool Keyspace::do_background_work(Deadline deadline) {
  bool has_more = active_expiry_ && has_expiry_work() && expire_due(deadline);
  has_more |= free_removed(deadline);
  has_more |= eviction.do_background_work(deadline);
  has_more |= age_usage(deadline);
  return has_more;
}

bool Keyspace::has_expiry_work() const {
  return std::ranges::any_of(
      databases_, [this](const auto& database) { return database->has_expiry_work(now_ms_); });
}

bool Keyspace::expire_due(Deadline deadline) {
  const int64_t began_us = monotonic_us();
  bool has_more = false;
  for (size_t i = 0; i < databases_.size() && !has_more; i++) {
    // The slice after one that was cut short begins with the next database, so that none waits for
    // another's backlog.
    Database& database = *databases_[next_to_expire_];
    next_to_expire_ = (next_to_expire_ + 1) % databases_.size();
    has_more = database.expire_due(now_ms_, deadline, [&](const Entry& entry) {
      ++stats.expired_keys;
      if (key_removed.is_used()) {
        removing(RemovalCause::expired, database, hash_bytes(entry.key()), entry);
      }
      key_changed({KeyEventClass::expired, "expired", database, entry.key()});
    });
    has_more |= expire_fields(database, deadline);
  }
  if (has_more) ++stats.cut_expiry_slices;
  stats.expiry_us += static_cast<uint64_t>(monotonic_us() - began_us);
  return has_more;
}

bool Keyspace::expire_fields(Database& database, Deadline deadline) {
  return database.expire_fields(now_ms_, deadline, [&](Database::Slot* slot) {
    // Copied, because the entry moves when its fields go.
    const std::string name(slot->get()->key());
    EditedEntry hash(*this, database, make_key(name), slot, Type::hash, slot->get()->expiry_ms());
    return hash.remove_expired_fields(deadline);
  });
}

bool Keyspace::age_usage(Deadline deadline) {
  if (!is_aging_) {
    if (!usage.aging_is_due()) return false;
    usage.begin_aging();
    is_aging_ = true;
  }
  do {
    aging_position_ = databases_[aging_database_]->age(aging_position_);
    if (aging_position_ != 0) continue;
    if (++aging_database_ < databases_.size()) continue;
    aging_database_ = 0;
    is_aging_ = false;
    usage.end_aging();
    return usage.aging_is_due();
  } while (!deadline.has_passed());
  return true;
}

int64_t Keyspace::next_background_ms() const {
  if (has_removed()) return now_ms_;
  int64_t next_ms = total_keys() == 0 ? INT64_MAX : usage.next_aging_ms();
  if (!active_expiry_) return next_ms;
  for (const auto& database : databases_) {
    next_ms = std::min({next_ms, database->next_expiry_ms(), database->next_field_expiry_ms()});
  }
  return next_ms;
}

}  // namespace larder
