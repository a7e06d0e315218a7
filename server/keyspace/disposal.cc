#include "server/keyspace/disposal.h"

#include <cstring>

namespace larder {

void Disposal::discard_value(Entry& entry) {
  const ValueView value = entry.value();
  if (is_heavy(value)) {
    // An entry with an empty name carries what the value owns.
    Entry* carrier = Entry::create({"", value.type, value.encoding, kNoExpiry, value.size});
    std::memcpy(const_cast<char*>(carrier->value().data), value.data, value.size);
    heavy_.push_back(carrier);
    entry.abandon_value();
  } else {
    entry.discard_value();
  }
}

bool Disposal::run(Deadline deadline) {
  while (!heavy_.empty()) {
    if (!drain_value(heavy_.front()->value(), deadline)) return true;
    Entry::destroy_shell(heavy_.front());
    heavy_.pop_front();
    ++stats.freed;
    if (deadline.has_passed()) break;
  }
  return !heavy_.empty();
}

}  // namespace larder
