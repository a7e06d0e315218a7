// A key that somebody has in a cache of its own, and who they are: one allocation.
//
//   0          4          8            8+k
//   +----------+----------+------------+--------------------------------------------------+
//   | k, bytes | n, form  | key        | list: n numbers of 4 bytes, ascending            |
//   | of key   |          |            | bitmap: n bytes, reader r is bit r % 8 of r / 8  |
//   +----------+----------+------------+--------------------------------------------------+
//
// Readers are known by small numbers. Of the two forms a key has the smaller one: a key of one
// reader takes its own bytes and twelve more, one of a thousand readers takes 125.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace larder {

class TrackedKey {
 public:
  TrackedKey(const TrackedKey&) = delete;
  TrackedKey& operator=(const TrackedKey&) = delete;

  static TrackedKey* create(std::string_view key, uint32_t reader);
  static void destroy(TrackedKey* tracked);

  std::string_view key() const { return {bytes(), key_bytes_}; }
  size_t reader_count() const;
  bool has(uint32_t reader) const;
  // What the allocator gives for it.
  size_t memory() const;

  // Adds a reader; false if it was there. The tracked key moves as a rule.
  static bool add(TrackedKey*& tracked, uint32_t reader);
  // Takes out the readers for which `is_gone(reader)` holds; `tracked` is destroyed and null if
  // none is left.
  template <class Predicate>
  static void remove_if(TrackedKey*& tracked, Predicate&& is_gone);
  // In ascending order.
  template <class Visit>
  void visit_readers(Visit&& visit) const;

 private:
  enum class Form : uint32_t { list, bitmap };
  static constexpr uint32_t kBitmapBit = uint32_t{1} << 31;
  static constexpr size_t kNumberBytes = sizeof(uint32_t);

  TrackedKey(std::string_view key, Form form, uint32_t count);
  static TrackedKey* create_empty(std::string_view key, Form form, uint32_t count);
  // The form for so many readers of which the largest number is `last`, and its count.
  static Form smaller_form(size_t readers, uint32_t last);
  static uint32_t count_for(Form form, size_t readers, uint32_t last);
  static void append_to_list(TrackedKey*& tracked, uint32_t reader, size_t place);

  Form form() const { return (count_ & kBitmapBit) != 0 ? Form::bitmap : Form::list; }
  uint32_t count() const { return count_ & ~kBitmapBit; }
  size_t size() const { return size_of(key_bytes_, form(), count()); }
  static size_t size_of(size_t key_bytes, Form form, uint32_t count) {
    return sizeof(TrackedKey) + key_bytes + count * (form == Form::list ? kNumberBytes : 1);
  }
  char* bytes() { return reinterpret_cast<char*>(this + 1); }
  const char* bytes() const { return reinterpret_cast<const char*>(this + 1); }
  char* readers() { return bytes() + key_bytes_; }
  const char* readers() const { return bytes() + key_bytes_; }
  // Numbers lie where the key ends, on any boundary.
  uint32_t number(size_t place) const {
    uint32_t value;
    std::memcpy(&value, readers() + place * kNumberBytes, kNumberBytes);
    return value;
  }
  void set_number(size_t place, uint32_t value) {
    std::memcpy(readers() + place * kNumberBytes, &value, kNumberBytes);
  }
  // The first place of the list whose number is not below `reader`.
  size_t place_of(uint32_t reader) const;
  uint32_t last_reader() const;
  // Puts a reader behind all others, into a form that was made for it; `filled`: how many there
  // are.
  void fill(size_t filled, uint32_t reader);

  uint32_t key_bytes_;
  uint32_t count_;  // with kBitmapBit
};

template <class Visit>
void TrackedKey::visit_readers(Visit&& visit) const {
  if (form() == Form::list) {
    for (size_t i = 0; i < count(); i++) visit(number(i));
    return;
  }
  for (uint32_t at = 0; at < count(); at++) {
    auto bits = static_cast<uint8_t>(readers()[at]);
    for (; bits != 0; bits = static_cast<uint8_t>(bits & (bits - 1))) {
      visit(at * 8 + static_cast<uint32_t>(__builtin_ctz(bits)));
    }
  }
}

template <class Predicate>
void TrackedKey::remove_if(TrackedKey*& tracked, Predicate&& is_gone) {
  size_t left = 0;
  size_t gone = 0;
  uint32_t last = 0;
  tracked->visit_readers([&](uint32_t reader) {
    if (is_gone(reader)) {
      gone++;
    } else {
      left++;
      last = reader;
    }
  });
  if (gone == 0) return;
  TrackedKey* rest = nullptr;
  if (left > 0) {
    const Form form = smaller_form(left, last);
    rest = create_empty(tracked->key(), form, count_for(form, left, last));
    size_t filled = 0;
    tracked->visit_readers([&](uint32_t reader) {
      if (!is_gone(reader)) rest->fill(filled++, reader);
    });
  }
  destroy(tracked);
  tracked = rest;
}

}  // namespace larder
