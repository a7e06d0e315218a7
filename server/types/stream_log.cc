#include "server/types/stream_log.h"

#include <algorithm>
#include <limits>

#include "server/base/assert.h"

namespace larder {
namespace {

// No chunk grows beyond it, whatever the options say.
constexpr size_t kMaxChunkBytes = size_t{1} << 30;
// What a new chunk takes at most because its predecessor needed so much.
constexpr size_t kMaxExpectedBytes = 8192;
// Chunks that are freed between two looks at the clock.
constexpr size_t kChunksAtOnce = 32;
constexpr size_t kMapNode = 4 * sizeof(void*);

size_t bytes_of(StreamFields fields) {
  size_t bytes = 0;
  for (const std::string_view text : fields) bytes += text.size();
  return bytes;
}

}  // namespace

StreamLog::StreamLog(const StreamLog& other)
    : length_(other.length_),
      entries_added_(other.entries_added_),
      first_id_(other.first_id_),
      newest_id_(other.newest_id_),
      last_id_(other.last_id_),
      max_deleted_id_(other.max_deleted_id_),
      groups_(other.groups_) {
  for (auto at = other.chunks_.begin(); at != other.chunks_.end(); at = other.chunks_.next(at)) {
    chunks_.insert(other.chunks_[at].clone());
    chunk_bytes_ += chunks_.back().capacity;
  }
}

// --- Adding ---

void StreamLog::append(StreamId id, StreamFields fields, const TypeLimits& limits) {
  LARDER_ASSERT(id > last_id_);
  StreamChunk& chunk = chunk_for_append(id, fields, limits);
  chunk_bytes_ -= chunk.capacity;
  chunk.append(id, fields);
  chunk_bytes_ += chunk.capacity;
  length_++;
  entries_added_++;
  last_id_ = id;
  newest_id_ = id;
  if (length_ == 1) first_id_ = id;
}

// The last chunk, or a new one when that is full.
StreamChunk& StreamLog::chunk_for_append(StreamId id, StreamFields fields,
                                         const TypeLimits& limits) {
  size_t expected_bytes = 0;
  if (!chunks_.empty()) {
    StreamChunk& tail = chunks_.back();
    const size_t most = limits.stream_node_max_bytes;
    const size_t max_bytes = most == 0 ? kMaxChunkBytes : std::min(most, kMaxChunkBytes);
    const size_t max_entries = limits.stream_node_max_entries;
    const bool is_full = tail.size + bytes_of(fields) >= max_bytes ||
                         (max_entries != 0 && tail.added >= max_entries);
    if (!is_full) return tail;
    chunk_bytes_ -= tail.capacity;
    tail.shrink_to_fit();
    chunk_bytes_ += tail.capacity;
    // The next one will be like this one: so that it is not moved while it grows.
    if (tail.added > 1) expected_bytes = std::min<size_t>(tail.size, kMaxExpectedBytes);
  }
  const StreamChunk chunk = StreamChunk::create(id, fields, expected_bytes);
  chunk_bytes_ += chunk.capacity;
  return *chunks_.insert(chunk).first;
}

// --- Finding ---

// The only chunk that may have the entry: the last that does not begin behind it.
StreamLog::Chunks::Position StreamLog::chunk_of(StreamId id) const {
  const auto at = chunks_.lower_bound(id);
  if (at != chunks_.end() && chunks_[at].first == id) return at;
  if (at == chunks_.begin()) return chunks_.end();
  return chunks_.previous(at);
}

std::optional<StreamEntry> StreamLog::find(StreamId id) const {
  const auto at = chunk_of(id);
  if (at == chunks_.end()) return std::nullopt;
  const StreamChunk::Item item = chunks_[at].find(id);
  if (item.at == nullptr) return std::nullopt;
  return chunks_[at].entry(item);
}

// --- Deleting ---

StreamLog::Chunks::Position StreamLog::erase_chunk(Chunks::Position at) {
  chunk_bytes_ -= chunks_[at].capacity;
  length_ -= chunks_[at].live;
  chunks_[at].release();
  return chunks_.erase(at);
}

bool StreamLog::erase(StreamId id) {
  const auto at = chunk_of(id);
  if (at == chunks_.end()) return false;
  StreamChunk& chunk = chunks_[at];
  const StreamChunk::Item item = chunk.find(id);
  if (item.at == nullptr) return false;
  if (chunk.live == 1) {
    erase_chunk(at);
  } else {
    chunk_bytes_ -= chunk.capacity;
    chunk.erase(item);
    chunk_bytes_ += chunk.capacity;
    length_--;
  }
  max_deleted_id_ = std::max(max_deleted_id_, id);
  if (id == first_id_) refresh_first();
  if (id == newest_id_) newest_id_ = length_ == 0 ? StreamId() : chunks_.back().last_live().id;
  return true;
}

void StreamLog::refresh_first() {
  if (length_ == 0) {
    first_id_ = newest_id_ = {};
    return;
  }
  const StreamChunk& head = chunks_.front();
  first_id_ = head.read(head.first_item()).id;
}

bool StreamLog::may_drop_chunk(const StreamTrim& trim, Chunks::Position at) const {
  const StreamChunk& chunk = chunks_[at];
  if (trim.strategy == StreamTrim::Strategy::max_length) {
    return length_ - chunk.live >= trim.max_length;
  }
  const auto next = chunks_.next(at);
  if (next != chunks_.end() && chunks_[next].first <= trim.min_id) return true;
  return chunk.last_live().id < trim.min_id;
}

// Deletes one entry after the other.
uint64_t StreamLog::trim_chunk(const StreamTrim& trim, StreamChunk& chunk) {
  uint64_t deleted = 0;
  chunk_bytes_ -= chunk.capacity;
  while (chunk.live > 0) {
    const StreamChunk::Item item = chunk.read(chunk.first_item());
    const bool is_enough = trim.strategy == StreamTrim::Strategy::max_length
                               ? length_ <= trim.max_length
                               : item.id >= trim.min_id;
    if (is_enough) break;
    chunk.erase(item);
    length_--;
    deleted++;
  }
  chunk_bytes_ += chunk.capacity;
  return deleted;
}

uint64_t StreamLog::trim(const StreamTrim& trim) {
  if (trim.strategy == StreamTrim::Strategy::none) return 0;
  uint64_t deleted = 0;
  auto at = chunks_.begin();
  while (at != chunks_.end()) {
    if (trim.strategy == StreamTrim::Strategy::max_length && length_ <= trim.max_length) break;
    const uint32_t live = chunks_[at].live;
    if (trim.limit != 0 && deleted + live > trim.limit) break;
    if (may_drop_chunk(trim, at)) {
      deleted += live;
      at = erase_chunk(at);
      continue;
    }
    if (!trim.whole_chunks) {
      deleted += trim_chunk(trim, chunks_[at]);
      if (chunks_[at].live == 0) erase_chunk(at);
    }
    break;
  }
  if (deleted > 0) refresh_first();
  return deleted;
}

// --- Groups ---

StreamGroup* StreamLog::find_group(std::string_view name) {
  const auto found = groups_.find(name);
  return found == groups_.end() ? nullptr : &found->second;
}

const StreamGroup* StreamLog::find_group(std::string_view name) const {
  const auto found = groups_.find(name);
  return found == groups_.end() ? nullptr : &found->second;
}

bool StreamLog::add_group(std::string_view name, StreamId last_id, int64_t entries_read) {
  if (find_group(name) != nullptr) return false;
  groups_.try_emplace(std::string(name), last_id, entries_read);
  return true;
}

bool StreamLog::erase_group(std::string_view name) {
  const auto found = groups_.find(name);
  if (found == groups_.end()) return false;
  groups_.erase(found);
  return true;
}

// Whether an entry from `id` on was deleted, as far as the largest one tells.
bool StreamLog::has_deleted_from(StreamId id) const {
  if (length_ == 0 || max_deleted_id_.is_zero() || first_id_ > max_deleted_id_) return false;
  return id <= max_deleted_id_;
}

// How many entries there ever were up to this ID; kUnknown in the middle of a stream, and where
// deleted entries leave no way to tell.
int64_t StreamLog::estimate_entries_read(StreamId id) const {
  const auto added = static_cast<int64_t>(entries_added_);
  if (entries_added_ == 0) return 0;
  if (length_ == 0 && id <= last_id_) return added;
  if (id == last_id_) return added;
  if (id > last_id_) return StreamGroup::kUnknown;
  if (max_deleted_id_.is_zero() || max_deleted_id_ < first_id_) {
    // Unsigned, because XSETID may have set the count to anything.
    const uint64_t before_first = entries_added_ - length_;
    if (id < first_id_) return static_cast<int64_t>(before_first);
    if (id == first_id_) return static_cast<int64_t>(before_first + 1);
  }
  return StreamGroup::kUnknown;
}

void StreamLog::advance(StreamGroup& group, StreamId id) const {
  if (id <= group.last_id) return;
  if (group.entries_read != StreamGroup::kUnknown && !has_deleted_from(id)) {
    if (group.entries_read < std::numeric_limits<int64_t>::max()) group.entries_read++;
  } else if (entries_added_ != 0) {
    group.entries_read = estimate_entries_read(id);
  }
  group.last_id = id;
}

std::optional<int64_t> StreamLog::lag(const StreamGroup& group) const {
  if (entries_added_ == 0) return 0;
  int64_t read = group.entries_read;
  if (read == StreamGroup::kUnknown || has_deleted_from(group.last_id)) {
    read = estimate_entries_read(group.last_id);
    if (read == StreamGroup::kUnknown) return std::nullopt;
  }
  // Both may be anything that a client set.
  return static_cast<int64_t>(entries_added_ - static_cast<uint64_t>(read));
}

bool StreamLog::is_referenced(StreamId id) const {
  if (groups_.empty()) return !id.is_zero();
  return std::any_of(groups_.begin(), groups_.end(), [&](const auto& group) {
    return id > group.second.last_id || group.second.pending().find(id) != nullptr;
  });
}

bool StreamLog::drop_references(StreamId id) {
  bool was_referenced = false;
  for (auto& [name, group] : groups_) was_referenced |= group.acknowledge(id);
  return was_referenced;
}

// --- Memory ---

size_t StreamLog::memory() const {
  size_t bytes = entry_memory();
  for (const auto& [name, group] : groups_) {
    bytes += kMapNode + sizeof(Groups::value_type) + group.memory();
  }
  return bytes;
}

bool StreamLog::is_heavy() const {
  return chunks_.size() > 64 || std::any_of(groups_.begin(), groups_.end(), [](const auto& group) {
           return group.second.is_heavy();
         });
}

bool StreamLog::drain(Deadline deadline) {
  for (size_t freed = 0; !chunks_.empty(); freed++) {
    const auto last = chunks_.last();
    chunks_[last].release();
    chunks_.erase(last);
    if (freed % kChunksAtOnce == kChunksAtOnce - 1 && deadline.has_passed()) return false;
  }
  while (!groups_.empty()) {
    if (!groups_.begin()->second.drain(deadline)) return false;
    groups_.erase(groups_.begin());
  }
  return true;
}

// --- StreamCursor ---

StreamCursor::StreamCursor(const StreamLog& log, StreamId first, StreamId last, Direction direction)
    : log_(log), first_(first), last_(last), direction_(direction) {
  const auto& chunks = log_.chunks_;
  if (chunks.empty() || first > last) {
    chunk_at_ = chunks.end();
    return;
  }
  if (direction == Direction::forward) {
    chunk_at_ = log_.chunk_of(first);
    if (chunk_at_ == chunks.end()) chunk_at_ = chunks.begin();
  } else {
    chunk_at_ = log_.chunk_of(last);
  }
  if (chunk_at_ != chunks.end()) enter_chunk();
}

void StreamCursor::enter_chunk() {
  chunk_ = &log_.chunks_[chunk_at_];
  at_ = chunk_->first_item();
  if (direction_ == Direction::forward) return;
  items_.clear();
  while (at_ != chunk_->end()) {
    const StreamChunk::Item item = chunk_->read(at_);
    at_ = item.end;
    if (item.is_deleted || item.id < first_) continue;
    if (item.id > last_) break;
    items_.push_back(item);
  }
}

bool StreamCursor::next(StreamEntry& entry) {
  if (chunk_ == nullptr) return false;
  return direction_ == Direction::forward ? next_forward(entry) : next_backward(entry);
}

bool StreamCursor::next_forward(StreamEntry& entry) {
  for (;;) {
    while (at_ != chunk_->end()) {
      const StreamChunk::Item item = chunk_->read(at_);
      at_ = item.end;
      if (item.is_deleted || item.id < first_) continue;
      if (item.id > last_) {
        chunk_ = nullptr;
        return false;
      }
      entry = chunk_->entry(item);
      return true;
    }
    chunk_at_ = log_.chunks_.next(chunk_at_);
    if (chunk_at_ == log_.chunks_.end()) break;
    enter_chunk();
  }
  chunk_ = nullptr;
  return false;
}

bool StreamCursor::next_backward(StreamEntry& entry) {
  while (items_.empty()) {
    if (chunk_at_ == log_.chunks_.begin() || chunk_->first <= first_) {
      chunk_ = nullptr;
      return false;
    }
    chunk_at_ = log_.chunks_.previous(chunk_at_);
    enter_chunk();
  }
  entry = chunk_->entry(items_.back());
  items_.pop_back();
  return true;
}

}  // namespace larder
