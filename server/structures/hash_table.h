// A hash table of pointers to elements that carry their own key: the keyspace, and the large sets and
// hashes in it.
//
// What it is built for: a look-up touches one cache line of the table for a miss and one more, the
// element's, for a hit; growth happens in steps of a few hundred elements, so that no insert pays for a
// rehash and memory never doubles at once; a scan survives growth and shrinking between its steps.
//
// Layout. Elements lie in the order of their hash. The top bits of a hash pick a segment through the
// directory (extendible hashing: Fagin, Nievergelt, Pippenger, Strong, 1979), the next 32 pick a bucket
// in the segment by multiplication (Lemire, "Fast random integer generation in an interval", 2019),
// which keeps the order too. A bucket is a cache line:
//
//   0        8              48     56      63
//   +--------+---- ... -----+------+-------+----------+
//   | slot 0 |   slot 1-5   | s. 6 | tags  | overflow |
//   +--------+---- ... -----+------+-------+----------+
//   slot: pointer in the low 48 bits, 16 bits that belong to the owner (eviction state) above
//   tag:  8 bits of the element's hash, never 0; 0 marks an empty slot
//   overflow: how many elements found this bucket full and went on to the next one (stays at 255 once
//             there); a look-up goes on only where it is not 0 (as F14 counts, Bronson and Shi, 2019)
//
// A segment has 1, 2, 4 ... 64 buckets while it is the only one, then 96 or 128: 96 grow by a third, and
// 128 split into two of 96. With at most six of seven slots in use this costs 10.7 to 16 bytes per
// element, 12.8 in the mean over sizes. Directory: 10 bytes a segment.
//
// Element: a type with a static hash that Traits computes again when elements move:
//   struct Traits { static uint64_t hash(const Element&); };
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <vector>

#include "server/base/allocator.h"
#include "server/base/assert.h"
#include "server/base/clock.h"
#include "server/base/prefetch.h"
#include "server/base/random.h"

namespace larder {

// Where an element is: the slot's word in its bucket. Valid until the table changes.
template <class Element>
class TableSlot {
 public:
  Element* get() const { return reinterpret_cast<Element*>(word_ & kPointerMask); }
  void set(Element* element) {
    word_ = (word_ & ~kPointerMask) | reinterpret_cast<uint64_t>(element);
  }
  bool is_empty() const { return (word_ & kPointerMask) == 0; }
  // 16 bits for the owner; 0 for a new element; they move with it.
  uint16_t bits() const { return static_cast<uint16_t>(word_ >> 48); }
  void set_bits(uint16_t bits) {
    word_ = (word_ & kPointerMask) | (static_cast<uint64_t>(bits) << 48);
  }

 private:
  static constexpr uint64_t kPointerMask = (uint64_t{1} << 48) - 1;
  uint64_t word_ = 0;
};

template <class Element, class Traits>
class HashTable {
 public:
  using Slot = TableSlot<Element>;

  HashTable() = default;
  HashTable(const HashTable&) = delete;
  HashTable& operator=(const HashTable&) = delete;
  HashTable(HashTable&& other) noexcept { swap(other); }
  HashTable& operator=(HashTable&& other) noexcept {
    swap(other);
    return *this;
  }
  // Frees the table, not the elements.
  ~HashTable() {
    while (!directory_.empty()) drop_last_segment([](Slot&) {});
  }

  void swap(HashTable& other) noexcept {
    directory_.swap(other.directory_);
    counts_.swap(other.counts_);
    std::swap(depth_, other.depth_);
    std::swap(deepest_, other.deepest_);
    std::swap(size_, other.size_);
    std::swap(buckets_, other.buckets_);
  }

  size_t size() const { return size_; }
  size_t slot_count() const { return buckets_ * kSlots; }
  size_t memory() const {
    return buckets_ * sizeof(Bucket) + directory_.capacity() * (sizeof(Segment) + sizeof(uint16_t));
  }

