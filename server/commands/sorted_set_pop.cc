// Sorted sets: members from either end, and any members.
#include <unordered_set>
#include <vector>

#include "server/command/arg_reader.h"
#include "server/commands/families.h"
#include "server/commands/sorted_set_arguments.h"

namespace larder {
namespace {

// --- ZPOPMIN, ZPOPMAX, ZMPOP ---

enum class End { min, max };

// Takes up to `count` members out. `begin(size_t count)` writes what stands in front of them, `write
// (std::string_view member, double score)` each of them.
template <class Begin, class Write>
void pop(Edit<SortedSet>& edit, End end, size_t count, Begin&& begin, Write&& write) {
  SortedSet& set = *edit.operator->();
  const size_t size = set.size();
  count = std::min(count, size);
  const RankRange range{end == End::min ? 0 : size - count, count};
  begin(count);
  const auto visit = [&](std::string_view member, double score) {
    write(member, score);
    return true;
  };
  end == End::min ? set.visit(range, visit) : set.visit_backwards(range, visit);
  set.remove_range(range);
  edit.commit(end == End::min ? "zpopmin" : "zpopmax", static_cast<int64_t>(count));
}

Status pop_from(Context& ctx, End end) {
  if (ctx.argc() > 3) return errors::syntax();
  const bool has_count = ctx.argc() == 3;
  int64_t count = 1;
  if (has_count) {
    TRY(count, parse_count(ctx.arg(2), 0, errors::must_be_positive));
  }
  TRY(auto edit, ctx.edit<SortedSet>(ctx.key(1)));
  if (!edit || count == 0) {
    ctx.reply.array(0);
    return ok;
  }
  pop(
      edit, end, static_cast<size_t>(count),
      [&](size_t popped) { has_count ? ctx.reply.pairs(popped) : ctx.reply.array(2); },
      [&](std::string_view member, double score) {
        if (has_count) ctx.reply.pair();
        ctx.reply.bulk(member);
        ctx.reply.number(score);
      });
  return ok;
}

// ZPOPMIN key [count]
Status zpopmin(Context& ctx) {
  return pop_from(ctx, End::min);
}
// ZPOPMAX key [count]
Status zpopmax(Context& ctx) {
  return pop_from(ctx, End::max);
}

struct MultiPop {
  size_t first_key;
  size_t key_count;
  End end = End::min;
  size_t count = 1;
};

// `first`: the argument that says how many keys follow.
Result<MultiPop> read_multi_pop(Context& ctx, size_t first) {
  TRY(const int64_t key_count, parse_count(ctx.arg(first), 1, errors::key_count_not_positive));
  if (static_cast<uint64_t>(key_count) >= ctx.argc() - first - 1) return errors::syntax();
  MultiPop request{first + 1, static_cast<size_t>(key_count)};
  ArgReader args(ctx, request.first_key + request.key_count);
  if (args.option("MAX")) {
    request.end = End::max;
  } else if (!args.option("MIN")) {
    return errors::syntax();
  }
  if (args.left() >= 2 && args.option("COUNT")) {
    TRY(const int64_t count, parse_count(args.text(), 1, errors::count_not_positive));
    request.count = static_cast<size_t>(count);
  }
  TRY(args.finish());
  return request;
}

// Pops from the first key that has something and answers its name and the members; false if none has.
Result<bool> pop_first_of(Context& ctx, const MultiPop& request) {
  for (size_t i = 0; i < request.key_count; i++) {
    const Key key = ctx.key(request.first_key + i);
    TRY(auto edit, ctx.edit<SortedSet>(key));
    if (!edit) continue;
    pop(
        edit, request.end, request.count,
        [&](size_t popped) {
          ctx.reply.array(2);
          ctx.reply.bulk(key.name);
          ctx.reply.array(popped);
        },
        [&](std::string_view member, double score) {
          ctx.reply.array(2);
          ctx.reply.bulk(member);
          ctx.reply.number(score);
        });
    return true;
  }
  return false;
}

// ZMPOP numkeys key [key ...] <MIN | MAX> [COUNT count]
Status zmpop(Context& ctx) {
  TRY(const MultiPop request, read_multi_pop(ctx, 1));
  TRY(const bool popped, pop_first_of(ctx, request));
  if (!popped) ctx.reply.null_array();
  return ok;
}

// --- ZRANDMEMBER ---

// The same member may come again.
void reply_any(Context& ctx, const SortedSet& set, uint64_t count, bool with_scores) {
  MemberReply reply(ctx, with_scores, count);
  bool has_room = true;
  for (; count > 0 && has_room; count--) {
    const size_t rank = ctx.keyspace.random.below(set.size());
    set.visit({rank, 1}, [&](std::string_view member, double score) {
      return has_room = reply(member, score);
    });
  }
}

// Different members, on one walk over all: of those that are left, each is taken with the odds of how
// many are still wanted (Knuth, The Art of Computer Programming 2, algorithm 3.4.2 S).
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
    reply_any(ctx, *set, static_cast<uint64_t>(-*count), with_scores);
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

constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"zmpop", zmpop, -4, kWrite, counted_keys(1, kTakeOut), "7.0.0",
        "O(K)+O(M*log(N)) with K keys and M members popped",
        "numkeys key [key ...] <MIN | MAX> [COUNT count]",
        "Takes members with the lowest or highest scores out of the first of several sorted sets."},
    {"zpopmax", zpopmax, -2, kWrite | kFast, one_key(1, kTakeOut), "5.0.0",
        "O(log(N)*M) with M members popped",
        "key [count]",
        "Takes out the members with the highest scores."},
    {"zpopmin", zpopmin, -2, kWrite | kFast, one_key(1, kTakeOut), "5.0.0",
        "O(log(N)*M) with M members popped",
        "key [count]",
        "Takes out the members with the lowest scores."},
    {"zrandmember", zrandmember, -2, kRead | kNondeterministic, one_key(1, kGet), "6.2.0",
        "O(log(N)) for each member",
        "key [count [WITHSCORES]]",
        "Lists members picked at random."},
};

}  // namespace

CommandFamily sorted_set_pop_commands() { return {"sorted-set", kCommands}; }

}  // namespace larder
