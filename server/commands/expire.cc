// When keys end: EXPIRE, TTL and their kin.
#include "server/base/numbers.h"
#include "server/command/arg_reader.h"
#include "server/commands/families.h"

namespace larder {
namespace {

enum class Unit : int64_t { milliseconds = 1, seconds = 1000 };
enum class Origin { now, epoch };

struct Conditions {
  bool if_none = false;     // NX
  bool if_some = false;     // XX
  bool if_later = false;    // GT
  bool if_earlier = false;  // LT

  // No expiry counts as one that never comes.
  bool allow(int64_t old_ms, int64_t new_ms) const {
    const bool has_old = old_ms != kNoExpiry;
    if (if_none && has_old) return false;
    if (if_some && !has_old) return false;
    if (if_later && (!has_old || new_ms <= old_ms)) return false;
    if (if_earlier && has_old && new_ms >= old_ms) return false;
    return true;
  }
};

Result<Conditions> read_conditions(Context& ctx) {
  Conditions conditions;
  ArgReader args(ctx, 3);
  while (args.has_more()) {
    if (args.option("NX")) {
      conditions.if_none = true;
    } else if (args.option("XX")) {
      conditions.if_some = true;
    } else if (args.option("GT")) {
      conditions.if_later = true;
    } else if (args.option("LT")) {
      conditions.if_earlier = true;
    } else {
      args.fail(errors::unsupported_option(args.text()));
    }
  }
  TRY(args.status());
  if (conditions.if_none && (conditions.if_some || conditions.if_later || conditions.if_earlier)) {
    return errors::incompatible_expire_options();
  }
  if (conditions.if_later && conditions.if_earlier) return errors::greater_and_less_together();
  return conditions;
}

// The moment that the second argument means, in milliseconds since 1970; may lie before it.
Result<int64_t> read_moment(Context& ctx, Unit unit, Origin origin) {
  const auto number = parse_int64(ctx.arg(2));
  if (!number) return errors::not_an_integer();
  int64_t moment_ms = 0;
  const int64_t origin_ms = origin == Origin::now ? ctx.now_ms() : 0;
  if (__builtin_mul_overflow(*number, static_cast<int64_t>(unit), &moment_ms) ||
      __builtin_add_overflow(moment_ms, origin_ms, &moment_ms)) {
    return errors::invalid_expire_time(ctx.command_name());
  }
  return moment_ms;
}

Status set_expiry(Context& ctx, Unit unit, Origin origin) {
  TRY(const Conditions conditions, read_conditions(ctx));
  TRY(const int64_t moment_ms, read_moment(ctx, unit, origin));
  const Key key = ctx.key(1);
  Database::Slot* slot = ctx.keyspace.find(ctx.database(), key, Lookup::write);
  if (slot == nullptr || !conditions.allow(slot->get()->expiry_ms(), moment_ms)) {
    ctx.reply.integer(0);
    return ok;
  }
  // -1 would mean no expiry; any other moment of the past removes the key just as well.
  ctx.keyspace.set_expiry(ctx.database(), key, slot, std::max(moment_ms, int64_t{0}));
  ctx.reply.integer(1);
  return ok;
}

// EXPIRE key seconds [NX | XX | GT | LT]
Status expire(Context& ctx) {
  return set_expiry(ctx, Unit::seconds, Origin::now);
}
// PEXPIRE key milliseconds [NX | XX | GT | LT]
Status pexpire(Context& ctx) {
  return set_expiry(ctx, Unit::milliseconds, Origin::now);
}
// EXPIREAT key unix-time-seconds [NX | XX | GT | LT]
Status expireat(Context& ctx) {
  return set_expiry(ctx, Unit::seconds, Origin::epoch);
}
// PEXPIREAT key unix-time-milliseconds [NX | XX | GT | LT]
Status pexpireat(Context& ctx) {
  return set_expiry(ctx, Unit::milliseconds, Origin::epoch);
}

// Replies -2 without a key, -1 without an expiry.
Status tell_expiry(Context& ctx, Unit unit, Origin origin) {
  const Entry* entry = ctx.find_entry(ctx.key(1), Lookup::peek);
  if (entry == nullptr || !entry->has_expiry()) {
    ctx.reply.integer(entry == nullptr ? -2 : -1);
    return ok;
  }
  const int64_t ms = entry->expiry_ms() - (origin == Origin::now ? ctx.now_ms() : 0);
  // Seconds are rounded to the nearest, as in Redis; done in parts, because a moment near the end
  // of time leaves no room for adding half a second.
  ctx.reply.integer(unit == Unit::seconds ? ms / 1000 + (ms % 1000 >= 500 ? 1 : 0) : ms);
  return ok;
}

// TTL key
Status ttl(Context& ctx) {
  return tell_expiry(ctx, Unit::seconds, Origin::now);
}
// PTTL key
Status pttl(Context& ctx) {
  return tell_expiry(ctx, Unit::milliseconds, Origin::now);
}
// EXPIRETIME key
Status expiretime(Context& ctx) {
  return tell_expiry(ctx, Unit::seconds, Origin::epoch);
}
// PEXPIRETIME key
Status pexpiretime(Context& ctx) {
  return tell_expiry(ctx, Unit::milliseconds, Origin::epoch);
}

// PERSIST key
Status persist(Context& ctx) {
  const Key key = ctx.key(1);
  Database::Slot* slot = ctx.keyspace.find(ctx.database(), key, Lookup::write);
  const bool had_expiry = slot != nullptr && slot->get()->has_expiry();
  if (had_expiry) ctx.keyspace.set_expiry(ctx.database(), key, slot, kNoExpiry);
  ctx.reply.integer(had_expiry ? 1 : 0);
  return ok;
}

constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"expire", expire, -3, kWrite | kFast, one_key(1, kModify), "1.0.0", "O(1)",
        "key seconds [NX | XX | GT | LT]",
        "Lets a key end in so many seconds."},
    {"expireat", expireat, -3, kWrite | kFast, one_key(1, kModify), "1.2.0", "O(1)",
        "key unix-time-seconds [NX | XX | GT | LT]",
        "Lets a key end at a moment, in seconds since 1970."},
    {"expiretime", expiretime, 2, kRead | kFast, one_key(1, kGet), "7.0.0", "O(1)",
        "key",
        "Tells when a key ends, in seconds since 1970."},
    {"persist", persist, 2, kWrite | kFast, one_key(1, kModify), "2.2.0", "O(1)",
        "key",
        "Takes a key's expiry away."},
    {"pexpire", pexpire, -3, kWrite | kFast, one_key(1, kModify), "2.6.0", "O(1)",
        "key milliseconds [NX | XX | GT | LT]",
        "Lets a key end in so many milliseconds."},
    {"pexpireat", pexpireat, -3, kWrite | kFast, one_key(1, kModify), "2.6.0", "O(1)",
        "key unix-time-milliseconds [NX | XX | GT | LT]",
        "Lets a key end at a moment, in milliseconds since 1970."},
    {"pexpiretime", pexpiretime, 2, kRead | kFast, one_key(1, kGet), "7.0.0", "O(1)",
        "key",
        "Tells when a key ends, in milliseconds since 1970."},
    {"pttl", pttl, 2, kRead | kFast | kNondeterministic, one_key(1, kGet), "2.6.0", "O(1)",
        "key",
        "Tells how long a key still lives, in milliseconds."},
    {"ttl", ttl, 2, kRead | kFast | kNondeterministic, one_key(1, kGet), "1.0.0", "O(1)",
        "key",
        "Tells how long a key still lives, in seconds."},
};

}  // namespace

CommandFamily expire_commands() { return {"generic", kCommands}; }

}  // namespace larder
