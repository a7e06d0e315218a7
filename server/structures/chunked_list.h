// A long sequence of packed entries: a ring of chunks of about 1 KB.
//
//   ring      chunk    chunk    chunk   ...        pointers, and beside them the counts of entries,
//   so counts      59       60       17    ...        that looking for an index reads little memory
//
//   a chunk, at most 1 KB:
//   +-------+-----+----------+- - - - +-------+-------+-----+- - - - +
//   | begin | end | capacity | free   | entry | entry | ... |   free |
//   | u16   | u16 | u16      |        |       |       |     |        |
//   +-------+-----+----------+- - - - +-------+-------+-----+- - - - +
//                            0        begin                 end      capacity
//
// An entry that is longer than that has a chunk of its own, of exactly its size, whose capacity is
// 0. The first and the last chunk have room at their outer ends; one that gets a neighbour there
// gives the room back. So a list of 16-byte texts takes about 17.5 bytes for each.
//
// Pushing and taking away at the ends is O(1); finding an index costs a nanosecond or less for each
// thousand entries up to it from the nearer end; inserting in the middle moves the pointers of the
// shorter side.
#pragma once

#include <cstddef>
#include <cstdint>

#include "server/base/clock.h"
#include "server/structures/packed_run.h"

namespace larder {

class ChunkedList {
 public:
  ChunkedList() = default;
  ~ChunkedList() { drain(Deadline::never()); }
  ChunkedList(const ChunkedList& other);
  ChunkedList& operator=(const ChunkedList&) = delete;

  // Entries.
  size_t size() const { return size_; }
  // Bytes of all entries, without what is free.
  size_t bytes() const { return bytes_; }
  size_t chunk_count() const { return used_; }

  void push(const PackedText& text, End end) {
    end == End::front ? push_front(text) : push_back(text);
  }
  // The outermost entry; there must be one. The back is found in about ten steps as a rule, from a
  // mark that is kept close to it.
  const char* at_end(End end) const { return end == End::front ? first() : last(); }
  // Takes `count` <= size() entries away. When none are left nothing may be pushed any more: a long
  // list still owns its chunks then, which drain() or the destructor frees.
  void drop(size_t count, End end) { end == End::front ? drop_front(count) : drop_back(count); }

  // `index` < size().
  const char* at(size_t index) const;
  void replace(size_t index, const PackedText& text);
  // Inserts before the entry `index`; 0 < index < size().
  void insert(size_t index, const PackedText& text);
  // Takes entries equal to `text` away, at most `limit` from that end on. Returns how many.
  size_t remove_equal(const PackedText& text, size_t limit, End from);

  // Calls `visit(const char* entry)` for `count` entries from `start` on (start + count <= size()),
  // until it returns false.
  template <class Visit>
  void visit(size_t start, size_t count, Visit&& visit) const;
  // The same from entry start + count - 1 back to `start`.
  template <class Visit>
  void visit_backwards(size_t start, size_t count, Visit&& visit) const;

  // Frees chunks until the deadline passes; returns whether all are gone. The list is then empty;
  // before that it must not be used.
  bool drain(Deadline deadline);
  // A step of a walk over all chunks: gives the chunk `index` < chunk_count() the address that `move(void*
  // chunk, size_t bytes)` returns.
  template <class Move>
  void move_chunk(size_t index, Move&& move) {
    Chunk*& chunk_place = ring_[slot(index)];
    chunk_place = static_cast<Chunk*>(move(chunk_place, chunk_place->allocated()));
  }
  // Allocated bytes, those of the object itself not included. `samples`: of how many entries to
  // take the mean, about; 0: all.
  size_t memory(size_t samples) const;

 private:
  struct Chunk {
    uint16_t begin;
    uint16_t end;
    uint16_t capacity;  // 0: one large entry

    char* data() { return reinterpret_cast<char*>(this) + sizeof(Chunk); }
    const char* data() const { return reinterpret_cast<const char*>(this) + sizeof(Chunk); }
    const char* entries() const { return data() + begin; }
    size_t content() const { return capacity == 0 ? packed::size_of(data()) : size_t{end} - begin; }
    size_t allocated() const {
      return sizeof(Chunk) + (capacity == 0 ? packed::size_of(data()) : capacity);
    }
  };
  static_assert(sizeof(Chunk) == 6);

  static constexpr size_t kChunkBytes = 1024;
  static constexpr size_t kMaxContent = kChunkBytes - sizeof(Chunk);
  // Lists of a few chunks begin new ones small.
  static constexpr size_t kFirstContent = 256 - sizeof(Chunk);
  static constexpr size_t kFewChunks = 8;
  static constexpr size_t kMinRing = 4;
  // How far from the end the mark is set that spares searching the last chunk from its beginning.
  static constexpr size_t kMarkDistance = 8;
  // How many counts are summed at once.
  static constexpr size_t kStep = 32;

