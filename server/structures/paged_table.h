// A hash table of byte records that lie in its pages: the members of large sets, the fields of
// large hashes. No allocation per record, and hardly any slack: a page (table_page.h) grows through
// the allocator's size classes up to 1 KB, then it splits in two. A million records of 13 bytes
// take 17.8 bytes each, of 33 bytes 41.1.
//
// Layout. A directory over the leading bits of the hash (extendible hashing: Fagin, Nievergelt,
// Pippenger, Strong, 1979) leads to the pages. Beside its own bytes a record takes 3 of the page,
// and about 10 % of slack and headers; the directory adds 8 bytes for each page of 20 to 250
// records and for each further directory entry that leads to it:
//
//   63      58 57       48 47                                     0
//   +---------+-----------+---------------------------------------+
//   | depth   | count     | page                                  |
//   +---------+-----------+---------------------------------------+
//
// The count is kept in the first of the entries that lead to a page.
//
// Bounds: no operation moves more than the records of one page, or of two that become one; the
// directory is copied when it doubles or halves (50 us at a million records). Only pages of fewer
// than 16 records grow beyond 1 KB, up to 4 KB, so that records of a few hundred bytes do not make
// the directory large. A record longer than TablePage::kMaxInline lies in a block of its own, which
// the table owns.
//
//   struct Traits {
//     // > 0; valid from the moment the record is written.
//     static size_t size(const char* record);
//     // Keyed, so that nobody can choose it.
//     static uint64_t hash(const char* record);
//   };
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "server/base/allocator.h"
#include "server/base/assert.h"
#include "server/base/clock.h"
#include "server/base/random.h"
#include "server/structures/table_page.h"

namespace larder {

template <class Traits>
class PagedTable {
 public:
  // Where a record is. Valid until the table changes.
  class Place {
   public:
    Place() = default;
    explicit operator bool() const { return page_ != nullptr; }
    // Bytes may be overwritten as long as the record keeps its hash and its size.
    char* record() const { return page_->record(slot_); }

   private:
    friend class PagedTable;
    Place(TablePage* page, size_t slot) : page_(page), slot_(slot) {}
    TablePage* page_ = nullptr;
    size_t slot_ = 0;
  };

  PagedTable() = default;
  PagedTable(const PagedTable&) = delete;
  PagedTable& operator=(const PagedTable&) = delete;
  PagedTable(PagedTable&& other) noexcept { swap(other); }
  PagedTable& operator=(PagedTable&& other) noexcept {
    swap(other);
    return *this;
  }
  ~PagedTable() { drain(Deadline::never()); }

  void swap(PagedTable& other) noexcept {
    directory_.swap(other.directory_);
    std::swap(depth_, other.depth_);
    std::swap(deepest_, other.deepest_);
    std::swap(size_, other.size_);
    std::swap(page_bytes_, other.page_bytes_);
    std::swap(long_bytes_, other.long_bytes_);
    std::swap(long_count_, other.long_count_);
    std::swap(pages_, other.pages_);
    std::swap(most_, other.most_);
  }
  // Deep.
  PagedTable clone() const;

  size_t size() const { return size_; }
  size_t page_count() const { return pages_; }
  // Pages, and blocks of long records: what freeing the table costs.
  size_t allocation_count() const { return pages_ + long_count_; }
  // Bytes outside the table object.
  size_t memory() const {
    return page_bytes_ + long_bytes_ + directory_.capacity() * sizeof(Entry);
  }

  // The record with this hash for which `matches(const char* record)` holds.
  template <class Matches>
  Place find(uint64_t hash, Matches&& matches) const {
    if (directory_.empty()) return {};
    TablePage* page = page_of(hash);
    const size_t slot = page->find(hash, matches);
    return slot == TablePage::kNone ? Place() : Place(page, slot);
  }
  // Adds a record that is not there yet; returns where its `size` bytes must be written before the
  // table is used again.
  char* insert(uint64_t hash, size_t size);
  // Takes out the record at `place`, which find returned for this hash. Gives memory back.
  void erase(uint64_t hash, Place place) {
    take_out(hash, place);
    shrink_if_sparse(hash);
  }
  // Gives a record another size; the first min(old, new) bytes are kept and must be enough to tell
  // its hash. Returns where it is now; it must be complete before the table is used again.
  char* resize(uint64_t hash, Place place, size_t size);

  // Ask the processor for the page of a hash, then (once it is there) for the record in it.
  void prefetch_page(uint64_t hash) const {
    if (!directory_.empty()) page_of(hash)->prefetch();
  }
  void prefetch_record(uint64_t hash) const {
    if (!directory_.empty()) page_of(hash)->prefetch_record(hash);
  }

