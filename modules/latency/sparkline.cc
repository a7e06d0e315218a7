#include "modules/latency/sparkline.h"

#include <algorithm>
#include <string_view>

namespace larder {
namespace {

// What stands on top of a column, by height.
constexpr std::string_view kTops = "_o#";
constexpr char kBelowTop = '|';

void append_line(std::string& graph, std::string line) {
  graph += line;
  graph += '\n';
}

// Of how many thirds of a row a column is made, less one.
size_t height_of(int64_t value, int64_t least, int64_t most, size_t steps) {
  const auto range = static_cast<double>(std::max<int64_t>(most - least, 1));
  const auto height =
      static_cast<size_t>(static_cast<double>(value - least) * static_cast<double>(steps) / range);
  return std::min(height, steps - 1);
}

void append_columns(std::string& graph, std::span<const SparklinePoint> points, int64_t least,
                    int64_t most, size_t rows) {
  for (size_t row = 0; row < rows; row++) {
    const size_t bottom = (rows - row - 1) * kTops.size();
    std::string line(points.size(), ' ');
    for (size_t i = 0; i < points.size(); i++) {
      const size_t height = height_of(points[i].value, least, most, rows * kTops.size());
      if (height < bottom) continue;
      line[i] = height - bottom < kTops.size() ? kTops[height - bottom] : kBelowTop;
    }
    append_line(graph, std::move(line));
  }
}

void append_labels(std::string& graph, std::span<const SparklinePoint> points) {
  size_t longest = 0;
  for (const SparklinePoint& point : points) longest = std::max(longest, point.label.size());
  if (longest == 0) return;
  append_line(graph, std::string(points.size(), ' '));
  for (size_t row = 0; row < longest; row++) {
    std::string line(points.size(), ' ');
    for (size_t i = 0; i < points.size(); i++) {
      if (row < points[i].label.size()) line[i] = points[i].label[row];
    }
    append_line(graph, std::move(line));
  }
}

}  // namespace

std::string sparkline(std::span<const SparklinePoint> points, size_t columns, size_t rows) {
  if (points.empty()) return {};
  const auto [least, most] = std::ranges::minmax_element(points, {}, &SparklinePoint::value);
  std::string graph;
  for (size_t first = 0; first < points.size(); first += columns) {
    if (first > 0) graph += '\n';
    const auto part = points.subspan(first, std::min(columns, points.size() - first));
    append_columns(graph, part, least->value, most->value, rows);
    append_labels(graph, part);
  }
  return graph;
}

}  // namespace larder
