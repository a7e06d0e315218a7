// Integers in ascending order in one run of bytes, all with the width that the widest of them
// needs: 2, 4 or 8 bytes, little endian. The width is the owner's to remember. A look-up is a
// binary search; an insertion moves what is behind it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace larder {

// Reading. Does not own the bytes.
class IntSet {
 public:
  IntSet(std::string_view bytes, size_t width) : bytes_(bytes), width_(width) {}

  // The fewest bytes that hold a number: 2, 4 or 8.
  static size_t width_of(int64_t value) {
    if (value == static_cast<int16_t>(value)) return 2;
    return value == static_cast<int32_t>(value) ? 4 : 8;
  }

  size_t width() const { return width_; }
  size_t count() const { return bytes_.size() / width_; }
  int64_t at(size_t index) const { return load(bytes_.data() + index * width_, width_); }
  // How many of the set's numbers are less.
  size_t rank(int64_t value) const;
  bool contains(int64_t value) const {
    const size_t index = rank(value);
    return index < count() && at(index) == value;
  }

  static int64_t load(const char* from, size_t width);
  static void store(char* to, int64_t value, size_t width) {
    std::memcpy(to, &value, width);  // little endian: the low bytes come first
  }
  // Gives `count` numbers of the width `from` the width `to`, which is larger, where they are.
  static void widen(char* numbers, size_t count, size_t from, size_t to);

 private:
  std::string_view bytes_;
  size_t width_;
};

// Adds a number that is not there and fits the width. `Buffer`: as for splice() of packed_list.h.
template <class Buffer>
void insert_number(Buffer& buffer, size_t width, int64_t value) {
  const size_t size = buffer.bytes().size();
  const size_t offset = IntSet(buffer.bytes(), width).rank(value) * width;
  char* data = buffer.resize(size + width);
  std::memmove(data + offset + width, data + offset, size - offset);
  IntSet::store(data + offset, value, width);
}

// Takes out the number at `index`.
template <class Buffer>
void erase_number(Buffer& buffer, size_t width, size_t index) {
  const size_t size = buffer.bytes().size();
  char* gap = const_cast<char*>(buffer.bytes().data()) + index * width;
  std::memmove(gap, gap + width, size - (index + 1) * width);
  buffer.resize(size - width);
}

}  // namespace larder
