// One page of a PagedTable: up to a few hundred records of bytes in a single allocation, found by a
// part of their hash.
//
//   0       2       4      6      8      10      11   12        12 + slots      12 + 3 slots   top
//   size
//   +-------+-------+------+------+------+-------+----+---- - --+------ - -------+---- - ----+-- -
//   ---+ | count | slots | size | top  | dead | depth |    | tags    | words          | free      |
//   records| | u16   | u16   | u16  | u16  | u16  | u8    |    | u8 each | u16 each       | | |
//   +-------+-------+------+------+------+-------+----+---- - --+------ - -------+---- - ----+-- -
//   ---+ tag:  bits 0-7 of the record's hash; searched 16 at a time word: bits 0-11 where the
//   record begins, 12-14 bits 8-10 of its hash, 15: the record is long A long record lies in a
//   block of its own; its place in the page holds the block's address and the whole hash, 8 bytes
//   each, so that nobody reads long records to move them.
//
// Slots are in no order: the last one moves into the gap of one that goes. Records are added
// downwards from the end; what is freed among them is counted as dead until the page is built anew.
//
// A page does not know what a record is; those who move records pass a function that tells their
// size.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#include "server/base/prefetch.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace larder {

class TablePage {
 public:
  using RecordSize = size_t (*)(const char* record);

  // Records up to this size lie in the page.
  static constexpr size_t kMaxInline = 240;
  // Offsets have 12 bits.
  static constexpr size_t kMaxBytes = 4096;
  static constexpr size_t kMinBytes = 64;
  // What a record takes beside its own bytes.
  static constexpr size_t kSlotBytes = 3;
  static constexpr size_t kHeaderBytes = 12;
  static constexpr size_t kNone = SIZE_MAX;

  // An empty page of `size` bytes, which must be one of size_class's, with room for `slots` records
  // before the slots have to grow. Never null.
  static TablePage* create(size_t size, size_t slots, unsigned depth);
  // A page with the same records.
  static TablePage* clone(const TablePage* page, RecordSize size_of);
  // Frees the page, not the blocks of long records.
  static void destroy(TablePage* page);
  // The smallest class of the allocator for `bytes`, at least kMinBytes: four to each doubling.
  static size_t size_class(size_t bytes);
  // What a page with these records needs.
  static size_t bytes_for(size_t count, size_t record_bytes) {
    return kHeaderBytes + round_slots(count) * kSlotBytes + record_bytes;
  }

  size_t count() const { return count_; }
  size_t size() const { return size_; }
  // How many leading bits of the hash all of the page's records share, as far as its table knows.
  unsigned depth() const { return depth_; }
  // Bytes of the records that are alive.
  size_t record_bytes() const { return size_t{size_} - top_ - dead_; }
  // What a page with just these records needs, and with one more of `stored` bytes.
  size_t used() const { return bytes_for(count_, record_bytes()); }
  size_t used_with(size_t stored) const { return bytes_for(count_ + 1u, record_bytes() + stored); }

  // The slot of the record with this hash for which `matches(const char*)` holds, or kNone.
  template <class Matches>
  size_t find(uint64_t hash, Matches&& matches) const {
    const uint16_t more = more_of(hash);
    for (size_t first = 0; first < count_; first += 16) {
      for (uint32_t hits = hits_of(hash, first); hits != 0; hits &= hits - 1) {
        const size_t slot = first + static_cast<size_t>(std::countr_zero(hits));
        if ((words()[slot] & kMoreMask) == more && matches(record(slot))) return slot;
      }
    }
    return kNone;
  }
  // Asks for the records that find would look at first.
  void prefetch_record(uint64_t hash) const {
    const uint16_t more = more_of(hash);
    for (size_t first = 0; first < count_; first += 16) {
      for (uint32_t hits = hits_of(hash, first); hits != 0; hits &= hits - 1) {
        const size_t slot = first + static_cast<size_t>(std::countr_zero(hits));
        if ((words()[slot] & kMoreMask) == more) return prefetch_line(place(slot));
      }
    }
  }
  void prefetch() const {
    for (size_t line = 0; line < 4; line++) prefetch_line(bytes() + line * 64);
  }

