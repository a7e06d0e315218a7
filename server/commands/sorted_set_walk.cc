// Sorted sets: any members, and all of them in steps.
#include <array>
#include <cstdio>
#include <limits>
#include <string>
#include <unordered_set>
#include <vector>

#include "server/command/arg_reader.h"
#include "server/commands/families.h"
#include "server/commands/repeated_picks.h"
#include "server/commands/scan_options.h"
#include "server/commands/sorted_set_arguments.h"

namespace larder {
namespace {

// --- ZRANDMEMBER ---

// The same member may come again.
Status reply_any(Context& ctx, const SortedSet& set, uint64_t count, bool with_scores) {
  TRY(RepeatedPicks::check(ctx, count));
  RepeatedPicks picks(ctx);
  MemberReply reply(ctx, with_scores, count);
  for (; count > 0 && picks.has_room(); count--) {
    const size_t rank = ctx.keyspace.random.below(set.size());
    set.visit({rank, 1},
              [&](std::string_view member, double score) { return reply(member, score); });
  }
  return picks.finish();
}

// Different members, on one walk over all: of those that are left, each is taken with the odds of
// how many are still wanted (Knuth, The Art of Computer Programming 2, algorithm 3.4.2 S).
void reply_on_a_walk(Context& ctx, const SortedSet& set, size_t count, bool with_scores) {
  MemberReply reply(ctx, with_scores, count);
  size_t left = set.size();
  set.visit_backwards(set.all(), [&](std::string_view member, double score) {
    if (ctx.keyspace.random.below(left--) >= count) return true;
    count--;
    return reply(member, score) && count > 0;
  });
}

// Different members, few of many: ranks are drawn until enough are different.
void reply_drawn(Context& ctx, const SortedSet& set, size_t count, bool with_scores) {
  MemberReply reply(ctx, with_scores, count);
  std::unordered_set<size_t> drawn;
  bool has_room = true;
  while (drawn.size() < count && has_room) {
    const size_t rank = ctx.keyspace.random.below(set.size());
    if (!drawn.insert(rank).second) continue;
    set.visit({rank, 1}, [&](std::string_view member, double score) {
      return has_room = reply(member, score);
    });
  }
}

void reply_different(Context& ctx, const SortedSet& set, uint64_t count, bool with_scores) {
  const size_t size = set.size();
  // Beyond a third of all, a walk is cheaper than draws that come twice.
  if (count >= size / 3) return reply_on_a_walk(ctx, set, std::min(count, size), with_scores);
  reply_drawn(ctx, set, count, with_scores);
}

Status reply_members(Context& ctx) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  const auto count = parse_int64(ctx.arg(2));
  if (!count) return errors::not_an_integer();
  if (*count < -kMax) return errors::integer_not_between(-kMax, kMax);
  const bool with_scores = ctx.argc() == 4;
  if (ctx.argc() > 4 || (with_scores && !equals_ignoring_case(ctx.arg(3), "WITHSCORES"))) {
    return errors::syntax();
  }
  if (with_scores && (*count < -kMax / 2 || *count > kMax / 2)) return errors::value_out_of_range();
  TRY(const auto set, ctx.find<SortedSet>(ctx.key(1)));
  if (!set || *count == 0) {
    ctx.reply.array(0);
  } else if (*count < 0) {
    return reply_any(ctx, *set, static_cast<uint64_t>(-*count), with_scores);
  } else {
    reply_different(ctx, *set, static_cast<uint64_t>(*count), with_scores);
  }
  return ok;
}

// ZRANDMEMBER key [count [WITHSCORES]]
Status zrandmember(Context& ctx) {
  if (ctx.argc() > 2) return reply_members(ctx);
  TRY(const auto set, ctx.find<SortedSet>(ctx.key(1)));
  if (!set) {
    ctx.reply.null();
    return ok;
  }
  set->visit({ctx.keyspace.random.below(set->size()), 1}, [&](std::string_view member, double) {
    ctx.reply.bulk(member);
    return true;
  });
  return ok;
}

// --- ZSCAN ---

// The text of a score in ZSCAN, whose form depends on the encoding: in a large set it has 17
// digits.
std::string scanned_score(double score, bool is_large) {
  if (!is_large) return format_double(score);
  std::array<char, 40> text;
  const int length = std::snprintf(text.data(), text.size(), "%.17g", score);
  return std::string(text.data(), static_cast<size_t>(length));
}

struct ScanRequest {
  ScanOptions options;
  bool with_scores = true;
};

Result<ScanRequest> read_scan(Context& ctx) {
  ScanRequest request;
  ArgReader args(ctx, 3);
  while (args.has_more()) {
    if (request.options.read(args)) continue;
    if (args.option("NOSCORES")) {
      request.with_scores = false;
    } else {
      args.fail(errors::syntax());
    }
  }
  TRY(args.finish());
  return request;
}

// ZSCAN key cursor [MATCH pattern] [COUNT count] [NOSCORES]
Status zscan(Context& ctx) {
  TRY(const uint64_t position, ScanCursor::parse(ctx.arg(2)));
  TRY(const auto set, ctx.find<SortedSet>(ctx.key(1)));
  // As in Redis, nobody looks at the options of a scan over nothing.
  ScanRequest request;
  if (set) {
    TRY(request, read_scan(ctx));
  }
  std::vector<std::string> found;
  uint64_t next = 0;
  if (set) {
    const bool is_large = set->encoding_name() != "listpack";
    const auto scan = [&](uint64_t from, auto&& visit) {
      return set->scan(
          from, [&](std::string_view member, double score) { visit(std::pair(member, score)); });
    };
    next = walk_collection(position, request.options, scan, [&](const auto& element) {
      if (!request.options.admits(element.first)) return;
      found.emplace_back(element.first);
      if (request.with_scores) found.push_back(scanned_score(element.second, is_large));
    });
  }
  ctx.reply.array(2);
  ctx.reply.bulk_integer(ScanCursor::of(next));
  ctx.reply.bulk_array(found);
  return ok;
}

constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"zrandmember", zrandmember, -2, kRead | kNondeterministic, one_key(1, kGet), "6.2.0",
        "O(log(N)) for each member",
        "key [count [WITHSCORES]]",
        "Lists members picked at random."},
    {"zscan", zscan, -3, kRead | kNondeterministic, one_key(1, kGet), "2.8.0",
        "O(COUNT) for each call, O(N) for a walk over all members",
        "key cursor [MATCH pattern] [COUNT count] [NOSCORES]",
        "Walks over the members of a sorted set and their scores, a few with each call."},
};

}  // namespace

CommandFamily sorted_set_walk_commands() {
  return {"sorted-set", kCommands};
}

}  // namespace larder
