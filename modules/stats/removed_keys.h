// Which keys went of late, and why, so that a miss can be explained.
//
// A sketch: of a key it keeps 14 bits of its hash, in a line of a cache line that others of its
// bits choose, so that a key that never was is taken for one that went about twice in a thousand
// times. Two tables: when the young one is full, it becomes the old one, and what the old one knew
// is forgotten. Tables double until they have 320,000 keys, 1 MB each. A put or a look costs a
// cache line of each.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "server/keyspace/key_event.h"

namespace larder {

class RemovedKeys {
 public:
  static constexpr size_t kMostLines = size_t{1} << 14;
  explicit RemovedKeys(size_t most_lines = kMostLines) : most_lines_(most_lines) {}
  // From the next table on, both take at most this much, but at least 2 kB.
  void set_most_bytes(size_t bytes);

  // The last cause counts.
  void put(uint64_t hash, RemovalCause cause);
  // Why the key went; nullopt: it never was, or went too long ago.
  std::optional<RemovalCause> find(uint64_t hash) const;
  void clear();

  // How many keys it knows, those counted twice that went under both tables.
  size_t size() const { return young_.count + old_.count; }
  size_t memory() const {
    return (young_.lines.capacity() + old_.lines.capacity()) * sizeof(Line);
  }

 private:
  static constexpr size_t kFirstLines = 16;
  static constexpr size_t kEntries = 31;
  // So full on average that hardly a line overflows.
  static constexpr size_t kUsualEntries = 20;
  static constexpr unsigned kCauseBits = 2;

  struct alignas(64) Line {
    std::array<uint16_t, kEntries> entries;  // fingerprint << 2 | cause + 1; 0: none
    uint16_t oldest;
  };
  static_assert(sizeof(Line) == 64);
  struct Table {
    std::vector<Line> lines;  // a power of two
    size_t count = 0;
    bool is_full() const { return count >= lines.size() * kUsualEntries; }
    Line& line_of(uint64_t hash) { return lines[hash & (lines.size() - 1)]; }
  };
  static uint16_t fingerprint(uint64_t hash) {
    return static_cast<uint16_t>(hash >> 32 << kCauseBits);
  }
  static uint16_t* find_in(Line& line, uint64_t hash);
  void begin_table();

  size_t most_lines_;
  mutable Table young_;
  mutable Table old_;
};

}  // namespace larder
