#include "server/types/packed_hash.h"

#include <algorithm>

namespace larder {
namespace {

// Makes `old_size` bytes at `offset` of the value `new_size` long and returns where they are now.
char* splice(ValuePlace& place, size_t offset, size_t old_size, size_t new_size) {
  const ValueView view = place.view();
  const size_t tail = view.size - offset - old_size;
  const size_t size = view.size - old_size + new_size;
  char* data = place.data();
  if (new_size < old_size) std::memmove(data + offset + new_size, data + offset + old_size, tail);
  if (new_size != old_size) data = place.resize(size, view.encoding);
  if (new_size > old_size) std::memmove(data + offset + new_size, data + offset + old_size, tail);
  return data + offset;
}

}  // namespace

FieldTimes PackedHash::times() const {
  FieldTimes times;
  if (!is_ending_) return times;
  times.due_ms = packed::load<int64_t>(data_ + kCountBytes);
  times.indexed_ms = packed::load<int64_t>(data_ + kCountBytes + sizeof(int64_t));
  return times;
}

void PackedHash::set_times(ValueView view, const FieldTimes& times) {
  char* at = const_cast<char*>(view.data) + kCountBytes;
  std::memcpy(at, &times.due_ms, sizeof(times.due_ms));
  std::memcpy(at + sizeof(times.due_ms), &times.indexed_ms, sizeof(times.indexed_ms));
}

// Makes the value one with a count and, if wanted, times.
void PackedHash::begin(ValuePlace& place, bool with_times) {
  if (place.view().size == 0) {
    place.resize(kCountBytes, kPlain);
    set_count(place, 0);
  }
  const ValueView view = place.view();
  if (!with_times || view.encoding == kEnding) return;
  char* data = place.resize(view.size + kTimesBytes, kEnding);
  std::memmove(data + kCountBytes + kTimesBytes, data + kCountBytes, view.size - kCountBytes);
  set_times(place.view(), FieldTimes());
}

void PackedHash::set_count(ValuePlace& place, size_t count) {
  const auto short_count = static_cast<uint16_t>(count);
  std::memcpy(place.data(), &short_count, sizeof(short_count));
}

void PackedHash::put(ValuePlace& place, const char* old, const NewHashField& field) {
  const bool ends = field.expiry_ms != kNeverEnds;
  if (place.view().size == 0 && !ends) {
    field.write(place.resize(kCountBytes + field.size(), kPlain) + kCountBytes);
    return set_count(place, 1);
  }
  size_t offset =
      old == nullptr ? 0 : static_cast<size_t>(old - PackedHash(place.view()).records());
  begin(place, ends);
  const PackedHash hash(place.view());
  offset = old == nullptr ? hash.size_ : offset + hash.header();
  const size_t old_size = old == nullptr ? 0 : HashField(hash.data_ + offset).size();
  const size_t count = hash.size();
  field.write(splice(place, offset, old_size, field.size()));
  if (old == nullptr) set_count(place, count + 1);
  if (!ends) return;
  FieldTimes times = PackedHash(place.view()).times();
  times.note(field.expiry_ms);
  set_times(place.view(), times);
}

void PackedHash::remove(ValuePlace& place, const char* record) {
  const PackedHash hash(place.view());
  const size_t count = hash.size();
  splice(place, static_cast<size_t>(record - hash.data_), HashField(record).size(), 0);
  set_count(place, count - 1);
}

// Moves the fields that live on together, over those that have ended.
ExpiredFields PackedHash::remove_expired(ValuePlace& place, int64_t now_ms) {
  const PackedHash hash(place.view());
  ExpiredFields result;
  if (!hash.is_ending_) return result;
  FieldTimes times = hash.times();
  times.due_ms = kNeverEnds;
  char* end = const_cast<char*>(hash.records());
  const char* at = end;
  for (size_t left = hash.size(); left > 0; left--) {
    const HashField field(at);
    const size_t size = field.size();
    if (field.is_expired(now_ms)) {
      result.removed++;
    } else {
      times.note(field.expiry_ms());
      std::memmove(end, at, size);
      end += size;
    }
    at += size;
  }
  set_count(place, hash.size() - result.removed);
  char* data = place.data();
  size_t size = static_cast<size_t>(end - data);
  const bool stays_ending = times.due_ms != kNeverEnds;
  if (stays_ending) {
    set_times(place.view(), times);
  } else {
    size -= kTimesBytes;
    std::memmove(data + kCountBytes, data + kCountBytes + kTimesBytes, size - kCountBytes);
  }
  place.resize(size, stays_ending ? kEnding : kPlain);
  return result;
}

}  // namespace larder
