// Streams: XREAD and XREADGROUP, which can wait for entries to come.
#include <optional>

#include "server/base/numbers.h"
#include "server/base/text.h"
#include "server/commands/families.h"
#include "server/commands/stream_arguments.h"
#include "server/commands/stream_reply.h"
#include "server/commands/timeout_argument.h"

namespace larder {
namespace {

// The ID that ">" stands for: entries that the group has not got yet. Giving it in digits means the
// same, as in Redis.
constexpr StreamId kNewEntries = StreamId::max();

struct ReadRequest {
  bool is_group_read = false;
  std::optional<int64_t> timeout_ms;  // BLOCK
  uint64_t count = 0;                 // 0: no limit
  bool no_ack = false;
  size_t group_at = 0;  // the group's argument, and behind it the consumer's
  size_t first_key = 0;
  size_t key_count = 0;
  // For each key the ID behind which to read.
  std::vector<StreamId> after{};
  // For each "$" and "+" what it means now, by argument.
  std::vector<std::pair<size_t, std::string>> replacements{};
};

// --- Arguments ---

// GROUP group consumer, or NOACK; returns whether it was one of them.
Result<bool> read_group_option(const Context& ctx, size_t& at, ReadRequest& request) {
  const bool is_group = ctx.argc() - at > 2 && equals_ignoring_case(ctx.arg(at), "GROUP");
  const bool is_no_ack = equals_ignoring_case(ctx.arg(at), "NOACK");
  if (!is_group && !is_no_ack) return false;
  if (!request.is_group_read) return errors::option_of_xreadgroup(is_group ? "GROUP" : "NOACK");
  if (is_group) {
    request.group_at = at + 1;
    at += 2;
  } else {
    request.no_ack = true;
  }
  return true;
}

// Everything but the IDs.
Result<ReadRequest> read_options(const Context& ctx, bool is_group_read) {
  ReadRequest request;
  request.is_group_read = is_group_read;
  for (size_t at = 1; at < ctx.argc() && request.first_key == 0; at++) {
    const bool has_argument = at + 1 < ctx.argc();
    if (has_argument && equals_ignoring_case(ctx.arg(at), "BLOCK")) {
      TRY(request.timeout_ms, parse_timeout_ms(ctx.arg(++at), ctx.now_ms()));
    } else if (has_argument && equals_ignoring_case(ctx.arg(at), "COUNT")) {
      const auto count = parse_int64(ctx.arg(++at));
      if (!count) return errors::not_an_integer();
      request.count = *count < 0 ? 0 : static_cast<uint64_t>(*count);
    } else if (has_argument && equals_ignoring_case(ctx.arg(at), "STREAMS")) {
      request.first_key = at + 1;
      request.key_count = (ctx.argc() - at - 1) / 2;
      if ((ctx.argc() - at - 1) % 2 != 0) {
        return errors::unbalanced_streams(ctx.command_name(), is_group_read ? ">" : "$");
      }
    } else {
      TRY(const bool is_known, read_group_option(ctx, at, request));
      if (!is_known) return errors::syntax();
    }
  }
  if (request.first_key == 0) return errors::syntax();
  if (is_group_read && request.group_at == 0) return errors::missing_group();
  return request;
}

// The ID behind which to read a stream (nullptr: there is none).
Result<StreamId> read_after(std::string_view text, bool is_group_read, const StreamLog* log) {
  if (text == "$") {
    if (is_group_read) return errors::dollar_in_xreadgroup();
    return log == nullptr ? StreamId() : log->last_id();
  }
  if (text == ">") {
    if (!is_group_read) return errors::greater_in_xread();
    return kNewEntries;
  }
  if (text == "+" && !is_group_read) {
    // The last entry that is there, else the first one that comes.
    return log == nullptr ? StreamId() : log->newest_id().previous().value_or(StreamId());
  }
  return read_stream_id(text);
}

Status read_ids(Context& ctx, ReadRequest& request) {
  for (size_t i = 0; i < request.key_count; i++) {
    const size_t key_at = request.first_key + i;
    const size_t id_at = key_at + request.key_count;
    TRY(const auto stream, ctx.find<Stream>(ctx.key(key_at)));
    const StreamLog* log = stream ? &stream->log() : nullptr;
    if (request.is_group_read) {
      const std::string_view group = ctx.arg(request.group_at);
      if (log == nullptr || log->find_group(group) == nullptr) {
        return errors::no_key_or_group(ctx.arg(key_at), group, " in XREADGROUP with GROUP option");
      }
    }
    TRY(const StreamId after, read_after(ctx.arg(id_at), request.is_group_read, log));
    request.after.push_back(after);
    // "$" is the end of the stream as of now, also when the request runs again.
    if (ctx.arg(id_at) == "$") request.replacements.emplace_back(id_at, after.to_string());
  }
  return ok;
}

// --- The reply: a map of streams to entries, as soon as there is one stream to serve ---

class ReadReply {
 public:
  explicit ReadReply(Context& ctx) : ctx_(ctx) {}

