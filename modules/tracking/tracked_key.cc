#include "modules/tracking/tracked_key.h"

#include <algorithm>
#include <bit>
#include <new>

#include "server/base/allocator.h"

namespace larder {

TrackedKey::TrackedKey(std::string_view key, Form form, uint32_t count)
    : key_bytes_(static_cast<uint32_t>(key.size())),
      count_(count | (form == Form::bitmap ? kBitmapBit : 0)) {
  std::memcpy(bytes(), key.data(), key.size());
  if (form == Form::bitmap) std::memset(readers(), 0, count);
}

TrackedKey* TrackedKey::create_empty(std::string_view key, Form form, uint32_t count) {
  void* const memory = allocate(size_of(key.size(), form, count));
  return new (memory) TrackedKey(key, form, count);
}

TrackedKey* TrackedKey::create(std::string_view key, uint32_t reader) {
  const Form form = smaller_form(1, reader);
  TrackedKey* const tracked = create_empty(key, form, count_for(form, 1, reader));
  tracked->fill(0, reader);
  return tracked;
}

void TrackedKey::destroy(TrackedKey* tracked) {
  deallocate(tracked, tracked->size());
}

size_t TrackedKey::memory() const {
  return allocation_size(size());
}

TrackedKey::Form TrackedKey::smaller_form(size_t readers, uint32_t last) {
  const bool is_list = readers * kNumberBytes <= count_for(Form::bitmap, readers, last);
  return is_list ? Form::list : Form::bitmap;
}

uint32_t TrackedKey::count_for(Form form, size_t readers, uint32_t last) {
  return form == Form::list ? static_cast<uint32_t>(readers) : last / 8 + 1;
}

size_t TrackedKey::reader_count() const {
  if (form() == Form::list) return count();
  size_t readers_found = 0;
  for (size_t at = 0; at < count(); at++) {
    readers_found += static_cast<size_t>(std::popcount(static_cast<uint8_t>(readers()[at])));
  }
  return readers_found;
}

size_t TrackedKey::place_of(uint32_t reader) const {
  size_t first = 0;
  size_t end = count();
  while (first < end) {
    const size_t middle = (first + end) / 2;
    number(middle) < reader ? first = middle + 1 : end = middle;
  }
  return first;
}

bool TrackedKey::has(uint32_t reader) const {
  if (form() == Form::bitmap) {
    return reader / 8 < count() && ((readers()[reader / 8] >> (reader % 8)) & 1) != 0;
  }
  const size_t place = place_of(reader);
  return place < count() && number(place) == reader;
}

uint32_t TrackedKey::last_reader() const {
  if (form() == Form::list) return number(count() - 1);
  // The last byte of a bitmap is never 0.
  const auto bits = static_cast<uint8_t>(readers()[count() - 1]);
  return (count() - 1) * 8 + static_cast<uint32_t>(std::bit_width(bits)) - 1;
}

void TrackedKey::fill(size_t filled, uint32_t reader) {
  if (form() == Form::list) return set_number(filled, reader);
  char& byte = readers()[reader / 8];
  byte = static_cast<char>(static_cast<uint8_t>(byte) | (1u << (reader % 8)));
}

void TrackedKey::append_to_list(TrackedKey*& tracked, uint32_t reader, size_t place) {
  const size_t size = tracked->size();
  tracked = static_cast<TrackedKey*>(reallocate(tracked, size + kNumberBytes));
  char* const at = tracked->readers() + place * kNumberBytes;
  std::memmove(at + kNumberBytes, at, (tracked->count() - place) * kNumberBytes);
  tracked->set_number(place, reader);
  tracked->count_++;
}

bool TrackedKey::add(TrackedKey*& tracked, uint32_t reader) {
  if (tracked->has(reader)) return false;
  const Form now = tracked->form();
  if (now == Form::bitmap && reader / 8 < tracked->count()) {
    tracked->fill(0, reader);
    return true;
  }
  const size_t readers_then = tracked->reader_count() + 1;
  const uint32_t last = std::max(tracked->last_reader(), reader);
  const Form then = smaller_form(readers_then, last);
  if (now == Form::list && then == Form::list) {
    append_to_list(tracked, reader, tracked->place_of(reader));
    return true;
  }
  TrackedKey* const moved = create_empty(tracked->key(), then, count_for(then, readers_then, last));
  size_t filled = 0;
  bool is_in = false;
  tracked->visit_readers([&](uint32_t present) {
    if (!is_in && present > reader) {
      moved->fill(filled++, reader);
      is_in = true;
    }
    moved->fill(filled++, present);
  });
  if (!is_in) moved->fill(filled, reader);
  destroy(tracked);
  tracked = moved;
  return true;
}

}  // namespace larder
