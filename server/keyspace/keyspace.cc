#include "server/keyspace/keyspace.h"

#include <algorithm>

#include "server/keyspace/edit.h"

namespace larder {

Keyspace::Keyspace(size_t database_count)  {
  set_now_ms(wall_clock_ms());
  next_aging_ms_ = now_ms_ + IdleTime::kAgingIntervalMs;
  for (size_t i = 0; i < database_count; i++) {
    databases_.push_back(std::make_unique<Database>(static_cast<int>(i), disposal));
  }
}

void Keyspace::expire(Database& database, const Key& key, Database::Slot* slot) {
  Entry* entry = database.take(key, slot);
  ++stats.expired_keys;
  // The name in the entry lives until the entry goes, whatever the listeners do with the caller's.
  key_changed({KeyEventClass::expired, "expired", database, entry->key()});
  disposal.dispose(entry);
}

// Apart, so that look-ups which find their key stay short.
void Keyspace::missed(Database& database, const Key& key) {
  ++stats.keyspace_misses;
  if (!key_missed.is_used()) return;
  key_missed({KeyEventClass::key_miss, "keymiss", database, key.name});
}

bool Keyspace::remove(Database& database, const Key& key, std::string_view event) {
  Database::Slot* slot = find(database, key, Lookup::write);
  if (slot == nullptr) return false;
  database.erase(key, slot);
  changed({KeyEventClass::generic, event, database, key.name});
  return true;
}

void Keyspace::set_expiry(Database& database, const Key& key, Database::Slot* slot,
                          int64_t expiry_ms) {
  if (expiry_ms != kNoExpiry && expiry_ms <= now_ms_) {
    database.erase(key, slot);
    changed({KeyEventClass::generic, "del", database, key.name});
    return;
  }
  database.set_expiry(key, slot, expiry_ms, now_ms_);
  changed({KeyEventClass::generic, expiry_ms == kNoExpiry ? "persist" : "expire", database, key.name});
}

void Keyspace::relocate(const Relocation& relocation, Database::Slot* slot) {
  Entry* entry = relocation.source.take(relocation.from, slot);
  if (relocation.from.name != relocation.to.name) entry = Entry::rename(entry, relocation.to.name);
  Database::Slot* moved = relocation.target.insert(relocation.to, entry, now_ms_);
  if (entry->type() == Type::hash) relocation.target.index_fields(relocation.to.hash, moved, now_ms_);
  added(relocation.target, relocation.to);
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
  auto contents = std::make_unique<Database>(database.index(), disposal);
  contents->swap_contents(database);
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
    if (flushed_contents_.front()->drain(deadline)) flushed_contents_.pop_front();
    if (deadline.has_passed()) return true;
  }
  return disposal.run(deadline);
}

void Keyspace::swap(Database& first, Database& second) {
  changes_++;
  if (&first == &second) return;
  first.swap_contents(second);
  swapped(first, second);
}

bool Keyspace::do_background_work(Deadline deadline) {
  bool has_more = active_expiry_ && is_expiry_due() && expire_due(deadline);
  has_more |= free_removed(deadline);
  has_more |= age_stamps(deadline);
  return has_more;
}

bool Keyspace::is_expiry_due() const {
  return std::ranges::any_of(databases_, [this](const auto& database) {
    return database->next_expiry_ms() <= now_ms_ || database->next_field_expiry_ms() <= now_ms_;
  });
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

bool Keyspace::age_stamps(Deadline deadline) {
  // A clock that was set back must not make the next walk wait for it.
  next_aging_ms_ = std::min(next_aging_ms_, now_ms_ + IdleTime::kAgingIntervalMs);
  if (now_ms_ < next_aging_ms_) return false;
  do {
    aging_position_ = databases_[aging_database_]->age_stamps(aging_position_, now_ms_);
    if (aging_position_ != 0) continue;
    if (++aging_database_ < databases_.size()) continue;
    aging_database_ = 0;
    next_aging_ms_ = now_ms_ + IdleTime::kAgingIntervalMs;
    return false;
  } while (!deadline.has_passed());
  return true;
}

int64_t Keyspace::next_background_ms() const {
  if (!flushed_contents_.empty() || disposal.pending() > 0) return now_ms_;
  int64_t next_ms = total_keys() == 0 ? INT64_MAX : next_aging_ms_;
  if (!active_expiry_) return next_ms;
  for (const auto& database : databases_) {
    next_ms = std::min({next_ms, database->next_expiry_ms(), database->next_field_expiry_ms()});
  }
  return next_ms;
}

size_t Keyspace::total_keys() const {
  size_t keys = 0;
  for (const auto& database : databases_) keys += database->size();
  return keys;
}

}  // namespace larder
