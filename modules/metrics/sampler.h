// Measures once a second what the history keeps.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "modules/metrics/history.h"
#include "modules/metrics/info_rows.h"
#include "server/info/histogram.h"
#include "server/module/host.h"

namespace larder {

// What a series is made of.
enum class SeriesKind : uint8_t {
  gauge,    // a field of INFO as it is
  rate,     // a field that counts: its growth per second
  derived,  // anything else; see Sampler
};

struct Series {
  std::string_view name;   // as the page knows it
  std::string_view field;  // of INFO
  SeriesKind kind = SeriesKind::gauge;
  float scale = 1;
};

// The order of the values of a row.
std::span<const Series> metric_series();

class Sampler {
 public:
  explicit Sampler(Host& host) : host_(host), history_(metric_series().size()) {}

  // A run of commands has been timed.
  void record(const TimedRun& run) {
    execution_ns_.record(static_cast<uint64_t>(run.mean_ns()), run.calls);
  }
  // Takes a sample if this is the first call within a second of the clock (`now_ms`; rates go by
  // `now_us`, which never goes back). For the tick.
  void tick(int64_t now_ms, int64_t now_us);

  const History& history() const { return history_; }

  // What each command has done of late, per second: a mean in which a second counts e times as much
  // as one ten seconds earlier. By Command::id().
  struct CommandRate {
    double calls = 0;
    double busy_us = 0;
    uint64_t last_calls = 0;
    uint64_t last_ns = 0;
  };
  std::span<const CommandRate> command_rates() const { return command_rates_; }

 private:
  void take(int64_t now_us);
  void sample_fields(double seconds);
  void sample_derived();
  void sample_memory();
  void sample_latency();
  void sample_commands(double seconds);
  void set(std::string_view name, double value);
  double field(std::string_view name) const;

  Host& host_;
  History history_;
  std::vector<InfoRow> rows_;   // of the sections that are sampled, kept for its memory
  std::vector<double> totals_;  // of fields that count, at the last sample
  std::vector<float> values_;
  std::vector<CommandRate> command_rates_;
  Histogram execution_ns_;  // since the last sample
  int64_t last_second_ = 0;
  int64_t last_us_ = 0;  // by monotonic_us()
};

}  // namespace larder
