#include "server/structures/int_set.h"

#include <catch2/catch.hpp>

#include <set>
#include <string>

#include "server/base/random.h"

namespace larder {
namespace {

// A buffer of exactly the size that was asked for, so that a sanitizer sees what lies outside.
class Bytes {
 public:
  std::string_view bytes() const { return {data_.get(), size_}; }
  char* data() { return data_.get(); }
  char* resize(size_t size) {
    auto resized = std::make_unique<char[]>(size);
    if (size_ > 0 && size > 0) std::memcpy(resized.get(), data_.get(), std::min(size, size_));
    data_ = std::move(resized);
    size_ = size;
    return data_.get();
  }

 private:
  std::unique_ptr<char[]> data_;
  size_t size_ = 0;
};

int64_t random_number(Random& random, size_t width) {
  switch (random.below(6)) {
    case 0:
      return width == 2 ? INT16_MIN : width == 4 ? INT32_MIN : INT64_MIN;
    case 1:
      return width == 2 ? INT16_MAX : width == 4 ? INT32_MAX : INT64_MAX;
    case 2:
      return static_cast<int64_t>(random.below(40)) - 20;
    default: {
      const uint64_t bits = random.next();
      return width == 2   ? static_cast<int16_t>(bits)
             : width == 4 ? static_cast<int32_t>(bits)
                          : static_cast<int64_t>(bits);
    }
  }
}

void check_same(const IntSet& set, const std::set<int64_t>& model) {
  REQUIRE(set.count() == model.size());
  size_t index = 0;
  size_t wrong = 0;
  for (const int64_t number : model) {
    if (set.at(index) != number || set.rank(number) != index || !set.contains(number)) wrong++;
    index++;
  }
  REQUIRE(wrong == 0);
}

}  // namespace

TEST_CASE("a set of integers does what std::set does, at every width") {
  Random random(1);
  for (int round = 0; round < 30; round++) {
    Bytes buffer;
    std::set<int64_t> model;
    size_t width = 2;
    for (int i = 0; i < 400; i++) {
      const size_t wanted = i < 130 ? 2u : i < 260 ? 4u : 8u;
      const int64_t number = random_number(random, wanted);
      const size_t needed = IntSet::width_of(number);
      if (needed > width) {
        const size_t count = IntSet(buffer.bytes(), width).count();
        IntSet::widen(buffer.resize(count * needed), count, width, needed);
        width = needed;
      }
      const IntSet set(buffer.bytes(), width);
      REQUIRE(set.contains(number) == (model.count(number) == 1));
      if (model.insert(number).second) {
        insert_number(buffer, width, number);
      } else if (random.below(2) == 0) {
        erase_number(buffer, width, set.rank(number));
        model.erase(number);
      }
      if (!model.empty() && random.below(3) == 0) {
        const auto at = model.lower_bound(random_number(random, wanted));
        const int64_t gone = at == model.end() ? *model.begin() : *at;
        erase_number(buffer, width, IntSet(buffer.bytes(), width).rank(gone));
        model.erase(gone);
      }
      check_same(IntSet(buffer.bytes(), width), model);
    }
    while (!model.empty()) {
      erase_number(buffer, width, 0);
      model.erase(model.begin());
      check_same(IntSet(buffer.bytes(), width), model);
    }
  }
}

TEST_CASE("the width of an integer is the fewest bytes that hold it") {
  CHECK(IntSet::width_of(0) == 2);
  CHECK(IntSet::width_of(INT16_MAX) == 2);
  CHECK(IntSet::width_of(INT16_MIN) == 2);
  CHECK(IntSet::width_of(INT16_MAX + 1) == 4);
  CHECK(IntSet::width_of(INT16_MIN - 1) == 4);
  CHECK(IntSet::width_of(INT32_MAX) == 4);
  CHECK(IntSet::width_of(INT32_MIN) == 4);
  CHECK(IntSet::width_of(int64_t{INT32_MAX} + 1) == 8);
  CHECK(IntSet::width_of(int64_t{INT32_MIN} - 1) == 8);
  CHECK(IntSet::width_of(INT64_MAX) == 8);
  CHECK(IntSet::width_of(INT64_MIN) == 8);
}

TEST_CASE("numbers beyond a set's width are not in it") {
  Bytes buffer;
  for (const int64_t number : {-3, 0, 5}) insert_number(buffer, 2, number);
  const IntSet set(buffer.bytes(), 2);
  CHECK(!set.contains(INT64_MIN));
  CHECK(!set.contains(INT64_MAX));
  CHECK(!set.contains(65536 + 5));
  CHECK(set.rank(INT64_MIN) == 0);
  CHECK(set.rank(INT64_MAX) == 3);
}

}  // namespace larder
