// The list type.
//
// Encodings: a short list is a run of packed entries in the key's own entry (at most 960 bytes and
// 128 elements, counted by walking); a longer one is a ChunkedList on the heap, whose address the
// place holds. OBJECT ENCODING's names follow Redis's rule instead: a list is a listpack while it
// fits what list-max-listpack-size allows, and when it was a quicklist, again once it takes half of
// that. So either form can have either name.
//
// "Texts" are elements as clients give them; they must be shorter than 4 GB.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "server/base/clock.h"
#include "server/structures/chunked_list.h"
#include "server/structures/packed_run.h"
#include "server/types/value.h"

namespace larder {

class List {
 public:
  static constexpr Type kType = Type::list;
  using Digits = PackedEntry::Digits;

  explicit List(ValueView view) : view_(view) {}
  explicit List(ValuePlace& place) : view_{}, place_(&place) {}

  // --- Reading ---
  // A short list is counted: up to about 100 ns.
  size_t size() const;
  bool empty() const {
    const ValueView value = view();
    return is_long(value) ? load_object<Long>(value)->entries.size() == 0 : value.size == 0;
  }
  // The element `index` < size().
  PackedEntry at(size_t index) const;
  // The outermost element of a list that is not empty.
  PackedEntry at_end(End end) const;
  // Calls `visit(PackedEntry)` for `count` elements from `start` on (start + count <= size()),
  // until it returns false.
  template <class Visit>
  void visit(size_t start, size_t count, Visit&& visit) const;
  // The same from element start + count - 1 back to `start`.
  template <class Visit>
  void visit_backwards(size_t start, size_t count, Visit&& visit) const;
  // "listpack" or "quicklist"; see above.
  std::string_view encoding_name() const;
  // Allocator bytes outside the entry. `samples`: of how many elements to take the mean; 0: all.
  size_t memory(size_t samples) const;

  // --- Changing; only through an Edit ---
  // Adds the texts one after the other, so that at the front the last of them comes to stand first.
  // Returns the new size.
  size_t push(std::span<const std::string_view> texts, End end);
  // Takes `count` <= size() elements away. Nothing may be pushed to a list that has lost all.
  void drop(size_t count, End end);
  // Replaces the element `index` < size().
  void replace(size_t index, std::string_view text);
  // Inserts before the element `index`; at size() it is a push.
  void insert(size_t index, std::string_view text);
  // Takes elements equal to `text` away, at most `limit` from that end on. Returns how many.
  size_t remove_equal(std::string_view text, size_t limit, End from);
  // Becomes a copy. The place must have no value yet.
  void assign(const List& other);

  // Whether the place holds the address of an object on the heap.
  static bool has_object(ValueView value) { return is_long(value); }
  static bool is_heavy(ValueView value);
  static bool drain(ValueView value, Deadline deadline);
  static uint64_t move_parts(ValueView value, AllocationMover& mover, uint64_t position);

 private:
  enum Encoding : uint8_t { kListpack = 0, kQuicklist = 1, kLong = 2 };
  static constexpr size_t kMaxEmbedded = 960;
  static constexpr size_t kMaxEmbeddedCount = 128;
  static constexpr size_t kUnknown = SIZE_MAX;

  struct Long {
    ChunkedList entries;
    bool is_quicklist = false;
    // How many bytes more than entries.bytes() Redis's listpack would take; only the name depends
    // on it.
    size_t listpack_extra = 0;
  };

  ValueView view() const { return place_ == nullptr ? view_ : place_->view(); }
  static bool is_long(const ValueView& value) { return value.encoding == kLong; }
  static std::string_view run_of(const ValueView& value) { return {value.data, value.size}; }
  Long& long_form() const { return *load_object<Long>(view()); }

  bool is_quicklist() const;
  size_t listpack_bytes() const;
  bool outgrows_listpack(size_t added_bytes, size_t added_count) const;
  bool fits_half_a_listpack() const;
  void note_growth(std::span<const std::string_view> texts);
  void note_shrinking();
  void set_quicklist(bool is_quicklist);

  bool fits_embedded(size_t bytes, size_t count) const {
    return bytes <= kMaxEmbedded && count <= kMaxEmbeddedCount;
  }
  void push_embedded(std::span<const std::string_view> texts, size_t bytes, End end);
  static void push_long(Long& list, std::span<const std::string_view> texts, End end);
  void drop_embedded(size_t count, End end);
  void splice_embedded(size_t index, bool removes_old, const PackedText& text);
  void lengthen();
  void shorten();

  ValueView view_;
  ValuePlace* place_ = nullptr;
};

template <class Visit>
void List::visit(size_t start, size_t count, Visit&& visit) const {
  const ValueView value = view();
  if (is_long(value)) {
    long_form().entries.visit(start, count,
                              [&](const char* entry) { return visit(PackedEntry(entry)); });
    return;
  }
  const char* entry = skip_entries(value.data, start);
  for (; count > 0; count--, entry = packed::next(entry)) {
    if (!visit(PackedEntry(entry))) return;
  }
}

template <class Visit>
void List::visit_backwards(size_t start, size_t count, Visit&& visit) const {
  const ValueView value = view();
  if (is_long(value)) {
    long_form().entries.visit_backwards(
        start, count, [&](const char* entry) { return visit(PackedEntry(entry)); });
    return;
  }
  const PackedOffsets entries(value.data, start + count);
  for (size_t i = start + count; i > start; i--) {
    if (!visit(PackedEntry(entries[i - 1]))) return;
  }
}

}  // namespace larder
