// Streams: what is pending in a group, and handing it from one consumer to another.
#include <algorithm>
#include <limits>
#include <optional>

#include "server/base/numbers.h"
#include "server/base/text.h"
#include "server/command/arg_reader.h"
#include "server/commands/families.h"
#include "server/commands/stream_arguments.h"
#include "server/commands/stream_reply.h"

namespace larder {
namespace {

// --- XPENDING ---

struct PendingQuery {
  StreamId start;
  StreamId end;
  int64_t count = 0;
  int64_t min_idle_ms = 0;
  std::optional<std::string_view> consumer;
};

// [IDLE min-idle-time] start end count [consumer]; the count is looked at before the range.
Result<PendingQuery> read_pending_query(const Context& ctx) {
  PendingQuery query;
  size_t at = 3;
  if (equals_ignoring_case(ctx.arg(3), "IDLE")) {
    const auto idle_ms = parse_int64(ctx.arg(4));
    if (!idle_ms) return errors::not_an_integer();
    if (ctx.argc() < 8) return errors::syntax();
    query.min_idle_ms = *idle_ms;
    at = 5;
  }
  const auto count = parse_int64(ctx.arg(at + 2));
  if (!count) return errors::not_an_integer();
  query.count = std::max(*count, int64_t{0});
  TRY(query.start, read_interval_start(ctx.arg(at)));
  TRY(query.end, read_interval_end(ctx.arg(at + 1)));
  if (at + 3 < ctx.argc()) query.consumer = ctx.arg(at + 3);
  return query;
}

void reply_pending_summary(Context& ctx, const StreamGroup& group) {
  const auto& pending = group.pending();
  ctx.reply.array(4);
  ctx.reply.integer(static_cast<int64_t>(pending.size()));
  if (pending.empty()) {
    ctx.reply.null();
    ctx.reply.null();
    ctx.reply.null_array();
    return;
  }
  reply_stream_id(ctx, pending.front().id);
  reply_stream_id(ctx, pending.back().id);
  ReplyWriter::Deferred reply = ctx.reply.deferred_array();
  size_t count = 0;
  for (const auto& [name, consumer] : group.consumers()) {
    if (consumer.pending.empty()) continue;
    ctx.reply.array(2);
    ctx.reply.bulk(name);
    ctx.reply.bulk_integer(static_cast<int64_t>(consumer.pending.size()));
    count++;
  }
  reply.finish(count);
}

// Calls visit(const PendingEntry&) for what is pending from `first` on, of one consumer or of all
// (nullptr), until it returns false.
template <class Visit>
void visit_pending(const StreamGroup& group, const StreamConsumer* consumer, StreamId first,
                   Visit&& visit) {
  const auto& all = group.pending();
  if (consumer == nullptr) {
    for (auto at = all.lower_bound(first); at != all.end() && visit(all[at]); at = all.next(at)) {
    }
    return;
  }
  const auto& ids = consumer->pending;
  for (auto at = ids.lower_bound(first); at != ids.end() && visit(*all.find(ids[at]));
       at = ids.next(at)) {
  }
}

void reply_pending_entries(Context& ctx, const StreamGroup& group, const PendingQuery& query,
                           const StreamConsumer* consumer) {
  ReplyWriter::Deferred reply = ctx.reply.deferred_array();
  int64_t count = 0;
  visit_pending(group, consumer, query.start, [&](const PendingEntry& entry) {
    if (count == query.count || entry.id > query.end) return false;
    const int64_t idle_ms = ctx.now_ms() - entry.delivered_ms;
    if (query.min_idle_ms != 0 && idle_ms < query.min_idle_ms) return true;
    ctx.reply.array(4);
    reply_stream_id(ctx, entry.id);
    ctx.reply.bulk(entry.consumer->name);
    ctx.reply.integer(std::max(idle_ms, int64_t{0}));
    ctx.reply.integer(static_cast<int64_t>(entry.deliveries));
    count++;
    return !ctx.reply.chain().overflowed();
  });
  reply.finish(static_cast<size_t>(count));
}

// XPENDING key group [[IDLE min-idle-time] start end count [consumer]]
Status xpending(Context& ctx) {
  const bool is_summary = ctx.argc() == 3;
  if (!is_summary && (ctx.argc() < 6 || ctx.argc() > 9)) return errors::syntax();
  PendingQuery query;
  if (!is_summary) {
    TRY(query, read_pending_query(ctx));
  }
  TRY(const auto stream, ctx.find<Stream>(ctx.key(1)));
  const StreamGroup* group = stream ? stream->log().find_group(ctx.arg(2)) : nullptr;
  if (group == nullptr) return errors::no_key_or_group(ctx.arg(1), ctx.arg(2));
  if (is_summary) {
    reply_pending_summary(ctx, *group);
    return ok;
  }
  const StreamConsumer* consumer = query.consumer ? group->find_consumer(*query.consumer) : nullptr;
  if (query.consumer && consumer == nullptr) {
    ctx.reply.array(0);
  } else {
    reply_pending_entries(ctx, *group, query, consumer);
  }
  return ok;
}

// --- What XCLAIM and XAUTOCLAIM share ---

// The consumer who claims, which comes to life by it.
StreamConsumer& claiming_consumer(Context& ctx, Edit<Stream>& stream, StreamGroup& group) {
  const auto [consumer, is_new] = group.add_consumer(ctx.arg(3), ctx.now_ms());
  consumer->seen_ms = ctx.now_ms();
  stream.commit("xgroup-createconsumer", is_new ? 1 : 0);
  return *consumer;
}

// `entry` may have no consumer yet.
bool has_been_idle(const PendingEntry& entry, int64_t min_idle_ms, int64_t now_ms) {
  return entry.consumer == nullptr || min_idle_ms == 0 ||
         now_ms - entry.delivered_ms >= min_idle_ms;
}

void reply_claimed(Context& ctx, const std::vector<StreamEntry>& claimed, bool just_ids) {
  ctx.reply.array(claimed.size());
  for (const StreamEntry& entry : claimed) {
    just_ids ? reply_stream_id(ctx, entry.id) : reply_stream_entry(ctx, entry);
  }
}

// --- XCLAIM ---

struct ClaimOptions {
  int64_t min_idle_ms = 0;
  std::vector<StreamId> ids;
  std::optional<int64_t> delivered_ms;
  int64_t retry_count = -1;  // negative: not given
  bool force = false;
  bool just_ids = false;
  StreamId last_id;
};

Result<int64_t> read_claim_number(const Context& ctx, size_t at, std::string_view what,
                                  std::string_view command) {
  if (const auto number = parse_int64(ctx.arg(at))) return *number;
  return errors::invalid_claim_argument(what, command);
}

// A moment in the future or before 1970 is nobody's honest mistake to be told about: it is now.
int64_t usable_moment(int64_t moment_ms, int64_t now_ms) {
  return moment_ms < 0 || moment_ms > now_ms ? now_ms : moment_ms;
}

Status read_claim_option(const Context& ctx, size_t& at, ClaimOptions& options) {
  const std::string_view name = ctx.arg(at);
  const bool has_argument = at + 1 < ctx.argc();
  if (equals_ignoring_case(name, "FORCE")) {
    options.force = true;
  } else if (equals_ignoring_case(name, "JUSTID")) {
    options.just_ids = true;
  } else if (has_argument && equals_ignoring_case(name, "IDLE")) {
    TRY(const int64_t idle_ms, read_claim_number(ctx, ++at, "IDLE option", "XCLAIM"));
    int64_t moment_ms = 0;
    if (__builtin_sub_overflow(ctx.now_ms(), idle_ms, &moment_ms)) moment_ms = ctx.now_ms();
    options.delivered_ms = usable_moment(moment_ms, ctx.now_ms());
  } else if (has_argument && equals_ignoring_case(name, "TIME")) {
    TRY(const int64_t moment_ms, read_claim_number(ctx, ++at, "TIME option", "XCLAIM"));
    options.delivered_ms = usable_moment(moment_ms, ctx.now_ms());
  } else if (has_argument && equals_ignoring_case(name, "RETRYCOUNT")) {
    TRY(options.retry_count, read_claim_number(ctx, ++at, "RETRYCOUNT option", "XCLAIM"));
  } else if (has_argument && equals_ignoring_case(name, "LASTID")) {
    TRY(options.last_id, read_stream_id(ctx.arg(++at)));
  } else {
    return errors::unrecognized_claim_option(name);
  }
  return ok;
}

Result<ClaimOptions> read_claim_options(const Context& ctx) {
  ClaimOptions options;
  TRY(const int64_t min_idle_ms, read_claim_number(ctx, 4, "min-idle-time", "XCLAIM"));
  options.min_idle_ms = std::max(min_idle_ms, int64_t{0});
  size_t at = 5;
  for (; at < ctx.argc(); at++) {
    const auto id = parse_stream_id(ctx.arg(at), 0);
    if (!id) break;
    options.ids.push_back(*id);
  }
  for (; at < ctx.argc(); at++) TRY(read_claim_option(ctx, at, options));
  return options;
}

// Gives one entry to the consumer; returns whether it did.
bool claim(Context& ctx, const ClaimOptions& options, StreamGroup& group, StreamConsumer& consumer,
           StreamId id) {
  PendingEntry* pending = group.find_pending(id);
  if (pending == nullptr) {
    if (!options.force) return false;
    pending = &group.add_pending(id, ctx.now_ms());
  }
  if (!has_been_idle(*pending, options.min_idle_ms, ctx.now_ms())) return false;
  pending->delivered_ms = options.delivered_ms.value_or(ctx.now_ms());
  if (options.retry_count >= 0) {
    pending->deliveries = static_cast<uint64_t>(options.retry_count);
  } else if (!options.just_ids) {
    pending->deliveries++;
  }
  group.assign(*pending, consumer);
  consumer.active_ms = ctx.now_ms();
  return true;
}

// XCLAIM key group consumer min-idle-time id [id ...] [IDLE ms] [TIME unix-time-milliseconds]
//   [RETRYCOUNT count] [FORCE] [JUSTID] [LASTID lastid]
Status xclaim(Context& ctx) {
  TRY(auto stream, ctx.edit<Stream>(ctx.key(1)));
  StreamGroup* const group = stream ? stream->open().find_group(ctx.arg(2)) : nullptr;
  if (group == nullptr) return errors::no_key_or_group(ctx.arg(1), ctx.arg(2));
  TRY(const ClaimOptions options, read_claim_options(ctx));
  int64_t changes = options.last_id > group->last_id ? 1 : 0;
  group->last_id = std::max(group->last_id, options.last_id);
  StreamConsumer& consumer = claiming_consumer(ctx, stream, *group);
  std::vector<StreamEntry> claimed;
  for (const StreamId id : options.ids) {
    const auto entry = stream->log().find(id);
    if (!entry) {
      // What is not in the stream any more needs no acknowledgement.
      changes += group->acknowledge(id) ? 1 : 0;
    } else if (claim(ctx, options, *group, consumer, id)) {
      claimed.push_back(*entry);
      changes++;
    }
  }
  stream.commit_quietly(changes);
  reply_claimed(ctx, claimed, options.just_ids);
  return ok;
}

// --- XAUTOCLAIM ---

struct AutoclaimOptions {
  int64_t min_idle_ms = 0;
  StreamId start;
  int64_t count = 100;
  bool just_ids = false;
};

Result<AutoclaimOptions> read_autoclaim_options(const Context& ctx) {
  constexpr int64_t kMaxCount = std::numeric_limits<int64_t>::max() / 16;
  AutoclaimOptions options;
  TRY(const int64_t min_idle_ms, read_claim_number(ctx, 4, "min-idle-time", "XAUTOCLAIM"));
  options.min_idle_ms = std::max(min_idle_ms, int64_t{0});
  TRY(options.start, read_interval_start(ctx.arg(5)));
  for (size_t at = 6; at < ctx.argc(); at++) {
    if (equals_ignoring_case(ctx.arg(at), "COUNT") && at + 1 < ctx.argc()) {
      const auto count = parse_int64(ctx.arg(++at));
      if (!count || *count < 1 || *count > kMaxCount) return errors::claim_count_not_positive();
      options.count = *count;
    } else if (equals_ignoring_case(ctx.arg(at), "JUSTID")) {
      options.just_ids = true;
    } else {
      return errors::syntax();
    }
  }
  return options;
}

struct Autoclaim {
  std::vector<StreamEntry> claimed;
  std::vector<StreamId> deleted;  // pending, but not in the stream any more
  StreamId next;                  // where to go on; 0-0: at the beginning
};

// Looks at ten pending entries for each that may be claimed, and not at more.
Autoclaim claim_idle(Context& ctx, const AutoclaimOptions& options, const StreamLog& log,
                     StreamGroup& group, StreamConsumer& consumer) {
  Autoclaim result;
  const auto& pending = group.pending();
  int64_t left = options.count;
  int64_t attempts = options.count * 10;
  auto at = pending.lower_bound(options.start);
  for (; at != pending.end() && left > 0 && attempts > 0; attempts--) {
    const StreamId id = pending[at].id;
    const auto entry = log.find(id);
    if (!entry) {
      result.deleted.push_back(id);
      group.acknowledge(id);
      at = pending.lower_bound(id);
      left--;
      continue;
    }
    if (has_been_idle(pending[at], options.min_idle_ms, ctx.now_ms())) {
      PendingEntry& claimed = *group.find_pending(id);
      claimed.delivered_ms = ctx.now_ms();
      if (!options.just_ids) claimed.deliveries++;
      group.assign(claimed, consumer);
      consumer.active_ms = ctx.now_ms();
      result.claimed.push_back(*entry);
      left--;
    }
    at = pending.next(at);
  }
  if (at != pending.end()) result.next = pending[at].id;
  return result;
}

// Beyond it, Redis finds no memory for the IDs of deleted entries.
constexpr int64_t kMaxClaims = int64_t{1} << 43;

// XAUTOCLAIM key group consumer min-idle-time start [COUNT count] [JUSTID]
Status xautoclaim(Context& ctx) {
  TRY(const AutoclaimOptions options, read_autoclaim_options(ctx));
  TRY(auto stream, ctx.edit<Stream>(ctx.key(1)));
  StreamGroup* const group = stream ? stream->open().find_group(ctx.arg(2)) : nullptr;
  if (group == nullptr) return errors::no_key_or_group(ctx.arg(1), ctx.arg(2));
  if (options.count > kMaxClaims) return errors::claim_count_too_high();
  StreamConsumer& consumer = claiming_consumer(ctx, stream, *group);
  const Autoclaim result = claim_idle(ctx, options, stream->log(), *group, consumer);
  stream.commit_quietly(static_cast<int64_t>(result.claimed.size() + result.deleted.size()));
  ctx.reply.array(3);
  reply_stream_id(ctx, result.next);
  reply_claimed(ctx, result.claimed, options.just_ids);
  ctx.reply.array(result.deleted.size());
  for (const StreamId id : result.deleted) reply_stream_id(ctx, id);
  return ok;
}

constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"xautoclaim", xautoclaim, -6, kWrite | kFast | kNondeterministic, one_key(1, kCut), "6.2.0",
        "O(1) for a small COUNT",
        "key group consumer min-idle-time start(string) [COUNT count] [JUSTID]",
        "Takes over entries that are pending for too long, whoever has them."},
    {"xclaim", xclaim, -6, kWrite | kFast | kNondeterministic, one_key(1, kModify), "5.0.0",
        "O(log N) for each ID, N pending entries",
        "key group consumer min-idle-time id [id ...] [IDLE ms] [TIME unix-time-milliseconds] "
        "[RETRYCOUNT count] [FORCE] [JUSTID] [LASTID lastid]",
        "Takes over entries that another consumer has pending."},
    {"xpending", xpending, -3, kRead | kNondeterministic, one_key(1, kGet), "5.0.0",
        "O(N) in the entries that are returned, O(M) in the consumers without a range",
        "key group [[IDLE min-idle-time(integer)] start(string) end(string) count [consumer]]",
        "Tells what a group has delivered and not acknowledged yet."},
};

}  // namespace

CommandFamily stream_claim_commands() {
  return {"stream", kCommands};
}

}  // namespace larder