  // One step of a scan in the order of the hashes: visits the records of the page at `position` (20
  // to 250 where records are short) and returns the position of the next page; 0 is the first
  // position and means "done" when returned. A record that is in the table from the first step to
  // the last is visited at least once, whatever the table does between the steps. The low 32 bits
  // of a position are 0. `visit(const char* record)` must not change the table.
  template <class Visit>
  uint64_t scan(uint64_t position, Visit&& visit) const {
    if (directory_.empty()) return 0;
    const Entry entry = entry_of(position);
    const TablePage* page = entry.page();
    for (size_t slot = 0; slot < page->count(); slot++) visit(page->record(slot));
    return end_of(position, entry.depth());
  }
  // The same with the records' page coming next asked for already: for walks over everything.
  template <class Visit>
  uint64_t scan_ahead(uint64_t position, Visit&& visit) const {
    if (directory_.empty()) return 0;
    const TablePage* next = page_of(end_of(position, entry_of(position).depth()));
    for (size_t line = 0; line < next->size(); line += 64) {
      prefetch_line(reinterpret_cast<const char*>(next) + line);
    }
    return scan(position, visit);
  }
  template <class Visit>
  void visit_all(Visit&& visit) const {
    uint64_t position = 0;
    do {
      position = scan_ahead(position, visit);
    } while (position != 0);
  }

  // A record picked at random, each with the same odds; false from an empty table.
  Place random(Random& random) const;

  // Makes an empty table ready for `count` records of about `record_size` bytes, so that they go in
  // without a page being split. The pages get their size at once, or (`grow`, for what may not come
  // or may be shorter) when they need it.
  enum class Pages { grow, full };
  void reserve(size_t count, size_t record_size, Pages pages = Pages::full);

  // Frees records and pages from the end until the deadline passes. Returns whether the table is
  // empty now. Between calls the table must not be used for anything else.
  bool drain(Deadline deadline);

  // A step of a walk over all pages, from the one at `position`: gives it the address that `move(void*
  // page, size_t bytes)` returns. Returns the position of the next; 0 behind the last.
  template <class Move>
  uint64_t move_page(uint64_t position, Move&& move) {
    if (directory_.empty()) return 0;
    TablePage* page = page_of(position);
    const unsigned depth = page->depth();
    auto* moved = static_cast<TablePage*>(move(page, page->size()));
    if (moved != page) set_page(position, moved);
    return end_of(position, depth);
  }

 private:
  // A page of this size splits instead of growing, unless it has few records.
  static constexpr size_t kSplitBytes = 1024;
  static constexpr size_t kFewRecords = 16;
  // Past this many equal leading bits, hashes only collide; a keyed hash never gets there.
  static constexpr unsigned kMaxDepth = 32;

  class Entry {
   public:
    Entry() = default;
    explicit Entry(TablePage* page)
        : word_(reinterpret_cast<uint64_t>(page) | (uint64_t{page->count()} << 48) |
                (uint64_t{page->depth()} << 58)) {}
    TablePage* page() const {
      return reinterpret_cast<TablePage*>(word_ & ((uint64_t{1} << 48) - 1));
    }
    size_t count() const { return (word_ >> 48) & 0x3ff; }
    unsigned depth() const { return static_cast<unsigned>(word_ >> 58); }

   private:
    uint64_t word_ = 0;
  };

  size_t index_of(uint64_t hash) const { return static_cast<size_t>((hash >> 1) >> (63 - depth_)); }
  Entry entry_of(uint64_t hash) const { return directory_[index_of(hash)]; }
  TablePage* page_of(uint64_t hash) const { return entry_of(hash).page(); }
  // The first of the entries that lead to a page of this depth.
  size_t first_index(uint64_t hash, unsigned depth) const {
    const unsigned spare = depth_ - depth;
    return (index_of(hash) >> spare) << spare;
  }
  // The first hash behind a page; 0 behind the last of all.
  static uint64_t end_of(uint64_t hash, unsigned depth) {
    if (depth == 0) return 0;
    return ((hash >> (64 - depth)) + 1) << (64 - depth);
  }
  static uint64_t hash_at(const TablePage& page, size_t slot) {
    return page.is_long(slot) ? page.long_hash(slot) : Traits::hash(page.record(slot));
  }

