#include "server/structures/geohash.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string_view>

namespace larder {
namespace {

constexpr double kRadiansPerDegree = std::numbers::pi / 180.0;
constexpr double kGlobeRadius = 6372797.560856;
constexpr double kMercatorMax = 20037726.37;
constexpr unsigned kMaxStep = 26;

double radians(double degrees) {
  return degrees * kRadiansPerDegree;
}
double degrees(double radians) {
  return radians / kRadiansPerDegree;
}

// Moves the bits of a number to the even places ("Interleave bits by Binary Magic Numbers" in Sean
// Anderson's Bit Twiddling Hacks).
uint64_t spread(uint32_t number) {
  uint64_t bits = number;
  bits = (bits | bits << 16) & 0x0000ffff0000ffff;
  bits = (bits | bits << 8) & 0x00ff00ff00ff00ff;
  bits = (bits | bits << 4) & 0x0f0f0f0f0f0f0f0f;
  bits = (bits | bits << 2) & 0x3333333333333333;
  return (bits | bits << 1) & 0x5555555555555555;
}

// The way back.
uint32_t gather(uint64_t bits) {
  bits &= 0x5555555555555555;
  bits = (bits | bits >> 1) & 0x3333333333333333;
  bits = (bits | bits >> 2) & 0x0f0f0f0f0f0f0f0f;
  bits = (bits | bits >> 4) & 0x00ff00ff00ff00ff;
  bits = (bits | bits >> 8) & 0x0000ffff0000ffff;
  return static_cast<uint32_t>(bits | bits >> 16);
}

// Degrees from -limit to limit, cut into 2^step pieces. The last degree begins a piece of its own.
struct Axis {
  double limit;

  uint32_t piece_of(double value, unsigned step) const {
    const double fraction = (value + limit) / (limit + limit);
    return static_cast<uint32_t>(fraction * static_cast<double>(uint64_t{1} << step));
  }
  double begin_of(uint32_t piece, unsigned step) const {
    return -limit + piece / static_cast<double>(uint64_t{1} << step) * (limit + limit);
  }
  double middle_of(uint32_t piece, unsigned step) const {
    const double middle = (begin_of(piece, step) + begin_of(piece + 1, step)) / 2;
    return std::clamp(middle, -limit, limit);
  }
};

constexpr Axis kLongitudes{kMaxLongitude};
constexpr Axis kLatitudes{kMaxLatitude};
constexpr Axis kLatitudesWithPoles{90};

// A piece of the map.
struct Cell {
  uint32_t column;
  uint32_t row;
  unsigned step;

  static Cell around(GeoPoint point, unsigned step) {
    return {kLongitudes.piece_of(point.longitude, step), kLatitudes.piece_of(point.latitude, step),
            step};
  }
  double west() const { return kLongitudes.begin_of(column, step); }
  double east() const { return kLongitudes.begin_of(column + 1, step); }
  double south() const { return kLatitudes.begin_of(row, step); }
  double north() const { return kLatitudes.begin_of(row + 1, step); }

  // The cell that many columns to the east and rows to the north; the map is endless here.
  Cell neighbor(int columns, int rows) const {
    const uint32_t mask = (uint32_t{1} << step) - 1;
    Cell moved = *this;
    if (columns != 0) moved.column = (column + static_cast<uint32_t>(columns)) & mask;
    if (rows != 0) moved.row = (row + static_cast<uint32_t>(rows)) & mask;
    return moved;
  }
  GeoScores scores() const {
    const uint64_t bits = spread(row) | spread(column) << 1;
    const unsigned shift = 2 * (kMaxStep - step);
    return {bits << shift, (bits + 1) << shift};
  }
};

// The degrees that a shape reaches to. Where meridians converge, a width is more degrees on the
// side of the pole.
struct Bounds {
  double west;
  double east;
  double south;
  double north;

