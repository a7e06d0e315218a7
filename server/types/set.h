// The set type: distinct texts in no order.
//
// Encodings: integers of 2, 4 or 8 bytes (int_set.h; while all members are integers) and packed
// (packed_list.h), both in the entry, and table (set_table.h; 8 bytes in the entry that own pages).
// OBJECT ENCODING answers "intset", "listpack" and "hashtable", at the thresholds of
// set-max-intset-entries, set-max-listpack-entries and -value, as Redis 7.2 does.
//
// Members go in and out as PackedText (what a client sent) or SetMember (what a set holds).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "server/base/clock.h"
#include "server/base/random.h"
#include "server/structures/int_set.h"
#include "server/structures/packed_list.h"
#include "server/types/set_member.h"
#include "server/types/set_table.h"
#include "server/types/value.h"

namespace larder {

// Distinct members in the order in which they came, to become a set in one go.
class CollectedMembers {
 public:
  void add(const SetMember& member);
  size_t count() const { return count_; }
  bool are_numbers() const { return are_numbers_; }
  // Of the longest, as text.
  size_t longest() const { return longest_; }
  const std::string& entries() const { return entries_; }

 private:
  std::string entries_;
  size_t count_ = 0;
  size_t longest_ = 0;
  bool are_numbers_ = true;
};

class Set {
 public:
  static constexpr Type kType = Type::set;

  explicit Set(ValueView view) : view_(view) {}
  explicit Set(ValuePlace& place) : view_{}, place_(&place) {}

  // --- Reading ---
  size_t size() const;
  bool empty() const { return size() == 0; }
  template <class Member>
  bool contains(const Member& member) const;
  // See prefetch_element in value.h.
  uint64_t prefetch(std::string_view member) const {
    if (view().encoding != kTable) return 0;
    const uint64_t hash = PackedText(member).hash();
    table(view()).table.prefetch_page(hash);
    return hash;
  }
  void prefetch(uint64_t hash) const { table(view()).table.prefetch_record(hash); }
  // Keeps those members for which contains() answers `wanted`, in their order, and returns how many
  // there are; they stand in front then. Overlaps the memory accesses of up to 32 members.
  size_t filter(std::span<SetMember> members, bool wanted) const;
  // One step of a walk: the small forms have one, a table one for each page. `visit(PackedEntry)`;
  // texts stay where they are until the set changes, numbers are gone after the call. See
  // PagedTable::scan for positions and the promise.
  template <class Visit>
  uint64_t scan(uint64_t position, Visit&& visit) const;
  // A member picked with equal odds. The set must not be empty.
  SetMember random(Random& random) const;
  // Whether random() costs the same however large the set is.
  bool has_fast_random() const { return view().encoding != kPacked; }
  bool is_same(const Set& other) const { return view().data == other.view().data; }
  std::string_view encoding_name() const;
  // Allocator bytes outside the entry. Exact, `samples` or not.
  size_t memory(size_t samples) const;

  // --- Changing; only through an Edit ---
  // Says that `count` members will be added, most of them new, so that a set that becomes large is
  // so from the beginning.
  void expect(size_t count);
  // Whether it is new. `expected`: how many will be added to a key that is being created.
  template <class Member>
  bool add(const Member& member, size_t expected = 1);
  // Whether it was there.
  template <class Member>
  bool remove(const Member& member);
  // Takes out `count` < size() members picked with equal odds; `visit(PackedEntry)` sees each.
  // Costs one walk at most.
  template <class Visit>
  void take_random(size_t count, Random& random, Visit&& visit);
  // A deep copy.
  void assign(const Set& other);
  // The members, in the smallest form that Redis would give to a set that a command computed.
  void assign(const CollectedMembers& members) { assign(members, SetForm::numbers); }

  // Whether the place holds the address of an object on the heap.
  static bool has_object(ValueView value) { return value.encoding == kTable; }
  static bool is_heavy(ValueView view);
  static bool drain(ValueView view, Deadline deadline);
  static uint64_t move_parts(ValueView value, AllocationMover& mover, uint64_t position);

 private:
  enum Encoding : uint8_t { kPacked = 0, kTable = 1, kInt16 = 2, kInt32 = 4, kInt64 = 8 };
  // A set that would outgrow this in its entry becomes a table, whatever the options say.
  static constexpr size_t kMaxEmbedded = 32 * 1024;
  static constexpr size_t kHeavyAllocations = 64;

