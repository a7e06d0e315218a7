// Commands about databases as a whole.
#include "server/command/arg_reader.h"
#include "server/commands/database_index.h"
#include "server/commands/families.h"

namespace larder {
namespace {

// DBSIZE
Status dbsize(Context& ctx) {
  ctx.reply.integer(static_cast<int64_t>(ctx.database().size()));
  return ok;
}

enum class Flush { in_background, before_reply };

// Without an option, and with ASYNC, the memory comes back in slices between requests, in which
// nobody waits. With SYNC it is back before the reply.
Result<Flush> read_flush_option(Context& ctx) {
  Flush flush = Flush::in_background;
  ArgReader args(ctx);
  if (args.option("SYNC")) {
    flush = Flush::before_reply;
  } else if (args.option("ASYNC")) {
    flush = Flush::in_background;
  }
  TRY(args.finish());
  return flush;
}

Status reply_to_flush(Context& ctx, Flush flush) {
  if (flush == Flush::before_reply) ctx.keyspace.free_removed(Deadline::never());
  ctx.reply.ok();
  return ok;
}

// FLUSHDB [ASYNC | SYNC]
Status flushdb(Context& ctx) {
  TRY(const Flush flush, read_flush_option(ctx));
  ctx.keyspace.flush(ctx.database());
  return reply_to_flush(ctx, flush);
}

// FLUSHALL [ASYNC | SYNC]
Status flushall(Context& ctx) {
  TRY(const Flush flush, read_flush_option(ctx));
  ctx.keyspace.flush_all();
  return reply_to_flush(ctx, flush);
}

// SWAPDB index1 index2
Status swapdb(Context& ctx) {
  constexpr int64_t kMin = std::numeric_limits<int32_t>::min();
  constexpr int64_t kMax = std::numeric_limits<int32_t>::max();
  const auto read_index = [&](size_t argument) {
    const auto index = parse_int64(ctx.arg(argument));
    return index && *index >= kMin && *index <= kMax ? index : std::nullopt;
  };
  const auto first = read_index(1);
  if (!first) return errors::invalid_first_database_index();
  const auto second = read_index(2);
  if (!second) return errors::invalid_second_database_index();
  TRY(Database* const first_database, parse_database_index(ctx, ctx.arg(1)));
  TRY(Database* const second_database, parse_database_index(ctx, ctx.arg(2)));
  ctx.keyspace.swap(*first_database, *second_database);
  ctx.reply.ok();
  return ok;
}

constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"dbsize", dbsize, 1, kRead | kFast | kKeyspaceCategory | kAllShards | kAggregateSum,
        no_keys(), "1.0.0", "O(1)",
        "",
        "Counts the keys of the database."},
    {"flushall", flushall, -1, kWrite | kKeyspaceCategory | kDangerous | kAllShards | kAllSucceeded,
        no_keys(), "1.0.0",
        "O(N) in the keys of all databases",
        "[ASYNC | SYNC]",
        "Removes all keys of all databases."},
    {"flushdb", flushdb, -1, kWrite | kKeyspaceCategory | kDangerous | kAllShards | kAllSucceeded,
        no_keys(), "1.0.0",
        "O(N) in the keys of the database",
        "[ASYNC | SYNC]",
        "Removes all keys of the database."},
    {"swapdb", swapdb, 3, kWrite | kFast | kKeyspaceCategory | kDangerous, no_keys(), "4.0.0",
        "O(N) in the clients that watch or wait for keys of the two",
        "index1 index2",
        "Exchanges the contents of two databases."},
};

}  // namespace

CommandFamily database_commands() { return {"server", kCommands}; }

}  // namespace larder
