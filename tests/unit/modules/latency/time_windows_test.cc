#include "modules/latency/time_windows.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "server/base/random.h"

namespace larder {
namespace {

struct Sample {
  int64_t second;
  uint64_t value;
};

TimeWindows::Summary summary_of(const TimeWindows& windows, int64_t now, int64_t seconds) {
  TimeWindows::Summary summary;
  windows.add_to(summary, now, seconds);
  return summary;
}

// The value at the rank that Histogram::percentile is about, from a sorted array.
uint64_t exact_percentile(std::vector<uint64_t> values, double percent) {
  std::ranges::sort(values);
  const auto rank =
      static_cast<size_t>(std::ceil(percent / 100 * static_cast<double>(values.size())));
  return values[std::clamp<size_t>(rank, 1, values.size()) - 1];
}

TEST_CASE("time windows: percentiles are those of a sorted array, to three percent") {
  Random random(7);
  TimeWindows windows;
  std::vector<Sample> samples;
  int64_t second = 1000;
  for (int i = 0; i < 60'000; i++) {
    if (random.below(100) == 0) second += static_cast<int64_t>(random.below(2));
    // From 100 ns to 100 ms, each power of ten as often as the other.
    const double exponent = 2 + 6 * static_cast<double>(random.below(1'000'000)) / 1e6;
    const auto value = static_cast<uint64_t>(std::pow(10, exponent));
    windows.record(second, value, 1);
    samples.push_back({second, value});
  }
  windows.begin(second);
  for (const int64_t length : {10, 60}) {
    std::vector<uint64_t> inside;
    for (const Sample& sample : samples) {
      if (sample.second > second - length) inside.push_back(sample.value);
    }
    const TimeWindows::Summary summary = summary_of(windows, second, length);
    REQUIRE(summary.histogram.count() == inside.size());
    CHECK(summary.min == std::ranges::min(inside));
    CHECK(summary.histogram.max() == std::ranges::max(inside));
    for (const double percent : {50.0, 95.0, 99.0, 99.9}) {
      const auto exact = static_cast<double>(exact_percentile(inside, percent));
      const auto shown = static_cast<double>(summary.histogram.percentile(percent));
      INFO(length << " s, p" << percent << ": " << exact << " and " << shown);
      CHECK(std::abs(shown - exact) <= 0.03 * exact);
    }
  }
}

TEST_CASE("time windows: what is over leaves them") {
  TimeWindows windows;
  for (int64_t second = 0; second < 1000; second++)
    windows.record(second, 1000 + static_cast<uint64_t>(second), 2);
  const int64_t now = 999;
  CHECK(summary_of(windows, now, 10).histogram.count() == 20);
  CHECK(summary_of(windows, now, 10).min == 1990);
  CHECK(summary_of(windows, now, 60).histogram.count() == 120);
  CHECK(summary_of(windows, now, 60).min == 1940);
  // The past is kept in tens of seconds.
  const uint64_t longest = summary_of(windows, now, 300).histogram.count();
  CHECK(longest >= 600);
  CHECK(longest <= 620);

  windows.begin(now + 9);
  CHECK(summary_of(windows, now + 9, 10).histogram.count() == 2);
  windows.begin(now + 10);
  CHECK(summary_of(windows, now + 10, 10).histogram.count() == 0);
  CHECK(summary_of(windows, now + 10, 60).histogram.count() == 100);
  windows.begin(now + 320);
  CHECK(windows.is_empty());
}

TEST_CASE("time windows: a pause of any length forgets what was before it") {
  TimeWindows windows;
  windows.record(5, 100, 3);
  windows.record(1'000'000, 200, 1);
  const TimeWindows::Summary summary = summary_of(windows, 1'000'000, 300);
  CHECK(summary.histogram.count() == 1);
  CHECK(summary.min == 200);
  CHECK(summary_of(TimeWindows(), 10, 10).histogram.count() == 0);
}

}  // namespace
}  // namespace larder
