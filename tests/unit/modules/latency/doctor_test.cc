#include "modules/latency/doctor.h"

#include <catch2/catch.hpp>

namespace larder {
namespace {

bool has(const std::string& report, const std::string& text) {
  return report.find(text) != std::string::npos;
}

TEST_CASE("the doctor says what is missing to say anything") {
  const Latency::Events events;
  CHECK(has(latency_report({events, 0, 10'000, 1000}), "latency-monitor-threshold <milliseconds>"));
  CHECK(has(latency_report({events, 50, 10'000, 1000}), "No latency spike"));
}

TEST_CASE("the doctor's advice follows from events and options") {
  Latency::Events events;
  events["command"].add(900, 120);
  events["command"].add(950, 80);
  const std::string report = latency_report({events, 50, 10'000, 1000});
  CHECK(has(report,
            "1. command: 2 latency spikes (average 100ms, mean deviation 20ms, period 50.00 sec). "
            "Worst all time event 120ms."));
  CHECK(has(report, "SLOWLOG GET"));
  CHECK_FALSE(has(report, "CONFIG SET"));
  CHECK(has(latency_report({events, 50, -1, 1000}), "CONFIG SET slowlog-log-slower-than 50000"));
  CHECK(
      has(latency_report({events, 50, 60'000, 1000}), "CONFIG SET slowlog-log-slower-than 50000"));

  events.clear();
  events["fast-command"].add(900, 120);
  CHECK(has(latency_report({events, 50, 10'000, 1000}), "--intrinsic-latency"));
}

}  // namespace
}  // namespace larder
