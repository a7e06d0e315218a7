// HOTSPOTS: the view of the load that is always on.
#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <unordered_map>

#include "modules/hotspots/hotspots.h"
#include "server/command/arg_reader.h"
#include "server/command/reply_help.h"

namespace larder {
namespace {

constexpr double kNsPerUs = 1000;

void reply_integer(ReplyWriter& reply, std::string_view name, double value) {
  reply.bulk(name);
  reply.integer(std::llround(value));
}

constexpr int64_t kDefaultShown = 10;
constexpr int64_t kMostShown = 256;

struct Question {
  std::optional<Measure> measure;  // nullopt: all of them alike
  size_t count = kDefaultShown;
};

// [BY <requests | time | bytes>] [COUNT count]
Result<Question> read_question(Context& ctx, bool has_measure) {
  Question question;
  ArgReader args(ctx, 2);
  while (args.has_more()) {
    if (has_measure && args.option("BY")) {
      if (args.option("REQUESTS")) {
        question.measure = Measure::requests;
      } else if (args.option("TIME")) {
        question.measure = Measure::time;
      } else if (args.option("BYTES")) {
        question.measure = Measure::bytes;
      } else {
        args.fail(errors::syntax());
      }
    } else if (args.option("COUNT")) {
      question.count = static_cast<size_t>(args.integer(1, kMostShown));
    } else {
      args.fail(errors::syntax());
    }
  }
  TRY(args.finish());
  return question;
}

template <class Table>
auto heaviest(const Table& table, const Question& question) {
  return table.top(question.count, [&](const auto& entry) {
    return question.measure ? entry.figures.load.get(*question.measure) : entry.count;
  });
}

double two_decimals(double value) {
  return std::round(value * 100) / 100;
}

void reply_number(ReplyWriter& reply, std::string_view name, double value) {
  reply.bulk(name);
  reply.number(two_decimals(value));
}

double percent_of(double part, double all) {
  return all > 0 ? 100 * part / all : 0;
}

// Nine pairs.
constexpr size_t kLoadPairs = 9;
void reply_load(ReplyWriter& reply, const LoadView& view, const Load& load) {
  const Load& all = view.all();
  reply_number(reply, "requests-per-second", view.per_second(load.requests));
  reply_number(reply, "requests-percent", percent_of(load.requests, all.requests));
  reply_number(reply, "usec-per-second", view.per_second(load.nanoseconds) / kNsPerUs);
  reply_number(reply, "usec-percent", percent_of(load.nanoseconds, all.nanoseconds));
  reply_number(reply, "bytes-per-second", view.per_second(load.bytes));
  reply_number(reply, "bytes-percent", percent_of(load.bytes, all.bytes));
  reply_number(reply, "hits-per-second", view.per_second(load.hits));
  reply_number(reply, "misses-per-second", view.per_second(load.misses));
  reply_number(reply, "writes-per-second", view.per_second(load.writes));
}

// HOTSPOTS KEYS [BY <requests | time | bytes>] [COUNT count]
Status keys(Context& ctx) {
  TRY(const Question question, read_question(ctx, true));
  const LoadView* view = ctx.owner<Hotspots>().view();
  if (view == nullptr) {
    ctx.reply.array(0);
    return ok;
  }
  const auto entries = heaviest(view->keys(), question);
  ctx.reply.array(entries.size());
  for (const auto* entry : entries) {
    ctx.reply.map(2 + kLoadPairs);
    ctx.reply.bulk("key");
    ctx.reply.bulk(entry->name);
    ctx.reply.bulk("db");
    ctx.reply.integer(entry->figures.database);
    reply_load(ctx.reply, *view, entry->figures.load);
  }
  return ok;
}

// HOTSPOTS CLIENTS [BY <requests | time | bytes>] [COUNT count]
Status clients(Context& ctx) {
  TRY(const Question question, read_question(ctx, true));
  const LoadView* view = ctx.owner<Hotspots>().view();
  if (view == nullptr) {
    ctx.reply.array(0);
    return ok;
  }
  const auto entries = heaviest(view->clients(), question);
  std::unordered_map<uint64_t, int64_t> connections;
  for (const auto& [id, client] : ctx.services.clients.all()) connections[client_hash(*client)]++;
  ctx.reply.array(entries.size());
  for (const auto* entry : entries) {
    ctx.reply.map(5 + kLoadPairs);
    ctx.reply.bulk("host");
    ctx.reply.bulk(entry->name);
    ctx.reply.bulk("user");
    ctx.reply.bulk(entry->figures.user);
    ctx.reply.bulk("name");
    ctx.reply.bulk(entry->figures.name);
    ctx.reply.bulk("connections");
    ctx.reply.integer(connections[entry->hash]);
    ctx.reply.bulk("last-id");
    ctx.reply.integer(static_cast<int64_t>(entry->figures.last_id));
    reply_load(ctx.reply, *view, entry->figures.load);
  }
  return ok;
}

// HOTSPOTS BIGKEYS [COUNT count]
Status big_keys(Context& ctx) {
  TRY(const Question question, read_question(ctx, false));
  LoadView* view = ctx.owner<Hotspots>().view();
  if (view == nullptr) {
    ctx.reply.array(0);
    return ok;
  }
  const auto& found = view->big_keys().refresh(ctx.keyspace);
  const size_t count = std::min(question.count, found.size());
  ctx.reply.array(count);
  for (size_t i = 0; i < count; i++) {
    const BigKeys::Key& key = found[i];
    ctx.reply.map(5);
    ctx.reply.bulk("key");
    ctx.reply.bulk(key.name);
    ctx.reply.bulk("db");
    ctx.reply.integer(key.database);
    ctx.reply.bulk("type");
    ctx.reply.bulk(type_name(key.type));
    ctx.reply.bulk("bytes");
    ctx.reply.integer(static_cast<int64_t>(key.bytes));
    ctx.reply.bulk("elements");
    ctx.reply.integer(static_cast<int64_t>(key.elements));
  }
  return ok;
}

// HOTSPOTS NAMESPACES [COUNT count]
Status namespaces(Context& ctx) {
  TRY(const Question question, read_question(ctx, false));
  LoadView* view = ctx.owner<Hotspots>().view();
  if (view == nullptr) {
    ctx.reply.array(0);
    return ok;
  }
  const auto reports = view->namespaces().heaviest(question.count, ctx.keyspace);
  ctx.reply.array(reports.size());
  for (const Namespaces::Report& report : reports) {
    ctx.reply.map(12);
    ctx.reply.bulk("prefix");
    ctx.reply.bulk(report.prefix);
    reply_integer(ctx.reply, "keys", report.keys);
    reply_integer(ctx.reply, "bytes", report.bytes);
    reply_integer(ctx.reply, "requests", report.load.requests);
    reply_integer(ctx.reply, "hits", report.load.hits);
    reply_integer(ctx.reply, "misses", report.load.misses);
    reply_integer(ctx.reply, "sets", report.load.writes);
    reply_integer(ctx.reply, "evictions", report.evictions);
    reply_integer(ctx.reply, "usec", report.load.nanoseconds / kNsPerUs);
    reply_integer(ctx.reply, "traffic-bytes", report.load.bytes);
    reply_number(ctx.reply, "load-percent", 100 * report.load_share);
    reply_number(ctx.reply, "memory-percent", 100 * report.memory_share);
  }
  return ok;
}

// HOTSPOTS RESET
Status reset_view(Context& ctx) {
  ctx.owner<Hotspots>().reset_view();
  ctx.reply.ok();
  return ok;
}

constexpr std::string_view kHotspotsHelp[] = {
    "KEYS [BY <requests|time|bytes>] [COUNT <count>]",
    "    The keys that cost most of late. Without BY, requests, time and bytes count alike.",
    "CLIENTS [BY <requests|time|bytes>] [COUNT <count>]",
    "    The same for clients: all connections of a user from one host together.",
    "NAMESPACES [COUNT <count>]",
    "    The prefixes of keys that have most of the load or of the memory.",
    "BIGKEYS [COUNT <count>]",
    "    The largest of the keys that were looked at.",
    "RESET",
    "    Forget what was seen so far.",
};

// HOTSPOTS HELP
Status hotspots_help(Context& ctx) {
  reply_help(ctx, kHotspotsHelp);
  return ok;
}

constexpr uint64_t kControl = kAdmin | kNoScript;
constexpr uint64_t kReport = kAdmin | kNoScript | kNondeterministic | kAllNodes | kSpecialResponse;

constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"hotspots", nullptr, -2, 0, no_keys(), "7.2.0", "", "", "Commands about where the load is."},
    {"hotspots|bigkeys", big_keys, -2, kReport, no_keys(), "7.2.0", "O(1)", "[COUNT count]",
     "Returns the largest keys."},
    {"hotspots|clients", clients, -2, kReport, no_keys(), "7.2.0",
     "O(N) where N is the number of connections", "[BY <REQUESTS | TIME | BYTES>] [COUNT count]",
     "Returns the clients that cost most of late."},
    {"hotspots|help", hotspots_help, 2, kLoading | kStale, no_keys(), "7.2.0", "O(1)", "",
     "Lists the subcommands."},
    {"hotspots|keys", keys, -2, kReport, no_keys(), "7.2.0", "O(1)",
     "[BY <REQUESTS | TIME | BYTES>] [COUNT count]", "Returns the keys that cost most of late."},
    {"hotspots|namespaces", namespaces, -2, kReport, no_keys(), "7.2.0", "O(1)", "[COUNT count]",
     "Returns the prefixes of keys that have most of the load or of the memory."},
    {"hotspots|reset", reset_view, 2, kControl, no_keys(), "7.2.0", "O(1)", "",
     "Forgets what was seen so far."},
};

}  // namespace

CommandFamily hotspots_commands() {
  return {"server", kCommands};
}

}  // namespace larder
