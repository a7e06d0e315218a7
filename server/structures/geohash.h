// Places on the globe as numbers that are near each other when the places are, mostly.
//
// A place's longitude and latitude, each as a fraction of its range in 26 bits, are interleaved bit
// by bit (Morton's order), longitude above latitude: 52 bits, which a double holds exactly, and
// which are the score of the place in a sorted set. The first 2 * step bits of a place name the
// cell that it lies in when the map is cut into 2^step columns and rows; a cell is one range of
// scores.
//
//   bit    51   50   49   48         1    0
//         +----+----+----+----+ - - +----+----+
//         | lo | la | lo | la |     | lo | la |
//         +----+----+----+----+ - - +----+----+
//
// The map is Mercator's, without the poles (EPSG:3785). Formulas and their order are those of
// Redis, so that scores, distances and the order of answers are the same to the last digit.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace larder {

struct GeoPoint {
  double longitude;  // degrees
  double latitude;

  bool operator==(const GeoPoint&) const = default;
};

inline constexpr double kMaxLongitude = 180;
inline constexpr double kMaxLatitude = 85.05112878;

// Whether the point is on the map.
bool is_on_map(GeoPoint point);

// The score of a point on the map.
uint64_t geo_score(GeoPoint point);
// The middle of the smallest cell. Any number is taken for a score, as anybody can store one; what
// is none comes out at the edge of the map.
GeoPoint geo_point(double score);

// Metres along a great circle, on a globe with a radius of 6,372,797.560856 m.
double geo_distance(GeoPoint from, GeoPoint to);

// The text that other programs know as a geohash, of a map with poles; ten characters and a 0.
std::array<char, 11> geohash_text(GeoPoint point);

// A circle, or a box whose sides run along meridians and parallels. Sizes in metres.
struct GeoShape {
  GeoPoint center;
  bool is_box;
  double radius;  // of a circle
  double width;   // of a box
  double height;

  // The distance from the centre if the point lies inside.
  std::optional<double> distance_within(GeoPoint point) const;
};

// Asks a shape about many points. Those that lie too far north, south, east or west are turned away
// before anything is computed with a sine; the answers are the shape's own.
class GeoProbe {
 public:
  explicit GeoProbe(const GeoShape& shape);
  std::optional<double> distance_within(GeoPoint point) const;

 private:
  GeoShape shape_;
  // Degrees from the centre beyond which nothing lies inside.
  double rows_ = 180;
  double columns_ = 180;
};

// Scores from `first` up to `end`, which is not included.
struct GeoScores {
  uint64_t first;
  uint64_t end;

  bool operator==(const GeoScores&) const = default;
};

// At most nine ranges of scores, none twice, that hold every point inside the shape, and some more.
std::vector<GeoScores> geo_cover(const GeoShape& shape);

}  // namespace larder
