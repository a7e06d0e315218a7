#include "modules/latency/doctor.h"

#include <vector>

#include "server/base/numbers.h"

namespace larder {
namespace {

std::string event_line(size_t number, std::string_view name, const EventSeries& series,
                       int64_t now_seconds) {
  const EventSeries::Summary summary = series.summary(now_seconds);
  std::string line = std::to_string(number) + ". ";
  line.append(name);
  line += ": " + std::to_string(summary.samples) + " latency spikes (average " +
          std::to_string(summary.mean_ms) + "ms, mean deviation " +
          std::to_string(summary.mean_deviation_ms) + "ms, period " +
          format_fixed(summary.period_seconds, 2) + " sec). Worst all time event " +
          std::to_string(series.longest_ms()) + "ms.\n";
  return line;
}

void advise_on_commands(const Diagnosis& diagnosis, std::vector<std::string>& advice) {
  const std::string wanted = std::to_string(diagnosis.threshold_ms * 1000);
  if (diagnosis.slow_log_threshold_us < 0) {
    advice.push_back(
        "The slow log is off, so nothing tells which commands were slow. Switch it on: "
        "CONFIG SET slowlog-log-slower-than " +
        wanted);
  } else if (diagnosis.slow_log_threshold_us > diagnosis.threshold_ms * 1000 &&
             diagnosis.threshold_ms > 0) {
    advice.push_back(
        "The slow log leaves out commands that are events here. Let it see as much: "
        "CONFIG SET slowlog-log-slower-than " +
        wanted);
  }
  advice.emplace_back(
      "SLOWLOG GET names the commands that were slow, with their arguments. What takes long is "
      "what "
      "looks at many elements: KEYS, SMEMBERS and HGETALL of large keys, ranges without a limit. "
      "SCAN, HSCAN, SSCAN and ZSCAN do the same in steps; MEMORY USAGE finds the large keys.");
}

void advise_on_fast_commands(std::vector<std::string>& advice) {
  advice.emplace_back(
      "Commands that look at a handful of elements took long. Either they were given thousands of "
      "arguments (SLOWLOG GET shows it), or the process did not get the processor: compare with "
      "'redis-cli --intrinsic-latency 100' on this machine, look at steal time in top, move other "
      "busy programs away, and make sure that no memory of the server is swapped out.");
}

// What can be done about an event, in the order in which events are listed.
void advise(std::string_view event, const Diagnosis& diagnosis, std::vector<std::string>& advice) {
  if (event == "command") return advise_on_commands(diagnosis, advice);
  if (event == "fast-command") return advise_on_fast_commands(advice);
  if (event == "expire-cycle") {
    advice.emplace_back(
        "Keys that have expired are removed in slices of a third of a millisecond. One that took "
        "longer was kept from the processor, or listeners of keyspace notifications took the time: "
        "see notify-keyspace-events.");
  } else if (event.starts_with("eviction")) {
    advice.emplace_back(
        "Memory was full and keys had to go before a command could run. Writes of large values and "
        "a "
        "maxmemory that was lowered at once cause it; more headroom, or lowering maxmemory in "
        "steps, "
        "avoids it.");
  } else if (event == "cron") {
    advice.emplace_back(
        "Looking after the clients took long, which grows with their number: INFO clients shows "
        "it. "
        "A connection pool, or 'timeout' for those that are silent, lowers it.");
  }
}

}  // namespace

std::string latency_report(const Diagnosis& diagnosis) {
  if (diagnosis.events.empty() && diagnosis.threshold_ms == 0) {
    return "I'm sorry, I have nothing to go by: latency monitoring is off. 'CONFIG SET "
           "latency-monitor-threshold <milliseconds>' switches it on; 100 is a good beginning.\n";
  }
  if (diagnosis.events.empty()) {
    return "No latency spike was observed since monitoring was switched on: nothing has kept the "
           "server busy for " +
           std::to_string(diagnosis.threshold_ms) + " ms or more.\n";
  }
  std::string report = "These latency spikes were observed:\n\n";
  std::vector<std::string> advice;
  size_t number = 0;
  for (const auto& [name, series] : diagnosis.events) {
    report += event_line(++number, name, series, diagnosis.now_seconds);
    advise(name, diagnosis, advice);
  }
  if (!advice.empty()) report += "\nWhat can be done:\n\n";
  for (const std::string& line : advice) report += "- " + line + "\n";
  return report;
}

}  // namespace larder
