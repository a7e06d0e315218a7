// Sorted sets: stretches of their order, by rank, by score or by member. Each kind of range becomes
// a range of ranks first, so that counting it or skipping into it costs O(log n).
#include <variant>

#include "server/command/arg_reader.h"
#include "server/commands/families.h"
#include "server/commands/sorted_set_arguments.h"

namespace larder {
namespace {

struct IndexRange {
  int64_t start;
  int64_t stop;
};

struct RangeRequest {
  std::variant<IndexRange, ScoreRange, LexRange> range = IndexRange{0, 0};
  bool is_reversed = false;
  bool with_scores = false;
  int64_t offset = 0;
  int64_t limit = -1;  // below 0: none
};

// What a command's name says, and ZRANGE's options.
enum class RangeKind { as_options_say, ranks, scores, members };
enum class Direction { as_options_say, upwards, downwards };

struct RangeOptions {
  RangeKind kind;
  Direction direction;
  bool is_store = false;
  size_t source = 1;  // the argument that is the sorted set; the ends follow
};

void read_limit(ArgReader& args, RangeRequest& request) {
  if (args.left() < 2) return args.fail(errors::syntax());
  request.offset = args.integer();
  request.limit = args.integer();
}

// Reads what stands behind the ends.
Status read_range_options(Context& ctx, RangeOptions& options, RangeRequest& request) {
  ArgReader args(ctx, options.source + 3);
  const auto choose = [&](std::string_view token, RangeKind kind) {
    if (options.kind != RangeKind::as_options_say || !args.option(token)) return false;
    options.kind = kind;
    return true;
  };
  while (args.has_more()) {
    if (!options.is_store && args.option("WITHSCORES")) {
      request.with_scores = true;
    } else if (args.option("LIMIT")) {
      read_limit(args, request);
    } else if (options.direction == Direction::as_options_say && args.option("REV")) {
      options.direction = Direction::downwards;
    } else if (!choose("BYLEX", RangeKind::members) && !choose("BYSCORE", RangeKind::scores)) {
      args.fail(errors::syntax());
    }
  }
  TRY(args.finish());
  if (options.kind == RangeKind::as_options_say) options.kind = RangeKind::ranks;
  request.is_reversed = options.direction == Direction::downwards;
  if (request.limit != -1 && options.kind == RangeKind::ranks) return errors::limit_of_ranks();
  if (request.with_scores && options.kind == RangeKind::members) {
    return errors::scores_of_lex_range();
  }
  return ok;
}

Result<RangeRequest> read_range(Context& ctx, RangeOptions options) {
  RangeRequest request;
  TRY(read_range_options(ctx, options, request));
  std::string_view min = ctx.arg(options.source + 1), max = ctx.arg(options.source + 2);
  if (options.kind == RangeKind::ranks) {
    const auto start = parse_int64(min), stop = parse_int64(max);
    if (!start || !stop) return errors::not_an_integer();
    request.range = IndexRange{*start, *stop};
    return request;
  }
  if (request.is_reversed) std::swap(min, max);
  if (options.kind == RangeKind::scores) {
    TRY(request.range, parse_score_range(min, max));
  } else {
    TRY(request.range, parse_lex_range(min, max));
  }
  return request;
}

// The elements that a request means, as ranks from the lowest score up.
RankRange find_range(const SortedSet& set, const RangeRequest& request) {
  if (const auto* indexes = std::get_if<IndexRange>(&request.range)) {
    const size_t size = set.size();
    const RankRange range = clamp_indexes(indexes->start, indexes->stop, size);
    if (!request.is_reversed) return range;
    return {size - range.first - range.count, range.count};
  }
  const auto* scores = std::get_if<ScoreRange>(&request.range);
  const RankRange range =
      scores != nullptr ? set.ranks(*scores) : set.ranks(std::get<LexRange>(request.range));
  if (request.offset < 0 || static_cast<uint64_t>(request.offset) >= range.count) return {};
  const size_t skipped = static_cast<size_t>(request.offset);
  size_t count = range.count - skipped;
  if (request.limit >= 0) count = std::min(count, static_cast<size_t>(request.limit));
  if (!request.is_reversed) return {range.first + skipped, count};
  return {range.first + range.count - skipped - count, count};
}

template <class Visit>
void visit_range(const SortedSet& set, RankRange range, bool is_reversed, Visit&& visit) {
  is_reversed ? set.visit_backwards(range, visit) : set.visit(range, visit);
}

Status reply_range(Context& ctx, RangeKind kind, Direction direction) {
  TRY(const RangeRequest request, read_range(ctx, {kind, direction}));
  TRY(const auto set, ctx.find<SortedSet>(ctx.key(1)));
  const RankRange range = set ? find_range(*set, request) : RankRange{};
  MemberReply reply(ctx, request.with_scores, range.count);
  if (range.count > 0) visit_range(*set, range, request.is_reversed, reply);
  return ok;
}

// ZRANGE key start stop [BYSCORE | BYLEX] [REV] [LIMIT offset count] [WITHSCORES]
Status zrange(Context& ctx) {
  return reply_range(ctx, RangeKind::as_options_say, Direction::as_options_say);
}
// ZREVRANGE key start stop [WITHSCORES]
Status zrevrange(Context& ctx) {
  return reply_range(ctx, RangeKind::ranks, Direction::downwards);
}
// ZRANGEBYSCORE key min max [WITHSCORES] [LIMIT offset count]
Status zrangebyscore(Context& ctx) {
  return reply_range(ctx, RangeKind::scores, Direction::upwards);
}
// ZREVRANGEBYSCORE key max min [WITHSCORES] [LIMIT offset count]
Status zrevrangebyscore(Context& ctx) {
  return reply_range(ctx, RangeKind::scores, Direction::downwards);
}
// ZRANGEBYLEX key min max [LIMIT offset count]
Status zrangebylex(Context& ctx) {
  return reply_range(ctx, RangeKind::members, Direction::upwards);
}
// ZREVRANGEBYLEX key max min [LIMIT offset count]
Status zrevrangebylex(Context& ctx) {
  return reply_range(ctx, RangeKind::members, Direction::downwards);
}

// ZRANGESTORE dst src min max [BYSCORE | BYLEX] [REV] [LIMIT offset count]
Status zrangestore(Context& ctx) {
  TRY(const RangeRequest request,
      read_range(ctx, {RangeKind::as_options_say, Direction::as_options_say, true, 2}));
  TRY(const auto set, ctx.find<SortedSet>(ctx.key(2)));
  SortedSetBuilder result;
  if (set) {
    set->visit(find_range(*set, request), [&](std::string_view member, double score) {
      result.add(member, score);
      return true;
    });
  }
  return store_sorted_set(ctx, ctx.key(1), result, "zrangestore");
}

// --- Counting ---

Status reply_count(Context& ctx, const auto& range) {
  TRY(const auto set, ctx.find<SortedSet>(ctx.key(1)));
  ctx.reply.integer(set ? static_cast<int64_t>(set->ranks(range).count) : 0);
  return ok;
}

// ZCOUNT key min max
Status zcount(Context& ctx) {
  TRY(const ScoreRange range, parse_score_range(ctx.arg(2), ctx.arg(3)));
  return reply_count(ctx, range);
}
// ZLEXCOUNT key min max
Status zlexcount(Context& ctx) {
  TRY(const LexRange range, parse_lex_range(ctx.arg(2), ctx.arg(3)));
  return reply_count(ctx, range);
}

// --- Removing ---

// `ranks_of(const SortedSet&)`: what goes.
template <class RanksOf>
Status remove_range(Context& ctx, std::string_view event, RanksOf&& ranks_of) {
  TRY(auto edit, ctx.edit<SortedSet>(ctx.key(1)));
  int64_t removed = 0;
  if (edit) {
    const RankRange range = ranks_of(*edit.operator->());
    edit->remove_range(range);
    removed = static_cast<int64_t>(range.count);
    edit.commit(event, removed);
  }
  ctx.reply.integer(removed);
  return ok;
}

// ZREMRANGEBYRANK key start stop
Status zremrangebyrank(Context& ctx) {
  const auto start = parse_int64(ctx.arg(2)), stop = parse_int64(ctx.arg(3));
  if (!start || !stop) return errors::not_an_integer();
  return remove_range(ctx, "zremrangebyrank", [&](const SortedSet& set) {
    return clamp_indexes(*start, *stop, set.size());
  });
}
// ZREMRANGEBYSCORE key min max
Status zremrangebyscore(Context& ctx) {
  TRY(const ScoreRange range, parse_score_range(ctx.arg(2), ctx.arg(3)));
  return remove_range(ctx, "zremrangebyscore",
                      [&](const SortedSet& set) { return set.ranks(range); });
}
// ZREMRANGEBYLEX key min max
Status zremrangebylex(Context& ctx) {
  TRY(const LexRange range, parse_lex_range(ctx.arg(2), ctx.arg(3)));
  return remove_range(ctx, "zremrangebylex",
                      [&](const SortedSet& set) { return set.ranks(range); });
}

constexpr std::string_view kRangeCost = "O(log(N)+M) with M members in the reply";
constexpr std::string_view kRemoveCost = "O(log(N)+M) with M members removed";
constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"zcount", zcount, 4, kRead | kFast, one_key(1, kGet), "2.0.0", "O(log(N))",
        "key min max",
        "Counts the members with scores in a range."},
    {"zlexcount", zlexcount, 4, kRead | kFast, one_key(1, kGet), "2.8.9", "O(log(N))",
        "key min(string) max(string)",
        "Counts the members in a range of members; all scores must be the same."},
    {"zrange", zrange, -4, kRead, one_key(1, kGet), "1.2.0", kRangeCost,
        "key start(string) stop(string) [BYSCORE | BYLEX] [REV] [LIMIT offset count] [WITHSCORES]",
        "Lists members by rank, by score or by member."},
    {"zrangebylex", zrangebylex, -4, kRead, one_key(1, kGet), "2.8.9", kRangeCost,
        "key min(string) max(string) [LIMIT offset count]",
        "Lists the members in a range of members; all scores must be the same.",
        "6.2.0", "`ZRANGE` with the `BYLEX` argument"},
    {"zrangebyscore", zrangebyscore, -4, kRead, one_key(1, kGet), "1.0.5", kRangeCost,
        "key min max [WITHSCORES] [LIMIT offset count]",
        "Lists the members with scores in a range.",
        "6.2.0", "`ZRANGE` with the `BYSCORE` argument"},
    {"zrangestore", zrangestore, -5, kWrite | kDenyOom, one_key(1, kPut) + one_key(2, kGet),
        "6.2.0", kRangeCost,
        "dst src min(string) max(string) [BYSCORE | BYLEX] [REV] [LIMIT offset count]",
        "Stores a range of a sorted set under a key."},
    {"zremrangebylex", zremrangebylex, 4, kWrite, one_key(1, kCut), "2.8.9", kRemoveCost,
        "key min(string) max(string)",
        "Removes the members in a range of members; all scores must be the same."},
    {"zremrangebyrank", zremrangebyrank, 4, kWrite, one_key(1, kCut), "2.0.0", kRemoveCost,
        "key start stop",
        "Removes the members in a range of ranks."},
    {"zremrangebyscore", zremrangebyscore, 4, kWrite, one_key(1, kCut), "1.2.0", kRemoveCost,
        "key min max",
        "Removes the members with scores in a range."},
    {"zrevrange", zrevrange, -4, kRead, one_key(1, kGet), "1.2.0", kRangeCost,
        "key start stop [WITHSCORES]",
        "Lists members by rank, from the highest score down.",
        "6.2.0", "`ZRANGE` with the `REV` argument"},
    {"zrevrangebylex", zrevrangebylex, -4, kRead, one_key(1, kGet), "2.8.9", kRangeCost,
        "key max(string) min(string) [LIMIT offset count]",
        "Lists the members in a range of members, from the last down; all scores must be the same.",
        "6.2.0", "`ZRANGE` with the `REV` and `BYLEX` arguments"},
    {"zrevrangebyscore", zrevrangebyscore, -4, kRead, one_key(1, kGet), "2.2.0", kRangeCost,
        "key max min [WITHSCORES] [LIMIT offset count]",
        "Lists the members with scores in a range, from the highest down.",
        "6.2.0", "`ZRANGE` with the `REV` and `BYSCORE` arguments"},
};

}  // namespace

CommandFamily sorted_set_range_commands() {
  return {"sorted-set", kCommands};
}

}  // namespace larder