  size_t slot(size_t index) const { return (head_ + index) & (capacity_ - 1); }
  Chunk* chunk(size_t index) const { return ring_[slot(index)]; }
  uint16_t& entries_in(size_t index) const { return counts()[slot(index)]; }
  uint16_t* counts() const { return reinterpret_cast<uint16_t*>(ring_ + capacity_); }

  void push_front(const PackedText& text) {
    if (used_ > 0) [[likely]] {
      Chunk* head = chunk(0);
      if (text.size() <= head->begin) [[likely]] {
        head->begin = static_cast<uint16_t>(head->begin - text.size());
        text.write(head->data() + head->begin);
        entries_in(0)++;
        size_++;
        bytes_ += text.size();
        return;
      }
    }
    push_slowly(text, End::front);
  }
  void push_back(const PackedText& text) {
    if (used_ > 0) [[likely]] {
      Chunk* tail = chunk(used_ - 1);
      if (tail->end + text.size() <= tail->capacity) [[likely]] {
        text.write(tail->data() + tail->end);
        tail->end = static_cast<uint16_t>(tail->end + text.size());
        entries_in(used_ - 1)++;
        behind_mark_++;
        size_++;
        bytes_ += text.size();
        return;
      }
    }
    push_slowly(text, End::back);
  }
  void push_slowly(const PackedText& text, End end);
  bool make_room(size_t index, size_t bytes, End end);
  const char* first() const { return chunk(0)->entries(); }
  const char* last() const;
  void drop_front(size_t count);
  void drop_back(size_t count);
  void drop_all();

  static Chunk* create_chunk(size_t capacity);
  static Chunk* create_large(const PackedText& text);
  static Chunk* create_from(const char* entries, size_t bytes);
  static void free_chunk(Chunk* chunk);
  static Chunk* merge(Chunk* left, Chunk* right);
  static bool may_merge(const Chunk* left, const Chunk* right);
  void seal(size_t index);
  void add_chunk(Chunk* chunk, uint16_t entries, End end);
  void insert_chunk(size_t index, Chunk* chunk, uint16_t entries);
  void remove_chunk(size_t index);
  void resize_ring(size_t capacity);
  void shrink_ring();
  size_t remove_equal_in(size_t index, const PackedText& text, size_t limit, End from);

  struct Position {
    size_t chunk;
    size_t index;  // of the entry in it
  };
  Position locate(size_t index) const;
  size_t sum_of_counts(size_t from, size_t count) const;
  bool splice(Position position, size_t removed, const PackedText& text);
  void splice_in_pieces(Position position, bool keeps_old, const PackedText& text);
  void merge_around(size_t index);
  void forget_mark() const { mark_ = kNoMark; }

  static constexpr uint16_t kNoMark = UINT16_MAX;

  Chunk** ring_ = nullptr;
  size_t capacity_ = 0;  // of the ring; a power of two
  size_t head_ = 0;
  size_t used_ = 0;
  size_t size_ = 0;
  size_t bytes_ = 0;
  // An entry of the last chunk near its end, counted from data(), and how many come behind it.
  mutable uint16_t mark_ = kNoMark;
  mutable uint16_t behind_mark_ = 0;
};

template <class Visit>
void ChunkedList::visit(size_t start, size_t count, Visit&& visit) const {
  if (count == 0) return;
  Position at = locate(start);
  const char* entry = skip_entries(chunk(at.chunk)->entries(), at.index);
  for (;;) {
    const size_t here = std::min(count, entries_in(at.chunk) - at.index);
    for (size_t i = 0; i < here; i++) {
      const char* current = entry;
      entry = packed::next(entry);
      if (!visit(current)) return;
    }
    count -= here;
    if (count == 0) return;
    at = {at.chunk + 1, 0};
    entry = chunk(at.chunk)->entries();
  }
}

template <class Visit>
void ChunkedList::visit_backwards(size_t start, size_t count, Visit&& visit) const {
  if (count == 0) return;
  Position at = locate(start + count - 1);
  for (;;) {
    const PackedOffsets entries(chunk(at.chunk)->entries(), at.index + 1);
    for (size_t i = at.index + 1; i > 0; i--) {
      if (!visit(entries[i - 1]) || --count == 0) return;
    }
    at.chunk--;
    at.index = entries_in(at.chunk) - size_t{1};
  }
}

}  // namespace larder
