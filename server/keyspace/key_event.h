// What listeners are told when a key changes: notifications, tracking, WATCH, propagation.
#pragma once

#include <cstdint>
#include <string_view>

namespace larder {

class Database;
class Entry;

// The classes of notify-keyspace-events.
enum class KeyEventClass : uint8_t {
  generic, string, list, set, hash, sorted_set, stream, expired, evicted, new_key, key_miss
};

struct KeyEvent {
  KeyEventClass event_class;
  // Redis's name: "set", "del", "expired" ... Empty where Redis has none: the value is another one, which
  // WATCH and tracking have to know, and nothing is published (PFCOUNT, which remembers its answer).
  std::string_view event;
  Database& database;
  std::string_view key;
  // Of the key, where it is at hand: in key_missed. Else 0.
  uint64_t hash = 0;
};

// Why a key is no more. A key that is given another name is deleted under its old one; a hash whose last
// field has ended has expired.
enum class RemovalCause : uint8_t { expired, evicted, deleted };

// A key is no more, but for what is emptied as a whole (FLUSHDB). The entry is what it was.
struct KeyRemoval {
  RemovalCause cause;
  Database& database;
  uint64_t hash;  // of the key
  const Entry& entry;
};

}  // namespace larder
