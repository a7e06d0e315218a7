#include "server/base/random.h"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <string>

namespace larder {
namespace {

TEST_CASE("the same seed gives the same numbers") {
  Random left(42);
  Random right(42);
  Random other(43);
  int equal_to_other = 0;
  for (int i = 0; i < 100; i++) {
    const uint64_t value = left.next();
    CHECK(right.next() == value);
    equal_to_other += other.next() == value;
  }
  CHECK(equal_to_other == 0);
}

TEST_CASE("below stays below and reaches every value about equally often") {
  Random random(7);
  std::array<int, 10> seen{};
  for (int i = 0; i < 100'000; i++) seen.at(random.below(10))++;
  for (const int count : seen) {
    CHECK(count > 9'500);  // five standard deviations
    CHECK(count < 10'500);
  }
  CHECK(random.below(1) == 0);
}

TEST_CASE("seeds and identifiers come from the kernel") {
  CHECK(random_seed() != random_seed());
  const std::string id = random_hex(40);
  CHECK(id.size() == 40);
  CHECK(id.find_first_not_of("0123456789abcdef") == std::string::npos);
  CHECK(id != random_hex(40));
  CHECK(random_hex(0).empty());
  CHECK(random_hex(5).size() == 5);
}

TEST_CASE("large amounts are filled to the end") {
  std::vector<uint8_t> bytes(100'000);
  fill_random(bytes);
  CHECK(std::count(bytes.end() - 1000, bytes.end(), uint8_t{0}) < 100);
}

}  // namespace
}  // namespace larder