  const char* record(size_t slot) const {
    return is_long(slot) ? load<const char*>(place(slot)) : place(slot);
  }
  char* record(size_t slot) {
    return is_long(slot) ? load<char*>(place(slot)) : const_cast<char*>(place(slot));
  }
  bool is_long(size_t slot) const { return (words()[slot] & kLongBit) != 0; }
  // The hash of a long record.
  uint64_t long_hash(size_t slot) const { return load<uint64_t>(place(slot) + sizeof(char*)); }

  // Bytes that a record of `size` takes in a page.
  static size_t stored_size(size_t size) { return size > kMaxInline ? kLongBytes : size; }
  // Whether `add` has room for `stored` bytes as the page is now.
  bool has_room(size_t stored) const {
    const size_t slots = count_ < slots_ ? slots_ : slots_ + kSlotStep;
    return kHeaderBytes + slots * kSlotBytes + stored <= top_;
  }
  // Adds a record of at most kMaxInline bytes, for which there is room; returns where to write it.
  char* add(uint64_t hash, size_t size) { return add_place(tag_of(hash), more_of(hash), size); }
  // Adds a long record that lies in `block`.
  void add_long(uint64_t hash, char* block);
  // Takes a record out. The block of a long one is the caller's.
  void remove(size_t slot, RecordSize size_of);
  // Appends a record of another page, with what is known of its hash. There is room for it.
  void take(const TablePage& from, size_t slot, RecordSize size_of);

 private:
  static constexpr uint16_t kOffsetMask = 0x0fff;
  static constexpr uint16_t kMoreMask = 0x7000;
  static constexpr uint16_t kLongBit = 0x8000;
  static constexpr size_t kLongBytes = sizeof(char*) + sizeof(uint64_t);
  static constexpr size_t kSlotStep = 4;  // keeps the words aligned

  TablePage() = default;
  ~TablePage() = default;

  static size_t round_slots(size_t slots) {
    return (slots + kSlotStep - 1) / kSlotStep * kSlotStep;
  }
  static uint8_t tag_of(uint64_t hash) { return static_cast<uint8_t>(hash); }
  static uint16_t more_of(uint64_t hash) { return static_cast<uint16_t>(hash << 4) & kMoreMask; }
  template <class T>
  static T load(const char* from) {
    T value;
    std::memcpy(&value, from, sizeof(value));
    return value;
  }

  const char* bytes() const { return reinterpret_cast<const char*>(this); }
  char* bytes() { return reinterpret_cast<char*>(this); }
  const uint8_t* tags() const { return reinterpret_cast<const uint8_t*>(bytes() + kHeaderBytes); }
  uint8_t* tags() { return reinterpret_cast<uint8_t*>(bytes() + kHeaderBytes); }
  const uint16_t* words() const {
    return reinterpret_cast<const uint16_t*>(bytes() + kHeaderBytes + slots_);
  }
  uint16_t* words() { return reinterpret_cast<uint16_t*>(bytes() + kHeaderBytes + slots_); }
  const char* place(size_t slot) const { return bytes() + (words()[slot] & kOffsetMask); }
  size_t stored_at(size_t slot, RecordSize size_of) const {
    return is_long(slot) ? kLongBytes : size_of(place(slot));
  }
  char* add_place(uint8_t tag, uint16_t flags, size_t size);

  // A bit for each of the 16 slots from `first` on whose tag is that of the hash. Reads past the
  // slots, but never past the page, as a page has at least as many bytes behind the tags as there
  // are tags.
  uint32_t hits_of(uint64_t hash, size_t first) const {
    uint32_t hits = 0;
#if defined(__SSE2__)
    const __m128i wanted = _mm_set1_epi8(static_cast<char>(tag_of(hash)));
    const __m128i found = _mm_loadu_si128(reinterpret_cast<const __m128i*>(tags() + first));
    hits = static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(wanted, found)));
#else
    for (size_t i = 0; i < 16; i++) hits |= uint32_t{tags()[first + i] == tag_of(hash)} << i;
#endif
    const size_t left = count_ - first;
    return left >= 16 ? hits : hits & ((uint32_t{1} << left) - 1);
  }

  uint16_t count_;
  uint16_t slots_;
  uint16_t size_;
  uint16_t top_;
  uint16_t dead_;
  uint8_t depth_;
  uint8_t unused_;
};
static_assert(sizeof(TablePage) == TablePage::kHeaderBytes);

}  // namespace larder