  // The slot of the element with this hash for which `is_wanted(const Element&)` holds, or nullptr.
  template <class Predicate>
  Slot* find(uint64_t hash, Predicate&& is_wanted) const {
    if (directory_.empty()) return nullptr;
    const Segment segment = segment_of(hash);
    const uint8_t tag = tag_of(hash);
    size_t at = segment.bucket_of(hash);
    for (size_t probes = segment.bucket_count(); probes > 0; probes--) {
      Bucket& bucket = segment.buckets()[at];
      for (uint64_t matches = bucket.matches(tag); matches != 0; matches &= matches - 1) {
        Slot& slot = bucket.slots[match_index(matches)];
        if (is_wanted(*static_cast<const Element*>(slot.get()))) return &slot;
      }
      if (bucket.overflow == 0) [[likely]] return nullptr;
      at = segment.next(at);
    }
    return nullptr;
  }

  // Puts in an element that is not there yet. May grow the table by one step.
  Slot* insert(uint64_t hash, Element* element) {
    if (directory_.empty()) start();
    while (count_of(hash) >= segment_of(hash).capacity()) grow_segment(hash);
    size_++;
    count_of(hash)++;
    Slot moved;
    moved.set(element);
    return place(segment_of(hash), hash, moved);
  }

  // Takes out the element in `slot`, which find returned for this hash. May shrink the table by one step.
  Element* erase(uint64_t hash, Slot* slot) {
    Element* element = slot->get();
    const Segment segment = segment_of(hash);
    auto* last = reinterpret_cast<Bucket*>(reinterpret_cast<uintptr_t>(slot) & ~(sizeof(Bucket) - 1));
    for (size_t at = segment.bucket_of(hash); &segment.buckets()[at] != last; at = segment.next(at)) {
      Bucket& passed = segment.buckets()[at];
      if (passed.overflow != kOverflowSaturated) passed.overflow--;
    }
    last->tags[slot - last->slots] = 0;
    *slot = Slot();
    size_--;
    count_of(hash)--;
    shrink_if_sparse(hash);
    return element;
  }

  // Ask the processor for the bucket of a hash, then (once it is there) for the elements it may hold.
  void prefetch_bucket(uint64_t hash) const {
    if (directory_.empty()) return;
    const Segment segment = segment_of(hash);
    prefetch_line(&segment.buckets()[segment.bucket_of(hash)]);
  }
  void prefetch_element(uint64_t hash) const {
    if (directory_.empty()) return;
    const Segment segment = segment_of(hash);
    const Bucket& bucket = segment.buckets()[segment.bucket_of(hash)];
    const uint64_t matches = bucket.matches(tag_of(hash));
    if (matches == 0) return;
    // Two lines: what is stored beside a key of usual length.
    const char* element = reinterpret_cast<const char*>(bucket.slots[match_index(matches)].get());
    prefetch_line(element);
    prefetch_line(element + 64);
  }

  // Visits every slot that may hold an element of which only the first 32 bits of the hash and its tag
  // are known: the elements that an index refers to by five bytes. `visit(Slot&)` returns whether to go on,
  // and must not change the table unless it returns false.
  template <class Visit>
  void visit_candidates(uint32_t hash_top, uint8_t tag, Visit&& visit) const {
    if (directory_.empty()) return;
    const uint64_t lowest = static_cast<uint64_t>(hash_top) << 32;
    const Segment segment = segment_of(lowest);
    const size_t last_home = segment.bucket_of(lowest | UINT32_MAX);
    size_t at = segment.bucket_of(lowest);
    bool past_home = at == last_home;
    for (size_t probes = segment.bucket_count(); probes > 0; probes--) {
      Bucket& bucket = segment.buckets()[at];
      for (uint64_t matches = bucket.matches(tag); matches != 0; matches &= matches - 1) {
        if (!visit(bucket.slots[match_index(matches)])) return;
      }
      if (past_home && bucket.overflow == 0) return;
      at = segment.next(at);
      past_home |= at == last_home;
    }
  }
  static uint8_t tag_of(uint64_t hash) {
    const uint8_t tag = static_cast<uint8_t>(hash);
    return tag == 0 ? 1 : tag;
  }

