// What listeners are told when a key changes: notifications, tracking, WATCH, propagation.
#pragma once

#include <cstdint>
#include <string_view>

namespace larder {

class Database;

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
};

}  // namespace larder
