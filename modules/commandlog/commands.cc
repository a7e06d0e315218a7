// SLOWLOG, as Redis has it, and COMMANDLOG, as Valkey 8.1: the first is the slow log of the second.
#include <algorithm>
#include <array>

#include "modules/commandlog/commandlog.h"
#include "server/command/arg_reader.h"
#include "server/command/reply_help.h"

namespace larder {
namespace {

constexpr int64_t kAll = -1;
constexpr int64_t kDefaultCount = 10;

constexpr std::array<std::string_view, kLogTypes> kTypeNames = {"slow", "large-request",
                                                                "large-reply"};

Result<RequestLog*> log_of(Context& ctx, std::string_view type) {
  for (size_t i = 0; i < kLogTypes; i++) {
    if (!equals_ignoring_case(type, kTypeNames[i])) continue;
    return &ctx.owner<CommandLog>().log(static_cast<LogType>(i));
  }
  return errors::unknown_log_type();
}

RequestLog& slow_log(Context& ctx) {
  return ctx.owner<CommandLog>().log(LogType::slow);
}

Result<int64_t> count_of(std::string_view text) {
  const auto count = parse_int64(text);
  if (!count || *count < kAll) return errors::count_below_minus_one();
  return *count;
}

Status get(Context& ctx, const RequestLog& log, int64_t count, bool with_queue = false) {
  const auto& entries = log.entries();
  const size_t shown =
      count == kAll ? entries.size() : std::min(entries.size(), static_cast<size_t>(count));
  ctx.reply.array(shown);
  for (size_t i = 0; i < shown; i++) {
    const RequestLog::Entry& entry = entries[i];
    ctx.reply.array(with_queue ? 7 : 6);
    ctx.reply.integer(entry.id);
    ctx.reply.integer(entry.time_seconds);
    ctx.reply.integer(entry.value);
    ctx.reply.bulk_array(entry.arguments);
    ctx.reply.bulk(entry.address);
    ctx.reply.bulk(entry.name);
    if (with_queue) ctx.reply.integer(entry.queued_us);
  }
  return ok;
}

Status length(Context& ctx, const RequestLog& log) {
  ctx.reply.integer(static_cast<int64_t>(log.entries().size()));
  return ok;
}

Status reset(Context& ctx, RequestLog& log) {
  log.clear();
  ctx.reply.ok();
  return ok;
}

// SLOWLOG GET [count]
Status slowlog_get(Context& ctx) {
  if (ctx.argc() > 3) return errors::wrong_subcommand_arity(ctx.arg(1), "SLOWLOG");
  int64_t count = kDefaultCount;
  if (ctx.argc() == 3) {
    TRY(count, count_of(ctx.arg(2)));
  }
  return get(ctx, slow_log(ctx), count);
}

// SLOWLOG LEN
Status slowlog_len(Context& ctx) {
  return length(ctx, slow_log(ctx));
}

// SLOWLOG RESET
Status slowlog_reset(Context& ctx) {
  return reset(ctx, slow_log(ctx));
}

// COMMANDLOG GET count <slow | large-request | large-reply> [WITHQUEUE]
Status commandlog_get(Context& ctx) {
  TRY(const int64_t count, count_of(ctx.arg(2)));
  TRY(const RequestLog* log, log_of(ctx, ctx.arg(3)));
  // Asked for by name, because there are clients that read six fields and lose their place at a seventh.
  ArgReader args(ctx, 4);
  const bool with_queue = log == &slow_log(ctx) && args.option("WITHQUEUE");
  TRY(args.finish());
  return get(ctx, *log, count, with_queue);
}

// COMMANDLOG LEN <slow | large-request | large-reply>
Status commandlog_len(Context& ctx) {
  TRY(const RequestLog* log, log_of(ctx, ctx.arg(2)));
  return length(ctx, *log);
}

// COMMANDLOG RESET <slow | large-request | large-reply>
Status commandlog_reset(Context& ctx) {
  TRY(RequestLog * log, log_of(ctx, ctx.arg(2)));
  return reset(ctx, *log);
}

constexpr std::string_view kSlowlogHelp[] = {
    "GET [<count>]",
    "    The newest entries of the slow log (10 by default, -1: all). Each is made of:",
    "    number, time, microseconds, arguments, address and name of the client.",
    "LEN",
    "    How many entries there are.",
    "RESET",
    "    Forget all entries.",
};

constexpr std::string_view kCommandlogHelp[] = {
    "GET <count> <type> [WITHQUEUE]",
    "    The newest entries of a log (-1: all). Each is made of: number, time,",
    "    microseconds or bytes, arguments, address and name of the client; of slow",
    "    requests WITHQUEUE also tells how many microseconds they waited to begin.",
    "LEN <type>",
    "    How many entries there are.",
    "RESET <type>",
    "    Forget all entries.",
    "Types are: slow, large-request, large-reply.",
};

// SLOWLOG HELP
Status slowlog_help(Context& ctx) {
  reply_help(ctx, kSlowlogHelp);
  return ok;
}

// COMMANDLOG HELP
Status commandlog_help(Context& ctx) {
  reply_help(ctx, kCommandlogHelp);
  return ok;
}

constexpr uint64_t kLog = kAdmin | kLoading | kStale | kAllNodes;

constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"commandlog", nullptr, -2, 0, no_keys(), "8.1.0", "", "",
     "Commands about requests that were slow or large."},
    {"commandlog|get", commandlog_get, -4, kLog | kNondeterministic, no_keys(), "8.1.0",
     "O(N) where N is the number of entries returned", "count <SLOW | LARGE-REQUEST | LARGE-REPLY> [WITHQUEUE]",
     "Returns the newest entries of a log."},
    {"commandlog|help", commandlog_help, 2, kLoading | kStale, no_keys(), "8.1.0", "O(1)", "",
     "Lists the subcommands."},
    {"commandlog|len", commandlog_len, 3, kLog | kNondeterministic | kAggregateSum, no_keys(),
     "8.1.0", "O(1)", "<SLOW | LARGE-REQUEST | LARGE-REPLY>",
     "Returns the number of entries of a log."},
    {"commandlog|reset", commandlog_reset, 3, kLog | kAllSucceeded, no_keys(), "8.1.0",
     "O(N) where N is the number of entries", "<SLOW | LARGE-REQUEST | LARGE-REPLY>",
     "Forgets the entries of a log."},
    {"slowlog", nullptr, -2, 0, no_keys(), "2.2.12", "", "",
     "Commands about requests that were slow."},
    {"slowlog|get", slowlog_get, -2, kLog | kNondeterministic, no_keys(), "2.2.12",
     "O(N) where N is the number of entries returned", "[count]",
     "Returns the newest entries of the slow log."},
    {"slowlog|help", slowlog_help, 2, kLoading | kStale, no_keys(), "6.2.0", "O(1)", "",
     "Lists the subcommands."},
    {"slowlog|len", slowlog_len, 2, kLog | kNondeterministic | kAggregateSum, no_keys(), "2.2.12",
     "O(1)", "", "Returns the number of entries of the slow log."},
    {"slowlog|reset", slowlog_reset, 2, kLog | kAllSucceeded, no_keys(), "2.2.12",
     "O(N) where N is the number of entries", "", "Forgets the entries of the slow log."},
};

}  // namespace

std::vector<CommandFamily> commandlog_commands() {
  return {{"server", kCommands}};
}

}  // namespace larder
