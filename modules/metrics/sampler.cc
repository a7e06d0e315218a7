#include "modules/metrics/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "modules/metrics/asked_commands.h"
#include "server/base/text.h"
#include "server/module/reply_fields.h"

namespace larder {
namespace {

constexpr double kUsPerSecond = 1e6;
constexpr double kNsPerUs = 1e3;
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

// Only these sections are read every second: those of clients and memory look at each client.
constexpr std::string_view kSections[] = {"Stats", "CPU", "Pressure"};

constexpr Series kSeries[] = {
    {"requests", "total_commands_processed", SeriesKind::rate},
    {"hits", "keyspace_hits", SeriesKind::rate},
    {"misses", "keyspace_misses", SeriesKind::rate},
    {"errors", "total_error_replies", SeriesKind::rate},
    {"evicted", "evicted_keys", SeriesKind::rate},
    {"expired", "expired_keys", SeriesKind::rate},
    {"input_bytes", "total_net_input_bytes", SeriesKind::rate},
    {"output_bytes", "total_net_output_bytes", SeriesKind::rate},
    {"connections", "total_connections_received", SeriesKind::rate},
    {"rejected", "rejected_connections", SeriesKind::rate},
    {"cpu_user", "used_cpu_user", SeriesKind::rate, 100},
    {"cpu_system", "used_cpu_sys", SeriesKind::rate, 100},
    {"loop_busy", "eventloop_duration_sum", SeriesKind::rate, 100 / 1e6F},
    {"memory_used", "", SeriesKind::derived},
    {"memory_rss", "", SeriesKind::derived},
    {"memory_limit", "", SeriesKind::derived},
    {"fragmentation", "", SeriesKind::derived},
    {"pressure_percent", "pressure_percent"},
    {"pressure_level", "", SeriesKind::derived},
    {"clients", "", SeriesKind::derived},
    {"blocked", "", SeriesKind::derived},
    {"keys", "", SeriesKind::derived},
    {"keys_expiring", "", SeriesKind::derived},
    {"execution_p50", "", SeriesKind::derived},
    {"execution_p95", "", SeriesKind::derived},
    {"execution_p99", "", SeriesKind::derived},
    {"execution_p999", "", SeriesKind::derived},
    {"execution_max", "", SeriesKind::derived},
    {"service_p50", "", SeriesKind::derived},
    {"service_p95", "", SeriesKind::derived},
    {"service_p99", "", SeriesKind::derived},
    {"service_p999", "", SeriesKind::derived},
};
static_assert(History::kRows * (1 + std::size(kSeries)) * sizeof(float) == 475'200,
              "history.h and README.md say how much memory the history takes");

}  // namespace

std::span<const Series> metric_series() {
  return kSeries;
}

void Sampler::tick(int64_t now_ms, int64_t now_us) {
  const int64_t second = now_ms / 1000;
  if (second == last_second_) return;
  last_second_ = second;
  const bool is_first = last_us_ == 0;
  take(now_us);
  // The first sample only says from where to count.
  if (!is_first) history_.add(second, values_);
}

void Sampler::take(int64_t now_us) {
  const double seconds = last_us_ == 0 ? 1 : static_cast<double>(now_us - last_us_) / kUsPerSecond;
  last_us_ = now_us;
  rows_.clear();
  for (const std::string_view section : kSections) read_info(host_.info(), section, rows_);
  sample_fields(seconds);
  sample_derived();
  sample_latency();
  sample_commands(seconds);
}

double Sampler::field(std::string_view name) const {
  for (const InfoRow& row : rows_) {
    if (row.name == name) return row.number().value_or(kNone);
  }
  return kNone;
}

void Sampler::set(std::string_view name, double value) {
  for (size_t i = 0; i < std::size(kSeries); i++) {
    if (kSeries[i].name == name) values_[i] = static_cast<float>(value);
  }
}

void Sampler::sample_fields(double seconds) {
  values_.assign(std::size(kSeries), std::numeric_limits<float>::quiet_NaN());
  totals_.resize(std::size(kSeries), 0);
  for (size_t i = 0; i < std::size(kSeries); i++) {
    const Series& series = kSeries[i];
    if (series.kind == SeriesKind::derived) continue;
    double value = field(series.field);
    if (series.kind == SeriesKind::rate) {
      // After CONFIG RESETSTAT it counts from 0 again.
      const double growth = value < totals_[i] ? value : value - totals_[i];
      totals_[i] = value;
      value = growth / seconds;
    }
    values_[i] = static_cast<float>(value) * series.scale;
  }
}

void Sampler::sample_derived() {
  sample_memory();
  set("clients", static_cast<double>(host_.clients().size()));
  set("blocked", static_cast<double>(host_.blocked_clients()));
  double keys = 0;
  double expiring = 0;
  Keyspace& keyspace = host_.keyspace();
  for (size_t i = 0; i < keyspace.database_count(); i++) {
    keys += static_cast<double>(keyspace.database(i).size());
    expiring += static_cast<double>(keyspace.database(i).expiring());
  }
  set("keys", keys);
  set("keys_expiring", expiring);
  for (const InfoRow& row : rows_) {
    if (row.name != "pressure_level") continue;
    set("pressure_level", row.value == "normal" ? 0 : row.value == "moderate" ? 1 : 2);
  }
}

// As INFO memory has them.
void Sampler::sample_memory() {
  const MemoryUsage& memory = host_.memory();
  const auto used = static_cast<double>(memory.used());
  const auto resident = static_cast<double>(memory.resident());
  const auto sampled = static_cast<double>(memory.sampled_used());
  set("memory_used", used);
  set("memory_rss", resident);
  set("fragmentation", sampled > 0 ? resident / sampled : 0);
  // Where the cache has no limit of its own, the one that the pressure is measured against.
  const auto limit = static_cast<double>(memory.limit());
  set("memory_limit", limit > 0 ? limit : field("pressure_limit"));
}

// What commands took in this second, if it was recorded, and, where the module that measures it is there,
// what clients saw.
void Sampler::sample_latency() {
  if (execution_ns_.count() > 0) {
    const auto percentile = [this](double percent) {
      return static_cast<double>(execution_ns_.percentile(percent)) / kNsPerUs;
    };
    set("execution_p50", percentile(50));
    set("execution_p95", percentile(95));
    set("execution_p99", percentile(99));
    set("execution_p999", percentile(99.9));
    set("execution_max", static_cast<double>(execution_ns_.max()) / kNsPerUs);
    execution_ns_.empty();
  }
  constexpr std::string_view kRequest[] = {"LATENCY", "PERCENTILES", "WINDOW",
                                           "10",      "KIND",        "service"};
  const auto reply = host_.ask(kRequest, kAskedCommands);
  // Percentiles of nothing are not 0.
  if (!reply.is_ok() || number_field(reply.value(), "count") == 0) return;
  const auto& pairs = reply.value().children;
  for (size_t i = 0; i + 1 < pairs.size(); i += 2) {
    std::string name = "service_" + pairs[i].text;
    std::erase(name, '.');
    set(name, number_of(pairs[i + 1]).value_or(kNone));
  }
}

void Sampler::sample_commands(double seconds) {
  constexpr double kMemorySeconds = 10;
  const double weight = 1 - std::exp(-seconds / kMemorySeconds);
  const auto& commands = host_.commands().rows();
  const bool is_first = command_rates_.empty();
  command_rates_.resize(commands.size());
  for (size_t i = 0; i < commands.size(); i++) {
    const CommandStats& stats = commands[i].stats;
    CommandRate& rate = command_rates_[i];
    const auto grown = [](uint64_t now, uint64_t& last) {
      const uint64_t growth = now < last ? now : now - last;
      last = now;
      return static_cast<double>(growth);
    };
    const double calls = grown(stats.calls, rate.last_calls) / seconds;
    const double busy_us = grown(stats.nanoseconds, rate.last_ns) / kNsPerUs / seconds;
    if (is_first) continue;
    rate.calls += weight * (calls - rate.calls);
    rate.busy_us += weight * (busy_us - rate.busy_us);
  }
}

}  // namespace larder
