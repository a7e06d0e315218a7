// A run of a stream's entries in one block of bytes: up to a hundred of them, or some kilobytes.
//
//   fields of the first entry             entries
//   +-------+---------+-----+---------+   +-------+-------+-----+
//   | count | field 1 | ... | field n |   | entry | entry | ... |
//   +-------+---------+-----+---------+   +-------+-------+-----+
//
//   entry
//   +------+------------+----------+---------+---------------------------------------------+
//   | head | length     | ms delta | seq     | value 1 ... value n                         |
//   | u8   | 1, 3 or 5  | 0 to 8   | 0 to 8  | or: count, field 1, value 1, field 2 ...    |
//   +------+------------+----------+---------+---------------------------------------------+
//
// head      bit 0: deleted; bit 1: it has fields of its own, not those of the chunk; bits 2-4 and
//           5-7: how many bytes ms delta and seq take, 0 to 6, or 7 for 8 bytes.
// length    of all behind it: one byte up to 253, or 254 and u16, or 255 and u32.
// ms delta  to the ms of the chunk's first ID.
// seq       where the ms delta is 0, to the seq of the chunk's first ID; else as it is.
//
// Counts, fields and values are packed entries. Entries ascend by ID. A deleted one keeps its place
// until half of the chunk is dead. An entry with two values of 8 bytes takes 20 to 24 bytes.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "server/structures/packed_entry.h"
#include "server/types/stream_id.h"

namespace larder {

// Fields and values of a new entry, in turns.
using StreamFields = std::span<const std::string_view>;

// An entry as it is read. Points into its chunk; valid until the stream changes.
class StreamEntry {
 public:
  StreamId id;

  size_t field_count() const { return field_count_; }
  // Calls visit(PackedEntry field, PackedEntry value) for each pair.
  template <class Visit>
  void for_each(Visit&& visit) const {
    const char* field = fields_;
    const char* value = values_;
    for (size_t i = 0; i < field_count_; i++) {
      if (fields_ == nullptr) {
        field = value;
        value = packed::next(field);
      }
      visit(PackedEntry(field), PackedEntry(value));
      if (fields_ != nullptr) field = packed::next(field);
      value = packed::next(value);
    }
  }

 private:
  friend struct StreamChunk;
  size_t field_count_ = 0;
  const char* fields_ = nullptr;  // those of the chunk, or nullptr: each stands before its value
  const char* values_ = nullptr;
};

// Refers to the bytes without owning them: a record that the stream keeps in order by `first`, and
// whose bytes it frees by release().
struct StreamChunk {
  StreamId first;  // of the first entry that it ever had
  char* bytes = nullptr;
  uint32_t size = 0;      // used bytes
  uint32_t capacity = 0;  // allocated bytes
  uint32_t begin = 0;     // where the first entry is that is not deleted
  uint32_t live = 0;      // entries that are not deleted
  uint32_t added = 0;     // entries that it ever got
  uint32_t dead = 0;      // bytes of deleted entries

  // An empty chunk whose entries will mostly have the fields of this one. `expected_bytes`: how
  // many it will probably need.
  static StreamChunk create(StreamId first, StreamFields fields, size_t expected_bytes);
  StreamChunk clone() const;
  void release();

  // Adds an entry behind all others. At most 2^30 bytes of texts.
  void append(StreamId id, StreamFields fields);
  // Gives back what append() took for entries to come.
  void shrink_to_fit();

  // An entry's place: enough to go on from, cheap to find.
  struct Item {
    const char* at = nullptr;  // its head
    const char* body = nullptr;
    const char* end = nullptr;
    StreamId id;
    bool is_deleted = false;
  };
  const char* first_item() const { return bytes + begin; }
  const char* end() const { return bytes + size; }
  Item read(const char* at) const;
  // The entry with this ID if it is there and not deleted; else `at` is nullptr.
  Item find(StreamId id) const;
  // The last entry that is not deleted; there must be one.
  Item last_live() const;
  StreamEntry entry(const Item& item) const;

  // Deletes an entry that read() or find() gave. Items and entries of the chunk end with it.
  void erase(const Item& item);

 private:
  bool has_fields(StreamFields fields) const;
  void reserve(size_t bytes_needed);
  void compact();
  char* entries_begin() const;
};

// How the stream's index finds a chunk.
struct FirstIdOfChunk {
  StreamId operator()(const StreamChunk& chunk) const { return chunk.first; }
};

}  // namespace larder
