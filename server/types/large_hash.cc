#include "server/types/large_hash.h"

#include <cstring>

namespace larder {

LargeHash::LargeHash(const LargeHash& other)
    : table_(other.table_.clone()), is_small_(other.is_small_) {
  times_.due_ms = other.times_.due_ms;
}

std::optional<HashField> LargeHash::find(const PackedText& name) const {
  const auto place =
      table_.find(name.hash(), [&](const char* record) { return name.matches(record); });
  if (!place) return std::nullopt;
  return HashField(place.record());
}

bool LargeHash::put(const NewHashField& field, int64_t now_ms) {
  if (field.expiry_ms != kNeverEnds) note_expiry(field.expiry_ms);
  const uint64_t hash = field.name.hash();
  const size_t size = field.size();
  const auto place =
      table_.find(hash, [&](const char* record) { return field.name.matches(record); });
  if (!place) {
    field.write(table_.insert(hash, size));
    return true;
  }
  const bool was_expired = HashField(place.record()).is_expired(now_ms);
  field.write(table_.resize(hash, place, size));
  return was_expired;
}

void LargeHash::take(const HashField& field) {
  const size_t size = field.size();
  std::memcpy(table_.insert(field.name().hash(), size), field.record(), size);
}

void LargeHash::remove(const PackedText& name) {
  const uint64_t hash = name.hash();
  table_.erase(hash, table_.find(hash, [&](const char* record) { return name.matches(record); }));
}

ExpiredFields LargeHash::remove_expired(int64_t now_ms, Deadline deadline) {
  ExpiredFields result;
  if (walk_position_ == 0) walk_due_ms_ = kNeverEnds;
  do {
    result.removed += remove_expired_page(now_ms);
    result.is_complete = walk_position_ == 0;
  } while (!result.is_complete && !deadline.has_passed());
  if (result.is_complete) {
    times_.due_ms = walk_due_ms_;
    next_walk_ms_ = now_ms + static_cast<int64_t>(size() / kFieldsPerPauseMs);
  }
  return result;
}

// Removes what has ended from the page at walk_position_ and goes on to the next one. Names are
// copied first, because records move when one of them goes.
size_t LargeHash::remove_expired_page(int64_t now_ms) {
  std::string names;
  size_t count = 0;
  walk_position_ = scan(walk_position_, [&](const HashField& field) {
    if (!field.is_expired(now_ms)) {
      walk_due_ms_ = std::min(walk_due_ms_, field.expiry_ms());
      return;
    }
    names.append(field.record(), field.name().end());
    count++;
  });
  const char* at = names.data();
  for (size_t i = 0; i < count; i++) {
    const PackedEntry name(at);
    const auto length = static_cast<size_t>(name.end() - at);
    const uint64_t hash = name.hash();
    table_.erase(hash, table_.find(hash, [&](const char* record) {
      return packed::size_of(record) == length && std::memcmp(record, at, length) == 0;
    }));
    at = name.end();
  }
  return count;
}

}  // namespace larder