  ValueView view() const { return place_ == nullptr ? view_ : place_->view(); }
  // The encodings of integers are their width.
  static bool is_numbers(ValueView value) {
    return value.encoding >= kInt16 && value.encoding <= kInt64;
  }
  static IntSet numbers(ValueView value) { return {{value.data, value.size}, value.encoding}; }
  static PackedList packed_list(ValueView value) { return PackedList({value.data, value.size}); }
  static const SetTable& table(ValueView value) { return *load_object<SetTable>(value); }

  // `smallest`: the smallest form that the members may get.
  void assign(const CollectedMembers& members, SetForm smallest);
  template <class Member>
  static const char* find_packed(const PackedList& list, const Member& member);
  template <class Member>
  void create(const Member& member, size_t expected);
  template <class Member>
  bool add_to_table(SetTable& set, const Member& member);
  template <class Member>
  bool add_packed(const Member& member);
  template <class Member>
  bool add_to_numbers(const Member& member);
  bool add_number(int64_t value);
  void become_packed();
  SetTable* become_table(size_t expected, SetForm form);
  void become_packed(const CollectedMembers& members);
  void become_numbers(const CollectedMembers& members);
  void drop_table();
  void keep_bytes(const std::string& kept);
  template <class Visit>
  void take_few(size_t count, Random& random, Visit&& visit);
  template <class Visit>
  void take_many(size_t count, Random& random, Visit&& visit);

  ValueView view_;
  ValuePlace* place_ = nullptr;
};

template <class Visit>
uint64_t Set::scan(uint64_t position, Visit&& visit) const {
  const ValueView value = view();
  if (value.encoding == kTable) {
    return table(value).table.scan_ahead(position,
                                         [&](const char* record) { visit(PackedEntry(record)); });
  }
  if (is_numbers(value)) {
    const IntSet set = numbers(value);
    for (size_t i = 0; i < set.count(); i++) visit(SetMember(set.at(i)).entry());
  } else if (value.encoding == kPacked) {
    packed_list(value).for_each([&](const char* entry) { visit(PackedEntry(entry)); });
  }
  return 0;
}

// In the small forms and where many are taken: a walk on which each member is taken with the odds
// of how many of those left are still wanted (Knuth, "The Art of Computer Programming", volume 2,
// algorithm 3.4.2 S). Else picking here and there.
template <class Visit>
void Set::take_random(size_t count, Random& random, Visit&& visit) {
  const ValueView value = view();
  if (value.encoding == kTable && count <= size() / 2) return take_few(count, random, visit);
  if (value.encoding == kTable) return take_many(count, random, visit);
  size_t left = size();
  const auto is_taken = [&] {
    const bool taken = random.below(left--) < count;
    count -= taken ? 1 : 0;
    return taken;
  };
  std::string kept;
  if (is_numbers(value)) {
    const IntSet set = numbers(value);
    for (size_t i = 0; i < set.count(); i++) {
      if (is_taken()) {
        visit(SetMember(set.at(i)).entry());
      } else {
        kept.append(value.data + i * set.width(), set.width());
      }
    }
  } else {
    const auto kept_count = static_cast<uint16_t>(left - count);
    kept.append(reinterpret_cast<const char*>(&kept_count), sizeof(kept_count));
    packed_list(value).for_each([&](const char* entry) {
      if (is_taken()) {
        visit(PackedEntry(entry));
      } else {
        kept.append(entry, packed::size_of(entry));
      }
    });
  }
  keep_bytes(kept);
}

template <class Visit>
void Set::take_few(size_t count, Random& random, Visit&& visit) {
  SetTable::Table& members = load_object<SetTable>(view())->table;
  for (; count > 0; count--) {
    const SetTable::Table::Place place = members.random(random);
    const PackedEntry entry(place.record());
    visit(entry);
    members.erase(entry.hash(), place);
  }
}

// What stays moves to a table of its own.
template <class Visit>
void Set::take_many(size_t count, Random& random, Visit&& visit) {
  size_t left = size();
  // Redis looks for a smaller form only when it takes nearly all.
  const SetForm smallest = (left - count) * 5 > count ? SetForm::table : SetForm::packed;
  CollectedMembers kept;
  uint64_t position = 0;
  do {
    position = scan(position, [&](PackedEntry entry) {
      if (random.below(left--) < count) {
        count--;
        visit(entry);
      } else {
        kept.add(SetMember(entry));
      }
    });
  } while (position != 0);
  assign(kept, smallest);
}

}  // namespace larder