  bool is_empty() const { return !streams_; }
  void begin_stream(std::string_view key) {
    const bool has_maps = ctx_.reply.version() == RespVersion::resp3;
    if (!streams_) streams_ = has_maps ? ctx_.reply.deferred_map() : ctx_.reply.deferred_array();
    // Not what map() means in RESP2: there each stream is an array of its own.
    if (!has_maps) ctx_.reply.array(2);
    ctx_.reply.bulk(key);
    count_++;
  }
  void finish() { streams_->finish(count_); }

 private:
  Context& ctx_;
  std::optional<ReplyWriter::Deferred> streams_;
  size_t count_ = 0;
};

// No stream has anything to give: waits if BLOCK says so.
Status wait_or_reply(Context& ctx, ReadRequest& request) {
  if (request.timeout_ms) {
    return ctx.block({.first_key = request.first_key,
                      .key_count = request.key_count,
                      .type = Type::stream,
                      .wakes_on_removal = request.is_group_read,
                      .timeout_ms = *request.timeout_ms,
                      .replacements = std::move(request.replacements)});
  }
  ctx.reply.null_array();
  return ok;
}

// XREAD [COUNT count] [BLOCK milliseconds] STREAMS key [key ...] id [id ...]
Status xread(Context& ctx) {
  TRY(ReadRequest request, read_options(ctx, false));
  TRY(read_ids(ctx, request));
  ReadReply reply(ctx);
  for (size_t i = 0; i < request.key_count; i++) {
    const size_t key_at = request.first_key + i;
    TRY(const auto stream, ctx.find<Stream>(ctx.key(key_at)));
    if (!stream) continue;
    const StreamLog& log = stream->log();
    if (log.length() == 0 || log.newest_id() <= request.after[i]) continue;
    reply.begin_stream(ctx.arg(key_at));
    const StreamCursor cursor(log, *request.after[i].next(), StreamId::max());
    reply_stream_entries(ctx, cursor, request.count);
  }
  if (reply.is_empty()) return wait_or_reply(ctx, request);
  reply.finish();
  return ok;
}

// --- XREADGROUP ---

// One stream that a consumer reads.
struct GroupReader {
  Context& ctx;
  const ReadRequest& request;
  StreamLog& log;
  StreamGroup& group;
  StreamConsumer& consumer;

  // Entries that nobody of the group has got yet.
  void read_new() {
    StreamCursor cursor(log, *group.last_id.next(), StreamId::max());
    ReplyWriter::Deferred reply = ctx.reply.deferred_array();
    uint64_t count = 0;
    StreamEntry entry;
    while ((request.count == 0 || count < request.count) && !ctx.reply.chain().overflowed() &&
           cursor.next(entry)) {
      log.advance(group, entry.id);
      reply_stream_entry(ctx, entry);
      if (!request.no_ack) {
        group.deliver(entry.id, consumer, ctx.now_ms());
        consumer.active_ms = ctx.now_ms();
      }
      count++;
    }
    reply.finish(count);
  }

