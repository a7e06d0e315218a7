#include "server/types/set.h"

#include <algorithm>
#include <memory>

#include "server/base/allocation_mover.h"
#include "server/base/allocator.h"
#include "server/base/assert.h"

namespace larder {
namespace {

// The length of a member's text from that of its entry, without looking at the text.
size_t text_length(size_t entry_size, bool is_number, int64_t number) {
  if (is_number) {
    char digits[20];
    return format_int64(number, digits);
  }
  return entry_size <= 128       ? entry_size - 1
         : entry_size < 8192 + 2 ? entry_size - 2
                                 : entry_size - 5;
}

template <class Member>
size_t length_of(const Member& member) {
  return text_length(member.size(), member.is_number(), member.is_number() ? member.number() : 0);
}

// A set as Redis would keep it in one listpack.
template <class Member>
bool fits_packed(const TypeLimits& limits, size_t count, const Member& member) {
  return count < limits.set_max_listpack_entries &&
         length_of(member) <= limits.set_max_listpack_value;
}

}  // namespace

void CollectedMembers::add(const SetMember& member) {
  const size_t offset = entries_.size();
  entries_.resize(offset + member.size());
  member.write(entries_.data() + offset);
  count_++;
  are_numbers_ &= member.is_number();
  longest_ = std::max(longest_, length_of(member));
}

// --- Reading ---

size_t Set::size() const {
  const ValueView value = view();
  if (value.encoding == kTable) return table(value).table.size();
  if (is_numbers(value)) return numbers(value).count();
  return value.encoding == kPacked ? packed_list(value).count() : 0;
}

template <class Member>
const char* Set::find_packed(const PackedList& list, const Member& member) {
  for (const char* entry = list.begin(); entry != list.end(); entry = packed::next(entry)) {
    if (member.matches(entry)) return entry;
  }
  return nullptr;
}

template <class Member>
bool Set::contains(const Member& member) const {
  const ValueView value = view();
  if (value.encoding == kTable) return table(value).contains(member);
  if (is_numbers(value)) return member.is_number() && numbers(value).contains(member.number());
  return value.encoding == kPacked && find_packed(packed_list(value), member) != nullptr;
}

template bool Set::contains(const PackedText&) const;
template bool Set::contains(const SetMember&) const;

size_t Set::filter(std::span<SetMember> members, bool wanted) const {
  const ValueView value = view();
  if (value.encoding == kTable) {
    const SetTable::Table& pages = table(value).table;
    for (const SetMember& member : members) pages.prefetch_page(member.hash());
    for (const SetMember& member : members) pages.prefetch_record(member.hash());
  }
  size_t kept = 0;
  for (SetMember& member : members) {
    if (contains(member) != wanted) continue;
    if (&members[kept] != &member) members[kept] = member;
    kept++;
  }
  return kept;
}

SetMember Set::random(Random& random) const {
  const ValueView value = view();
  if (value.encoding == kTable) {
    return SetMember(PackedEntry(table(value).table.random(random).record()));
  }
  if (is_numbers(value)) {
    const IntSet set = numbers(value);
    return SetMember(set.at(random.below(set.count())));
  }
  const PackedList list = packed_list(value);
  return SetMember(PackedEntry(list.at(random.below(list.count()))));
}

std::string_view Set::encoding_name() const {
  const ValueView value = view();
  SetForm form = is_numbers(value) ? SetForm::numbers : SetForm::packed;
  if (value.encoding == kTable) form = table(value).form;
  switch (form) {
    case SetForm::numbers:
      return "intset";
    case SetForm::packed:
      return "listpack";
    case SetForm::table:
      break;
  }
  return "hashtable";
}

size_t Set::memory(size_t) const {
  const ValueView value = view();
  if (value.encoding != kTable) return 0;
  return allocation_size(sizeof(SetTable)) + table(value).table.memory();
}

// --- Changing ---

void Set::expect(size_t count) {
  const ValueView value = view();
  const TypeLimits& limits = place_->limits();
  const bool is_too_many = is_numbers(value)           ? count > limits.set_max_intset_entries
                           : value.encoding == kPacked ? count > limits.set_max_listpack_entries
                                                       : false;
  if (is_too_many) become_table(size() + count, SetForm::table);
}

template <class Member>
bool Set::add(const Member& member, size_t expected) {
  const ValueView value = view();
  switch (value.encoding) {
    case kTable:
      return add_to_table(*load_object<SetTable>(value), member);
    case kPacked:
      return add_packed(member);
    case kNoValue:
      create(member, expected);
      return true;
    default:
      return add_to_numbers(member);
  }
}

template bool Set::add(const PackedText&, size_t);
template bool Set::add(const SetMember&, size_t);

template <class Member>
void Set::create(const Member& member, size_t expected) {
  const TypeLimits& limits = place_->limits();
  if (member.is_number() && expected <= limits.set_max_intset_entries) {
    const size_t width = IntSet::width_of(member.number());
    IntSet::store(place_->resize(width, static_cast<uint8_t>(width)), member.number(), width);
    return;
  }
  if (expected > limits.set_max_listpack_entries || !fits_packed(limits, 0, member) ||
      member.size() > kMaxEmbedded) {
    become_table(expected, SetForm::table)->add_new(member);
    return;
  }
  PlaceBuffer buffer(*place_, kPacked);
  member.write(splice(buffer, 0, 0, member.size(), 1));
}

template <class Member>
bool Set::add_to_table(SetTable& set, const Member& member) {
  const uint64_t hash = member.hash();
  // All lines of the page at once: an insertion touches most of them.
  set.table.prefetch_page(hash);
  if (set.find(member, hash)) return false;
  const TypeLimits& limits = place_->limits();
  if (set.form == SetForm::numbers &&
      (!member.is_number() || set.table.size() >= limits.set_max_intset_entries)) {
    set.form = SetForm::table;
  }
  if (set.form == SetForm::packed && !fits_packed(limits, set.table.size(), member)) {
    set.form = SetForm::table;
  }
  set.add_new(member, hash);
  return true;
}

template <class Member>
bool Set::add_packed(const Member& member) {
  const PackedList list = packed_list(view());
  if (find_packed(list, member) != nullptr) return false;
  const size_t end = list.offset_of(list.end());
  const bool fits = fits_packed(place_->limits(), list.count(), member);
  if (!fits || end + member.size() > kMaxEmbedded || list.count() >= PackedList::kMaxCount) {
    become_table(list.count() + 1, fits ? SetForm::packed : SetForm::table)->add_new(member);
    return true;
  }
  PlaceBuffer buffer(*place_, kPacked);
  member.write(splice(buffer, end, 0, member.size(), 1));
  return true;
}

template <class Member>
bool Set::add_to_numbers(const Member& member) {
  if (member.is_number()) return add_number(member.number());
  const IntSet set = numbers(view());
  const TypeLimits& limits = place_->limits();
  const size_t count = set.count();
  // The longest text of a number is that of the first or of the last.
  const bool is_short =
      count == 0 || (text_length(0, true, set.at(0)) <= limits.set_max_listpack_value &&
                     text_length(0, true, set.at(count - 1)) <= limits.set_max_listpack_value);
  if (is_short && fits_packed(limits, count, member)) {
    become_packed();
    return add_packed(member);
  }
  become_table(count + 1, SetForm::table)->add_new(member);
  return true;
}

bool Set::add_number(int64_t value) {
  const IntSet set = numbers(view());
  if (set.contains(value)) return false;
  const size_t count = set.count();
  const size_t width = std::max(set.width(), IntSet::width_of(value));
  const bool fits = count < place_->limits().set_max_intset_entries;
  if (!fits || (count + 1) * width > kMaxEmbedded) {
    become_table(count + 1, fits ? SetForm::numbers : SetForm::table)->add_new(SetMember(value));
    return true;
  }
  const auto encoding = static_cast<uint8_t>(width);
  if (width > set.width()) {
    const size_t old_width = set.width();
    IntSet::widen(place_->resize(count * width, encoding), count, old_width, width);
  }
  PlaceBuffer buffer(*place_, encoding);
  insert_number(buffer, width, value);
  return true;
}

template <class Member>
bool Set::remove(const Member& member) {
  const ValueView value = view();
  if (value.encoding == kTable) {
    SetTable& set = *load_object<SetTable>(value);
    const uint64_t hash = member.hash();
    const SetTable::Table::Place place = set.find(member, hash);
    if (place) set.table.erase(hash, place);
    return static_cast<bool>(place);
  }
  if (is_numbers(value)) {
    const IntSet set = numbers(value);
    if (!member.is_number() || !set.contains(member.number())) return false;
    PlaceBuffer buffer(*place_, value.encoding);
    erase_number(buffer, set.width(), set.rank(member.number()));
    return true;
  }
  if (value.encoding != kPacked) return false;
  const PackedList list = packed_list(value);
  const char* entry = find_packed(list, member);
  if (entry == nullptr) return false;
  PlaceBuffer buffer(*place_, kPacked);
  splice(buffer, list.offset_of(entry), member.size(), 0, -1);
  return true;
}

template bool Set::remove(const PackedText&);
template bool Set::remove(const SetMember&);

void Set::keep_bytes(const std::string& kept) {
  char* data = place_->resize(kept.size(), view().encoding);
  if (!kept.empty()) std::memcpy(data, kept.data(), kept.size());
}

// --- From one form to another ---

// From integers, in their order.
void Set::become_packed() {
  CollectedMembers members;
  scan(0, [&](PackedEntry entry) { members.add(SetMember(entry)); });
  become_packed(members);
}

void Set::become_packed(const CollectedMembers& members) {
  const std::string& entries = members.entries();
  char* data = place_->resize(PackedList::kHeader + entries.size(), kPacked);
  const auto count = static_cast<uint16_t>(members.count());
  std::memcpy(data, &count, sizeof(count));
  std::memcpy(data + PackedList::kHeader, entries.data(), entries.size());
}

void Set::become_numbers(const CollectedMembers& members) {
  std::vector<int64_t> sorted;
  sorted.reserve(members.count());
  const char* end = members.entries().data() + members.entries().size();
  for (const char* at = members.entries().data(); at != end; at = packed::next(at)) {
    sorted.push_back(PackedEntry(at).integer());
  }
  std::sort(sorted.begin(), sorted.end());
  const size_t width = std::max(IntSet::width_of(sorted.front()), IntSet::width_of(sorted.back()));
  char* data = place_->resize(sorted.size() * width, static_cast<uint8_t>(width));
  for (size_t i = 0; i < sorted.size(); i++) IntSet::store(data + i * width, sorted[i], width);
}

// From a small form, or from none.
SetTable* Set::become_table(size_t expected, SetForm form) {
  const ValueView value = view();
  auto made = std::make_unique<SetTable>();
  made->form = form;
  const size_t count = size();
  // A hint is no promise: what does not come must not have cost much.
  constexpr size_t kMostExpected = 1 << 20;
  const size_t mean = count == 0 ? 16 : value.size / count + 1;
  made->table.reserve(std::min(expected, kMostExpected), mean, SetTable::Table::Pages::grow);
  scan(0, [&](PackedEntry entry) { made->add_new(SetMember(entry)); });
  SetTable* set = made.release();
  store_object(*place_, set, kTable);
  return set;
}

void Set::drop_table() {
  const ValueView value = view();
  if (value.encoding == kTable) drain(value, Deadline::never());
}

void Set::assign(const Set& other) {
  const ValueView from = other.view();
  drop_table();
  if (from.encoding != kTable) {
    char* data = place_->resize(from.size, from.encoding);
    if (from.size > 0) std::memcpy(data, from.data, from.size);
    return;
  }
  auto copy = std::make_unique<SetTable>();
  copy->table = table(from).table.clone();
  copy->form = table(from).form;
  store_object(*place_, copy.release(), kTable);
}

void Set::assign(const CollectedMembers& members, SetForm smallest) {
  drop_table();
  const TypeLimits& limits = place_->limits();
  const size_t count = members.count();
  SetForm form = SetForm::table;
  if (count <= limits.set_max_listpack_entries &&
      members.longest() <= limits.set_max_listpack_value && smallest != SetForm::table) {
    form = SetForm::packed;
  }
  if (members.are_numbers() && smallest == SetForm::numbers) {
    form = count <= limits.set_max_intset_entries ? SetForm::numbers : SetForm::table;
  }
  const size_t bytes = members.entries().size();
  if (form == SetForm::numbers && count * sizeof(int64_t) <= kMaxEmbedded) {
    return become_numbers(members);
  }
  if (form == SetForm::packed && bytes <= kMaxEmbedded && count <= PackedList::kMaxCount) {
    return become_packed(members);
  }
  auto made = std::make_unique<SetTable>();
  made->form = form;
  made->table.reserve(count, count == 0 ? 1 : bytes / count + 1);
  const char* end = members.entries().data() + bytes;
  for (const char* at = members.entries().data(); at != end; at = packed::next(at)) {
    made->add_new(SetMember(PackedEntry(at)));
  }
  store_object(*place_, made.release(), kTable);
}

// --- Freeing ---

bool Set::is_heavy(ValueView view) {
  return view.encoding == kTable && table(view).table.allocation_count() > kHeavyAllocations;
}

bool Set::drain(ValueView view, Deadline deadline) {
  if (view.encoding != kTable) return true;
  auto* set = load_object<SetTable>(view);
  if (!set->table.drain(deadline)) return false;
  delete set;
  return true;
}

uint64_t Set::move_parts(ValueView value, AllocationMover& mover, uint64_t position) {
  if (value.encoding != kTable) return 0;
  auto* set = load_object<SetTable>(value);
  for (size_t i = 0; i < kPartsPerStep; i++) {
    position = set->table.move_page(
        position, [&](void* page, size_t bytes) { return mover.move_if_sparse(page, bytes); });
    if (position == 0) break;
  }
  return position;
}

}  // namespace larder
