#include "modules/latency/event_series.h"

#include <catch2/catch.hpp>

namespace larder {
namespace {

TEST_CASE("an event keeps the worst of each second") {
  EventSeries series;
  series.add(100, 5);
  series.add(100, 9);
  series.add(100, 7);
  series.add(102, 3);
  const auto samples = series.samples();
  REQUIRE(samples.size() == 2);
  CHECK(samples[0].time_seconds == 100);
  CHECK(samples[0].ms == 9);
  CHECK(series.latest().time_seconds == 102);
  CHECK(series.latest().ms == 3);
  CHECK(series.longest_ms() == 9);
}

TEST_CASE("an event keeps 160 seconds, and remembers the worst ever") {
  EventSeries series;
  for (int64_t second = 0; second < 200; second++) series.add(second, 1000 - second);
  const auto samples = series.samples();
  REQUIRE(samples.size() == EventSeries::kSamples);
  CHECK(samples.front().time_seconds == 40);
  CHECK(samples.back().time_seconds == 199);
  CHECK(series.longest_ms() == 1000);
}

TEST_CASE("a summary of samples") {
  CHECK(EventSeries().summary(5).samples == 0);
  EventSeries series;
  series.add(10, 100);
  series.add(20, 200);
  series.add(30, 300);
  const EventSeries::Summary summary = series.summary(40);
  CHECK(summary.samples == 3);
  CHECK(summary.mean_ms == 200);
  CHECK(summary.mean_deviation_ms == 66);
  CHECK(summary.period_seconds == Approx(10));
}

}  // namespace
}  // namespace larder
