#include "modules/hotspots/big_keys.h"

#include <algorithm>

#include "server/base/allocator.h"
#include "server/types/hash.h"
#include "server/types/list.h"
#include "server/types/set.h"
#include "server/types/sorted_set.h"
#include "server/types/stream.h"
#include "server/types/string.h"

namespace larder {
namespace {

// Of how many elements of a collection the size is the mean of all.
constexpr size_t kSamples = 5;

size_t element_count(ValueView value) {
  switch (value.type) {
    case Type::string:
      return String(value).length();
    case Type::list:
      return List(value).size();
    case Type::set:
      return Set(value).size();
    case Type::sorted_set:
      return SortedSet(value).size();
    case Type::hash:
      return Hash(value).size();
    case Type::stream:
      return Stream(value).size();
  }
  return 0;
}

}  // namespace

size_t memory_of(const Entry& entry) {
  return entry.allocated_bytes() + value_size_hint(entry.value(), kSamples);
}

void BigKeys::offer(const Database& database, const Entry& entry, size_t hint) {
  if (hint <= least_hint_ || entry.key().size() > kMaxName) return;
  const auto known = std::ranges::find_if(keys_, [&](const Key& key) {
    return key.database == database.index() && key.name == entry.key();
  });
  if (known != keys_.end()) {
    known->hint = hint;
  } else if (keys_.size() < capacity_) {
    keys_.push_back({database.index(), std::string(entry.key()), hint});
  } else {
    keys_[least_] = {database.index(), std::string(entry.key()), hint};
  }
  find_least();
}

void BigKeys::find_least() {
  if (keys_.size() < capacity_) {
    least_hint_ = 0;
    return;
  }
  const auto least = std::ranges::min_element(keys_, {}, &Key::hint);
  least_ = static_cast<size_t>(least - keys_.begin());
  least_hint_ = least->hint;
}

const std::vector<BigKeys::Key>& BigKeys::refresh(Keyspace& keyspace) {
  std::erase_if(keys_, [&](Key& key) {
    const Database::Slot* slot =
        keyspace.database(static_cast<size_t>(key.database)).find(make_key(key.name));
    if (slot == nullptr || slot->get()->is_expired(keyspace.now_ms())) return true;
    const Entry& entry = *slot->get();
    key.hint = memory_of(entry);
    key.bytes = allocation_size(entry.allocated_bytes()) + value_memory(entry.value(), kSamples);
    key.type = entry.type();
    key.elements = element_count(entry.value());
    return false;
  });
  std::ranges::sort(keys_, [](const Key& left, const Key& right) {
    return left.bytes != right.bytes ? left.bytes > right.bytes : left.name < right.name;
  });
  find_least();
  return keys_;
}

size_t BigKeys::memory() const {
  size_t bytes = keys_.capacity() * sizeof(Key);
  for (const Key& key : keys_) bytes += key.name.capacity();
  return bytes;
}

}  // namespace larder
