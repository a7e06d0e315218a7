#include "server/base/clock.h"

#include <catch2/catch.hpp>

namespace larder {
namespace {

TEST_CASE("the wall clock counts from 1970 and its units agree") {
  const int64_t ms = wall_clock_ms();
  const int64_t us = wall_clock_us();
  CHECK(ms > 1'700'000'000'000);
  CHECK(us / 1000 - ms >= 0);
  CHECK(us / 1000 - ms < 60'000);
}

TEST_CASE("a deadline passes once and for all") {
  CHECK(Deadline::in_us(0).has_passed());
  CHECK(Deadline::in_us(-1).has_passed());
  CHECK_FALSE(Deadline::in_us(3'600'000'000).has_passed());
  CHECK_FALSE(Deadline::never().has_passed());
  const Deadline soon = Deadline::in_us(100);
  while (!soon.has_passed()) {
  }
  CHECK(soon.has_passed());
}

}  // namespace
}  // namespace larder