  // One step of a scan in the order of the hashes: visits the elements whose home is the bucket at
  // `position` and returns the position of the next one; 0 is the first position and means "done" when
  // returned. An element that is in the table from the first step to the last is visited at least once,
  // whatever the table does between the steps. `visit(Slot&)` must not change the table.
  template <class Visit>
  uint64_t scan(uint64_t position, Visit&& visit) const {
    if (directory_.empty()) return 0;
    const Segment segment = segment_of(position);
    const size_t home = segment.bucket_of(position);
    size_t at = home;
    for (size_t probes = segment.bucket_count(); probes > 0; probes--) {
      Bucket& bucket = segment.buckets()[at];
      for (Slot& slot : bucket.slots) {
        if (slot.is_empty()) continue;
        if (segment.bucket_of(Traits::hash(*slot.get())) == home) visit(slot);
      }
      if (bucket.overflow == 0) break;
      at = segment.next(at);
    }
    return segment.end_of_bucket(position, home);
  }

  // A larger step, for walks over everything: visits the up to 768 elements of the segment at
  // `position` and returns the position of the next one, with the promise of scan. Reads no element by
  // itself; where `visit` reads them, `kPrefetch` has them ready.
  template <bool kPrefetch, class Visit>
  uint64_t visit_segment(uint64_t position, Visit&& visit) const {
    if (directory_.empty()) return 0;
    const Segment segment = segment_of(position);
    visit_slots<kPrefetch>(segment, [&](size_t, Slot& slot) { visit(slot); });
    return segment.end(position);
  }

  // Steps of walks over the memory of the table itself, one segment at a time, as visit_segment.
  // Makes the segment as small as its elements allow: the table shrinks by itself only when it is much
  // too large, so that no element moves often.
  uint64_t compact_segment(uint64_t position) {
    if (directory_.empty()) return 0;
    const Segment segment = segment_of(position);
    const uint64_t end = segment.end(position);
    const size_t count = count_of(position);
    const unsigned smallest = segment.depth() == 0 ? 0 : kFullCode;
    unsigned code = segment.code();
    // A tenth is left, so that the next few elements do not make it grow again.
    while (code > smallest && count * 10 <= kBucketCounts[code - 1] * 6 * 9) code--;
    if (code != segment.code()) resize_segment(position, code);
    return end;
  }
  // Gives the segment the address that `move(void* memory, size_t bytes, size_t alignment)` returns.
  template <class Move>
  uint64_t move_segment(uint64_t position, Move&& move) {
    if (directory_.empty()) return 0;
    const Segment segment = segment_of(position);
    void* moved = move(segment.buckets(), segment.bucket_count() * sizeof(Bucket), sizeof(Bucket));
    if (moved != segment.buckets()) {
      set_segment(first_index(position, segment),
                  Segment(static_cast<Bucket*>(moved), segment.code(), segment.depth()));
    }
    return segment.end(position);
  }

  // An element picked at random, each with the same odds; nullptr from an empty table.
  Slot* random(Random& random) const {
    if (size_ == 0) return nullptr;
    // Every slot is hit with the same odds. About one try in three hits an element; only a table that
    // lost most of its elements a moment ago needs many.
    for (int tries = 0; tries < 1000; tries++) {
      const auto place = try_bucket(random);
      if (!place) continue;
      Slot& slot = place->bucket().slots[random.below(kSlots)];
      if (!slot.is_empty()) return &slot;
    }
    Slot* found = nullptr;
    for (uint64_t position = random.next(); found == nullptr;) {
      position = visit_segment<false>(position, [&](Slot& slot) { found = &slot; });
    }
    return found;
  }