  TablePage* make_page(size_t size, size_t slots, unsigned depth) {
    page_bytes_ += size;
    pages_++;
    return TablePage::create(size, slots, depth);
  }
  // A page for these records and `coming` bytes of one more, with all the slots that it will need
  // if those that follow are like them.
  TablePage* make_page_for(size_t size, size_t count, size_t record_bytes, size_t coming,
                           unsigned depth) {
    const size_t needed = TablePage::bytes_for(count + 1, record_bytes + coming);
    // The records of a full page that all stay together leave no room for a slot.
    if (needed > size) return make_page(size, count, depth);
    const size_t mean = (record_bytes + coming) / (count + 1);
    const size_t spare = size - needed;
    const size_t more = spare / (mean + TablePage::kSlotBytes);
    return make_page(size, count + 1 + more / 4 * 4, depth);  // slots come by fours
  }
  void free_page(TablePage* page) {
    page_bytes_ -= page->size();
    pages_--;
    TablePage::destroy(page);
  }
  void set_page(uint64_t hash, TablePage* page) {
    const size_t first = first_index(hash, page->depth());
    const size_t entries = size_t{1} << (depth_ - page->depth());
    std::fill_n(directory_.begin() + static_cast<std::ptrdiff_t>(first), entries, Entry(page));
  }
  // Tells the directory that the page's count changed.
  void note_count(uint64_t hash, TablePage* page) {
    most_ = std::max(most_, page->count());
    directory_[first_index(hash, page->depth())] = Entry(page);
  }

  void make_room(uint64_t hash, size_t stored);
  void take_out(uint64_t hash, Place place);
  char* replace(uint64_t hash, Place place, bool shrinks, size_t size);
  void rebuild_page(uint64_t hash, size_t size, size_t coming);
  void split_page(uint64_t hash);
  void shrink_if_sparse(uint64_t hash);
  void merge_pages(uint64_t hash);
  void double_directory();
  void halve_directory();
  void drop_last_page();
  void reset();