  explicit Bounds(const GeoShape& shape) {
    const double height = shape.is_box ? shape.height / 2 : shape.radius;
    const double width = shape.is_box ? shape.width / 2 : shape.radius;
    const double latitude = shape.center.latitude;
    const double rows = degrees(height / kGlobeRadius);
    const double polar = latitude < 0 ? latitude - rows : latitude + rows;
    const double columns = degrees(width / kGlobeRadius / std::cos(radians(polar)));
    west = shape.center.longitude - columns;
    east = shape.center.longitude + columns;
    south = latitude - rows;
    north = latitude + rows;
  }
};

// How finely to cut the map, so that a cell and its eight neighbours cover a radius in metres.
unsigned step_for(double radius, double latitude) {
  if (radius == 0) return kMaxStep;
  int step = -1;
  for (; radius < kMercatorMax; radius *= 2) step++;
  // Cells are narrower towards the poles.
  if (std::abs(latitude) > 66) step--;
  if (std::abs(latitude) > 80) step--;
  return static_cast<unsigned>(std::clamp(step, 1, static_cast<int>(kMaxStep)));
}

// Whether the cells beside this one reach beyond the bounds. Neighbours behind the edge of the map
// lie on its other side, and count as too near.
bool neighbors_cover(const Cell& cell, const Bounds& bounds) {
  return !(cell.neighbor(0, 1).north() < bounds.north) &&
         !(cell.neighbor(0, -1).south() > bounds.south) &&
         !(cell.neighbor(1, 0).east() < bounds.east) &&
         !(cell.neighbor(-1, 0).west() > bounds.west);
}

}  // namespace

bool is_on_map(GeoPoint point) {
  return point.longitude >= -kMaxLongitude && point.longitude <= kMaxLongitude &&
         point.latitude >= -kMaxLatitude && point.latitude <= kMaxLatitude;
}

uint64_t geo_score(GeoPoint point) {
  return Cell::around(point, kMaxStep).scores().first;
}

GeoPoint geo_point(double score) {
  // Beyond the range of integers what a conversion makes of it on x86.
  uint64_t bits = score > 0 ? 0 : uint64_t{1} << 63;
  if (score >= 0 && score < 0x1p64) {
    bits = static_cast<uint64_t>(score);
  } else if (score < 0 && score >= -0x1p63) {
    bits = static_cast<uint64_t>(static_cast<int64_t>(score));
  }
  return {kLongitudes.middle_of(gather(bits >> 1), kMaxStep),
          kLatitudes.middle_of(gather(bits), kMaxStep)};
}

// The haversine formula.
double geo_distance(GeoPoint from, GeoPoint to) {
  const double half_longitude = std::sin((radians(to.longitude) - radians(from.longitude)) / 2);
  const double from_latitude = radians(from.latitude);
  const double to_latitude = radians(to.latitude);
  // On one meridian nothing but the difference is left of it.
  if (half_longitude == 0.0) return kGlobeRadius * std::abs(to_latitude - from_latitude);
  const double half_latitude = std::sin((to_latitude - from_latitude) / 2);
  const double square = half_latitude * half_latitude + std::cos(from_latitude) *
                                                            std::cos(to_latitude) * half_longitude *
                                                            half_longitude;
  return 2.0 * kGlobeRadius * std::asin(std::sqrt(square));
}

std::array<char, 11> geohash_text(GeoPoint point) {
  constexpr std::string_view kDigits = "0123456789bcdefghjkmnpqrstuvwxyz";
  const uint64_t bits = spread(kLatitudesWithPoles.piece_of(point.latitude, kMaxStep)) |
                        spread(kLongitudes.piece_of(point.longitude, kMaxStep)) << 1;
  std::array<char, 11> text;
  for (size_t i = 0; i < 10; i++) text[i] = kDigits[bits >> (47 - 5 * i) & 31];
  // Of the eleventh only two bits would be known.
  text[10] = '0';
  return text;
}

std::optional<double> GeoShape::distance_within(GeoPoint point) const {
  if (is_box) {
    // The latitude is the cheaper one to compare.
    const double rows = kGlobeRadius * std::abs(radians(center.latitude) - radians(point.latitude));
    if (rows > height / 2) return std::nullopt;
    if (geo_distance(point, {center.longitude, point.latitude}) > width / 2) return std::nullopt;
    return geo_distance(center, point);
  }
  const double distance = geo_distance(center, point);
  if (distance > radius) return std::nullopt;
  return distance;
}

GeoProbe::GeoProbe(const GeoShape& shape) : shape_(shape) {
  // A box looks at latitudes first by itself.
  if (shape.is_box) return;
  // What rounding may add, by far: a tenth of a millimetre, and as many billionths.
  const auto generous = [](double degrees) { return degrees * (1 + 1e-9) + 1e-9; };
  const double reach = shape.radius / kGlobeRadius;
  rows_ = generous(degrees(reach));
  // Where a meridian touches the circle, not too near a pole.
  constexpr double kTooNorth = 85;
  if (std::abs(shape.center.latitude) + rows_ >= kTooNorth) return;
  columns_ =
      generous(degrees(std::asin(std::sin(reach) / std::cos(radians(shape.center.latitude)))));
}

std::optional<double> GeoProbe::distance_within(GeoPoint point) const {
  if (std::abs(point.latitude - shape_.center.latitude) > rows_) return std::nullopt;
  const double columns = std::abs(point.longitude - shape_.center.longitude);
  if (std::min(columns, 360 - columns) > columns_) return std::nullopt;
  return shape_.distance_within(point);
}

std::vector<GeoScores> geo_cover(const GeoShape& shape) {
  const double radius = shape.is_box ? std::sqrt((shape.width / 2) * (shape.width / 2) +
                                                 (shape.height / 2) * (shape.height / 2))
                                     : shape.radius;
  const Bounds bounds(shape);
  unsigned step = step_for(radius, shape.center.latitude);
  Cell cell = Cell::around(shape.center, step);
  if (step > 1 && !neighbors_cover(cell, bounds)) cell = Cell::around(shape.center, --step);

  // Neighbours that the shape does not reach; with fewer than four columns they are none.
  const bool can_skip = step >= 2;
  const bool skips_south = can_skip && cell.south() < bounds.south;
  const bool skips_north = can_skip && cell.north() > bounds.north;
  const bool skips_west = can_skip && cell.west() < bounds.west;
  const bool skips_east = can_skip && cell.east() > bounds.east;

  // In the order in which Redis visits them, which unsorted answers show.
  constexpr struct {
    int columns;
    int rows;
  } kOrder[] = {{0, 0}, {0, 1}, {0, -1}, {1, 0}, {-1, 0}, {1, 1}, {-1, 1}, {1, -1}, {-1, -1}};
  std::vector<GeoScores> cover;
  cover.reserve(std::size(kOrder));
  for (const auto& [columns, rows] : kOrder) {
    if ((rows < 0 && skips_south) || (rows > 0 && skips_north)) continue;
    if ((columns < 0 && skips_west) || (columns > 0 && skips_east)) continue;
    const GeoScores scores = cell.neighbor(columns, rows).scores();
    // On a map of two columns the neighbours on both sides are the same.
    if (std::ranges::find(cover, scores) == cover.end()) cover.push_back(scores);
  }
  return cover;
}

}  // namespace larder