  // Visits the elements in a bucket picked at random, each with the same odds: a sample of up to seven
  // for the cost of one cache line. `visit(uint64_t position, Slot&)`; a position is that of the bucket
  // for visit_bucket.
  template <class Visit>
  void sample_bucket(Random& random, Visit&& visit) const {
    if (size_ == 0) return;
    for (int tries = 0; tries < 1000; tries++) {
      const auto place = try_bucket(random);
      if (!place) continue;
      for (Slot& slot : place->bucket().slots) {
        if (!slot.is_empty()) visit(place->position(), slot);
      }
      return;
    }
  }
  // Visits the elements in the bucket that is at a position now: those of the time of sample_bucket, but
  // for what came, went, or moved because the table grew or shrank.
  template <class Visit>
  void visit_bucket(uint64_t position, Visit&& visit) const {
    if (directory_.empty()) return;
    const Segment segment = segment_of(position);
    for (Slot& slot : segment.buckets()[segment.bucket_of(position)].slots) {
      if (!slot.is_empty()) visit(slot);
    }
  }

  // As visit_segment<false>, with the position of each slot's bucket: `visit(uint64_t position, Slot&)`.
  template <class Visit>
  uint64_t visit_places(uint64_t position, Visit&& visit) const {
    if (directory_.empty()) return 0;
    const Segment segment = segment_of(position);
    visit_slots<false>(segment, [&](size_t bucket, Slot& slot) {
      visit(segment.begin_of_bucket(position, bucket), slot);
    });
    return segment.end(position);
  }

  // Takes the table down from its end: `dispose(Slot&)` gets each element, until the deadline passes.
  // Returns whether the table is empty now. Between calls the table must not be used for anything else.
  template <class Dispose>
  bool drain(Dispose&& dispose, Deadline deadline) {
    while (!directory_.empty()) {
      drop_last_segment(dispose);
      if (deadline.has_passed()) break;
    }
    return directory_.empty();
  }

 private:
  static constexpr size_t kSlots = 7;
  static constexpr uint8_t kOverflowSaturated = 255;
  static constexpr uint64_t kByteOnes = 0x0101010101010101;
  static constexpr uint64_t kByteTops = 0x8080808080808080;
  // Past this many equal leading bits, elements only collide; a keyed hash never gets there.
  static constexpr unsigned kMaxDepth = 32;
  static constexpr size_t kBucketCounts[] = {1, 2, 4, 8, 16, 32, 64, 96, 128};
  static constexpr unsigned kFullCode = 7;  // 96 buckets: the smallest segment beside others
  static constexpr unsigned kLargestCode = 8;

  struct alignas(64) Bucket {
    Slot slots[kSlots];
    uint8_t tags[kSlots] = {};
    uint8_t overflow = 0;

    // Bit 7 of each byte whose tag is `tag`. A byte above a true match can be reported wrongly, which
    // costs a comparison; the overflow byte is masked out.
    uint64_t matches(uint8_t tag) const {
      uint64_t word;
      std::memcpy(&word, tags, sizeof(word));
      const uint64_t difference = word ^ (kByteOnes * tag);
      return (difference - kByteOnes) & ~difference & (kByteTops >> 8) & ~empties(word);
    }
    // A borrowed bit must not lead to an empty slot, whose pointer is null.
    static uint64_t empties(uint64_t word) {
      return ~(((word & ~kByteTops) + ~kByteTops) | word) & kByteTops;
    }
  };
  static_assert(sizeof(Bucket) == 64);

  static size_t match_index(uint64_t matches) {
    return static_cast<size_t>(std::countr_zero(matches)) / 8;
  }

  // A directory entry: the segment's address, how many buckets it has and how many leading bits of the
  // hash its elements share.
  class Segment {
   public:
    Segment() = default;
    Segment(Bucket* buckets, unsigned code, unsigned depth)
        : word_(reinterpret_cast<uint64_t>(buckets) | (static_cast<uint64_t>(code) << 48) |
                (static_cast<uint64_t>(depth) << 56)) {}

