#include "server/structures/int_set.h"

#include <bit>

namespace larder {

static_assert(std::endian::native == std::endian::little);

namespace {

template <class Number>
Number load_as(const char* from) {
  Number number;
  std::memcpy(&number, from, sizeof(number));
  return number;
}

// Halves the range without a branch that depends on the numbers.
template <class Number>
size_t rank_in(const char* numbers, size_t count, int64_t value) {
  size_t first = 0;
  while (count > 0) {
    const size_t half = count / 2;
    const bool is_less = load_as<Number>(numbers + (first + half) * sizeof(Number)) < value;
    first += is_less ? half + 1 : 0;
    count = is_less ? count - half - 1 : half;
  }
  return first;
}

}  // namespace

int64_t IntSet::load(const char* from, size_t width) {
  switch (width) {
    case 2:
      return load_as<int16_t>(from);
    case 4:
      return load_as<int32_t>(from);
    default:
      return load_as<int64_t>(from);
  }
}

size_t IntSet::rank(int64_t value) const {
  switch (width_) {
    case 2:
      return rank_in<int16_t>(bytes_.data(), count(), value);
    case 4:
      return rank_in<int32_t>(bytes_.data(), count(), value);
    default:
      return rank_in<int64_t>(bytes_.data(), count(), value);
  }
}

void IntSet::widen(char* numbers, size_t count, size_t from, size_t to) {
  // From the last one on, so that none is overwritten before it is read.
  for (size_t i = count; i-- > 0;) store(numbers + i * to, load(numbers + i * from, from), to);
}

}  // namespace larder
