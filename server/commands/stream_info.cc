// Streams: XINFO.
#include <algorithm>

#include "server/base/numbers.h"
#include "server/base/text.h"
#include "server/commands/families.h"
#include "server/command/reply_help.h"
#include "server/commands/stream_arguments.h"
#include "server/commands/stream_reply.h"

namespace larder {
namespace {

void reply_field(Context& ctx, std::string_view name, int64_t value) {
  ctx.reply.bulk(name);
  ctx.reply.integer(value);
}
void reply_field(Context& ctx, std::string_view name, size_t value) {
  reply_field(ctx, name, static_cast<int64_t>(value));
}
void reply_field(Context& ctx, std::string_view name, StreamId value) {
  ctx.reply.bulk(name);
  reply_stream_id(ctx, value);
}
void reply_field(Context& ctx, std::string_view name, std::string_view value) {
  ctx.reply.bulk(name);
  ctx.reply.bulk(value);
}

Result<Found<Stream>> find_stream(Context& ctx) {
  TRY(auto stream, ctx.find<Stream>(ctx.key(2)));
  if (!stream) return errors::no_such_key();
  return stream;
}

// How far a group has come: two fields of three.
void reply_progress(Context& ctx, const StreamLog& log, const StreamGroup& group) {
  reply_field(ctx, "last-delivered-id", group.last_id);
  ctx.reply.bulk("entries-read");
  if (group.entries_read != StreamGroup::kUnknown) {
    ctx.reply.integer(group.entries_read);
  } else {
    ctx.reply.null();
  }
  ctx.reply.bulk("lag");
  if (const auto lag = log.lag(group)) {
    ctx.reply.integer(*lag);
  } else {
    ctx.reply.null();
  }
}

// --- XINFO STREAM ---

constexpr int64_t kUsualCount = 10;

// [FULL [COUNT count]]; nothing: not in full.
Result<std::optional<uint64_t>> read_full_count(const Context& ctx) {
  if (ctx.argc() == 3) return std::optional<uint64_t>();
  const bool is_full = (ctx.argc() == 4 || ctx.argc() == 6) &&
                       equals_ignoring_case(ctx.arg(3), "FULL") &&
                       (ctx.argc() == 4 || equals_ignoring_case(ctx.arg(4), "COUNT"));
  if (!is_full) return errors::wrong_subcommand_arity(ctx.arg(1), "XINFO");
  int64_t count = kUsualCount;
  if (ctx.argc() == 6) {
    const auto given = parse_int64(ctx.arg(5));
    if (!given) return errors::not_an_integer();
    count = *given < 0 ? kUsualCount : *given;
  }
  return std::optional<uint64_t>(static_cast<uint64_t>(count));
}

void reply_figures(Context& ctx, const StreamLog& log) {
  reply_field(ctx, "length", static_cast<int64_t>(log.length()));
  // Where Redis has a radix tree: the chunks, and one node for each besides the root.
  reply_field(ctx, "radix-tree-keys", log.chunk_count());
  reply_field(ctx, "radix-tree-nodes", log.chunk_count() + 1);
  reply_field(ctx, "last-generated-id", log.last_id());
  reply_field(ctx, "max-deleted-entry-id", log.max_deleted_id());
  reply_field(ctx, "entries-added", static_cast<int64_t>(log.entries_added()));
  reply_field(ctx, "recorded-first-entry-id", log.first_id());
}

void reply_end(Context& ctx, const StreamLog& log, std::string_view name,
               StreamCursor::Direction direction) {
  ctx.reply.bulk(name);
  StreamEntry entry;
  if (StreamCursor(log, {}, StreamId::max(), direction).next(entry)) {
    reply_stream_entry(ctx, entry);
  } else {
    ctx.reply.null();
  }
}

// At most `limit` of `size`; a limit of 0 is none.
size_t at_most(size_t size, uint64_t limit) {
  return limit == 0 ? size : static_cast<size_t>(std::min<uint64_t>(size, limit));
}

void reply_consumer_in_full(Context& ctx, const StreamGroup& group, const StreamConsumer& consumer,
                            uint64_t limit) {
  ctx.reply.map(5);
  reply_field(ctx, "name", consumer.name);
  reply_field(ctx, "seen-time", consumer.seen_ms);
  reply_field(ctx, "active-time", consumer.active_ms);
  reply_field(ctx, "pel-count", consumer.pending.size());
  ctx.reply.bulk("pending");
  const size_t count = at_most(consumer.pending.size(), limit);
  ctx.reply.array(count);
  auto at = consumer.pending.begin();
  for (size_t i = 0; i < count; i++, at = consumer.pending.next(at)) {
    const PendingEntry& pending = *group.pending().find(consumer.pending[at]);
    ctx.reply.array(3);
    reply_stream_id(ctx, pending.id);
    ctx.reply.integer(pending.delivered_ms);
    ctx.reply.integer(static_cast<int64_t>(pending.deliveries));
  }
}

void reply_group_in_full(Context& ctx, const StreamLog& log, std::string_view name,
                         const StreamGroup& group, uint64_t limit) {
  ctx.reply.map(7);
  reply_field(ctx, "name", name);
  reply_progress(ctx, log, group);
  reply_field(ctx, "pel-count", group.pending().size());
  ctx.reply.bulk("pending");
  const size_t count = at_most(group.pending().size(), limit);
  ctx.reply.array(count);
  auto at = group.pending().begin();
  for (size_t i = 0; i < count; i++, at = group.pending().next(at)) {
    const PendingEntry& pending = group.pending()[at];
    ctx.reply.array(4);
    reply_stream_id(ctx, pending.id);
    ctx.reply.bulk(pending.consumer->name);
    ctx.reply.integer(pending.delivered_ms);
    ctx.reply.integer(static_cast<int64_t>(pending.deliveries));
  }
  ctx.reply.bulk("consumers");
  ctx.reply.array(group.consumers().size());
  for (const auto& [consumer_name, consumer] : group.consumers()) {
    reply_consumer_in_full(ctx, group, consumer, limit);
  }
}

// XINFO STREAM key [FULL [COUNT count]]
Status stream(Context& ctx) {
  TRY(const auto found, find_stream(ctx));
  TRY(const auto limit, read_full_count(ctx));
  const StreamLog& log = found->log();
  ctx.reply.map(limit ? 9 : 10);
  reply_figures(ctx, log);
  if (!limit) {
    reply_field(ctx, "groups", log.groups().size());
    reply_end(ctx, log, "first-entry", StreamCursor::Direction::forward);
    reply_end(ctx, log, "last-entry", StreamCursor::Direction::backward);
    return ok;
  }
  ctx.reply.bulk("entries");
  reply_stream_entries(ctx, StreamCursor(log, {}, StreamId::max()), *limit);
  ctx.reply.bulk("groups");
  ctx.reply.array(log.groups().size());
  for (const auto& [name, group] : log.groups()) reply_group_in_full(ctx, log, name, group, *limit);
  return ok;
}

// --- XINFO GROUPS and CONSUMERS ---

// XINFO GROUPS key
Status groups(Context& ctx) {
  TRY(const auto found, find_stream(ctx));
  const StreamLog& log = found->log();
  ctx.reply.array(log.groups().size());
  for (const auto& [name, group] : log.groups()) {
    ctx.reply.map(6);
    reply_field(ctx, "name", std::string_view(name));
    reply_field(ctx, "consumers", group.consumers().size());
    reply_field(ctx, "pending", group.pending().size());
    reply_progress(ctx, log, group);
  }
  return ok;
}

// XINFO CONSUMERS key group
Status consumers(Context& ctx) {
  TRY(const auto found, find_stream(ctx));
  const StreamGroup* group = found->log().find_group(ctx.arg(3));
  if (group == nullptr) return errors::no_group(ctx.arg(3), ctx.arg(2));
  ctx.reply.array(group->consumers().size());
  for (const auto& [name, consumer] : group->consumers()) {
    ctx.reply.map(4);
    reply_field(ctx, "name", std::string_view(name));
    reply_field(ctx, "pending", consumer.pending.size());
    reply_field(ctx, "idle", std::max(ctx.now_ms() - consumer.seen_ms, int64_t{0}));
    reply_field(ctx, "inactive",
                consumer.active_ms == -1 ? int64_t{-1} : ctx.now_ms() - consumer.active_ms);
  }
  return ok;
}

// XINFO HELP
Status help(Context& ctx) {
  static constexpr std::string_view kLines[] = {
      "CONSUMERS <key> <groupname>",
      "    Tell of the consumers of a group.",
      "GROUPS <key>",
      "    Tell of the groups of a stream.",
      "STREAM <key> [FULL [COUNT <count>]",
      "    Tell of a stream, in FULL with its entries and groups.",
  };
  reply_help(ctx, kLines);
  return ok;
}

constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"xinfo", nullptr, -2, 0, no_keys(), "5.0.0", "Depends on the subcommand",
        "",
        "Groups commands that tell of streams."},
    {"xinfo|consumers", consumers, 4, kRead | kNondeterministic, one_key(2, kGet), "5.0.0",
        "O(N) in the consumers",
        "key group",
        "Tells of the consumers of a group."},
    {"xinfo|groups", groups, 3, kRead, one_key(2, kGet), "5.0.0", "O(N) in the groups",
        "key",
        "Tells of the groups of a stream."},
    {"xinfo|help", help, 2, kLoading | kStale, no_keys(), "5.0.0", "O(1)",
        "",
        "Explains the subcommands."},
    {"xinfo|stream", stream, -3, kRead, one_key(2, kGet), "5.0.0",
        "O(1), O(N) in the entries and groups that FULL shows",
        "key [FULL [COUNT count]]",
        "Tells of a stream."},
};

}  // namespace

CommandFamily stream_info_commands() {
  return {"stream", kCommands};
}

}  // namespace larder
