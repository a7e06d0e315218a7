// Where entries go whose values take long to free: a list of a million elements, a large sorted
// set.
//
// The key is gone at once; its memory follows in slices between the turns of the loop, so that
// neither DEL nor an expiry stalls anybody. What is cheap to free is freed on the spot.
#pragma once

#include <cstddef>
#include <deque>

#include "server/base/clock.h"
#include "server/info/info.h"
#include "server/keyspace/entry.h"

namespace larder {

struct DisposalStats : InfoGroup {
  DisposalStats() : InfoGroup("Memory") {}
  // Keys and values that were freed after the command that removed them.
  Counter freed{*this, "lazyfreed_objects"};
};

class Disposal {
 public:
  DisposalStats stats;

  Disposal() = default;
  ~Disposal() { run(Deadline::never()); }
  Disposal(const Disposal&) = delete;
  Disposal& operator=(const Disposal&) = delete;

  // Takes an entry that is in no table any more.
  void dispose(Entry* entry) {
    if (is_heavy(entry->value())) [[unlikely]] {
      heavy_.push_back(entry);
    } else {
      Entry::destroy(entry);
    }
  }
  // Takes a value out of an entry that stays, to be given another one.
  void discard_value(Entry& entry);
  // Frees until the deadline passes; returns whether some is left.
  bool run(Deadline deadline);
  // How many values wait to be freed.
  size_t pending() const { return heavy_.size(); }

 private:
  std::deque<Entry*> heavy_;
};

}  // namespace larder
