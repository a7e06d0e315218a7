#include "server/keyspace/watched_keys.h"

#include <utility>

namespace larder {

void WatchedKeys::add(Watch& watch, Database& database, const Key& key) {
  const auto index = static_cast<size_t>(database.index());
  // Looks the key up first: that may let it expire, which is no change that this watch is about.
  const bool existed = keyspace_.find(database, key, Lookup::silent) != nullptr;
  auto found = keys_.find(KeyView{index, key.name});
  if (found == keys_.end()) {
    found = keys_.emplace(KeyName{index, std::string(key.name)}, Watched{existed, {}}).first;
  }
  if (!found->second.watches.insert(&watch).second) return;
  watch.keys_.push_back(&*found);
  if (change_listener_ == 0) listen();
}

void WatchedKeys::clear(Watch& watch) {
  forget(watch);
  if (keys_.empty() && change_listener_ != 0) stop_listening();
}

void WatchedKeys::forget(Watch& watch) {
  for (Keys::value_type* key : std::exchange(watch.keys_, {})) {
    key->second.watches.erase(&watch);
    if (key->second.watches.empty()) keys_.erase(keys_.find(key->first));
  }
}

// Unlike a look-up, this lets nothing expire.
bool WatchedKeys::is_alive(const KeyName& key) const {
  const Database::Slot* slot = keyspace_.database(key.database).find(make_key(key.name));
  return slot != nullptr && !slot->get()->is_expired(keyspace_.now_ms());
}

void WatchedKeys::notice_expired(Watch& watch) {
  // Looking an expired key up removes it, and the watch goes off and has no keys any more.
  for (size_t i = 0; i < watch.keys_.size(); i++) {
    // A copy: when the watch goes off, its keys go, and others still have to hear of this one.
    const KeyName key = watch.keys_[i]->first;
    keyspace_.find(keyspace_.database(key.database), make_key(key.name), Lookup::silent);
  }
}

// --- Changes ---

// A listener may not stop listening; when the last watch has gone off, the next clear() does that.
void WatchedKeys::listen() {
  change_listener_ = keyspace_.key_changed.add([this](const KeyEvent& event) {
    const auto found = keys_.find(KeyView{static_cast<size_t>(event.database.index()), event.key});
    if (found == keys_.end()) return;
    // An expired key that SWAPDB has brought may go; there was none and there is none.
    if (!found->second.existed && !is_alive(found->first)) return;
    const std::set<Watch*> watches = found->second.watches;
    go_off(watches);
  });
  flush_listener_ =
      keyspace_.flushed.add([this](Database* database) { database_replaced(database); });
  swap_listener_ = keyspace_.swapped.add([this](Database& first, Database& second) {
    database_replaced(&first);
    database_replaced(&second);
  });
}

void WatchedKeys::stop_listening() {
  keyspace_.key_changed.remove(std::exchange(change_listener_, 0));
  keyspace_.flushed.remove(std::exchange(flush_listener_, 0));
  keyspace_.swapped.remove(std::exchange(swap_listener_, 0));
}

void WatchedKeys::go_off(const std::set<Watch*>& watches) {
  for (Watch* watch : watches) {
    watch->has_changed_ = true;
    forget(*watch);
  }
}

// The database (nullptr: each) was emptied, or has got the contents of another. A key that was not
// there and still is not has not changed.
void WatchedKeys::database_replaced(const Database* database) {
  std::set<Watch*> touched;
  for (const auto& [key, watched] : keys_) {
    if (database != nullptr && key.database != static_cast<size_t>(database->index())) continue;
    if (watched.existed || is_alive(key)) {
      touched.insert(watched.watches.begin(), watched.watches.end());
    }
  }
  go_off(touched);
}

}  // namespace larder
