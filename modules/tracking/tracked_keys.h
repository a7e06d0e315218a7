// Which clients may hold which keys in a cache of their own.
//
// A key stays until it changes, then everybody who has read it is told, once. Clients are numbered,
// the lowest free number first, so that sets of them stay small (tracked_key.h). What a client that
// has left had read is not searched for: its number is given to nobody else until those entries
// have gone, with changes of their keys or, when half of everything is of such clients, in a walk
// over the table.
//
// Cost of remember() and take(): a look-up. Memory: about 13 bytes a key for the table, and the key
// with its readers. Walks and freeing happen in slices.
#pragma once

#include <cstdint>
#include <deque>
#include <set>
#include <string_view>
#include <vector>

#include "modules/tracking/tracked_key.h"
#include "server/base/clock.h"
#include "server/base/hash.h"
#include "server/base/random.h"
#include "server/keyspace/entry.h"
#include "server/structures/hash_table.h"

namespace larder {

class TrackedKeys {
 public:
  TrackedKeys() = default;
  TrackedKeys(const TrackedKeys&) = delete;
  TrackedKeys& operator=(const TrackedKeys&) = delete;
  ~TrackedKeys();

  // A number for a client.
  uint32_t join();
  // The client has left; nobody is told of its keys from now on.
  void leave(uint32_t reader);

  // Whether the reader had not read the key since it last changed.
  bool remember(const Key& key, uint32_t reader);
  bool remember(std::string_view key, uint32_t reader) { return remember(make_key(key), reader); }
  // Brings the table's line for a key near, before several are remembered.
  void prefetch(const Key& key) const { table_.prefetch_bucket(key.hash); }
  // Forgets the key. Calls `visit(reader)` for everybody who has read it and has not left.
  template <class Visit>
  void take(std::string_view key, Visit&& visit);
  // One of the keys, valid until the next change; nullptr: there is none.
  const TrackedKey* random(Random& random) const;
  // Forgets all keys at once. Their memory comes back in work().
  void clear();

  // Frees what was cleared and takes out those who have left. Whether there is more to do.
  bool work(Deadline deadline);

  size_t size() const { return table_.size(); }
  // Pairs of a key and a reader, those who have left included.
  size_t items() const { return items_; }
  // Of the table, its keys, and what is still to be freed.
  size_t memory() const { return table_.memory() + key_bytes_ + cleared_bytes_; }

 private:
  struct KeyTraits {
    static uint64_t hash(const TrackedKey& tracked) { return hash_bytes(tracked.key()); }
  };
  using Table = HashTable<TrackedKey, KeyTraits>;
  struct Reader {
    size_t items = 0;
    bool is_free = false;
    bool has_left = false;
  };
  // Below this a walk is not worth its beginning.
  static constexpr size_t kMinLeftItems = 1024;

  Table::Slot* find(std::string_view key, uint64_t hash) const {
    return table_.find(hash, [&](const TrackedKey& tracked) { return tracked.key() == key; });
  }
  void forget_item(uint32_t reader);
  void free_number(uint32_t reader);
  bool needs_walk() const {
    return left_items_ > kMinLeftItems && left_items_ > items_ - left_items_;
  }
  void walk_step();
  bool free_cleared(Deadline deadline);

  Table table_;
  std::vector<Reader> readers_;
  std::set<uint32_t> free_;  // numbers
  size_t items_ = 0;
  size_t left_items_ = 0;  // of those who have left
  size_t key_bytes_ = 0;   // what the keys of the table take
  bool is_walking_ = false;
  uint64_t walk_position_ = 0;
  std::deque<Table> cleared_;
  size_t cleared_bytes_ = 0;
};

template <class Visit>
void TrackedKeys::take(std::string_view key, Visit&& visit) {
  if (table_.size() == 0) return;
  const uint64_t hash = hash_bytes(key);
  Table::Slot* slot = find(key, hash);
  if (slot == nullptr) return;
  TrackedKey* tracked = table_.erase(hash, slot);
  key_bytes_ -= tracked->memory();
  // `key` may be the tracked key's own.
  tracked->visit_readers([&](uint32_t reader) {
    const bool has_left = readers_[reader].has_left;
    forget_item(reader);
    if (!has_left) visit(reader);
  });
  TrackedKey::destroy(tracked);
}

}  // namespace larder
