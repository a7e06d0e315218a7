// Streams: adding entries, reading them by range, and what XSETID repairs.
#include <array>
#include <limits>

#include "server/base/numbers.h"
#include "server/command/arg_reader.h"
#include "server/commands/families.h"
#include "server/commands/stream_arguments.h"
#include "server/commands/stream_reply.h"

namespace larder {
namespace {

// --- XADD ---

// More bytes of fields and values no entry may have.
constexpr size_t kMaxEntryBytes = size_t{1} << 30;

// The ID that the new entry gets.
Result<StreamId> choose_id(const NewStreamId& given, StreamId last_id, int64_t now_ms) {
  if (last_id == StreamId::max()) return errors::stream_ids_exhausted();
  StreamId id = given.id;
  if (!given.has_ms) {
    const auto now = static_cast<uint64_t>(now_ms);
    id = now > last_id.ms ? StreamId{now, 0} : *last_id.next();
  } else if (!given.has_seq && last_id.ms == id.ms) {
    if (last_id.seq == std::numeric_limits<uint64_t>::max()) return errors::stream_id_too_small();
    id.seq = last_id.seq + 1;
  }
  if (id <= last_id) return errors::stream_id_too_small();
  return id;
}

bool is_too_large(StreamFields fields) {
  size_t bytes = 0;
  for (const std::string_view text : fields) bytes += text.size();
  return bytes > kMaxEntryBytes;
}

// XADD key [NOMKSTREAM] [<MAXLEN | MINID> [= | ~] threshold [LIMIT count]] <* | id> field value ...
Status xadd(Context& ctx) {
  TRY(const TrimArguments options, read_trim_arguments(ctx, true));
  if (options.id_at + 3 > ctx.argc() || (ctx.argc() - options.id_at) % 2 == 0) {
    return errors::wrong_arity(ctx.command_name());
  }
  if (options.id.has_seq && options.id.id.is_zero()) return errors::stream_id_is_zero();
  TRY(auto stream, ctx.edit_or_create<Stream>(ctx.key(1)));
  if (!stream && options.no_make_stream) {
    ctx.reply.null();
    return ok;
  }
  const StreamId last_id = stream ? stream->log().last_id() : StreamId();
  TRY(const StreamId id, choose_id(options.id, last_id, ctx.now_ms()));
  const StreamFields fields = ctx.arguments().subspan(options.id_at + 1);
  if (is_too_large(fields)) return errors::stream_entry_too_large();

  StreamLog& log = stream->open();
  log.append(id, fields, ctx.keyspace.type_limits);
  stream.commit("xadd");
  if (options.trim.strategy != StreamTrim::Strategy::none) {
    stream.commit("xtrim", static_cast<int64_t>(log.trim(options.trim)));
  }
  reply_stream_id(ctx, id);
  return ok;
}

// --- Ranges ---

// XLEN key
Status xlen(Context& ctx) {
  TRY(const auto stream, ctx.find<Stream>(ctx.key(1)));
  ctx.reply.integer(stream ? static_cast<int64_t>(stream->size()) : 0);
  return ok;
}

Status reply_range(Context& ctx, size_t start_at, size_t end_at,
                   StreamCursor::Direction direction) {
  TRY(const StreamId start, read_interval_start(ctx.arg(start_at)));
  TRY(const StreamId end, read_interval_end(ctx.arg(end_at)));
  std::optional<int64_t> count;
  ArgReader args(ctx, 4);
  while (args.has_more()) {
    if (args.left() >= 2 && args.option("COUNT")) {
      count = args.integer();
    } else {
      args.fail(errors::syntax());
    }
  }
  TRY(args.finish());
  TRY(const auto stream, ctx.find<Stream>(ctx.key(1)));
  if (!stream) {
    ctx.reply.array(0);
  } else if (count && *count <= 0) {
    ctx.reply.null_array();
  } else {
    reply_stream_entries(ctx, StreamCursor(stream->log(), start, end, direction),
                         static_cast<uint64_t>(count.value_or(0)));
  }
  return ok;
}

// XRANGE key start end [COUNT count]
Status xrange(Context& ctx) {
  return reply_range(ctx, 2, 3, StreamCursor::Direction::forward);
}
// XREVRANGE key end start [COUNT count]
Status xrevrange(Context& ctx) {
  return reply_range(ctx, 3, 2, StreamCursor::Direction::backward);
}

// --- XSETID ---

struct SetIdArguments {
  StreamId id;
  std::optional<uint64_t> entries_added;
  StreamId max_deleted;
};

Result<SetIdArguments> read_set_id_arguments(const Context& ctx) {
  SetIdArguments given;
  TRY(given.id, read_stream_id(ctx.arg(2)));
  ArgReader args(ctx, 3);
  while (args.has_more()) {
    if (args.left() >= 2 && args.option("ENTRIESADDED")) {
      const int64_t count = args.integer();
      if (count < 0) args.fail(errors::negative_entries_added());
      given.entries_added = static_cast<uint64_t>(count);
    } else if (args.left() >= 2 && args.option("MAXDELETEDID")) {
      TRY(given.max_deleted, read_stream_id(args.text()));
      if (given.id < given.max_deleted) args.fail(errors::xsetid_below_given_deleted());
    } else {
      args.fail(errors::syntax());
    }
  }
  TRY(args.finish());
  return given;
}

// XSETID key last-id [ENTRIESADDED entries-added] [MAXDELETEDID max-deleted-id]
Status xsetid(Context& ctx) {
  TRY(const SetIdArguments given, read_set_id_arguments(ctx));
  TRY(auto stream, ctx.edit<Stream>(ctx.key(1)));
  if (!stream) return errors::no_such_key();
  StreamLog& log = stream->open();
  if (given.id < log.max_deleted_id()) return errors::xsetid_below_deleted();
  if (log.length() > 0) {
    if (given.id < log.newest_id()) return errors::xsetid_below_top();
    if (given.entries_added && log.length() > *given.entries_added) {
      return errors::xsetid_added_below_length();
    }
  }
  log.set_last_id(given.id);
  if (given.entries_added) log.set_entries_added(*given.entries_added);
  if (!given.max_deleted.is_zero()) log.set_max_deleted_id(given.max_deleted);
  stream.commit("xsetid");
  ctx.reply.ok();
  return ok;
}

constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"xadd", xadd, -5, kWrite | kDenyOom | kFast | kNondeterministic, one_key(1, kModify), "5.0.0",
        "O(1) to add, O(N) in the entries that are trimmed",
        "key [NOMKSTREAM] [<MAXLEN | MINID> [= | ~] threshold [LIMIT count]] <* | id> field value "
        "[field value ...]",
        "Adds an entry to a stream; creates the stream."},
    {"xlen", xlen, 2, kRead | kFast, one_key(1, kLook), "5.0.0", "O(1)",
        "key",
        "Tells how many entries a stream has."},
    {"xrange", xrange, -4, kRead, one_key(1, kGet), "5.0.0",
        "O(N) in the entries that are returned",
        "key start(string) end(string) [COUNT count]",
        "Returns the entries of a range of IDs."},
    {"xrevrange", xrevrange, -4, kRead, one_key(1, kGet), "5.0.0",
        "O(N) in the entries that are returned",
        "key end(string) start(string) [COUNT count]",
        "Returns the entries of a range of IDs, the newest first."},
    {"xsetid", xsetid, -3, kWrite | kDenyOom | kFast, one_key(1, kModify), "5.0.0", "O(1)",
        "key last-id [ENTRIESADDED entries-added] [MAXDELETEDID max-deleted-id]",
        "Sets what a stream remembers besides its entries."},
};

}  // namespace

CommandFamily stream_commands() {
  return {"stream", kCommands};
}

}  // namespace larder
