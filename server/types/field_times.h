// When fields of a hash end, as far as the index of a database has to know: see
// keyspace/field_expiry.h.
#pragma once

#include <algorithm>
#include <cstdint>

#include "server/types/hash_field.h"

namespace larder {

struct FieldTimes {
  // No field ends before this; kNeverEnds if none ends at all. The first end itself may be later,
  // since fields go and are given other times.
  int64_t due_ms = kNeverEnds;
  // When the index will look at the hash; kNeverEnds: it does not know it.
  int64_t indexed_ms = kNeverEnds;

  void note(int64_t expiry_ms) { due_ms = std::min(due_ms, expiry_ms); }
};

// What a look for expired fields came to.
struct ExpiredFields {
  size_t removed = 0;
  bool is_complete = true;  // false: the deadline passed before all were seen
};

}  // namespace larder
