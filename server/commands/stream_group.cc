// Streams: consumer groups, and acknowledging what they delivered.
#include <algorithm>

#include "server/base/numbers.h"
#include "server/base/text.h"
#include "server/commands/families.h"
#include "server/command/reply_help.h"
#include "server/commands/stream_arguments.h"

namespace larder {
namespace {

// --- XGROUP ---

struct GroupOptions {
  bool make_stream = false;
  int64_t entries_read = StreamGroup::kUnknown;
};

// What follows the ID of CREATE and SETID.
Result<GroupOptions> read_group_options(const Context& ctx, bool is_create) {
  GroupOptions options;
  for (size_t at = 5; at < ctx.argc(); at++) {
    if (is_create && equals_ignoring_case(ctx.arg(at), "MKSTREAM")) {
      options.make_stream = true;
    } else if (equals_ignoring_case(ctx.arg(at), "ENTRIESREAD") && at + 1 < ctx.argc()) {
      const auto count = parse_int64(ctx.arg(++at));
      if (!count) return errors::not_an_integer();
      if (*count < StreamGroup::kUnknown) return errors::negative_entries_read();
      options.entries_read = *count;
    } else {
      return errors::wrong_subcommand_arity(ctx.arg(1), "XGROUP");
    }
  }
  return options;
}

// The stream of a subcommand that needs it to be there.
Result<Edit<Stream>> open_stream(Context& ctx) {
  TRY(auto stream, ctx.edit<Stream>(ctx.key(2)));
  if (!stream) return errors::xgroup_needs_key();
  return stream;
}

Result<StreamGroup*> find_group(Context& ctx, StreamLog& log) {
  if (StreamGroup* group = log.find_group(ctx.arg(3))) return group;
  return errors::no_group(ctx.arg(3), ctx.arg(2));
}

// XGROUP CREATE key group <id | $> [MKSTREAM] [ENTRIESREAD entries-read]
Status create(Context& ctx) {
  TRY(const GroupOptions options, read_group_options(ctx, true));
  TRY(auto stream, ctx.edit_or_create<Stream>(ctx.key(2)));
  if (!stream && !options.make_stream) return errors::xgroup_needs_key();
  if (ctx.argc() > 8) return errors::wrong_subcommand_arity(ctx.arg(1), "XGROUP");
  StreamId last_id;
  if (ctx.arg(4) == "$") {
    if (stream) last_id = stream->log().last_id();
  } else {
    TRY(last_id, read_stream_id(ctx.arg(4)));
  }
  if (!stream->open().add_group(ctx.arg(3), last_id, options.entries_read)) {
    return errors::group_exists();
  }
  stream.commit("xgroup-create");
  ctx.reply.ok();
  return ok;
}

// XGROUP SETID key group <id | $> [ENTRIESREAD entries-read]
Status setid(Context& ctx) {
  TRY(const GroupOptions options, read_group_options(ctx, false));
  TRY(auto stream, open_stream(ctx));
  StreamLog& log = stream->open();
  TRY(StreamGroup* const group, find_group(ctx, log));
  if (ctx.argc() > 7) return errors::wrong_subcommand_arity(ctx.arg(1), "XGROUP");
  if (ctx.arg(4) == "$") {
    group->last_id = log.last_id();
  } else if (ctx.arg(4) == "-" || ctx.arg(4) == "+") {
    group->last_id = ctx.arg(4) == "-" ? StreamId() : StreamId::max();
  } else {
    TRY(group->last_id, read_stream_id(ctx.arg(4)));
  }
  group->entries_read = options.entries_read;
  stream.commit("xgroup-setid");
  ctx.reply.ok();
  return ok;
}

// XGROUP DESTROY key group
Status destroy(Context& ctx) {
  TRY(auto stream, open_stream(ctx));
  const bool was_there = stream->open().erase_group(ctx.arg(3));
  // Who waits with XREADGROUP learns of it by the event, and that the group is gone.
  stream.commit("xgroup-destroy", was_there ? 1 : 0);
  ctx.reply.integer(was_there ? 1 : 0);
  return ok;
}

// XGROUP CREATECONSUMER key group consumer
Status createconsumer(Context& ctx) {
  TRY(auto stream, open_stream(ctx));
  TRY(StreamGroup* const group, find_group(ctx, stream->open()));
  const bool is_new = group->add_consumer(ctx.arg(4), ctx.now_ms()).second;
  stream.commit("xgroup-createconsumer", is_new ? 1 : 0);
  ctx.reply.integer(is_new ? 1 : 0);
  return ok;
}

// XGROUP DELCONSUMER key group consumer
Status delconsumer(Context& ctx) {
  TRY(auto stream, open_stream(ctx));
  TRY(StreamGroup* const group, find_group(ctx, stream->open()));
  StreamConsumer* const consumer = group->find_consumer(ctx.arg(4));
  const size_t pending = consumer == nullptr ? 0 : group->erase_consumer(*consumer);
  stream.commit("xgroup-delconsumer", consumer == nullptr ? 0 : 1);
  ctx.reply.integer(static_cast<int64_t>(pending));
  return ok;
}

// XGROUP HELP
Status help(Context& ctx) {
  static constexpr std::string_view kLines[] = {
      "CREATE <key> <groupname> <id|$> [option]",
      "    Make a group of consumers that reads from an ID on. Options:",
      "    * MKSTREAM",
      "      Make the stream as well if it is missing, an empty one.",
      "    * ENTRIESREAD entries_read",
      "      How many entries count as read.",
      "CREATECONSUMER <key> <groupname> <consumer>",
      "    Make a consumer in a group.",
      "DELCONSUMER <key> <groupname> <consumer>",
      "    Remove a consumer and what is pending for it.",
      "DESTROY <key> <groupname>",
      "    Remove a group.",
      "SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]",
      "    Set from where a group reads on, and how many entries count as read.",
  };
  reply_help(ctx, kLines);
  return ok;
}

// --- XACK ---

// XACK key group id [id ...]
Status xack(Context& ctx) {
  TRY(auto stream, ctx.edit<Stream>(ctx.key(1)));
  StreamGroup* group = stream ? stream->open().find_group(ctx.arg(2)) : nullptr;
  if (group == nullptr) {
    ctx.reply.integer(0);
    return ok;
  }
  TRY(const std::vector<StreamId> ids, read_stream_ids(ctx, 3, ctx.argc()));
  const int64_t count =
      std::count_if(ids.begin(), ids.end(), [&](StreamId id) { return group->acknowledge(id); });
  stream.commit_quietly(count);
  ctx.reply.integer(count);
  return ok;
}

constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"xack", xack, -4, kWrite | kFast, one_key(1, kModify), "5.0.0", "O(1) for each ID",
        "key group id [id ...]",
        "Tells that a group's consumers are done with entries."},
    {"xgroup", nullptr, -2, 0, no_keys(), "5.0.0", "Depends on the subcommand",
        "",
        "Groups commands for consumer groups."},
    {"xgroup|create", create, -5, kWrite | kDenyOom, one_key(2, kAdd), "5.0.0", "O(1)",
        "key group <id | $> [MKSTREAM] [ENTRIESREAD entries-read]",
        "Makes a group of consumers."},
    {"xgroup|createconsumer", createconsumer, 5, kWrite | kDenyOom, one_key(2, kAdd), "6.2.0",
        "O(1)",
        "key group consumer",
        "Makes a consumer in a group."},
    {"xgroup|delconsumer", delconsumer, 5, kWrite, one_key(2, kCut), "5.0.0",
        "O(N) in the entries that are pending for it",
        "key group consumer",
        "Removes a consumer and what is pending for it."},
    {"xgroup|destroy", destroy, 4, kWrite, one_key(2, kCut), "5.0.0",
        "O(N) in the entries that are pending",
        "key group",
        "Removes a group."},
    {"xgroup|help", help, 2, kLoading | kStale, no_keys(), "5.0.0", "O(1)",
        "",
        "Explains the subcommands."},
    {"xgroup|setid", setid, -5, kWrite, one_key(2, kModify), "5.0.0", "O(1)",
        "key group <id | $> [ENTRIESREAD entries-read]",
        "Sets from where a group reads on."},
};

}  // namespace

CommandFamily stream_group_commands() {
  return {"stream", kCommands};
}

}  // namespace larder
