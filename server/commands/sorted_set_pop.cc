// Sorted sets: members from either end, and waiting for them.
#include "server/command/arg_reader.h"
#include "server/commands/families.h"
#include "server/commands/sorted_set_arguments.h"
#include "server/commands/timeout_argument.h"

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
    const auto number = parse_int64(ctx.arg(2));
    if (!number || *number < 0) return errors::must_be_positive();
    count = *number;
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

// Opens the first of several keys that is there and has `take(Edit<SortedSet>&, std::string_view key)`
// pop from it; false if there is none.
template <class Take>
Result<bool> take_from_first(Context& ctx, size_t first_key, size_t key_count, Take&& take) {
  for (size_t i = 0; i < key_count; i++) {
    const Key key = ctx.key(first_key + i);
    TRY(auto edit, ctx.edit<SortedSet>(key));
    if (!edit) continue;
    take(edit, key.name);
    return true;
  }
  return false;
}

Status pop_or_wait(Context& ctx, End end) {
  const size_t key_count = ctx.argc() - 2;
  TRY(const int64_t timeout_ms, parse_timeout_seconds(ctx.arg(ctx.argc() - 1), ctx.now_ms()));
  const auto take = [&](Edit<SortedSet>& edit, std::string_view key) {
    ctx.reply.array(3);
    ctx.reply.bulk(key);
    pop(
        edit, end, 1, [](size_t) {},
        [&](std::string_view member, double score) {
          ctx.reply.bulk(member);
          ctx.reply.number(score);
        });
  };
  TRY(const bool was_taken, take_from_first(ctx, 1, key_count, take));
  if (was_taken) return ok;
  return ctx.block({.first_key = 1,
                    .key_count = key_count,
                    .type = Type::sorted_set,
                    .timeout_ms = timeout_ms});
}

// BZPOPMIN key [key ...] timeout
Status bzpopmin(Context& ctx) {
  return pop_or_wait(ctx, End::min);
}
// BZPOPMAX key [key ...] timeout
Status bzpopmax(Context& ctx) {
  return pop_or_wait(ctx, End::max);
}

Result<int64_t> parse_positive(std::string_view text, std::string_view what) {
  const auto number = parse_int64(text);
  if (!number || *number < 1) return errors::must_be_greater_than_zero(what);
  return *number;
}

struct MultiPop {
  size_t first_key;
  size_t key_count;
  End end = End::min;
  size_t count = 1;
};

// `first`: the argument that says how many keys follow.
Result<MultiPop> read_multi_pop(Context& ctx, size_t first) {
  TRY(const int64_t key_count, parse_positive(ctx.arg(first), "numkeys"));
  if (static_cast<uint64_t>(key_count) >= ctx.argc() - first - 1) return errors::syntax();
  MultiPop request{first + 1, static_cast<size_t>(key_count)};
  ArgReader args(ctx, request.first_key + request.key_count);
  if (args.option("MAX")) {
    request.end = End::max;
  } else if (!args.option("MIN")) {
    return errors::syntax();
  }
  if (args.left() >= 2 && args.option("COUNT")) {
    TRY(const int64_t count, parse_positive(args.text(), "count"));
    request.count = static_cast<size_t>(count);
  }
  TRY(args.finish());
  return request;
}

// Answers the key and the members, as pairs in both versions of the protocol.
Result<bool> pop_from_first(Context& ctx, const MultiPop& request) {
  return take_from_first(
      ctx, request.first_key, request.key_count,
      [&](Edit<SortedSet>& edit, std::string_view key) {
        ctx.reply.array(2);
        ctx.reply.bulk(key);
        pop(
            edit, request.end, request.count, [&](size_t popped) { ctx.reply.array(popped); },
            [&](std::string_view member, double score) {
              ctx.reply.array(2);
              ctx.reply.bulk(member);
              ctx.reply.number(score);
            });
      });
}

// ZMPOP numkeys key [key ...] <MIN | MAX> [COUNT count]
Status zmpop(Context& ctx) {
  TRY(const MultiPop request, read_multi_pop(ctx, 1));
  TRY(const bool was_taken, pop_from_first(ctx, request));
  if (!was_taken) ctx.reply.null_array();
  return ok;
}

// BZMPOP timeout numkeys key [key ...] <MIN | MAX> [COUNT count]
Status bzmpop(Context& ctx) {
  TRY(const MultiPop request, read_multi_pop(ctx, 2));
  TRY(const int64_t timeout_ms, parse_timeout_seconds(ctx.arg(1), ctx.now_ms()));
  TRY(const bool was_taken, pop_from_first(ctx, request));
  if (was_taken) return ok;
  return ctx.block({.first_key = request.first_key,
                    .key_count = request.key_count,
                    .type = Type::sorted_set,
                    .timeout_ms = timeout_ms});
}

constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"bzmpop", bzmpop, -5, kWrite | kBlocking, counted_keys(2, kTakeOut), "7.0.0",
        "O(K)+O(M*log(N)) with K keys and M members popped",
        "timeout numkeys key [key ...] <MIN | MAX> [COUNT count]",
        "As ZMPOP; waits until there is a sorted set."},
    {"bzpopmax", bzpopmax, -3, kWrite | kFast | kBlocking, key_range(1, -2, 1, kTakeOut), "5.0.0",
        "O(log(N))",
        "key [key ...] timeout",
        "As ZPOPMAX of the first sorted set that there is; waits until there is one."},
    {"bzpopmin", bzpopmin, -3, kWrite | kFast | kBlocking, key_range(1, -2, 1, kTakeOut), "5.0.0",
        "O(log(N))",
        "key [key ...] timeout",
        "As ZPOPMIN of the first sorted set that there is; waits until there is one."},
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
};

}  // namespace

CommandFamily sorted_set_pop_commands() { return {"sorted-set", kCommands}; }

}  // namespace larder