  std::vector<Entry> directory_;
  unsigned depth_ = 0;  // how many leading bits of a hash index the directory
  size_t deepest_ = 0;  // pages that need all of them; the directory halves when none does
  size_t size_ = 0;
  size_t pages_ = 0;
  size_t page_bytes_ = 0;
  size_t long_bytes_ = 0;  // blocks of long records
  size_t long_count_ = 0;
  size_t most_ = 0;  // no page has or had more records
};

template <class Traits>
char* PagedTable<Traits>::insert(uint64_t hash, size_t size) {
  if (directory_.empty()) {
    directory_.push_back(Entry(make_page(TablePage::kMinBytes, 0, 0)));
    deepest_ = 1;
  }
  const size_t stored = TablePage::stored_size(size);
  while (!page_of(hash)->has_room(stored)) make_room(hash, stored);
  TablePage* page = page_of(hash);
  char* at;
  if (stored == size) {
    at = page->add(hash, size);
  } else {
    at = static_cast<char*>(allocate(size));
    page->add_long(hash, at);
    long_bytes_ += allocation_size(size);
    long_count_++;
  }
  size_++;
  note_count(hash, page);
  return at;
}

template <class Traits>
char* PagedTable<Traits>::resize(uint64_t hash, Place place, size_t size) {
  const size_t old_size = Traits::size(place.record());
  if (size == old_size) return place.record();
  const size_t kept = std::min(size, old_size);
  if (place.page_->is_long(place.slot_)) {
    // The block outlives its place in the page.
    char* block = place.record();
    long_bytes_ -= allocation_size(old_size);
    long_count_--;
    char* at = replace(hash, place, size < old_size, size);
    std::memcpy(at, block, kept);
    deallocate(block, old_size);
    return at;
  }
  char bytes[TablePage::kMaxInline];
  std::memcpy(bytes, place.record(), kept);
  char* at = replace(hash, place, size < old_size, size);
  std::memcpy(at, bytes, kept);
  return at;
}

template <class Traits>
char* PagedTable<Traits>::replace(uint64_t hash, Place place, bool shrinks, size_t size) {
  place.page_->remove(place.slot_, Traits::size);
  size_--;
  if (shrinks) shrink_if_sparse(hash);
  return insert(hash, size);
}

// One step towards room for a record. A page that is built anew gets at least an eighth of its size
// of free bytes, so that a series of changes does not build it each time.
template <class Traits>
void PagedTable<Traits>::make_room(uint64_t hash, size_t stored) {
  const TablePage* page = page_of(hash);
  const size_t needed = page->used_with(stored);
  size_t target = TablePage::size_class(needed);
  if (target <= page->size() && (page->size() - needed) * 8 < page->size()) {
    target = TablePage::size_class(page->size() + 1);
  }
  // The few records that do not split fit into the largest page, if not with bytes to spare.
  target = std::min(std::max(target, page->size()), TablePage::kMaxBytes);
  if (target > kSplitBytes && page->count() >= kFewRecords) {
    split_page(hash);
  } else {
    rebuild_page(hash, target, stored);
  }
}

template <class Traits>
void PagedTable<Traits>::take_out(uint64_t hash, Place place) {
  TablePage* page = place.page_;
  if (page->is_long(place.slot_)) {
    char* block = place.record();
    const size_t size = Traits::size(block);
    long_bytes_ -= allocation_size(size);
    long_count_--;
    deallocate(block, size);
  }
  page->remove(place.slot_, Traits::size);
  size_--;
  note_count(hash, page);
}

template <class Traits>
void PagedTable<Traits>::rebuild_page(uint64_t hash, size_t size, size_t coming) {
  TablePage* old = page_of(hash);
  TablePage* page = make_page_for(size, old->count(), old->record_bytes(), coming, old->depth());
  for (size_t slot = 0; slot < old->count(); slot++) page->take(*old, slot, Traits::size);
  set_page(hash, page);
  free_page(old);
}

template <class Traits>
void PagedTable<Traits>::split_page(uint64_t hash) {
  TablePage* old = page_of(hash);
  const unsigned depth = old->depth() + 1;
  LARDER_ASSERT(depth <= kMaxDepth);
  if (old->depth() == depth_) double_directory();
  const uint64_t side_bit = uint64_t{1} << (64 - depth);
  uint8_t sides[TablePage::kMaxBytes / (TablePage::kSlotBytes + 1)];
  size_t counts[2] = {0, 0};
  size_t bytes[2] = {0, 0};
  for (size_t slot = 0; slot < old->count(); slot++) {
    const uint8_t side = (hash_at(*old, slot) & side_bit) != 0;
    sides[slot] = side;
    counts[side]++;
    bytes[side] += TablePage::stored_size(Traits::size(old->record(slot)));
  }
  TablePage* pages[2];
  for (size_t side = 0; side < 2; side++) {
    const size_t size = TablePage::size_class(TablePage::bytes_for(counts[side] + 1, bytes[side]));
    pages[side] = make_page_for(std::min(size, TablePage::kMaxBytes), counts[side], bytes[side], 0,
                                depth);
  }
  for (size_t slot = 0; slot < old->count(); slot++) {
    pages[sides[slot]]->take(*old, slot, Traits::size);
  }
  set_page(hash & ~side_bit, pages[0]);
  set_page(hash | side_bit, pages[1]);
  if (depth == depth_) deepest_ += 2;
  free_page(old);
}

// Shrinks at five eighths of the size to something with a ninth to spare, so that no record moves
// again before many others have come or gone.
template <class Traits>
void PagedTable<Traits>::shrink_if_sparse(uint64_t hash) {
  if (size_ == 0) {
    while (!directory_.empty()) drop_last_page();
    return reset();
  }
  TablePage* page = page_of(hash);
  const size_t used = page->used();
  if (used * 8 >= page->size() * 5) [[likely]]
    return;
  const size_t target = TablePage::size_class(page->used_with(used / 8));
  const bool shrinks = target < page->size();
  if (shrinks) rebuild_page(hash, target, 0);
  if (page_of(hash)->depth() > 0 && (shrinks || page_of(hash)->count() == 0)) merge_pages(hash);
}

// Joins a page with its neighbour if both of them have become small, and goes on with the result.
template <class Traits>
void PagedTable<Traits>::merge_pages(uint64_t hash) {
  for (;;) {
    TablePage* page = page_of(hash);
    const unsigned depth = page->depth();
    if (depth == 0) return;
    const uint64_t sibling_bit = uint64_t{1} << (64 - depth);
    TablePage* sibling = page_of(hash ^ sibling_bit);
    if (sibling->depth() != depth) return;
    const size_t count = page->count() + sibling->count();
    const size_t bytes = page->record_bytes() + sibling->record_bytes();
    const size_t needed = TablePage::bytes_for(count + 1, bytes);
    if (needed * 8 > kSplitBytes * 5) return;
    TablePage* merged =
        make_page_for(TablePage::size_class(needed + needed / 8), count, bytes, 0, depth - 1);
    for (const TablePage* from : {page, sibling}) {
      for (size_t slot = 0; slot < from->count(); slot++) merged->take(*from, slot, Traits::size);
    }
    most_ = std::max(most_, count);
    if (depth == depth_) deepest_ -= 2;
    set_page(hash, merged);
    free_page(page);
    free_page(sibling);
    if (depth_ > 0 && deepest_ == 0) halve_directory();
  }
}

template <class Traits>
void PagedTable<Traits>::double_directory() {
  std::vector<Entry> directory(directory_.size() * 2);
  for (size_t i = 0; i < directory_.size(); i++) {
    directory[2 * i] = directory[2 * i + 1] = directory_[i];
  }
  directory_.swap(directory);
  depth_++;
  deepest_ = 0;
}

template <class Traits>
void PagedTable<Traits>::halve_directory() {
  std::vector<Entry> directory(directory_.size() / 2);
  depth_--;
  deepest_ = 0;
  for (size_t i = 0; i < directory.size(); i++) {
    directory[i] = directory_[2 * i];
    if (directory[i].depth() == depth_) deepest_++;
  }
  directory_.swap(directory);
}

template <class Traits>
typename PagedTable<Traits>::Place PagedTable<Traits>::random(Random& random) const {
  if (size_ == 0) return {};
  // Every slot of a table whose pages had as many as the fullest is hit with the same odds: pages
  // by the first of their directory entries. About one try in three hits a record; only a table
  // that lost most of its records a moment ago needs many.
  for (int tries = 0; tries < 1000; tries++) {
    const size_t index = random.below(directory_.size());
    const Entry entry = directory_[index];
    const size_t spare = (size_t{1} << (depth_ - entry.depth())) - 1;
    const size_t slot = random.below(most_);
    if ((index & spare) == 0 && slot < entry.count()) return Place(entry.page(), slot);
  }
  for (uint64_t position = random.next();;) {
    const Entry entry = entry_of(position);
    const size_t count = entry.page()->count();
    if (count != 0) return Place(entry.page(), random.below(count));
    position = end_of(position, entry.depth());
  }
}

template <class Traits>
void PagedTable<Traits>::reserve(size_t count, size_t record_size, Pages kind) {
  if (!directory_.empty() || count == 0) return;
  const size_t stored = TablePage::stored_size(record_size);
  // Three quarters full in the mean, as a page may get more than its share.
  const size_t per_page =
      std::max((kSplitBytes - TablePage::kHeaderBytes) * 3 / 4 / (stored + TablePage::kSlotBytes),
               kFewRecords / 2);
  const size_t pages = std::bit_ceil((count + per_page - 1) / per_page);
  const size_t mean = (count + pages - 1) / pages;
  const size_t slots = kind == Pages::full ? mean : 0;
  const size_t size = TablePage::size_class(TablePage::bytes_for(slots, slots * stored));
  depth_ = static_cast<unsigned>(std::countr_zero(pages));
  deepest_ = pages;
  directory_.reserve(pages);
  for (size_t i = 0; i < pages; i++) directory_.push_back(Entry(make_page(size, slots, depth_)));
}

template <class Traits>
PagedTable<Traits> PagedTable<Traits>::clone() const {
  PagedTable copy;
  copy.directory_.resize(directory_.size());
  for (size_t i = 0; i < directory_.size();) {
    const size_t entries = size_t{1} << (depth_ - directory_[i].depth());
    TablePage* page = TablePage::clone(directory_[i].page(), Traits::size);
    std::fill_n(copy.directory_.begin() + static_cast<std::ptrdiff_t>(i), entries, Entry(page));
    i += entries;
  }
  copy.depth_ = depth_;
  copy.deepest_ = deepest_;
  copy.size_ = size_;
  copy.pages_ = pages_;
  copy.page_bytes_ = page_bytes_;
  copy.long_bytes_ = long_bytes_;
  copy.long_count_ = long_count_;
  copy.most_ = most_;
  return copy;
}

template <class Traits>
bool PagedTable<Traits>::drain(Deadline deadline) {
  for (size_t dropped = 1; !directory_.empty(); dropped++) {
    drop_last_page();
    if (dropped % 16 == 0 && deadline.has_passed()) break;
  }
  if (!directory_.empty()) return false;
  reset();
  return true;
}

template <class Traits>
void PagedTable<Traits>::drop_last_page() {
  TablePage* page = directory_.back().page();
  for (size_t slot = 0; slot < page->count(); slot++) {
    if (!page->is_long(slot)) continue;
    char* block = page->record(slot);
    deallocate(block, Traits::size(block));
  }
  size_ -= page->count();
  directory_.resize(directory_.size() - (size_t{1} << (depth_ - page->depth())));
  free_page(page);
}

template <class Traits>
void PagedTable<Traits>::reset() {
  std::vector<Entry>().swap(directory_);
  depth_ = 0;
  deepest_ = most_ = long_bytes_ = long_count_ = 0;
}

}  // namespace larder