    Bucket* buckets() const {
      return reinterpret_cast<Bucket*>(word_ & ((uint64_t{1} << 48) - 1));
    }
    unsigned code() const { return static_cast<unsigned>(word_ >> 48) & 0xff; }
    unsigned depth() const { return static_cast<unsigned>(word_ >> 56); }
    size_t bucket_count() const { return kBucketCounts[code()]; }
    size_t capacity() const { return code() == 0 ? kSlots : bucket_count() * 6; }
    size_t bucket_of(uint64_t hash) const {
      return static_cast<size_t>((((hash << depth()) >> 32) * bucket_count()) >> 32);
    }
    size_t next(size_t bucket) const { return bucket + 1 == bucket_count() ? 0 : bucket + 1; }
    // The first hash of the segment that `hash` is in.
    uint64_t begin(uint64_t hash) const {
      return depth() == 0 ? 0 : (hash >> (64 - depth())) << (64 - depth());
    }
    // The first hash behind the segment; 0 behind the last of all.
    uint64_t end(uint64_t hash) const {
      return depth() == 0 ? 0 : begin(hash) + (uint64_t{1} << (64 - depth()));
    }
    // The first hash whose home is `bucket`; behind the last one that of the next segment, or 0.
    uint64_t begin_of_bucket(uint64_t hash, size_t bucket) const {
      const uint64_t count = bucket_count();
      // The smallest 32-bit fraction that bucket_of maps to `bucket`, rounded up.
      const uint64_t fraction = ((static_cast<uint64_t>(bucket) << 32) + count - 1) / count;
      return begin(hash) + (fraction << (32 - depth()));  // wraps to 0 behind the last segment
    }
    // The first hash behind those whose home is `bucket`; 0 behind the last of all.
    uint64_t end_of_bucket(uint64_t hash, size_t bucket) const {
      return begin_of_bucket(hash, bucket + 1);
    }

   private:
    uint64_t word_ = 0;
  };

  // A bucket, and how it is named beyond the next change.
  struct BucketPlace {
    Segment segment;
    size_t index;
    uint64_t segment_begin;

    Bucket& bucket() const { return segment.buckets()[index]; }
    uint64_t position() const { return segment.begin_of_bucket(segment_begin, index); }
  };
  // A bucket picked at random, each with the same odds: segments by the first of their directory entries,
  // buckets as if each segment had the largest size. Of a table that is not empty; most tries hit one.
  std::optional<BucketPlace> try_bucket(Random& random) const {
    const size_t most_buckets = depth_ == 0 ? directory_[0].bucket_count() : kBucketCounts[kLargestCode];
    const size_t index = random.below(directory_.size());
    const Segment segment = directory_[index];
    const size_t spare = (size_t{1} << (depth_ - segment.depth())) - 1;
    const size_t bucket = random.below(most_buckets);
    if ((index & spare) != 0 || bucket >= segment.bucket_count()) return std::nullopt;
    return BucketPlace{segment, bucket, depth_ == 0 ? 0 : static_cast<uint64_t>(index) << (64 - depth_)};
  }

  size_t directory_index(uint64_t hash) const {
    return static_cast<size_t>((hash >> 1) >> (63 - depth_));
  }
  Segment segment_of(uint64_t hash) const { return directory_[directory_index(hash)]; }
  // Counts are kept at the first of the directory entries that lead to a segment.
  size_t first_index(uint64_t hash, Segment segment) const {
    const unsigned spare = depth_ - segment.depth();
    return (directory_index(hash) >> spare) << spare;
  }
  uint16_t& count_of(uint64_t hash) { return counts_[first_index(hash, segment_of(hash))]; }

  Segment make_segment(unsigned code, unsigned depth) {
    const size_t bytes = kBucketCounts[code] * sizeof(Bucket);
    void* memory = allocate_aligned(sizeof(Bucket), bytes);
    std::memset(memory, 0, bytes);
    buckets_ += kBucketCounts[code];
    return Segment(static_cast<Bucket*>(memory), code, depth);
  }
  void free_segment(Segment segment) {
    buckets_ -= segment.bucket_count();
    deallocate_aligned(segment.buckets(), sizeof(Bucket), segment.bucket_count() * sizeof(Bucket));
  }

  void start() {
    directory_.push_back(make_segment(0, 0));
    counts_.push_back(0);
    depth_ = 0;
    deepest_ = 1;
  }

