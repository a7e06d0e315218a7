// A consumer group: how far its consumers have read a stream, and who has which entries that are
// not acknowledged yet.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "server/base/clock.h"
#include "server/structures/sorted_blocks.h"
#include "server/types/stream_id.h"

namespace larder {

struct SelfAsKey {
  StreamId operator()(StreamId id) const { return id; }
};

struct StreamConsumer {
  std::string_view name;   // the key in its group's map
  int64_t seen_ms = 0;     // when it last asked for anything
  int64_t active_ms = -1;  // when it last got something; -1: never
  // What it got and did not acknowledge. The group has the particulars.
  SortedBlocks<StreamId, SelfAsKey> pending;
};

// An entry that was delivered and is not acknowledged.
struct PendingEntry {
  StreamId id;
  int64_t delivered_ms = 0;
  uint64_t deliveries = 0;
  StreamConsumer* consumer = nullptr;
};
struct IdOfPending {
  StreamId operator()(const PendingEntry& entry) const { return entry.id; }
};

class StreamGroup {
 public:
  static constexpr int64_t kUnknown = -1;
  using Consumers = std::map<std::string, StreamConsumer, std::less<>>;
  using Pending = SortedBlocks<PendingEntry, IdOfPending>;

  StreamGroup(StreamId last, int64_t read) : last_id(last), entries_read(read) {}
  StreamGroup(const StreamGroup& other);
  StreamGroup& operator=(const StreamGroup&) = delete;

  StreamId last_id;      // delivered last, to anyone
  int64_t entries_read;  // how many entries up to there the stream ever had; kUnknown

  const Consumers& consumers() const { return consumers_; }
  const Pending& pending() const { return pending_; }

  StreamConsumer* find_consumer(std::string_view name);
  const StreamConsumer* find_consumer(std::string_view name) const;
  // The consumer, and whether it was made just now.
  std::pair<StreamConsumer*, bool> add_consumer(std::string_view name, int64_t now_ms);
  // Removes a consumer with its pending entries; returns how many.
  size_t erase_consumer(StreamConsumer& consumer);

  PendingEntry* find_pending(StreamId id) { return pending_.find(id); }
  // The entry is the consumer's now, delivered once, whoever had it before.
  void deliver(StreamId id, StreamConsumer& consumer, int64_t now_ms);
  // Gives a pending entry to a consumer; the caller sets the rest.
  void assign(PendingEntry& entry, StreamConsumer& consumer);
  // Adds a pending entry that belongs to nobody yet; assign() has to follow.
  PendingEntry& add_pending(StreamId id, int64_t now_ms);
  // The entry is not pending any more; returns whether it was.
  bool acknowledge(StreamId id);

  size_t memory() const;
  bool is_heavy() const { return pending_.block_count() + consumers_.size() > 64; }
  // Frees in steps; true: nothing is left.
  bool drain(Deadline deadline);

 private:
  Consumers consumers_;
  Pending pending_;
};

}  // namespace larder
