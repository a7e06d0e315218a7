// Commands that take elements from one of several lists or from one list to another, and those that
// wait for an element.
#include <string>

#include "server/commands/families.h"
#include "server/commands/list_value.h"
#include "server/commands/timeout_argument.h"

namespace larder {
namespace {

// --- From list to list ---

// Moves an element of a list that is there. As in Redis the push is told of before the pop.
Status move_element(Context& ctx, const Key& source, const Key& target, End from, End to) {
  std::string element;
  {
    TRY(auto list, ctx.edit<List>(source));
    element = list->at_end(from).to_string();
  }
  {
    TRY(auto list, ctx.edit_or_create<List>(target));
    const std::string_view text = element;
    list->push({&text, 1}, to);
    list.commit_half(push_event(to));
  }
  ctx.reply.bulk(element);
  TRY(auto list, ctx.edit<List>(source));
  list->drop(1, from);
  list.commit(pop_event(from));
  return ok;
}

// Whether there is something to move; the errors of both keys come in the order of Redis.
Result<bool> has_element(Context& ctx, const Key& source) {
  TRY(auto list, ctx.edit<List>(source));
  return static_cast<bool>(list);
}

Status move(Context& ctx, End from, End to) {
  TRY(const bool has, has_element(ctx, ctx.key(1)));
  if (!has) {
    ctx.reply.null();
    return ok;
  }
  return move_element(ctx, ctx.key(1), ctx.key(2), from, to);
}

// LMOVE source destination <LEFT | RIGHT> <LEFT | RIGHT>
Status lmove(Context& ctx) {
  TRY(const End from, parse_end(ctx.arg(3)));
  TRY(const End to, parse_end(ctx.arg(4)));
  return move(ctx, from, to);
}

// RPOPLPUSH source destination
Status rpoplpush(Context& ctx) { return move(ctx, End::back, End::front); }

// Of a command that answers with a single element. Redis's reply at the timeout is another than where
// it must not wait.
void reply_no_element(Context& ctx) { ctx.may_block ? ctx.reply.null_array() : ctx.reply.null(); }

Status move_or_wait(Context& ctx, End from, End to, int64_t timeout_ms) {
  TRY(const bool has, has_element(ctx, ctx.key(1)));
  if (has) return move_element(ctx, ctx.key(1), ctx.key(2), from, to);
  return ctx.block({.first_key = 1,
                    .key_count = 1,
                    .type = Type::list,
                    .timeout_ms = timeout_ms,
                    .at_timeout = reply_no_element});
}

// BLMOVE source destination <LEFT | RIGHT> <LEFT | RIGHT> timeout
Status blmove(Context& ctx) {
  TRY(const End from, parse_end(ctx.arg(3)));
  TRY(const End to, parse_end(ctx.arg(4)));
  TRY(const int64_t timeout_ms, parse_timeout_seconds(ctx.arg(5), ctx.now_ms()));
  return move_or_wait(ctx, from, to, timeout_ms);
}

// BRPOPLPUSH source destination timeout
Status brpoplpush(Context& ctx) {
  TRY(const int64_t timeout_ms, parse_timeout_seconds(ctx.arg(3), ctx.now_ms()));
  return move_or_wait(ctx, End::back, End::front, timeout_ms);
}

// --- From the first of several lists ---

// The first of the keys that is a list, opened; not opened if none is. Error: WRONGTYPE, if a key of
// another type comes before it.
template <class Take>
Result<bool> take_from_first(Context& ctx, size_t first_key, size_t key_count, Take&& take) {
  for (size_t i = first_key; i < first_key + key_count; i++) {
    TRY(auto list, ctx.edit<List>(ctx.key(i)));
    if (!list) continue;
    take(list, ctx.arg(i));
    return true;
  }
  return false;
}

Status pop_or_wait(Context& ctx, End end) {
  const size_t key_count = ctx.argc() - 2;
  TRY(const int64_t timeout_ms, parse_timeout_seconds(ctx.arg(ctx.argc() - 1), ctx.now_ms()));
  const auto take = [&](Edit<List>& list, std::string_view key) {
    ctx.reply.array(2);
    ctx.reply.bulk(key);
    reply_element(ctx, list->at_end(end));
    list->drop(1, end);
    list.commit(pop_event(end));
  };
  TRY(const bool was_taken, take_from_first(ctx, 1, key_count, take));
  if (was_taken) return ok;
  return ctx.block({.first_key = 1, .key_count = key_count, .timeout_ms = timeout_ms});
}

// BLPOP key [key ...] timeout
Status blpop(Context& ctx) { return pop_or_wait(ctx, End::front); }
// BRPOP key [key ...] timeout
Status brpop(Context& ctx) { return pop_or_wait(ctx, End::back); }

// The arguments of LMPOP from numkeys on.
struct ManyPops {
  size_t first_key;
  size_t key_count;
  End end;
  uint64_t count = 1;
};

Result<ManyPops> parse_many_pops(const Context& ctx, size_t numkeys_at) {
  const auto key_count = parse_int64(ctx.arg(numkeys_at));
  if (!key_count || *key_count < 1) return errors::must_be_greater_than_zero("numkeys");
  const size_t behind = ctx.argc() - numkeys_at - 1;
  if (static_cast<uint64_t>(*key_count) >= behind) return errors::syntax();
  ManyPops pops{numkeys_at + 1, static_cast<size_t>(*key_count), End::front};
  ArgReader args(ctx, pops.first_key + pops.key_count);
  TRY(pops.end, parse_end(args.text()));
  bool has_count = false;
  while (args.has_more()) {
    if (has_count || !args.option("COUNT") || !args.has_more()) return errors::syntax();
    const auto count = parse_int64(args.text());
    if (!count || *count < 1) return errors::must_be_greater_than_zero("count");
    pops.count = static_cast<uint64_t>(*count);
    has_count = true;
  }
  return pops;
}

Result<bool> pop_from_first(Context& ctx, const ManyPops& pops) {
  return take_from_first(ctx, pops.first_key, pops.key_count,
                         [&](Edit<List>& list, std::string_view key) {
                           ctx.reply.array(2);
                           ctx.reply.bulk(key);
                           pop_many(ctx, list, pops.end, pops.count);
                         });
}

// LMPOP numkeys key [key ...] <LEFT | RIGHT> [COUNT count]
Status lmpop(Context& ctx) {
  TRY(const ManyPops pops, parse_many_pops(ctx, 1));
  TRY(const bool was_taken, pop_from_first(ctx, pops));
  if (!was_taken) ctx.reply.null_array();
  return ok;
}

// BLMPOP timeout numkeys key [key ...] <LEFT | RIGHT> [COUNT count]
Status blmpop(Context& ctx) {
  TRY(const ManyPops pops, parse_many_pops(ctx, 2));
  TRY(const int64_t timeout_ms, parse_timeout_seconds(ctx.arg(1), ctx.now_ms()));
  TRY(const bool was_taken, pop_from_first(ctx, pops));
  if (was_taken) return ok;
  return ctx.block(
      {.first_key = pops.first_key, .key_count = pops.key_count, .timeout_ms = timeout_ms});
}

constexpr std::string_view kManyComplexity = "O(N+M) with N keys and M elements returned";
constexpr KeySpecs kSourceAndTarget = one_key(1, kTakeOut) + one_key(2, kAdd);

constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"lmove", lmove, 5, kWrite | kDenyOom, kSourceAndTarget, "6.2.0", "O(1)",
        "source destination <LEFT | RIGHT> <LEFT | RIGHT>",
        "Takes an element from one end of a list to one end of another, or of the same, and returns it."},
    {"rpoplpush", rpoplpush, 3, kWrite | kDenyOom, kSourceAndTarget, "1.2.0", "O(1)",
        "source destination",
        "Takes the last element of a list to the front of another and returns it.",
        "6.2.0", "`LMOVE` with the `RIGHT` and `LEFT` arguments"},
    {"lmpop", lmpop, -4, kWrite, counted_keys(1, kTakeOut), "7.0.0", kManyComplexity,
        "numkeys key [key ...] <LEFT | RIGHT> [COUNT count]",
        "Takes elements out of the first list that there is and returns them."},
    {"blpop", blpop, -3, kWrite | kBlocking, key_range(1, -2, 1, kTakeOut), "2.0.0",
        "O(N) with N keys",
        "key [key ...] timeout",
        "As LPOP of the first list that there is; waits until there is one."},
    {"brpop", brpop, -3, kWrite | kBlocking, key_range(1, -2, 1, kTakeOut), "2.0.0",
        "O(N) with N keys",
        "key [key ...] timeout",
        "As RPOP of the first list that there is; waits until there is one."},
    {"blmove", blmove, 6, kWrite | kDenyOom | kBlocking, kSourceAndTarget, "6.2.0", "O(1)",
        "source destination <LEFT | RIGHT> <LEFT | RIGHT> timeout",
        "As LMOVE; waits until there is an element."},
    {"brpoplpush", brpoplpush, 4, kWrite | kDenyOom | kBlocking, kSourceAndTarget, "2.2.0", "O(1)",
        "source destination timeout",
        "As RPOPLPUSH; waits until there is an element.",
        "6.2.0", "`BLMOVE` with the `RIGHT` and `LEFT` arguments"},
    {"blmpop", blmpop, -5, kWrite | kBlocking, counted_keys(2, kTakeOut), "7.0.0", kManyComplexity,
        "timeout numkeys key [key ...] <LEFT | RIGHT> [COUNT count]",
        "As LMPOP; waits until there is a list."},
};

}  // namespace

CommandFamily list_move_commands() { return {"list", kCommands}; }

}  // namespace larder
