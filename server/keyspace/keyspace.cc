#include "server/keyspace/keyspace.h"

#include <algorithm>

namespace larder {

Keyspace::Keyspace(size_t database_count) : now_ms_(wall_clock_ms()) {
  for (size_t i = 0; i < database_count; i++) {
    databases_.push_back(std::make_unique<Database>(static_cast<int>(i)));
  }
}

void Keyspace::expire(Database& database, const Key& key, Database::Slot* slot) {
  Entry* entry = database.take(key, slot);
  ++stats.expired_keys;
  changed({KeyEventClass::expired, "expired", database, key.name});
  Entry::destroy(entry);
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

void Keyspace::flush(Database& database) {
  auto contents = std::make_unique<Database>(database.index());
  contents->swap_contents(database);
  changes_ += contents->size();
  flushed_contents_.push_back(std::move(contents));
  flushed(&database);
}

void Keyspace::flush_all() {
  for (const auto& database : databases_) {
    if (database->size() > 0) flush(*database);
  }
  flushed(nullptr);
}

void Keyspace::swap(Database& first, Database& second) {
  first.swap_contents(second);
  changes_++;
  flushed(&first);
  flushed(&second);
}

bool Keyspace::do_background_work(Deadline deadline) {
  bool has_more = false;
  for (size_t i = 0; active_expiry_ && i < databases_.size() && !has_more; i++) {
    Database& database = *databases_[(next_to_expire_ + i) % databases_.size()];
    has_more = database.expire_due(now_ms_, deadline, [&](const Entry& entry) {
      ++stats.expired_keys;
      changed({KeyEventClass::expired, "expired", database, entry.key()});
    });
    if (has_more) next_to_expire_ = (next_to_expire_ + i) % databases_.size();
  }
  while (!flushed_contents_.empty() && !deadline.has_passed()) {
    if (flushed_contents_.front()->drain(deadline)) flushed_contents_.pop_front();
  }
  return has_more || !flushed_contents_.empty();
}

int64_t Keyspace::next_background_ms() const {
  if (!flushed_contents_.empty()) return now_ms_;
  int64_t next_ms = INT64_MAX;
  if (!active_expiry_) return next_ms;
  for (const auto& database : databases_) next_ms = std::min(next_ms, database->next_expiry_ms());
  return next_ms;
}

size_t Keyspace::total_keys() const {
  size_t keys = 0;
  for (const auto& database : databases_) keys += database->size();
  return keys;
}

}  // namespace larder