  // Puts a slot's word into the first bucket with room from its home on. The segment has room.
  static Slot* place(Segment segment, uint64_t hash, Slot moved) {
    for (size_t at = segment.bucket_of(hash);; at = segment.next(at)) {
      Bucket& bucket = segment.buckets()[at];
      uint64_t word;
      std::memcpy(&word, bucket.tags, sizeof(word));
      const uint64_t free = Bucket::empties(word) & (kByteTops >> 8);
      if (free != 0) {
        const size_t index = match_index(free);
        bucket.tags[index] = tag_of(hash);
        bucket.slots[index] = moved;
        return &bucket.slots[index];
      }
      if (bucket.overflow != kOverflowSaturated) bucket.overflow++;
    }
  }

  // Visits the slots in use: `visit(size_t bucket, Slot&)`.
  template <bool kPrefetch, class Visit>
  static void visit_slots(Segment segment, Visit&& visit) {
    Bucket* buckets = segment.buckets();
    const size_t count = segment.bucket_count();
    // The elements are anywhere in memory: ask for them two buckets ahead.
    const auto prefetch = [&](size_t at) {
      if (!kPrefetch || at >= count) return;
      for (const Slot& slot : buckets[at].slots) prefetch_line(slot.get());
    };
    prefetch(0);
    prefetch(1);
    for (size_t at = 0; at < count; at++) {
      prefetch(at + 2);
      for (Slot& slot : buckets[at].slots) {
        if (!slot.is_empty()) visit(at, slot);
      }
    }
  }
  template <class Visit>
  static void visit_hashes(Segment segment, Visit&& visit) {
    visit_slots<true>(segment,
                      [&](size_t, const Slot& slot) { visit(Traits::hash(*slot.get()), slot); });
  }
  static void move_elements(Segment from, Segment to) {
    visit_hashes(from, [&](uint64_t hash, Slot slot) { place(to, hash, slot); });
  }
  // A side of a split gets more than half of the elements by a few standard deviations at the most; the
  // larger size is for hashes that are not random at all.
  static unsigned full_code_for(size_t count) {
    return count <= kBucketCounts[kFullCode] * 6 ? kFullCode : kLargestCode;
  }

  void set_segment(size_t first, Segment segment) {
    const size_t entries = size_t{1} << (depth_ - segment.depth());
    for (size_t i = 0; i < entries; i++) directory_[first + i] = segment;
  }

  void grow_segment(uint64_t hash) {
    const Segment old = segment_of(hash);
    if (old.code() == kLargestCode) return split_segment(hash);
    resize_segment(hash, old.code() + 1);
  }

  void resize_segment(uint64_t hash, unsigned code) {
    const Segment old = segment_of(hash);
    const Segment resized = make_segment(code, old.depth());
    move_elements(old, resized);
    set_segment(first_index(hash, old), resized);
    free_segment(old);
  }

  void split_segment(uint64_t hash) {
    const Segment old = segment_of(hash);
    LARDER_ASSERT(old.depth() < kMaxDepth);
    if (old.depth() == depth_) double_directory();
    const unsigned depth = old.depth() + 1;
    const uint64_t side_bit = uint64_t{1} << (64 - depth);
    // Both sides are counted before there is memory for them, and hashes are what a split spends its
    // time with: they are kept from the first pass to the second.
    struct Moved {
      uint64_t hash;
      Slot slot;
    };
    Moved moved[kBucketCounts[kLargestCode] * kSlots];
    size_t moved_count = 0;
    size_t high_count = 0;
    visit_hashes(old, [&](uint64_t element_hash, Slot slot) {
      moved[moved_count++] = {element_hash, slot};
      high_count += (element_hash & side_bit) != 0;
    });
    const size_t low_count = moved_count - high_count;
    const Segment low = make_segment(full_code_for(low_count), depth);
    const Segment high = make_segment(full_code_for(high_count), depth);
    for (const Moved& element : std::span(moved).first(moved_count)) {
      place((element.hash & side_bit) != 0 ? high : low, element.hash, element.slot);
    }
    const size_t first = first_index(hash, old);
    const size_t middle = first + (size_t{1} << (depth_ - depth));
    set_segment(first, low);
    set_segment(middle, high);
    counts_[first] = static_cast<uint16_t>(low_count);
    counts_[middle] = static_cast<uint16_t>(high_count);
    if (depth == depth_) deepest_ += 2;
    free_segment(old);
  }