  // What the consumer got before and did not acknowledge. Of an entry that was deleted since then
  // only the ID is left.
  void read_history(StreamId after) {
    const auto& ids = consumer.pending;
    ReplyWriter::Deferred reply = ctx.reply.deferred_array();
    uint64_t count = 0;
    for (auto at = ids.lower_bound(*after.next());
         at != ids.end() && (request.count == 0 || count < request.count) &&
         !ctx.reply.chain().overflowed();
         at = ids.next(at)) {
      count++;
      const auto entry = log.find(ids[at]);
      if (!entry) {
        ctx.reply.array(2);
        reply_stream_id(ctx, ids[at]);
        ctx.reply.null_array();
        continue;
      }
      reply_stream_entry(ctx, *entry);
      PendingEntry& pending = *group.find_pending(ids[at]);
      pending.delivered_ms = ctx.now_ms();
      pending.deliveries++;
    }
    reply.finish(count);
  }
};

// Serves one stream if it can, and notes that the consumer asked.
Status read_stream_for_group(Context& ctx, const ReadRequest& request, size_t index,
                             ReadReply& reply) {
  const size_t key_at = request.first_key + index;
  TRY(auto stream, ctx.edit<Stream>(ctx.key(key_at)));
  StreamLog& log = stream->open();
  StreamGroup& group = *log.find_group(ctx.arg(request.group_at));
  const StreamId after = request.after[index];
  const bool has_new = log.length() > 0 && log.newest_id() > group.last_id;
  const bool can_serve = after != kNewEntries || has_new;
  const std::string_view name = ctx.arg(request.group_at + 1);
  // Who waited in vain and was removed meanwhile does not come to life by being looked at.
  if (!can_serve && ctx.has_waited && group.find_consumer(name) == nullptr) return ok;
  const auto [consumer, is_new] = group.add_consumer(name, ctx.now_ms());
  consumer->seen_ms = ctx.now_ms();
  stream.commit("xgroup-createconsumer", is_new ? 1 : 0);
  if (!can_serve) return ok;
  reply.begin_stream(ctx.arg(key_at));
  GroupReader reader{ctx, request, log, group, *consumer};
  after == kNewEntries ? reader.read_new() : reader.read_history(after);
  stream.commit_quietly();
  return ok;
}

// XREADGROUP GROUP group consumer [COUNT count] [BLOCK milliseconds] [NOACK]
//   STREAMS key [key ...] id [id ...]
Status xreadgroup(Context& ctx) {
  TRY(ReadRequest request, read_options(ctx, true));
  TRY(read_ids(ctx, request));
  ReadReply reply(ctx);
  for (size_t i = 0; i < request.key_count; i++) {
    TRY(read_stream_for_group(ctx, request, i, reply));
  }
  if (reply.is_empty()) return wait_or_reply(ctx, request);
  reply.finish();
  return ok;
}

// The first half of what stands behind STREAMS.
constexpr KeySpecs streams_from(int index) {
  return {{{{.flags = kGet,
             .begin = KeySpec::Begin::keyword,
             .index = index,
             .keyword = "STREAMS",
             .last = -1,
             .limit = 2}}},
          1};
}

// Where the keys are. A group and a consumer may be called STREAMS as well, which misleads the
// specification; so the options are read as the command reads them. A request that is refused for
// its syntax has the keys that the specification finds.
bool find_stream_keys(std::span<const std::string_view> arguments,
                      std::vector<KeyPosition>& positions) {
  size_t at = 1;
  while (at < arguments.size() && !equals_ignoring_case(arguments[at], "STREAMS")) {
    if (equals_ignoring_case(arguments[at], "GROUP")) {
      at += 3;
    } else if (equals_ignoring_case(arguments[at], "COUNT") ||
               equals_ignoring_case(arguments[at], "BLOCK")) {
      at += 2;
    } else if (equals_ignoring_case(arguments[at], "NOACK")) {
      at++;
    } else {
      return find_keys(streams_from(1), arguments, positions);
    }
  }
  const size_t left = at < arguments.size() ? arguments.size() - at - 1 : 0;
  if (left == 0 || left % 2 != 0) return find_keys(streams_from(1), arguments, positions);
  for (size_t i = 0; i < left / 2; i++) positions.push_back({at + 1 + i, kGet});
  return true;
}

constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"xread", xread, -4, kRead | kBlocking, streams_from(1), "5.0.0",
        "O(N) in the entries that are returned",
        "[COUNT count] [BLOCK milliseconds] STREAMS key [key ...] id [id ...]",
        "Returns the entries behind an ID, of several streams; can wait for some to come.", {}, {},
        find_stream_keys},
    {"xreadgroup", xreadgroup, -7, kWrite | kBlocking, streams_from(4), "5.0.0",
        "O(N) in the entries that are returned",
        "GROUP group consumer [COUNT count] [BLOCK milliseconds] [NOACK] STREAMS key [key ...] id "
        "[id ...]",
        "Returns entries that no consumer of a group has got yet, or one's own unacknowledged "
        "ones.", {}, {}, find_stream_keys},
};

}  // namespace

CommandFamily stream_read_commands() {
  return {"stream", kCommands};
}

}  // namespace larder
