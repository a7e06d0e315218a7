#include "server/structures/chunked_list.h"

#include <algorithm>
#include <utility>

#include "server/base/allocator.h"

namespace larder {

// --- Chunks ---

// Rounds up to what the allocator sets aside anyway.
ChunkedList::Chunk* ChunkedList::create_chunk(size_t capacity) {
  const size_t bytes = std::min(allocation_size(sizeof(Chunk) + capacity), kChunkBytes);
  auto* chunk = static_cast<Chunk*>(allocate(bytes));
  chunk->begin = 0;
  chunk->end = 0;
  chunk->capacity = static_cast<uint16_t>(bytes - sizeof(Chunk));
  return chunk;
}

ChunkedList::Chunk* ChunkedList::create_large(const PackedText& text) {
  auto* chunk = static_cast<Chunk*>(allocate(sizeof(Chunk) + text.size()));
  *chunk = {0, 0, 0};
  text.write(chunk->data());
  return chunk;
}

ChunkedList::Chunk* ChunkedList::create_from(const char* entries, size_t bytes) {
  Chunk* chunk = create_chunk(bytes);
  std::memcpy(chunk->data(), entries, bytes);
  chunk->end = static_cast<uint16_t>(bytes);
  return chunk;
}

void ChunkedList::free_chunk(Chunk* chunk) {
  deallocate(chunk, chunk->allocated());
}

// Leaves room, so that the next insertion does not split what was just merged.
bool ChunkedList::may_merge(const Chunk* left, const Chunk* right) {
  return left->capacity != 0 && right->capacity != 0 &&
         left->content() + right->content() <= kMaxContent / 4 * 3;
}

ChunkedList::Chunk* ChunkedList::merge(Chunk* left, Chunk* right) {
  const size_t left_bytes = left->content();
  const size_t right_bytes = right->content();
  Chunk* merged = create_chunk(left_bytes + right_bytes);
  std::memcpy(merged->data(), left->entries(), left_bytes);
  std::memcpy(merged->data() + left_bytes, right->entries(), right_bytes);
  merged->end = static_cast<uint16_t>(left_bytes + right_bytes);
  free_chunk(left);
  free_chunk(right);
  return merged;
}

// Gives back the room of a chunk that is no end of the list any more.
void ChunkedList::seal(size_t index) {
  Chunk* open = chunk(index);
  const size_t content = open->content();
  if (open->capacity == 0 || content + open->capacity / 8 >= open->capacity) return;
  ring_[slot(index)] = create_from(open->entries(), content);
  free_chunk(open);
}

// --- The ring ---

void ChunkedList::resize_ring(size_t capacity) {
  auto* ring = static_cast<Chunk**>(allocate(capacity * (sizeof(Chunk*) + sizeof(uint16_t))));
  auto* new_counts = reinterpret_cast<uint16_t*>(ring + capacity);
  for (size_t i = 0; i < used_; i++) {
    ring[i] = chunk(i);
    new_counts[i] = entries_in(i);
  }
  if (ring_ != nullptr) deallocate(ring_, capacity_ * (sizeof(Chunk*) + sizeof(uint16_t)));
  ring_ = ring;
  capacity_ = capacity;
  head_ = 0;
}

void ChunkedList::shrink_ring() {
  if (capacity_ > kMinRing && used_ <= capacity_ / 4) resize_ring(capacity_ / 2);
}

void ChunkedList::add_chunk(Chunk* chunk, uint16_t entries, End end) {
  if (used_ == capacity_) resize_ring(std::max(2 * capacity_, kMinRing));
  // The only chunk is both ends, and stays open.
  if (used_ >= 2) seal(end == End::front ? 0 : used_ - 1);
  if (end == End::front) head_ = (head_ - 1) & (capacity_ - 1);
  used_++;
  const size_t index = end == End::front ? 0 : used_ - 1;
  ring_[slot(index)] = chunk;
  entries_in(index) = entries;
  forget_mark();
}

void ChunkedList::insert_chunk(size_t index, Chunk* chunk, uint16_t entries) {
  if (used_ == capacity_) resize_ring(std::max(2 * capacity_, kMinRing));
  used_++;
  const auto move = [this](size_t to, size_t from) {
    ring_[slot(to)] = ring_[slot(from)];
    entries_in(to) = entries_in(from);
  };
  if (index < used_ / 2) {
    head_ = (head_ - 1) & (capacity_ - 1);
    for (size_t i = 0; i < index; i++) move(i, i + 1);
  } else {
    for (size_t i = used_ - 1; i > index; i--) move(i, i - 1);
  }
  ring_[slot(index)] = chunk;
  entries_in(index) = entries;
  forget_mark();
}

// Takes a chunk out of the ring without freeing it.
void ChunkedList::remove_chunk(size_t index) {
  const auto move = [this](size_t to, size_t from) {
    ring_[slot(to)] = ring_[slot(from)];
    entries_in(to) = entries_in(from);
  };
  if (index < used_ / 2) {
    for (size_t i = index; i > 0; i--) move(i, i - 1);
    head_ = (head_ + 1) & (capacity_ - 1);
  } else {
    for (size_t i = index; i + 1 < used_; i++) move(i, i + 1);
  }
  used_--;
  forget_mark();
}

// --- The ends ---

void ChunkedList::push_slowly(const PackedText& text, End end) {
  if (text.size() > kMaxContent) {
    add_chunk(create_large(text), 1, end);
    size_++;
    bytes_ += text.size();
    return;
  }
  if (used_ == 0 || !make_room(end == End::front ? 0 : used_ - 1, text.size(), end)) {
    const size_t wanted = used_ >= kFewChunks ? kMaxContent : kFirstContent;
    Chunk* fresh = create_chunk(std::max(wanted, text.size()));
    if (end == End::front) fresh->begin = fresh->end = fresh->capacity;
    add_chunk(fresh, 0, end);
  }
  push(text, end);
}

// Makes room for `bytes` at that end of a chunk; false if it would grow too large.
bool ChunkedList::make_room(size_t index, size_t bytes, End end) {
  Chunk* old = chunk(index);
  const size_t content = old->content();
  if (old->capacity == 0 || content + bytes > kMaxContent) return false;
  Chunk* roomy = old;
  if (content + bytes > old->capacity) {
    const size_t doubled = std::min(size_t{2} * old->capacity, kMaxContent);
    roomy = create_chunk(std::max(doubled, content + bytes));
  }
  // What is free beyond `bytes` is shared between both ends when a chunk is used from both.
  const size_t spare = roomy->capacity - content - bytes;
  const size_t other_end = roomy == old ? spare / 2 : 0;
  const size_t begin = end == End::back ? other_end : spare - other_end + bytes;
  std::memmove(roomy->data() + begin, old->entries(), content);
  roomy->begin = static_cast<uint16_t>(begin);
  roomy->end = static_cast<uint16_t>(begin + content);
  if (roomy != old) {
    ring_[slot(index)] = roomy;
    free_chunk(old);
  }
  forget_mark();
  return true;
}

const char* ChunkedList::last() const {
  const Chunk* tail = chunk(used_ - 1);
  if (mark_ == kNoMark || behind_mark_ > 2 * kMarkDistance) {
    const size_t before_last = entries_in(used_ - 1) - size_t{1};
    const size_t behind = std::min(before_last, kMarkDistance);
    const char* marked = skip_entries(tail->entries(), before_last - behind);
    mark_ = static_cast<uint16_t>(marked - tail->data());
    behind_mark_ = static_cast<uint16_t>(behind);
  }
  return skip_entries(tail->data() + mark_, behind_mark_);
}

// A few chunks are freed at once; many are left to drain().
void ChunkedList::drop_all() {
  if (used_ <= kFewChunks) {
    drain(Deadline::never());
  } else {
    size_ = bytes_ = 0;
  }
}

void ChunkedList::drop_front(size_t count) {
  if (count == size_) return drop_all();
  size_ -= count;
  while (count > 0) {
    Chunk* head = chunk(0);
    if (entries_in(0) <= count) {
      count -= entries_in(0);
      bytes_ -= head->content();
      remove_chunk(0);
      free_chunk(head);
      shrink_ring();
      continue;
    }
    const char* kept = skip_entries(head->entries(), count);
    bytes_ -= static_cast<size_t>(kept - head->entries());
    head->begin = static_cast<uint16_t>(kept - head->data());
    entries_in(0) = static_cast<uint16_t>(entries_in(0) - count);
    if (used_ == 1 && mark_ < head->begin) forget_mark();
    return;
  }
}

void ChunkedList::drop_back(size_t count) {
  if (count == size_) return drop_all();
  size_ -= count;
  while (count > 0) {
    Chunk* tail = chunk(used_ - 1);
    uint16_t& entries = entries_in(used_ - 1);
    if (entries <= count) {
      count -= entries;
      bytes_ -= tail->content();
      remove_chunk(used_ - 1);
      free_chunk(tail);
      shrink_ring();
      continue;
    }
    const char* kept_end =
        count == 1 ? last() : skip_entries(tail->entries(), size_t{entries} - count);
    if (count == 1 && behind_mark_ > 0) {
      behind_mark_--;
    } else {
      forget_mark();
    }
    const auto end = static_cast<uint16_t>(kept_end - tail->data());
    bytes_ -= static_cast<size_t>(tail->end - end);
    tail->end = end;
    entries = static_cast<uint16_t>(entries - count);
    return;
  }
}

// --- The middle ---

// Sums the counts from the nearer end, 32 at a time but for where the ring turns.
ChunkedList::Position ChunkedList::locate(size_t index) const {
  if (index < size_ / 2) {
    size_t at = 0;
    for (;;) {
      const size_t step = std::min({kStep, used_ - at, capacity_ - slot(at)});
      const size_t entries = sum_of_counts(slot(at), step);
      if (index < entries) break;
      index -= entries;
      at += step;
    }
    for (; index >= entries_in(at); at++) index -= entries_in(at);
    return {at, index};
  }
  size_t behind = size_ - 1 - index;
  size_t end = used_;
  for (;;) {
    const size_t step = std::min({kStep, end, slot(end - 1) + 1});
    const size_t entries = sum_of_counts(slot(end - step), step);
    if (behind < entries) break;
    behind -= entries;
    end -= step;
  }
  size_t at = end - 1;
  for (; behind >= entries_in(at); at--) behind -= entries_in(at);
  return {at, entries_in(at) - size_t{1} - behind};
}

size_t ChunkedList::sum_of_counts(size_t from, size_t count) const {
  const uint16_t* all = counts() + from;
  uint32_t total = 0;
  if (count == kStep) [[likely]] {
    // A constant count lets the compiler use vectors.
    for (size_t i = 0; i < kStep; i++) total += all[i];
  } else {
    for (size_t i = 0; i < count; i++) total += all[i];
  }
  return total;
}

const char* ChunkedList::at(size_t index) const {
  const Position position = locate(index);
  return skip_entries(chunk(position.chunk)->entries(), position.index);
}

void ChunkedList::replace(size_t index, const PackedText& text) {
  const Position position = locate(index);
  const char* entry = skip_entries(chunk(position.chunk)->entries(), position.index);
  const size_t removed = packed::size_of(entry);
  bytes_ += text.size() - removed;
  forget_mark();
  if (!splice(position, removed, text)) splice_in_pieces(position, false, text);
}

void ChunkedList::insert(size_t index, const PackedText& text) {
  const Position position = locate(index);
  size_++;
  bytes_ += text.size();
  forget_mark();
  if (splice(position, 0, text)) {
    entries_in(position.chunk)++;
  } else {
    splice_in_pieces(position, true, text);
  }
}

// Puts the text in the place of `removed` bytes at the position, if it fits into the chunk.
bool ChunkedList::splice(Position position, size_t removed, const PackedText& text) {
  Chunk* old = chunk(position.chunk);
  if (old->capacity == 0) return false;
  const size_t content = old->content() - removed + text.size();
  if (content > kMaxContent) return false;
  const char* entry = skip_entries(old->entries(), position.index);
  const size_t before = static_cast<size_t>(entry - old->entries());
  const size_t after = old->content() - before - removed;
  Chunk* roomy = content <= old->capacity ? old : create_chunk(content);
  // At the front while that is free, so that a chunk that is in use keeps its place.
  const size_t begin = roomy == old && old->begin + content <= old->capacity ? old->begin : 0;
  char* to = roomy->data() + begin;
  const char* from = old->entries();
  // Whichever part moves towards the other is moved last.
  if (to + before + text.size() <= from + before + removed) {
    std::memmove(to, from, before);
    std::memmove(to + before + text.size(), from + before + removed, after);
  } else {
    std::memmove(to + before + text.size(), from + before + removed, after);
    std::memmove(to, from, before);
  }
  text.write(to + before);
  roomy->begin = static_cast<uint16_t>(begin);
  roomy->end = static_cast<uint16_t>(begin + content);
  if (roomy != old) {
    ring_[slot(position.chunk)] = roomy;
    free_chunk(old);
  }
  return true;
}

// Splits the chunk at the position and puts the text between the halves.
void ChunkedList::splice_in_pieces(Position position, bool keeps_old, const PackedText& text) {
  Chunk* old = chunk(position.chunk);
  const size_t entries = entries_in(position.chunk);
  const char* entry = skip_entries(old->entries(), position.index);
  const char* rest = keeps_old ? entry : packed::next(entry);
  const size_t before = static_cast<size_t>(entry - old->entries());
  const size_t after = old->content() - static_cast<size_t>(rest - old->entries());
  const size_t after_entries = entries - position.index - (keeps_old ? 0 : 1);

  Chunk* middle = text.size() > kMaxContent ? create_large(text) : create_chunk(text.size());
  if (middle->capacity != 0) {
    text.write(middle->data());
    middle->end = static_cast<uint16_t>(text.size());
  }
  size_t index = position.chunk;
  // A large entry that stays is not copied.
  const bool reuses_old = keeps_old && old->capacity == 0;
  if (reuses_old) {
    insert_chunk(index, middle, 1);
  } else {
    ring_[slot(index)] = middle;
    entries_in(index) = 1;
    if (after > 0) {
      insert_chunk(index + 1, create_from(rest, after), static_cast<uint16_t>(after_entries));
    }
    if (before > 0) {
      insert_chunk(index, create_from(old->entries(), before),
                   static_cast<uint16_t>(position.index));
      index++;
    }
    free_chunk(old);
  }
  merge_around(index);
}

// Merges a chunk with one neighbour or both, if they are small.
void ChunkedList::merge_around(size_t index) {
  const auto merge_with_next = [this](size_t left) {
    if (!may_merge(chunk(left), chunk(left + 1))) return false;
    Chunk* merged = merge(chunk(left), chunk(left + 1));
    entries_in(left) = static_cast<uint16_t>(entries_in(left) + entries_in(left + 1));
    ring_[slot(left)] = merged;
    remove_chunk(left + 1);
    return true;
  };
  if (index > 0 && merge_with_next(index - 1)) index--;
  if (index + 1 < used_) merge_with_next(index);
}

// Takes equal entries out of one chunk; it may be left with none.
size_t ChunkedList::remove_equal_in(size_t index, const PackedText& text, size_t limit, End from) {
  Chunk* here = chunk(index);
  size_t content = here->content();
  const size_t old_content = content;
  size_t removed;
  if (here->capacity == 0) {
    removed = text.matches(here->data()) ? 1 : 0;
    if (removed > 0) content = 0;
  } else {
    removed = remove_equal_entries(here->data() + here->begin, content, entries_in(index), text,
                                   limit, from);
    here->end = static_cast<uint16_t>(here->begin + content);
  }
  entries_in(index) = static_cast<uint16_t>(entries_in(index) - removed);
  bytes_ -= old_content - content;
  size_ -= removed;
  return removed;
}

// One walk, in which the chunks that are left close ranks towards the end that it began with.
size_t ChunkedList::remove_equal(const PackedText& text, size_t limit, End from) {
  const size_t all = used_;
  const auto nth = [all, from](size_t step) { return from == End::front ? step : all - 1 - step; };
  size_t removed = 0;
  size_t kept = 0;
  for (size_t step = 0; step < all; step++) {
    if (removed == limit && kept == step) {
      kept = all;  // nothing was freed, so nothing has to move
      break;
    }
    const size_t index = nth(step);
    const size_t removed_here =
        removed == limit ? 0 : remove_equal_in(index, text, limit - removed, from);
    removed += removed_here;
    Chunk* here = chunk(index);
    if (entries_in(index) == 0) {
      free_chunk(here);
      continue;
    }
    const size_t previous = kept > 0 ? nth(kept - 1) : 0;
    if (removed_here > 0 && kept > 0 && may_merge(chunk(previous), here)) {
      Chunk* other = chunk(previous);
      ring_[slot(previous)] = from == End::front ? merge(other, here) : merge(here, other);
      entries_in(previous) = static_cast<uint16_t>(entries_in(previous) + entries_in(index));
      continue;
    }
    ring_[slot(nth(kept))] = here;
    entries_in(nth(kept)) = entries_in(index);
    kept++;
  }
  if (from == End::back) head_ = slot(all - kept);
  used_ = kept;
  forget_mark();
  shrink_ring();
  return removed;
}

// --- As a whole ---

ChunkedList::ChunkedList(const ChunkedList& other) {
  if (other.size_ == 0) return;
  size_t capacity = kMinRing;
  while (capacity < other.used_) capacity *= 2;
  resize_ring(capacity);
  for (; used_ < other.used_; used_++) {
    const Chunk* from = other.chunk(used_);
    if (from->capacity == 0) {
      auto* copy = static_cast<Chunk*>(allocate(from->allocated()));
      std::memcpy(copy, from, from->allocated());
      ring_[used_] = copy;
    } else {
      ring_[used_] = create_from(from->entries(), from->content());
    }
    counts()[used_] = other.entries_in(used_);
  }
  size_ = other.size_;
  bytes_ = other.bytes_;
}

bool ChunkedList::drain(Deadline deadline) {
  constexpr size_t kBetweenLooks = 32;
  for (size_t freed = 1; used_ > 0; freed++) {
    used_--;
    free_chunk(chunk(used_));
    if (freed % kBetweenLooks == 0 && used_ > 0 && deadline.has_passed()) return false;
  }
  if (ring_ != nullptr) deallocate(ring_, capacity_ * (sizeof(Chunk*) + sizeof(uint16_t)));
  ring_ = nullptr;
  capacity_ = head_ = 0;
  size_ = bytes_ = 0;
  forget_mark();
  return true;
}

size_t ChunkedList::memory(size_t samples) const {
  if (used_ == 0) return 0;
  size_t chunks = 0;
  size_t seen_entries = 0;
  size_t looked_at = 0;
  for (; looked_at < used_ && (samples == 0 || seen_entries < samples); looked_at++) {
    chunks += allocation_size(chunk(looked_at)->allocated());
    seen_entries += entries_in(looked_at);
  }
  if (looked_at < used_) chunks = chunks * used_ / looked_at;
  return chunks + allocation_size(capacity_ * (sizeof(Chunk*) + sizeof(uint16_t)));
}

}  // namespace larder
