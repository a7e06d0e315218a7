// WATCH: who wants to know whether certain keys have changed.
//
// A watch goes off once, with the first change of one of its keys, and lets go of all of them then.
// While it has not gone off, none of its keys has come to life or gone, so what FLUSHALL and SWAPDB
// do to it follows from whether the key was there when the watch began. Keys belong to the number
// of a database.
//
// Nobody's writes pay for this while no key is watched. Otherwise a change costs one look-up; O(log
// n) for n watches of the same key to come and go.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/assert.h"
#include "server/keyspace/key_name.h"
#include "server/keyspace/keyspace.h"

namespace larder {

class WatchedKeys {
 public:
  class Watch;

  explicit WatchedKeys(Keyspace& keyspace) : keyspace_(keyspace) {}
  WatchedKeys(const WatchedKeys&) = delete;
  WatchedKeys& operator=(const WatchedKeys&) = delete;

  // Adds a key to a watch that has not gone off. A key that it has already stays as it is.
  void add(Watch& watch, Database& database, const Key& key);
  // Lets the watch forget its keys. To be called before it ends.
  void clear(Watch& watch);
  // Lets the watch go off if one of its keys has expired since, even if nobody has noticed yet.
  void notice_expired(Watch& watch);

  size_t size() const { return keys_.size(); }

 private:
  struct Watched {
    bool existed;
    std::set<Watch*> watches;
  };
  using Keys = KeyNameMap<Watched>;

  void listen();
  void stop_listening();
  void forget(Watch& watch);
  void go_off(const std::set<Watch*>& watches);
  void database_replaced(const Database* database);
  bool is_alive(const KeyName& key) const;

  Keyspace& keyspace_;
  Keys keys_;                     // its elements stay where they are
  uint64_t change_listener_ = 0;  // 0: not listening
  uint64_t flush_listener_ = 0;
  uint64_t swap_listener_ = 0;
};

// One client's watch.
class WatchedKeys::Watch {
 public:
  // `has_changed` becomes true when the watch goes off; putting it back is up to its owner.
  explicit Watch(bool& has_changed) : has_changed_(has_changed) {}
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  ~Watch() { LARDER_ASSERT(keys_.empty()); }

  size_t size() const { return keys_.size(); }

 private:
  friend class WatchedKeys;
  bool& has_changed_;
  std::vector<Keys::value_type*> keys_;
};

}  // namespace larder
