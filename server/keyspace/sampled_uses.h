// Uses of a sample of all keys, for one listener: a key is in it with all its uses or with none.
//
// A use is gathered where it happens and told later, together with many others (Gathered says why).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "server/base/gathered.h"
#include "server/base/hook.h"
#include "server/types/value.h"

namespace larder {

class Database;
class Entry;

// A key of the sample was read, or was not there to be read, or was given another value. It says all
// by itself, whatever has become of the key since then.
struct alignas(64) SampledUse {
  enum class Kind : uint8_t {
    read,
    peeked,  // as read, but it was no use of the key (Lookup::peek)
    written,
  };

  uint64_t id;    // of the key, another in each database (Database::ghost_hash)
  uint32_t rank;  // what decides whether the key is in the sample
  uint16_t database;
  Kind kind;
  bool is_there;
  int64_t now_ms;  // Keyspace::now_ms()
  // Of a key that is there: the entry's bytes before they are rounded up to a size class, and about those
  // that the value has beside it, rounded.
  uint64_t entry_bytes;
  uint64_t value_bytes;
  int64_t expiry_ms;  // kNoExpiry: none
  // Of values from kNamedBytes on, which are told at once: valid while the listener runs. Else empty.
  std::string_view name;
};

class SampledUses {
 public:
  static constexpr size_t kNamedBytes = size_t{1} << 19;

  // Keys whose hash, its lower 32 bits, is below this. It belongs to the listener, who is told what has
  // been gathered before it moves. 0: none, which costs each use a comparison; 2^32: all.
  uint64_t end = 0;
  // A listener may use no key.
  Hook<std::span<const SampledUse>> told;

  bool contains(uint64_t hash) const { return static_cast<uint32_t>(hash) < end; }
  // entry: nullptr, if the key is not there.
  void add(SampledUse::Kind kind, const Database& database, uint64_t hash, const Entry* entry,
           int64_t now_ms);
  // Tells what has been gathered so far. The listener calls it before it answers anything.
  void tell();
  // How long it took, since this was last asked, to find out how large values are that do not lie in their
  // entries: all else that is done here takes next to nothing.
  int64_t take_sizing_ns() { return std::exchange(sizing_ns_, 0); }

 private:
  uint64_t bytes_beside(ValueView value);

  Gathered<SampledUse> gathered_;
  int64_t sizing_ns_ = 0;
  unsigned untimed_ = 0;
};

}  // namespace larder