  void double_directory() {
    const size_t entries = directory_.size();
    std::vector<Segment> directory(entries * 2);
    std::vector<uint16_t> counts(entries * 2);
    for (size_t i = 0; i < entries; i++) {
      directory[2 * i] = directory[2 * i + 1] = directory_[i];
      counts[2 * i] = counts_[i];
    }
    directory_.swap(directory);
    counts_.swap(counts);
    depth_++;
    deepest_ = 0;
  }

  void halve_directory() {
    const size_t entries = directory_.size() / 2;
    std::vector<Segment> directory(entries);
    std::vector<uint16_t> counts(entries);
    depth_--;
    deepest_ = 0;
    for (size_t i = 0; i < entries; i++) {
      directory[i] = directory_[2 * i];
      counts[i] = counts_[2 * i];
      if (directory[i].depth() == depth_) deepest_++;
    }
    directory_.swap(directory);
    counts_.swap(counts);
  }

  // Shrinks at a quarter of the capacity to at most three fifths, so that no element moves again before
  // many others have come or gone.
  void shrink_if_sparse(uint64_t hash) {
    const Segment segment = segment_of(hash);
    const size_t count = count_of(hash);
    if (count * 4 >= segment.capacity()) [[likely]] return;
    const unsigned smallest = segment.depth() == 0 ? 0 : kFullCode;
    unsigned code = segment.code();
    while (code > smallest && count * 5 <= kBucketCounts[code - 1] * 6 * 3) code--;
    if (code != segment.code()) {
      resize_segment(hash, code);
    } else if (segment.depth() > 0) {
      merge_segment(hash);
    }
  }

  void merge_segment(uint64_t hash) {
    const Segment segment = segment_of(hash);
    const uint64_t sibling_bit = uint64_t{1} << (64 - segment.depth());
    const Segment sibling = segment_of(hash ^ sibling_bit);
    if (sibling.depth() != segment.depth()) return;
    const size_t count = size_t{count_of(hash)} + count_of(hash ^ sibling_bit);
    if (count * 5 > kBucketCounts[kFullCode] * 6 * 3) return;
    const Segment merged = make_segment(kFullCode, segment.depth() - 1);
    move_elements(segment, merged);
    move_elements(sibling, merged);
    const size_t first = first_index(hash & ~sibling_bit, segment);
    if (segment.depth() == depth_) deepest_ -= 2;
    set_segment(first, merged);
    counts_[first] = static_cast<uint16_t>(count);
    free_segment(segment);
    free_segment(sibling);
    if (deepest_ == 0 && depth_ > 0) halve_directory();
    shrink_if_sparse(hash);
  }

  template <class Dispose>
  void drop_last_segment(Dispose&& dispose) {
    const Segment segment = directory_.back();
    visit_slots<true>(segment, [&](size_t, Slot& slot) {
      dispose(slot);
      size_--;
    });
    const size_t entries = size_t{1} << (depth_ - segment.depth());
    directory_.resize(directory_.size() - entries);
    free_segment(segment);
    if (!directory_.empty()) return;
    directory_.shrink_to_fit();
    counts_.clear();
    counts_.shrink_to_fit();
    depth_ = 0;
    deepest_ = 0;
  }

  std::vector<Segment> directory_;
  std::vector<uint16_t> counts_;
  unsigned depth_ = 0;    // how many leading bits of a hash index the directory
  size_t deepest_ = 0;    // segments that need all of them; the directory halves when none does
  size_t size_ = 0;
  size_t buckets_ = 0;
};

}  // namespace larder
