// LATENCY DOCTOR: what the events of LATENCY say, in words, and what can be done about them.
#pragma once

#include <cstdint>
#include <string>

#include "modules/latency/latency.h"

namespace larder {

struct Diagnosis {
  const Latency::Events& events;
  int64_t threshold_ms;           // latency-monitor-threshold
  int64_t slow_log_threshold_us;  // slowlog-log-slower-than; -1: off, or there is none
  int64_t now_seconds;
};

std::string latency_report(const Diagnosis& diagnosis);

}  // namespace larder
