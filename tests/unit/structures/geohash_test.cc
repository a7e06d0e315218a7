#include "server/structures/geohash.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <numbers>
#include <string>

#include "server/base/random.h"

namespace larder {
namespace {

double fraction(Random& random) {
  return static_cast<double>(random.next() >> 11) * 0x1p-53;
}

GeoPoint random_point(Random& random) {
  return {(fraction(random) * 2 - 1) * kMaxLongitude, (fraction(random) * 2 - 1) * kMaxLatitude};
}

std::string text_of(GeoPoint point) {
  const auto text = geohash_text(point);
  return {text.begin(), text.end()};
}

bool covers(const std::vector<GeoScores>& cover, GeoPoint point) {
  const uint64_t score = geo_score(point);
  return std::ranges::any_of(
      cover, [&](const GeoScores& scores) { return score >= scores.first && score < scores.end; });
}

GeoShape circle(GeoPoint center, double radius) {
  return {.center = center, .is_box = false, .radius = radius, .width = 0, .height = 0};
}
GeoShape box(GeoPoint center, double width, double height) {
  return {.center = center, .is_box = true, .radius = 0, .width = width, .height = height};
}

constexpr GeoPoint kPalermo{13.361389, 38.115556};
constexpr GeoPoint kCatania{15.087269, 37.502669};

}  // namespace

TEST_CASE("scores, places, texts and distances are Redis's") {
  // As the documentation of GEOADD and its relatives shows them.
  CHECK(geo_score(kPalermo) == 3479099956230698);
  CHECK(geo_score(kCatania) == 3479447370796909);
  const GeoPoint palermo = geo_point(3479099956230698);
  CHECK(palermo.longitude == 13.36138933897018433);
  CHECK(palermo.latitude == 38.11555639549629859);
  CHECK(text_of(palermo) == "sqc8b49rny0");
  CHECK(text_of(geo_point(3479447370796909)) == "sqdtr74hyu0");
  const double distance = geo_distance(palermo, geo_point(3479447370796909));
  CHECK(std::abs(distance - 166274.1516) < 0.0001);
}

TEST_CASE("a place is found again within its cell") {
  Random random(81);
  for (int i = 0; i < 10'000; i++) {
    const GeoPoint point = random_point(random);
    const GeoPoint found = geo_point(static_cast<double>(geo_score(point)));
    REQUIRE(std::abs(found.longitude - point.longitude) <= 180 * 0x1p-25);
    REQUIRE(std::abs(found.latitude - point.latitude) <= 85.06 * 0x1p-25);
    REQUIRE(geo_score(found) == geo_score(point));
  }
}

TEST_CASE("the edges of the map belong to it") {
  CHECK(is_on_map({180, 85.05112878}));
  CHECK(is_on_map({-180, -85.05112878}));
  CHECK_FALSE(is_on_map({180.0001, 0}));
  CHECK_FALSE(is_on_map({0, 85.06}));
  CHECK_FALSE(is_on_map({NAN, 0}));
  const GeoPoint corner = geo_point(static_cast<double>(geo_score({180, 85.05112878})));
  CHECK(corner.longitude == 180);
  CHECK(corner.latitude == 85.05112878);
}

TEST_CASE("any number is a place on the map") {
  for (const double score : {-1.0, 0.5, 1e300, -1e300, double{INFINITY}, -double{INFINITY}, 0x1p63,
                             0x1p64, -0x1p63, double{NAN}}) {
    CHECK(is_on_map(geo_point(score)));
  }
}

// As Redis on x86 has them, where C leaves it open.
TEST_CASE("scores beyond the range of integers are the places that Redis shows") {
  for (const double score : {0x1p64, 1e300, double{INFINITY}}) {
    CHECK(geo_point(score) == geo_point(0));
  }
  for (const double score : {-0x1p64, -1e300, -double{INFINITY}}) {
    CHECK(geo_point(score) == geo_point(0x1p63));
  }
  CHECK(geo_point(0x1p63) != geo_point(0));
}

TEST_CASE("distances are those of a globe") {
  CHECK(geo_distance({10, 20}, {10, 20}) == 0);
  CHECK(geo_distance({0, 0}, {0, 1}) == Approx(111'226).margin(1));
  CHECK(geo_distance({179.5, 0}, {-179.5, 0}) == Approx(111'226).margin(1));
  CHECK(geo_distance({0, 80}, {180, 80}) == Approx(20 * 111'226).margin(20));
}

TEST_CASE("a cover holds every point of a circle, and nothing twice") {
  Random random(82);
  for (int round = 0; round < 3000; round++) {
    const GeoPoint center = random_point(random);
    const GeoShape shape = circle(center, std::pow(10.0, fraction(random) * 5.5));
    const auto cover = geo_cover(shape);
    REQUIRE(cover.size() <= 9);
    for (size_t i = 0; i < cover.size(); i++) {
      for (size_t j = 0; j < i; j++) REQUIRE(cover[i] != cover[j]);
    }
    // Near the poles and the edges Redis's cover has gaps, and this is the same one.
    if (std::abs(center.latitude) > 60) continue;
    for (int i = 0; i < 20; i++) {
      const double angle = fraction(random) * 6.283;
      const double degrees = shape.radius / 111'226 * fraction(random);
      const GeoPoint point{
          center.longitude + std::cos(angle) * degrees / std::cos(center.latitude * 0.0174533),
          center.latitude + std::sin(angle) * degrees};
      if (!is_on_map(point) || !shape.distance_within(point)) continue;
      REQUIRE(covers(cover, point));
    }
  }
}

// The point that lies so far from another, in metres, in a direction in radians from north.
GeoPoint travel(GeoPoint from, double metres, double direction) {
  constexpr double kDegrees = 180 / std::numbers::pi;
  const double arc = metres / 6372797.560856;
  const double latitude = from.latitude / kDegrees;
  const double reached = std::asin(std::sin(latitude) * std::cos(arc) +
                                   std::cos(latitude) * std::sin(arc) * std::cos(direction));
  const double columns = std::atan2(std::sin(direction) * std::sin(arc) * std::cos(latitude),
                                    std::cos(arc) - std::sin(latitude) * std::sin(reached));
  return {std::remainder(from.longitude + columns * kDegrees, 360), reached * kDegrees};
}

TEST_CASE("a probe turns nobody away who lies inside") {
  Random random(71);
  for (int i = 0; i < 20'000; i++) {
    const GeoPoint center = random_point(random);
    const double radius = std::pow(10, fraction(random) * 10 - 2);
    const GeoShape shape =
        i % 4 == 0 ? box(center, radius, radius * fraction(random)) : circle(center, radius);
    const GeoProbe probe(shape);
    INFO(center.longitude << ' ' << center.latitude << ", " << radius << " m");
    // On the border and a hair beside it, in the direction in which the circle touches a meridian
    // as well as in any other.
    const double touching = std::acos(std::clamp(
        -std::tan(radius / 6372797.560856) * std::tan(center.latitude * std::numbers::pi / 180),
        -1.0, 1.0));
    for (const double direction : {touching, -touching, 0.0, fraction(random) * 7}) {
      for (const double share : {1 - 1e-9, 1 - 1e-15, 1.0, 1 + 1e-15, 1 + 1e-9, fraction(random)}) {
        const GeoPoint point = travel(center, radius * share, direction);
        REQUIRE(probe.distance_within(point) == shape.distance_within(point));
      }
    }
  }
}

TEST_CASE("a box is as wide as it says on every parallel") {
  const GeoShape shape = box({0, 60}, 200'000, 100'000);
  CHECK(shape.distance_within({0, 60}) == 0);
  CHECK(shape.distance_within({0, 60.44}).has_value());
  CHECK_FALSE(shape.distance_within({0, 60.46}).has_value());
  CHECK(shape.distance_within({1.79, 60}).has_value());
  CHECK_FALSE(shape.distance_within({1.81, 60}).has_value());
  // Fewer metres to a degree in the north.
  CHECK(shape.distance_within({1.81, 60.4}).has_value());
  CHECK_FALSE(shape.distance_within({1.79, 59.6}).has_value());
}

TEST_CASE("a shape without a size is a place") {
  const GeoPoint place = geo_point(static_cast<double>(geo_score(kPalermo)));
  CHECK(covers(geo_cover(circle(place, 0)), place));
  CHECK(circle(place, 0).distance_within(place) == 0);
  CHECK_FALSE(circle(place, 0).distance_within(kCatania));
  CHECK(geo_cover(circle(place, INFINITY)).size() == 4);
}

}  // namespace larder
