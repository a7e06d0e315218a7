// Strings that count.
#include <cmath>

#include "server/base/numbers.h"
#include "server/command/context.h"
#include "server/commands/families.h"
#include "server/types/string.h"

namespace larder {
namespace {

Status add(Context& ctx, int64_t delta) {
  TRY(auto number, ctx.edit_or_create<String>(ctx.key(1)));
  TRY(const int64_t sum, number->add(delta));
  number.commit("incrby");
  ctx.reply.integer(sum);
  return ok;
}

// INCR key
Status incr(Context& ctx) {
  return add(ctx, 1);
}
// DECR key
Status decr(Context& ctx) {
  return add(ctx, -1);
}

// INCRBY key increment
Status incrby(Context& ctx) {
  const auto delta = parse_int64(ctx.arg(2));
  if (!delta) return errors::not_an_integer();
  return add(ctx, *delta);
}

// DECRBY key decrement
Status decrby(Context& ctx) {
  const auto delta = parse_int64(ctx.arg(2));
  if (!delta) return errors::not_an_integer();
  int64_t negated = 0;
  if (__builtin_sub_overflow(int64_t{0}, *delta, &negated)) return errors::decrement_overflow();
  return add(ctx, negated);
}

// INCRBYFLOAT key increment
Status incrbyfloat(Context& ctx) {
  TRY(auto number, ctx.edit_or_create<String>(ctx.key(1)));
  String::Digits digits;
  const auto old_value = number ? parse_long_double(number->bytes(digits)) : 0.0L;
  const auto delta = parse_long_double(ctx.arg(2));
  if (!old_value || !delta) return errors::not_a_float();
  const long double sum = *old_value + *delta;
  if (!std::isfinite(sum)) return errors::would_be_nan_or_infinity();
  const std::string text = format_long_double(sum);
  number->assign_text(text);
  number.commit("incrbyfloat");
  ctx.reply.bulk(text);
  return ok;
}

constexpr uint64_t kFlags = kWrite | kDenyOom | kFast;
constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"incr", incr, 2, kFlags, one_key(1, kGetModify), "1.0.0", "O(1)",
        "key",
        "Adds one to the integer of a key; a missing key counts as 0."},
    {"decr", decr, 2, kFlags, one_key(1, kGetModify), "1.0.0", "O(1)",
        "key",
        "Subtracts one from the integer of a key; a missing key counts as 0."},
    {"incrby", incrby, 3, kFlags, one_key(1, kGetModify), "1.0.0", "O(1)",
        "key increment",
        "Adds to the integer of a key; a missing key counts as 0."},
    {"decrby", decrby, 3, kFlags, one_key(1, kGetModify), "1.0.0", "O(1)",
        "key decrement",
        "Subtracts from the integer of a key; a missing key counts as 0."},
    {"incrbyfloat", incrbyfloat, 3, kFlags, one_key(1, kGetModify), "2.6.0", "O(1)",
        "key increment",
        "Adds to the floating-point number of a key; a missing key counts as 0."},
};

}  // namespace

CommandFamily counter_commands() { return {"string", kCommands}; }

}  // namespace larder
