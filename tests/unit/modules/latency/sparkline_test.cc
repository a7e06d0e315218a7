#include "modules/latency/sparkline.h"

#include <catch2/catch.hpp>
#include <vector>

namespace larder {
namespace {

TEST_CASE("a sparkline goes from the smallest value to the largest") {
  std::vector<SparklinePoint> points;
  for (int64_t value = 0; value < 6; value++) points.push_back({value, ""});
  CHECK(sparkline(points, 80, 2) ==
        "   _o#\n"
        "_o#|||\n");
}

TEST_CASE("labels are written downwards") {
  const std::vector<SparklinePoint> points = {{1, "9m"}, {3, "12s"}, {1, ""}};
  CHECK(sparkline(points, 80, 1) ==
        "_#_\n"
        "   \n"
        "91 \n"
        "m2 \n"
        " s \n");
}

TEST_CASE("a long sparkline is broken, on one scale") {
  const std::vector<SparklinePoint> points = {{0, ""}, {10, ""}, {10, ""}};
  CHECK(sparkline(points, 2, 1) == "_#\n\n#\n");
}

TEST_CASE("a sparkline of equal values, and of none") {
  CHECK(sparkline({}, 80, 4).empty());
  const std::vector<SparklinePoint> points = {{7, ""}, {7, ""}};
  CHECK(sparkline(points, 80, 1) == "__\n");
}

}  // namespace
}  // namespace larder
