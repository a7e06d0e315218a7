// Arguments that commands read: the ends of ranges, cursors, timeouts, IDs, places. Each is
// compared with what the C library or a few plain lines make of the same text.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "server/base/assert.h"
#include "server/commands/geo.h"
#include "server/commands/scan_options.h"
#include "server/commands/sorted_set_arguments.h"
#include "server/commands/stream_arguments.h"
#include "server/commands/timeout_argument.h"
#include "server/structures/geohash.h"

namespace larder {
namespace {

void check_score_range(const std::string& min, const std::string& max) {
  const auto range = parse_score_range(min, max);
  if (!range.is_ok()) return;
  LARDER_ASSERT(!std::isnan(range.value().min) && !std::isnan(range.value().max));
  LARDER_ASSERT(range.value().excludes_min == min.starts_with('('));
  LARDER_ASSERT(range.value().excludes_max == max.starts_with('('));
  const double end = std::strtod(min.c_str() + (min.starts_with('(') ? 1 : 0), nullptr);
  LARDER_ASSERT(range.value().min == end);
  if (const auto score = parse_score(min)) LARDER_ASSERT(*score == range.value().min);
}

void check_lex_range(std::string_view min, std::string_view max) {
  const auto range = parse_lex_range(min, max);
  if (!range.is_ok()) return;
  if (range.value().min.kind == LexBound::Kind::member) {
    LARDER_ASSERT(range.value().min.member == min.substr(1));
  }
  // Nothing lies in front of a range and behind it, unless its ends are the wrong way round.
  const bool is_below = range.value().is_below(min.substr(min.empty() ? 0 : 1));
  if (is_below && range.value().min.kind == LexBound::Kind::member) {
    LARDER_ASSERT(range.value().min.is_excluded);
  }
}

void check_cursor(const std::string& text) {
  const auto position = ScanCursor::parse(text);
  if (!position.is_ok()) return;
  LARDER_ASSERT(std::strtoull(text.c_str(), nullptr, 10) << ScanCursor::kShift == position.value());
  const std::string again = std::to_string(ScanCursor::of(position.value()));
  LARDER_ASSERT(ScanCursor::parse(again).value() == position.value());
}

void check_timeouts(std::string_view text) {
  constexpr int64_t kNow = 1'700'000'000'000;
  const int64_t latest = std::numeric_limits<int64_t>::max() - kNow;
  if (const auto ms = parse_timeout_seconds(text, kNow); ms.is_ok()) {
    LARDER_ASSERT(ms.value() >= 0 && ms.value() <= latest);
  }
  if (const auto ms = parse_timeout_ms(text, kNow); ms.is_ok()) {
    LARDER_ASSERT(ms.value() >= 0 && ms.value() <= latest);
    LARDER_ASSERT(to_text(ms.value()) == text);
  }
}

void check_stream_id(std::string_view text) {
  const auto id = parse_stream_id(text, 7);
  if (!id) return;
  LARDER_ASSERT(parse_stream_id(id->to_string(), 0) == id);
  if (const auto next = id->next()) {
    LARDER_ASSERT(*next > *id && next->previous() == id);
  } else {
    LARDER_ASSERT(*id == StreamId::max());
  }
  const auto start = read_interval_start(text);
  const auto end = read_interval_end(text);
  if (text != "-" && text != "+" && !text.starts_with('(')) {
    LARDER_ASSERT(start.is_ok() && end.is_ok());
    LARDER_ASSERT(start.value() <= end.value());
  }
}

void check_point(std::string_view longitude, std::string_view latitude) {
  static_cast<void>(read_unit(longitude).is_ok());
  const auto point = read_point(longitude, latitude);
  if (!point.is_ok()) return;
  LARDER_ASSERT(is_on_map(point.value()));
  const uint64_t score = geo_score(point.value());
  // 52 bits, and one more for each edge of the map.
  LARDER_ASSERT(score < uint64_t{1} << 54);
  const GeoPoint kept = geo_point(static_cast<double>(score));
  LARDER_ASSERT(is_on_map(kept));
  // A cell is some decimetres wide.
  LARDER_ASSERT(geo_distance(point.value(), kept) < 1);
}

void check_indexes(std::string_view first, std::string_view second, size_t size) {
  const auto start = parse_int64(first), stop = parse_int64(second);
  if (!start || !stop) return;
  const RankRange range = clamp_indexes(*start, *stop, size);
  LARDER_ASSERT(range.count <= size && range.first <= size - range.count);
}

}  // namespace
}  // namespace larder

// Input: two texts with a line feed between them.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace larder;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t feed = text.find('\n');
  const std::string first(text.substr(0, feed));
  const std::string second(feed == std::string_view::npos ? "" : text.substr(feed + 1));
  check_score_range(first, second);
  check_lex_range(first, second);
  check_cursor(first);
  check_timeouts(first);
  check_stream_id(first);
  check_point(first, second);
  check_indexes(first, second, size);
  return 0;
}
