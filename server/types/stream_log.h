// What a stream's value owns on the heap: its entries in chunks, its counters, its groups.
//
// Adding an entry is O(1). Finding one is O(log n) in the chunks and then a walk through one chunk.
// Deleting marks; chunks without a live entry are freed. The counters are Redis 7's, and the
// formulas of lag and entries-read are Redis 7.2's.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/structures/sorted_blocks.h"
#include "server/types/stream_chunk.h"
#include "server/types/stream_group.h"
#include "server/types/type_limits.h"

namespace larder {

// How far to cut a stream from its old end.
struct StreamTrim {
  enum class Strategy : uint8_t { none, max_length, min_id };
  Strategy strategy = Strategy::none;
  bool whole_chunks = false;  // "~": only chunks that go as a whole
  uint64_t max_length = 0;    // for max_length
  StreamId min_id;            // for min_id
  uint64_t limit = 0;         // stop before deleting more than this; 0: no limit
};

class StreamLog {
 public:
  using Chunks = SortedBlocks<StreamChunk, FirstIdOfChunk>;
  using Groups = std::map<std::string, StreamGroup, std::less<>>;

  StreamLog() = default;
  ~StreamLog() { drain(Deadline::never()); }
  // A deep copy.
  StreamLog(const StreamLog& other);
  StreamLog& operator=(const StreamLog&) = delete;

  // --- Figures ---
  uint64_t length() const { return length_; }
  // IDs of the first and last entry that are there; 0-0 when there are none.
  StreamId first_id() const { return first_id_; }
  StreamId newest_id() const { return newest_id_; }
  // The largest ID that was ever given out.
  StreamId last_id() const { return last_id_; }
  // The largest ID that erase() took away.
  StreamId max_deleted_id() const { return max_deleted_id_; }
  uint64_t entries_added() const { return entries_added_; }
  size_t chunk_count() const { return chunks_.size(); }
  const Chunks& chunks() const { return chunks_; }

  // --- Entries ---
  // Adds an entry, whose ID is above last_id(). At most 2^30 bytes of texts.
  void append(StreamId id, StreamFields fields, const TypeLimits& limits);
  bool contains(StreamId id) const { return find(id).has_value(); }
  std::optional<StreamEntry> find(StreamId id) const;
  // Deletes an entry; returns whether it was there.
  bool erase(StreamId id);
  // Returns how many entries it deleted.
  uint64_t trim(const StreamTrim& trim);
  // What XSETID sets; the caller has checked them.
  void set_last_id(StreamId id) { last_id_ = id; }
  void set_entries_added(uint64_t count) { entries_added_ = count; }
  void set_max_deleted_id(StreamId id) { max_deleted_id_ = id; }

  // --- Groups ---
  const Groups& groups() const { return groups_; }
  Groups& groups() { return groups_; }
  StreamGroup* find_group(std::string_view name);
  const StreamGroup* find_group(std::string_view name) const;
  // Returns whether it is new.
  bool add_group(std::string_view name, StreamId last_id, int64_t entries_read);
  bool erase_group(std::string_view name);
  // Notes that the group has read up to this entry, in order.
  void advance(StreamGroup& group, StreamId id) const;
  // How many entries the group has yet to get; none: deleted entries make it impossible to tell.
  std::optional<int64_t> lag(const StreamGroup& group) const;
  // Whether some group has yet to get or to acknowledge the entry; without groups everything above
  // 0-0 is yet to be got.
  bool is_referenced(StreamId id) const;
  // Takes the entry out of the pending ones of all groups; returns whether it was in any.
  bool drop_references(StreamId id);

  // --- Memory ---
  size_t memory() const;
  // Without the groups, which memory() has to walk through: in constant time.
  size_t entry_memory() const { return sizeof(StreamLog) + chunks_.memory() + chunk_bytes_; }
  bool is_heavy() const;
  // Frees in steps; true: nothing is left. From the first call on it must not be used otherwise.
  bool drain(Deadline deadline);

 private:
  friend class StreamCursor;

  Chunks::Position chunk_of(StreamId id) const;
  StreamChunk& chunk_for_append(StreamId id, StreamFields fields, const TypeLimits& limits);
  Chunks::Position erase_chunk(Chunks::Position at);
  bool may_drop_chunk(const StreamTrim& trim, Chunks::Position at) const;
  uint64_t trim_chunk(const StreamTrim& trim, StreamChunk& chunk);
  void refresh_first();
  bool has_deleted_from(StreamId id) const;
  int64_t estimate_entries_read(StreamId id) const;

  Chunks chunks_;
  uint64_t length_ = 0;
  uint64_t entries_added_ = 0;
  StreamId first_id_;
  StreamId newest_id_;
  StreamId last_id_;
  StreamId max_deleted_id_;
  size_t chunk_bytes_ = 0;  // allocated by all chunks
  Groups groups_;
};

// A walk over the entries with IDs from `first` to `last`, both included, in either direction. Ends
// with the next change of the stream.
class StreamCursor {
 public:
  enum class Direction : uint8_t { forward, backward };
  StreamCursor(const StreamLog& log, StreamId first, StreamId last,
               Direction direction = Direction::forward);

  // The next entry, or none.
  bool next(StreamEntry& entry);

 private:
  bool next_forward(StreamEntry& entry);
  bool next_backward(StreamEntry& entry);
  void enter_chunk();

  const StreamLog& log_;
  StreamId first_;
  StreamId last_;
  Direction direction_;
  StreamLog::Chunks::Position chunk_at_;
  const StreamChunk* chunk_ = nullptr;
  const char* at_ = nullptr;
  // Backwards: entries of the chunk that are still to come. A chunk is read forwards only.
  std::vector<StreamChunk::Item> items_;
};

}  // namespace larder
