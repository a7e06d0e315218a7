// What the commands that store places and those that search them have in common.
#pragma once

#include <cmath>
#include <string_view>

#include "server/base/numbers.h"
#include "server/base/text.h"
#include "server/command/context.h"
#include "server/structures/geohash.h"

namespace larder {

// A place on the map.
inline Result<GeoPoint> read_point(std::string_view longitude, std::string_view latitude) {
  const auto column = parse_double(longitude);
  if (!column) return errors::not_a_float();
  const auto row = parse_double(latitude);
  if (!row) return errors::not_a_float();
  if (!is_on_map({*column, *row})) return errors::not_on_map(*column, *row);
  return GeoPoint{*column, *row};
}

// How many metres a unit has.
inline Result<double> read_unit(std::string_view text) {
  if (equals_ignoring_case(text, "m")) return 1.0;
  if (equals_ignoring_case(text, "km")) return 1000.0;
  if (equals_ignoring_case(text, "ft")) return 0.3048;
  if (equals_ignoring_case(text, "mi")) return 1609.34;
  return errors::unknown_geo_unit();
}

// With four digits behind the point, as text in either protocol.
void reply_distance(Context& ctx, double distance);

inline void reply_point(Context& ctx, GeoPoint point) {
  ctx.reply.array(2);
  ctx.reply.number_text(format_long_double(point.longitude));
  ctx.reply.number_text(format_long_double(point.latitude));
}

}  // namespace larder
