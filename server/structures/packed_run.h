// Packed entries one behind the other, without anything in front: what lists are made of. How many
// there are is counted elsewhere, or by walking over them.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "server/base/assert.h"
#include "server/structures/packed_entry.h"

namespace larder {

// Which end of a sequence.
enum class End : uint8_t { front, back };

inline size_t count_entries(std::string_view run) {
  size_t count = 0;
  for (const char* entry = run.data(); entry != run.data() + run.size();
       entry = packed::next(entry)) {
    count++;
  }
  return count;
}

inline const char* skip_entries(const char* entry, size_t count) {
  for (; count > 0; count--) entry = packed::next(entry);
  return entry;
}

// Where the entries of a run of at most 1 KB begin, so that it can be walked from behind. Lies on
// the stack.
class PackedOffsets {
 public:
  static constexpr size_t kMaxEntries = 1024;

  PackedOffsets(const char* run, size_t count) : run_(run) {
    LARDER_ASSERT(count <= kMaxEntries);
    const char* entry = run;
    for (size_t i = 0; i < count; i++, entry = packed::next(entry)) {
      offsets_[i] = static_cast<uint16_t>(entry - run);
    }
  }
  const char* operator[](size_t index) const { return run_ + offsets_[index]; }

 private:
  const char* run_;
  std::array<uint16_t, kMaxEntries>
      offsets_;  // not filled with zeros: only what is used is written
};

// Takes the entries equal to `text` out of a run of `count` entries, at most `limit` of them from
// that end on, and closes the gaps. Returns how many went; `bytes` is the run's length before and
// after.
inline size_t remove_equal_entries(char* run, size_t& bytes, size_t count, const PackedText& text,
                                   size_t limit, End from) {
  size_t skipped = 0;
  if (from == End::back) {
    // Of the equal ones, those beyond the last `limit` stay: the first ones.
    size_t equal = 0;
    const char* entry = run;
    for (size_t i = 0; i < count; i++, entry = packed::next(entry)) equal += text.matches(entry);
    skipped = equal - std::min(equal, limit);
  }
  size_t removed = 0;
  char* kept_end = run;
  const char* entry = run;
  for (size_t i = 0; i < count; i++) {
    const size_t size = packed::size_of(entry);
    const bool is_equal = removed < limit && text.matches(entry);
    if (is_equal && skipped == 0) {
      removed++;
    } else {
      if (is_equal) skipped--;
      if (kept_end != entry) std::memmove(kept_end, entry, size);
      kept_end += size;
    }
    entry += size;
  }
  bytes = static_cast<size_t>(kept_end - run);
  return removed;
}

}  // namespace larder
