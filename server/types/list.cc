#include "server/types/list.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include "server/base/allocation_mover.h"
#include "server/base/allocator.h"

namespace larder {
namespace {

// --- What Redis's listpack would take ---
// https://github.com/antirez/listpack/blob/master/listpack.md

// Bytes of a listpack without its elements.
constexpr size_t kListpackFrame = 7;
// An element takes at most this much more there than here, and never less.
constexpr size_t kMaxListpackExtra = 5;
// What Redis allows at most when list-max-listpack-size limits the number of elements.
constexpr size_t kMaxBytesByCount = 8192;
// The largest limit in bytes that there is.
constexpr size_t kMaxLimit = 65'536;

size_t listpack_size_of_text(size_t length) {
  if (length < 64) return 1 + length;
  return (length < 4096 ? 2 : 5) + length;
}

size_t listpack_size_of_number(int64_t number) {
  if (number >= 0 && number < 128) return 1;
  if (number >= -4096 && number < 4096) return 2;
  if (number >= INT16_MIN && number <= INT16_MAX) return 3;
  if (number >= -(1 << 23) && number < 1 << 23) return 4;
  return number >= INT32_MIN && number <= INT32_MAX ? 5 : 9;
}

// Bytes of the length that stands behind an element there.
size_t listpack_back_length(size_t size) {
  if (size < 128) return 1;
  if (size < 16383) return 2;
  if (size < 2097151) return 3;
  return size < 268435455 ? 4 : 5;
}

size_t listpack_extra(size_t listpack_size, size_t packed_size) {
  return listpack_size + listpack_back_length(listpack_size) - packed_size;
}

size_t listpack_extra_of(const char* at) {
  if (packed::first_byte(at) < 64) [[likely]]
    return 1;
  const PackedEntry entry(at);
  return listpack_extra(entry.is_text() ? listpack_size_of_text(entry.length())
                                        : listpack_size_of_number(entry.integer()),
                        packed::size_of(at));
}

size_t listpack_extra_of(const PackedText& packed, std::string_view text) {
  return listpack_extra(packed.is_number() ? listpack_size_of_number(packed.number())
                                           : listpack_size_of_text(text.size()),
                        packed.size());
}

constexpr size_t kNoLimit = std::numeric_limits<size_t>::max();

// list-max-listpack-size as a number of bytes or of elements, whichever it limits.
struct ListpackLimit {
  size_t bytes;
  size_t count = kNoLimit;
};

ListpackLimit listpack_limit(const TypeLimits& limits) {
  const int size = limits.list_max_listpack_size;
  if (size >= 0) return {kMaxBytesByCount, static_cast<size_t>(std::max(size, 1))};
  return {size_t{4096} << std::min(-(size + 1), 4)};
}

}  // namespace

// --- Reading ---

size_t List::size() const {
  const ValueView value = view();
  return is_long(value) ? long_form().entries.size() : count_entries(run_of(value));
}

PackedEntry List::at(size_t index) const {
  const ValueView value = view();
  if (is_long(value)) return PackedEntry(long_form().entries.at(index));
  return PackedEntry(skip_entries(value.data, index));
}

PackedEntry List::at_end(End end) const {
  const ValueView value = view();
  if (is_long(value)) return PackedEntry(long_form().entries.at_end(end));
  const char* entry = value.data;
  if (end == End::back) {
    const char* run_end = value.data + value.size;
    for (const char* next = packed::next(entry); next != run_end; next = packed::next(entry)) {
      entry = next;
    }
  }
  return PackedEntry(entry);
}

std::string_view List::encoding_name() const {
  return is_quicklist() ? "quicklist" : "listpack";
}

size_t List::memory(size_t samples) const {
  if (!is_long(view())) return 0;
  return allocation_size(sizeof(Long)) + long_form().entries.memory(samples);
}

// --- The name ---

bool List::is_quicklist() const {
  const ValueView value = view();
  return is_long(value) ? long_form().is_quicklist : value.encoding == kQuicklist;
}

void List::set_quicklist(bool is_quicklist) {
  const ValueView value = view();
  if (is_long(value)) {
    long_form().is_quicklist = is_quicklist;
  } else {
    place_->resize(value.size, is_quicklist ? kQuicklist : kListpack);
  }
}

// Exactly what Redis would count. Walks over the elements when it has lost count.
size_t List::listpack_bytes() const {
  const ValueView value = view();
  size_t extra = 0;
  if (!is_long(value)) {
    const std::string_view run = run_of(value);
    for (const char* entry = run.data(); entry != run.data() + run.size();
         entry = packed::next(entry)) {
      extra += listpack_extra_of(entry);
    }
    return kListpackFrame + run.size() + extra;
  }
  Long& list = long_form();
  if (list.listpack_extra == kUnknown) {
    list.entries.visit(0, list.entries.size(), [&](const char* entry) {
      extra += listpack_extra_of(entry);
      return true;
    });
    list.listpack_extra = extra;
  }
  return kListpackFrame + list.entries.bytes() + list.listpack_extra;
}

bool List::outgrows_listpack(size_t added_bytes, size_t added_count) const {
  const ListpackLimit limit = listpack_limit(place_->limits());
  const ValueView value = view();
  if (limit.count != kNoLimit && size() + added_count > limit.count) return true;
  const size_t bytes = is_long(value) ? long_form().entries.bytes() : value.size;
  const size_t most_elements = is_long(value) ? long_form().entries.size() : kMaxEmbeddedCount;
  const size_t least = kListpackFrame + bytes + added_bytes;
  if (least > limit.bytes) return true;
  if (least + kMaxListpackExtra * most_elements <= limit.bytes) return false;
  return listpack_bytes() + added_bytes > limit.bytes;
}

// As in Redis, half of the limit, so that a list at the limit does not change its name all the
// time.
bool List::fits_half_a_listpack() const {
  const ListpackLimit limit = listpack_limit(place_->limits());
  const ValueView value = view();
  const size_t bytes = is_long(value) ? long_form().entries.bytes() : value.size;
  if (limit.count != kNoLimit) {
    return size() <= limit.count / 2 && kListpackFrame + bytes <= limit.bytes;
  }
  return kListpackFrame + bytes <= limit.bytes / 2 && listpack_bytes() <= limit.bytes / 2;
}

// To be called before these texts are added: Redis judges by them as they come.
void List::note_growth(std::span<const std::string_view> texts) {
  if (is_quicklist()) return;
  size_t bytes = 0;
  for (const std::string_view text : texts) bytes += text.size();
  if (outgrows_listpack(bytes, texts.size())) set_quicklist(true);
}

// To be called after elements have gone.
void List::note_shrinking() {
  const ValueView value = view();
  if (is_long(value)) {
    Long& list = long_form();
    if (list.is_quicklist && fits_half_a_listpack()) list.is_quicklist = false;
    if (list.entries.bytes() <= kMaxEmbedded / 2 && list.entries.size() <= kMaxEmbeddedCount / 2 &&
        list.entries.size() > 0) {
      shorten();
    }
  } else if (value.encoding == kQuicklist && value.size > 0 && fits_half_a_listpack()) {
    set_quicklist(false);
  }
}

// --- The two forms ---

void List::lengthen() {
  const ValueView value = view();
  auto* list = new Long;
  list->is_quicklist = value.encoding == kQuicklist;
  const std::string_view run = run_of(value);
  for (const char* entry = run.data(); entry != run.data() + run.size();
       entry = packed::next(entry)) {
    Digits digits;
    list->entries.push(PackedText(PackedEntry(entry).text(digits)), End::back);
    list->listpack_extra += listpack_extra_of(entry);
  }
  store_object(*place_, list, kLong);
}

void List::shorten() {
  Long* list = &long_form();
  std::array<char, kMaxEmbedded> run;
  size_t bytes = 0;
  list->entries.visit(0, list->entries.size(), [&](const char* entry) {
    const size_t size = packed::size_of(entry);
    std::memcpy(run.data() + bytes, entry, size);
    bytes += size;
    return true;
  });
  const Encoding encoding = list->is_quicklist ? kQuicklist : kListpack;
  delete list;
  std::memcpy(place_->resize(bytes, encoding), run.data(), bytes);
}

// --- Changing ---

size_t List::push(std::span<const std::string_view> texts, End end) {
  ValueView value = view();
  if (is_long(value)) [[likely]] {
    Long& list = *load_object<Long>(value);
    if (!list.is_quicklist) note_growth(texts);
    push_long(list, texts, end);
    return list.entries.size();
  }
  note_growth(texts);
  value = view();
  const size_t count = count_entries(run_of(value)) + texts.size();
  size_t bytes = 0;
  for (const std::string_view text : texts) bytes += PackedText(text).size();
  if (fits_embedded(value.size + bytes, count)) {
    push_embedded(texts, bytes, end);
  } else {
    lengthen();
    push_long(long_form(), texts, end);
  }
  return count;
}

void List::push_embedded(std::span<const std::string_view> texts, size_t bytes, End end) {
  const ValueView value = view();
  const uint8_t encoding = value.encoding == kNoValue ? uint8_t{kListpack} : value.encoding;
  const size_t old_bytes = value.size;
  char* data = place_->resize(old_bytes + bytes, encoding);
  if (end == End::back) {
    char* to = data + old_bytes;
    for (const std::string_view text : texts) to = PackedText(text).write(to);
    return;
  }
  std::memmove(data + bytes, data, old_bytes);
  char* to = data + bytes;
  for (const std::string_view text : texts) {
    const PackedText packed(text);
    to -= packed.size();
    packed.write(to);
  }
}

void List::push_long(Long& list, std::span<const std::string_view> texts, End end) {
  for (const std::string_view text : texts) {
    const PackedText packed(text);
    list.entries.push(packed, end);
    if (list.listpack_extra == kUnknown) continue;
    if (list.entries.bytes() > kMaxLimit) {
      list.listpack_extra = kUnknown;  // no listpack is as long, so there is no need to count
    } else {
      list.listpack_extra += listpack_extra_of(packed, text);
    }
  }
}

void List::drop(size_t count, End end) {
  if (count == 0) return;
  const ValueView value = view();
  if (!is_long(value)) {
    drop_embedded(count, end);
  } else {
    Long& list = *load_object<Long>(value);
    if (list.listpack_extra != kUnknown) {
      if (count == 1) {
        list.listpack_extra -= listpack_extra_of(list.entries.at_end(end));
      } else {
        list.listpack_extra = kUnknown;
      }
    }
    list.entries.drop(count, end);
    if (list.entries.bytes() > kMaxLimit) return;  // far from being short
  }
  note_shrinking();
}

void List::drop_embedded(size_t count, End end) {
  const ValueView value = view();
  const std::string_view run = run_of(value);
  size_t kept;
  if (end == End::front) {
    const char* first = skip_entries(run.data(), count);
    kept = static_cast<size_t>(run.data() + run.size() - first);
    std::memmove(place_->data(), first, kept);
  } else {
    kept = static_cast<size_t>(skip_entries(run.data(), count_entries(run) - count) - run.data());
  }
  place_->resize(kept, value.encoding);
}

void List::replace(size_t index, std::string_view text) {
  note_growth({&text, 1});
  const PackedText packed(text);
  if (is_long(view())) {
    long_form().entries.replace(index, packed);
    long_form().listpack_extra = kUnknown;
  } else {
    splice_embedded(index, true, packed);
  }
  note_shrinking();
}

void List::insert(size_t index, std::string_view text) {
  if (index == 0) {
    push({&text, 1}, End::front);
    return;
  }
  note_growth({&text, 1});
  const PackedText packed(text);
  if (!is_long(view())) return splice_embedded(index, false, packed);
  Long& list = long_form();
  if (index == list.entries.size()) return push_long(list, {&text, 1}, End::back);
  list.entries.insert(index, packed);
  list.listpack_extra = kUnknown;
}

void List::splice_embedded(size_t index, bool removes_old, const PackedText& text) {
  const ValueView value = view();
  const char* entry = skip_entries(value.data, index);
  const size_t offset = static_cast<size_t>(entry - value.data);
  const size_t removed = removes_old ? packed::size_of(entry) : 0;
  const size_t bytes = value.size - removed + text.size();
  if (!fits_embedded(bytes, removes_old ? 0 : count_entries(run_of(value)) + 1)) {
    lengthen();
    ChunkedList& entries = long_form().entries;
    if (removes_old) {
      entries.replace(index, text);
    } else if (index == entries.size()) {
      entries.push(text, End::back);
    } else {
      entries.insert(index, text);
    }
    long_form().listpack_extra = kUnknown;
    return;
  }
  const size_t behind = value.size - offset - removed;
  char* data = place_->data();
  if (text.size() < removed) {
    std::memmove(data + offset + text.size(), data + offset + removed, behind);
    data = place_->resize(bytes, value.encoding);
  } else {
    data = place_->resize(bytes, value.encoding);
    std::memmove(data + offset + text.size(), data + offset + removed, behind);
  }
  text.write(data + offset);
}

size_t List::remove_equal(std::string_view text, size_t limit, End from) {
  const PackedText packed(text);
  const ValueView value = view();
  size_t removed;
  if (is_long(value)) {
    removed = long_form().entries.remove_equal(packed, limit, from);
    if (removed > 0) long_form().listpack_extra = kUnknown;
  } else {
    const size_t count = count_entries(run_of(value));
    size_t bytes = value.size;
    removed = remove_equal_entries(place_->data(), bytes, count, packed, limit, from);
    if (removed > 0) place_->resize(bytes, value.encoding);
  }
  if (removed > 0) note_shrinking();
  return removed;
}

void List::assign(const List& other) {
  const ValueView from = other.view();
  if (is_long(from)) {
    store_object(*place_, new Long(other.long_form()), kLong);
  } else {
    std::memcpy(place_->resize(from.size, from.encoding), from.data, from.size);
  }
}

// --- The end ---

bool List::is_heavy(ValueView value) {
  constexpr size_t kManyChunks = 64;
  return is_long(value) && load_object<Long>(value)->entries.chunk_count() > kManyChunks;
}

bool List::drain(ValueView value, Deadline deadline) {
  if (!is_long(value)) return true;
  Long* list = load_object<Long>(value);
  if (!list->entries.drain(deadline)) return false;
  delete list;
  return true;
}

// The position is the index of a chunk.
uint64_t List::move_parts(ValueView value, AllocationMover& mover, uint64_t position) {
  if (!is_long(value)) return 0;
  ChunkedList& entries = load_object<Long>(value)->entries;
  const uint64_t end = std::min<uint64_t>(position + kPartsPerStep, entries.chunk_count());
  for (uint64_t i = position; i < end; i++) {
    entries.move_chunk(i, [&](void* chunk, size_t bytes) { return mover.move_if_sparse(chunk, bytes); });
  }
  return end < entries.chunk_count() ? end : 0;
}

}  // namespace larder
