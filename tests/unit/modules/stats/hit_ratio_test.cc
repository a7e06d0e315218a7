#include "modules/stats/hit_ratio.h"

#include <catch2/catch.hpp>

namespace larder {
namespace {

TEST_CASE("the hit ratio of the last minutes") {
  HitRatio ratio;
  CHECK(ratio.over(60) == 0);
  // An hour of nine hits in ten, a minute of one in two.
  for (int64_t second = 0; second < 3600; second++) ratio.add(second, 9, 1);
  for (int64_t second = 3600; second < 3660; second++) {
    ratio.add(second, 3, 0);
    ratio.add(second, 2, 5);
  }
  CHECK(ratio.over(60) == Approx(0.5));
  CHECK(ratio.reads_over(60) == 600);
  CHECK(ratio.over(600) == Approx(0.86).margin(0.01));
  CHECK(ratio.over(3600) == Approx(0.8933).margin(0.001));

  // Nothing is read any more.
  ratio.add(3690, 0, 0);
  CHECK(ratio.reads_over(60) == 290);
  ratio.add(3720, 0, 0);
  CHECK(ratio.over(60) == 0);
  ratio.add(2 * 3660, 0, 0);
  CHECK(ratio.reads_over(3600) == 0);
}

}  // namespace
}  // namespace larder
