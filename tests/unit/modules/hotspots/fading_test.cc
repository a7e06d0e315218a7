#include "modules/hotspots/fading.h"

#include <catch2/catch.hpp>

namespace larder {
namespace {

constexpr int64_t kHalfLifeMs = 10'000;

// So many events a second for so many seconds, ten times a second.
double run(Fading& fading, double sum, int64_t from_ms, int seconds, double per_second) {
  for (int64_t now_ms = from_ms; now_ms < from_ms + int64_t{seconds} * 1000; now_ms += 100) {
    sum *= fading.advance(now_ms);
    sum += per_second / 10 * fading.unit();
  }
  return sum;
}

TEST_CASE("fading: a steady rate is told from the first seconds on, and for ever") {
  for (const int seconds : {5, 30, 1'000, 100'000}) {
    Fading fading(kHalfLifeMs);
    const double sum = run(fading, 0, 500, seconds, 40);
    INFO(seconds);
    CHECK(fading.per_second(sum) == Approx(40).epsilon(0.03));
  }
}

TEST_CASE("fading: what is over counts half after a half-life") {
  Fading fading(kHalfLifeMs);
  double sum = run(fading, 0, 0, 200, 100);
  for (int halves = 1; halves <= 40; halves++) {
    sum = run(fading, sum, 200'000 + (halves - 1) * kHalfLifeMs, 10, 0);
    const double expected = 100 / std::exp2(halves);
    CHECK(fading.per_second(sum) == Approx(expected).epsilon(0.02));
  }
}

TEST_CASE("fading: one event in the first moment is not a thousand a second") {
  Fading fading(kHalfLifeMs);
  CHECK(fading.advance(1'000) == 1);
  CHECK(fading.per_second(fading.unit()) == 1);
}

TEST_CASE("fading: sums are scaled before they overflow") {
  Fading fading(kHalfLifeMs);
  double sum = fading.advance(0);
  int scalings = 0;
  for (int64_t now_ms = 0; now_ms < 1'000 * kHalfLifeMs; now_ms += kHalfLifeMs) {
    const double factor = fading.advance(now_ms);
    scalings += factor != 1;
    sum = sum * factor + fading.unit();
    REQUIRE(fading.unit() <= 4294967296.0);
    REQUIRE(sum < 1e12);
  }
  CHECK(scalings == 31);
}

}  // namespace
}  // namespace larder
