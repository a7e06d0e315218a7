// LATENCY and its subcommands.
#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "modules/latency/doctor.h"
#include "modules/latency/latency.h"
#include "modules/latency/sparkline.h"
#include "server/base/clock.h"
#include "server/base/errors.h"
#include "server/base/numbers.h"
#include "server/base/text.h"
#include "server/command/arg_reader.h"
#include "server/command/reply_help.h"

namespace larder {
namespace {

constexpr size_t kGraphColumns = 80;
constexpr size_t kGraphRows = 4;

int64_t now_seconds() {
  return wall_clock_ms() / 1000;
}

// nullptr: nothing of this name has happened.
const EventSeries* find_event(Context& ctx, std::string_view name) {
  const Latency::Events& events = ctx.owner<Latency>().events();
  const auto event = events.find(name);
  return event == events.end() ? nullptr : &event->second;
}

// LATENCY LATEST
Status latest(Context& ctx) {
  const Latency::Events& events = ctx.owner<Latency>().events();
  ctx.reply.array(events.size());
  for (const auto& [name, series] : events) {
    ctx.reply.array(4);
    ctx.reply.bulk(name);
    ctx.reply.integer(series.latest().time_seconds);
    ctx.reply.integer(series.latest().ms);
    ctx.reply.integer(series.longest_ms());
  }
  return ok;
}

// LATENCY HISTORY event
Status history(Context& ctx) {
  const EventSeries* series = find_event(ctx, ctx.arg(2));
  const auto samples = series == nullptr ? std::vector<EventSeries::Sample>() : series->samples();
  ctx.reply.array(samples.size());
  for (const EventSeries::Sample& sample : samples) {
    ctx.reply.array(2);
    ctx.reply.integer(sample.time_seconds);
    ctx.reply.integer(sample.ms);
  }
  return ok;
}

// LATENCY RESET [event [event ...]]
Status reset(Context& ctx) {
  Latency::Events& events = ctx.owner<Latency>().events();
  size_t forgotten = events.size();
  if (ctx.argc() == 2) {
    events.clear();
    ctx.owner<Latency>().forget_recent();
  } else {
    for (const std::string_view name : ctx.args(2)) {
      std::erase_if(events,
                    [&](const auto& event) { return equals_ignoring_case(event.first, name); });
    }
  }
  forgotten -= events.size();
  ctx.reply.integer(static_cast<int64_t>(forgotten));
  return ok;
}

// "12s", "5m", "3h", "2d": how long ago.
std::string age_label(int64_t seconds) {
  constexpr int64_t kMinute = 60;
  constexpr int64_t kHour = 60 * kMinute;
  constexpr int64_t kDay = 24 * kHour;
  if (seconds < kMinute) return to_text(seconds) + "s";
  if (seconds < kHour) return to_text(seconds / kMinute) + "m";
  if (seconds < kDay) return to_text(seconds / kHour) + "h";
  return to_text(seconds / kDay) + "d";
}

// LATENCY GRAPH event
Status graph(Context& ctx) {
  const EventSeries* series = find_event(ctx, ctx.arg(2));
  if (series == nullptr) return errors::no_latency_samples(ctx.arg(2));
  const auto samples = series->samples();
  const auto [low, high] = std::ranges::minmax_element(samples, {}, &EventSeries::Sample::ms);
  std::string text(ctx.arg(2));
  text += " - high " + to_text(high->ms) + " ms, low " + to_text(low->ms) + " ms (all time high " +
          to_text(series->longest_ms()) + " ms)\n" + std::string(kGraphColumns, '-') + "\n";
  std::vector<SparklinePoint> points;
  for (const EventSeries::Sample& sample : samples) {
    points.push_back({sample.ms, age_label(now_seconds() - sample.time_seconds)});
  }
  ctx.reply.verbatim("txt", text + sparkline(points, kGraphColumns, kGraphRows));
  return ok;
}

// LATENCY DOCTOR
Status doctor(Context& ctx) {
  Latency& latency = ctx.owner<Latency>();
  const OptionBase* slow_log = ctx.services.options.find("slowlog-log-slower-than");
  const auto threshold_us = slow_log == nullptr ? std::nullopt : parse_int64(slow_log->text());
  ctx.reply.verbatim("txt", latency_report({latency.events(), latency.threshold_ms(),
                                            threshold_us.value_or(-1), now_seconds()}));
  return ok;
}

// The upper ends of the buckets, as Redis shows them: powers of two from 1.024 us on, in whole
// microseconds of the largest value that its own histogram keeps together with them.
int64_t shown_end_us(size_t bucket) {
  constexpr size_t kFirstPower = 10;
  constexpr size_t kPrecision = 7;
  const int64_t end_ns = int64_t{1} << (bucket + kFirstPower);
  return (end_ns + (end_ns >> kPrecision) - 1) / 1000;
}

// How many calls took up to how long: only where the count grows.
void reply_distribution(Context& ctx, const Histogram& histogram) {
  constexpr size_t kBuckets = 31;  // up to 2^40 ns, beyond which the histogram does not count
  ctx.reply.map(2);
  ctx.reply.bulk("calls");
  ctx.reply.integer(static_cast<int64_t>(histogram.count()));
  ctx.reply.bulk("histogram_usec");
  auto distribution = ctx.reply.deferred_map();
  uint64_t shown = 0;
  size_t lines = 0;
  for (size_t bucket = 0; bucket < kBuckets && shown < histogram.count(); bucket++) {
    const uint64_t count = histogram.count_up_to((uint64_t{1024} << bucket) - 1);
    if (count == shown) continue;
    ctx.reply.integer(shown_end_us(bucket));
    ctx.reply.integer(static_cast<int64_t>(count));
    shown = count;
    lines++;
  }
  distribution.finish(lines);
}

size_t reply_histogram(Context& ctx, const Command& command) {
  const Histogram histogram = ctx.owner<Latency>().histogram_of(command);
  if (histogram.count() == 0) return 0;
  ctx.reply.bulk(command.full_name());
  reply_distribution(ctx, histogram);
  return 1;
}

// LATENCY HISTOGRAM [command [command ...]]
Status histogram(Context& ctx) {
  auto histograms = ctx.reply.deferred_map();
  size_t shown = 0;
  if (ctx.argc() == 2) {
    for (const Command& command : ctx.services.commands.rows())
      shown += reply_histogram(ctx, command);
  }
  for (const std::string_view name : ctx.args(2)) {
    const Command* command = ctx.services.commands.find_full(name);
    if (command == nullptr) continue;
    shown += reply_histogram(ctx, *command);
    for (const Command* subcommand : command->subcommands()) {
      shown += reply_histogram(ctx, *subcommand);
    }
  }
  histograms.finish(shown);
  return ok;
}

// --- LATENCY PERCENTILES ---

struct PercentilesRequest {
  const Command* command = nullptr;  // nullptr: all together
  int64_t seconds = 60;
  Latency::Kind kind = Latency::Kind::service;
};

Result<PercentilesRequest> read_percentiles_request(Context& ctx) {
  constexpr std::array<int64_t, 3> kWindows = {10, 60, 300};
  PercentilesRequest request;
  ArgReader args(ctx, 2);
  if (args.has_more() && !args.sees("WINDOW") && !args.sees("KIND")) {
    const std::string_view name = args.text();
    request.command = ctx.services.commands.find_full(name);
    if (request.command == nullptr) return errors::no_such_command(name);
  }
  while (args.has_more()) {
    if (args.option("WINDOW")) {
      request.seconds = args.integer();
      if (std::ranges::find(kWindows, request.seconds) == kWindows.end()) args.fail(errors::wrong_latency_window());
    } else if (args.option("KIND")) {
      const std::string_view kind = args.text();
      if (equals_ignoring_case(kind, "execution")) {
        request.kind = Latency::Kind::execution;
      } else if (!equals_ignoring_case(kind, "service")) {
        args.fail(errors::wrong_latency_kind());
      }
    } else {
      args.fail(errors::syntax());
    }
  }
  TRY(args.finish());
  return request;
}

TimeWindows::Summary recent_summary(Context& ctx, const PercentilesRequest& request) {
  Latency& latency = ctx.owner<Latency>();
  if (request.command == nullptr) return latency.recent_of_all(request.kind, request.seconds);
  TimeWindows::Summary summary;
  latency.add_recent(*request.command, request.kind, request.seconds, summary);
  for (const Command* subcommand : request.command->subcommands()) {
    latency.add_recent(*subcommand, request.kind, request.seconds, summary);
  }
  return summary;
}

// LATENCY PERCENTILES [command] [WINDOW <10 | 60 | 300>] [KIND <service | execution>]
Status percentiles(Context& ctx) {
  TRY(const PercentilesRequest request, read_percentiles_request(ctx));
  const TimeWindows::Summary summary = recent_summary(ctx, request);
  const Histogram& histogram = summary.histogram;
  const auto reply = [&](std::string_view name, double nanoseconds) {
    ctx.reply.bulk(name);
    ctx.reply.number(std::round(nanoseconds) / 1000);
  };
  const auto reply_percentile = [&](std::string_view name, double percent) {
    reply(name, static_cast<double>(summary.percentile(percent)));
  };
  ctx.reply.map(8);
  ctx.reply.bulk("count");
  ctx.reply.integer(static_cast<int64_t>(histogram.count()));
  reply("min", histogram.count() == 0 ? 0 : static_cast<double>(summary.min));
  reply("mean", histogram.mean());
  reply_percentile("p50", 50);
  reply_percentile("p95", 95);
  reply_percentile("p99", 99);
  reply_percentile("p99.9", 99.9);
  reply("max", static_cast<double>(histogram.max()));
  return ok;
}

constexpr std::string_view kHelp[] = {
    "DOCTOR",
    "    What the events say, in words, and what can be done.",
    "GRAPH <event>",
    "    A graph of the event's samples, made of characters.",
    "HISTORY <event>",
    "    The event's samples: when, and how many milliseconds.",
    "LATEST",
    "    The latest sample of each event, and the worst.",
    "RESET [<event> ...]",
    "    Forget the samples of these events, or of all.",
    "HISTOGRAM [<command> ...]",
    "    How many calls of each command took up to how many microseconds.",
    "PERCENTILES [<command>] [WINDOW <10 | 60 | 300>] [KIND <service | execution>]",
    "    How many microseconds requests took in the last seconds (60): from when they",
    "    could be read to when their replies were written, or the command alone.",
};

// LATENCY HELP
Status help(Context& ctx) {
  reply_help(ctx, kHelp);
  return ok;
}

constexpr uint64_t kLatency = kAdmin | kNoScript | kLoading | kStale | kAllNodes;
constexpr uint64_t kReport = kLatency | kNondeterministic | kSpecialResponse;

constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"latency", nullptr, -2, 0, no_keys(), "2.8.13", "", "", "Commands about what takes long."},
    {"latency|doctor", doctor, 2, kReport, no_keys(), "2.8.13", "O(1)", "",
     "Explains what made everybody wait, and what can be done."},
    {"latency|graph", graph, 3, kReport, no_keys(), "2.8.13", "O(1)", "event",
     "Draws the samples of an event."},
    {"latency|help", help, 2, kLoading | kStale, no_keys(), "2.8.13", "O(1)", "",
     "Lists the subcommands."},
    {"latency|histogram", histogram, -2, kReport, no_keys(), "7.0.0",
     "O(N) where N is the number of commands with a histogram", "[command [command ...]]",
     "Returns how many calls of each command took up to how long."},
    {"latency|history", history, 3, kReport, no_keys(), "2.8.13", "O(1)", "event",
     "Returns the samples of an event."},
    {"latency|latest", latest, 2, kReport, no_keys(), "2.8.13", "O(1)", "",
     "Returns the latest sample of every event."},
    {"latency|percentiles", percentiles, -2, kReport, no_keys(), "7.2.0",
     "O(N) where N is the number of commands",
     "[command] [WINDOW seconds] [KIND <SERVICE | EXECUTION>]",
     "Returns percentiles of the time that requests took in the last seconds."},
    {"latency|reset", reset, -2, kLatency | kAggregateSum, no_keys(), "2.8.13", "O(1)",
     "[event [event ...]]", "Forgets the samples of events."},
};

}  // namespace

std::vector<CommandFamily> latency_commands() {
  return {{"server", kCommands}};
}

}  // namespace larder
