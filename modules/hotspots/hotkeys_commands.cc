// HOTKEYS, in the shape of Redis 8.6.
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "modules/hotspots/hotspots.h"
#include "server/base/clock.h"
#include "server/command/arg_reader.h"
#include "server/command/reply_help.h"

namespace larder {
namespace {

constexpr int64_t kMetrics = 2;
constexpr int64_t kLastSlot = 16'383;
constexpr double kNsPerUs = 1000;

// An argument as an integer between both; else the error, whatever was wrong with it.
Result<int64_t> integer_between(std::string_view text, int64_t min, int64_t max, Error error) {
  const auto number = parse_int64(text);
  if (!number || *number < min || *number > max) return error;
  return *number;
}

// METRICS count [CPU] [NET]. Names that are not known are passed over: a later version may know
// them.
Status read_metrics(ArgReader& args, HotKeysSession::Settings& settings) {
  if (args.left() < 2 || !args.option("METRICS")) return errors::hotkeys_metrics_missing();
  TRY(const int64_t count,
      integer_between(args.text(), 1, kMetrics, errors::hotkeys_metric_count(kMetrics)));
  int64_t read = 0;
  for (; args.has_more() && read < count; read++) {
    const std::string_view metric = args.text();
    for (const auto& [name, is_on] :
         {std::pair("CPU", &settings.by_time), {"NET", &settings.by_bytes}}) {
      if (!equals_ignoring_case(metric, name)) continue;
      if (*is_on) return errors::hotkeys_metric_twice(name);
      *is_on = true;
    }
  }
  if (read != count) return errors::hotkeys_metric_mismatch();
  if (!settings.by_time && !settings.by_bytes) return errors::hotkeys_no_valid_metric();
  return ok;
}

// HOTKEYS START METRICS count [CPU] [NET] [COUNT k] [DURATION seconds] [SAMPLE ratio]
Status start(Context& ctx) {
  Hotspots& hotspots = ctx.owner<Hotspots>();
  if (hotspots.has_active_session()) return errors::hotkeys_in_progress();
  HotKeysSession::Settings settings;
  ArgReader args(ctx, 2);
  TRY(read_metrics(args, settings));
  while (args.has_more()) {
    const bool has_value = args.left() > 1;
    if (has_value && args.option("COUNT")) {
      constexpr int64_t kMax = HotKeysSession::kMaxCount;
      TRY(const int64_t count,
          integer_between(args.text(), 1, kMax, errors::not_between("COUNT", 1, kMax)));
      settings.count = static_cast<size_t>(count);
    } else if (has_value && args.option("DURATION")) {
      constexpr int64_t kMax = HotKeysSession::kMaxDurationSeconds;
      TRY(const int64_t seconds,
          integer_between(args.text(), 1, kMax, errors::not_between("DURATION", 1, kMax)));
      settings.duration_ms = seconds * 1000;
    } else if (has_value && args.option("SAMPLE")) {
      TRY(const int64_t ratio, integer_between(args.text(), 1, std::numeric_limits<int32_t>::max(),
                                               errors::hotkeys_sample_not_positive()));
      settings.one_of = static_cast<uint32_t>(ratio);
    } else if (has_value && args.sees("SLOTS")) {
      return errors::hotkeys_slots_without_cluster();
    } else {
      return errors::syntax();
    }
  }
  hotspots.start_session(settings, ctx.now_ms(), monotonic_ms());
  ctx.reply.ok();
  return ok;
}

// HOTKEYS STOP
Status stop(Context& ctx) {
  Hotspots& hotspots = ctx.owner<Hotspots>();
  if (!hotspots.has_active_session()) {
    ctx.reply.null();
    return ok;
  }
  hotspots.stop_session(monotonic_ms());
  ctx.reply.ok();
  return ok;
}

// HOTKEYS RESET
Status reset(Context& ctx) {
  Hotspots& hotspots = ctx.owner<Hotspots>();
  if (hotspots.has_active_session()) return errors::hotkeys_not_stopped();
  hotspots.forget_session();
  ctx.reply.ok();
  return ok;
}

void reply_integer(ReplyWriter& reply, std::string_view name, double value) {
  reply.bulk(name);
  reply.integer(std::llround(value));
}

// Keys and their counts divided by `divisor`, one flat array.
void reply_keys(ReplyWriter& reply, std::string_view name, const HotKeysSession& session,
                const HotKeysSession::Table& table, double divisor) {
  const auto keys =
      table.top(session.settings().count, [](const auto& entry) { return entry.count; });
  reply.bulk(name);
  reply.array(2 * keys.size());
  for (const auto* key : keys) {
    reply.bulk(key->name);
    // Who was seen has taken something.
    reply.integer(static_cast<int64_t>(std::ceil(key->count / divisor)));
  }
}

void reply_session(ReplyWriter& reply, const HotKeysSession& session, int64_t now_ms) {
  const auto& settings = session.settings();
  reply.map(size_t{7} + (settings.by_time ? 3 : 0) + (settings.by_bytes ? 2 : 0));
  reply_integer(reply, "tracking-active", session.is_active() ? 1 : 0);
  reply_integer(reply, "sample-ratio", settings.one_of);
  reply.bulk("selected-slots");
  reply.array(1);
  reply.array(2);
  reply.integer(0);
  reply.integer(kLastSlot);
  reply_integer(reply, "all-commands-all-slots-us", session.nanoseconds() / kNsPerUs);
  reply_integer(reply, "net-bytes-all-commands-all-slots", session.bytes());
  reply.bulk("collection-start-time-unix-ms");
  reply.integer(session.began_wall_ms());
  reply.bulk("collection-duration-ms");
  reply.integer(session.duration_ms(now_ms));
  if (settings.by_time) {
    reply.bulk("total-cpu-time-user-ms");
    reply.integer(session.user_ms());
    reply.bulk("total-cpu-time-sys-ms");
    reply.integer(session.system_ms());
  }
  if (settings.by_bytes) reply_integer(reply, "total-net-bytes", session.by_bytes()->total());
  if (settings.by_time) reply_keys(reply, "by-cpu-time-us", session, *session.by_time(), kNsPerUs);
  if (settings.by_bytes) reply_keys(reply, "by-net-bytes", session, *session.by_bytes(), 1);
}

// HOTKEYS GET
Status get(Context& ctx) {
  const HotKeysSession* session = ctx.owner<Hotspots>().session();
  if (session == nullptr) {
    ctx.reply.null();
    return ok;
  }
  // An array of one, so that the answers of several nodes can be put together.
  ctx.reply.array(1);
  reply_session(ctx.reply, *session, monotonic_ms());
  return ok;
}

constexpr std::string_view kHotKeysHelp[] = {
    "START METRICS <count> [CPU] [NET] [COUNT <k>] [DURATION <seconds>] [SAMPLE <ratio>]",
    "    Begin to measure which keys cost most processor time (CPU), or bytes of requests and",
    "    replies (NET). COUNT: how many are shown, 10 unless told. DURATION: stops by itself.",
    "    SAMPLE: only one of so many requests is measured; figures are still those of all.",
    "STOP",
    "    End it. What was measured stays.",
    "GET",
    "    What was measured so far.",
    "RESET",
    "    Forget what was measured. It must have been stopped.",
};

// HOTKEYS HELP
Status hotkeys_help(Context& ctx) {
  reply_help(ctx, kHotKeysHelp);
  return ok;
}

constexpr uint64_t kControl = kAdmin | kNoScript;

constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"hotkeys", nullptr, -2, 0, no_keys(), "8.6.0", "", "",
     "Commands about the keys that cost most."},
    {"hotkeys|get", get, 2, kControl, no_keys(), "8.6.0",
     "O(K) where K is the number of keys shown", "",
     "Returns which keys have cost most since HOTKEYS START."},
    {"hotkeys|help", hotkeys_help, 2, kLoading | kStale, no_keys(), "8.6.1", "O(1)", "",
     "Lists the subcommands."},
    {"hotkeys|reset", reset, 2, kControl, no_keys(), "8.6.0", "O(1)", "",
     "Forgets what HOTKEYS START has begun to measure."},
    {"hotkeys|start", start, -2, kControl, no_keys(), "8.6.0", "O(1)",
     "METRICS count [CPU] [NET] [COUNT k] [DURATION seconds] [SAMPLE ratio] "
     "[SLOTS count slot [slot ...]]",
     "Begins to measure which keys cost most."},
    {"hotkeys|stop", stop, 2, kControl, no_keys(), "8.6.0", "O(1)", "",
     "Ends what HOTKEYS START has begun; the figures stay."},
};

}  // namespace

CommandFamily hotkeys_commands() {
  return {"server", kCommands};
}

}  // namespace larder
