// Commands that give keys a string value, and the times to live that come with it.
#include <algorithm>

#include "server/command/arg_reader.h"
#include "server/commands/argument_value.h"
#include "server/commands/families.h"
#include "server/commands/reply_value.h"

namespace larder {
namespace {

// --- Time to live ---

// What SET and GETEX may say about a key's time; at most one of these.
enum class Life : uint8_t {
  unsaid,
  seconds,
  milliseconds,
  at_second,
  at_millisecond,
  keep,
  persist
};

struct LifeOption {
  Life life = Life::unsaid;
  std::string_view amount;

  bool has_amount() const { return life >= Life::seconds && life <= Life::at_millisecond; }
};

// Takes a time option if the next argument is one. `own`: the one that only this command has, which
// is Life::keep for SET and Life::persist for GETEX.
bool take_life_option(ArgReader& args, Life own, LifeOption& option) {
  Life life = own;
  if (args.option("EX")) {
    life = Life::seconds;
  } else if (args.option("PX")) {
    life = Life::milliseconds;
  } else if (args.option("EXAT")) {
    life = Life::at_second;
  } else if (args.option("PXAT")) {
    life = Life::at_millisecond;
  } else if (!args.option(own == Life::keep ? "KEEPTTL" : "PERSIST")) {
    return false;
  }
  // The same option again is fine, its last amount holds.
  if (option.life != Life::unsaid && option.life != life) args.fail(errors::syntax());
  option.life = life;
  if (option.has_amount()) option.amount = args.text();
  return true;
}

// The moment that an amount of time means, in milliseconds since 1970.
// Errors: no integer; not positive; beyond int64.
Result<int64_t> moment_of(const Context& ctx, const LifeOption& option) {
  const auto amount = parse_int64(option.amount);
  if (!amount) return errors::not_an_integer();
  const bool is_in_seconds = option.life == Life::seconds || option.life == Life::at_second;
  const bool is_relative = option.life == Life::seconds || option.life == Life::milliseconds;
  int64_t moment_ms = *amount;
  if (moment_ms <= 0 ||
      (is_in_seconds && __builtin_mul_overflow(moment_ms, int64_t{1000}, &moment_ms)) ||
      (is_relative && __builtin_add_overflow(moment_ms, ctx.now_ms(), &moment_ms))) {
    return errors::invalid_expire_time(ctx.command_name());
  }
  return moment_ms;
}

// --- SET and its older relatives ---

void set_value(Context& ctx, const Key& key, size_t value_index, int64_t expiry_ms) {
  auto edit = ctx.replace<String>(key, expiry_ms);
  assign_argument(ctx, edit, value_index);
  edit.commit("set");
}

// With a time that is given rather than kept. A moment in the past makes a key that has expired
// already: nobody sees it, and listeners hear "set", "expire" and "expired" as they do from Redis.
void set_expiring_value(Context& ctx, const Key& key, size_t value_index, int64_t expiry_ms) {
  set_value(ctx, key, value_index, expiry_ms);
  // Not Keyspace::changed: the value and its time are one change.
  ctx.keyspace.key_changed({KeyEventClass::generic, "expire", ctx.database(), key.name});
}

struct SetOptions {
  bool only_new = false;       // NX
  bool only_existing = false;  // XX
  bool get = false;
  LifeOption life;
};

Result<SetOptions> read_set_options(const Context& ctx) {
  SetOptions options;
  ArgReader args(ctx, 3);
  while (args.has_more()) {
    if (take_life_option(args, Life::keep, options.life)) continue;
    if (args.option("NX")) {
      options.only_new = true;
    } else if (args.option("XX")) {
      options.only_existing = true;
    } else if (args.option("GET")) {
      options.get = true;
    } else {
      args.fail(errors::syntax());
    }
    if (options.only_new && options.only_existing) args.fail(errors::syntax());
  }
  TRY(args.finish());
  return options;
}

// SET with options.
Status set_with_options(Context& ctx) {
  const Key key = ctx.key(1);
  TRY(const SetOptions options, read_set_options(ctx));
  int64_t expiry_ms = kNoExpiry;
  if (options.life.has_amount()) {
    TRY(expiry_ms, moment_of(ctx, options.life));
  }
  if (options.get) {
    TRY(const auto old_value, ctx.find<String>(key));
    reply_value(ctx, old_value);
  }
  if (options.only_new || options.only_existing || options.life.life == Life::keep) {
    const Entry* entry = ctx.find_entry(key, Lookup::write);
    if (entry != nullptr ? options.only_new : options.only_existing) {
      if (!options.get) ctx.reply.null();
      return ok;
    }
    if (entry != nullptr && options.life.life == Life::keep) expiry_ms = entry->expiry_ms();
  }
  if (options.life.has_amount()) {
    set_expiring_value(ctx, key, 2, expiry_ms);
  } else {
    set_value(ctx, key, 2, expiry_ms);
  }
  if (!options.get) ctx.reply.ok();
  return ok;
}

// SET key value [NX | XX] [GET] [EX seconds | ... | KEEPTTL]
Status set(Context& ctx) {
  if (ctx.argc() > 3) return set_with_options(ctx);
  set_value(ctx, ctx.key(1), 2, kNoExpiry);
  ctx.reply.ok();
  return ok;
}

// SETNX key value
Status setnx(Context& ctx) {
  const Key key = ctx.key(1);
  const bool is_new = ctx.find_entry(key, Lookup::write) == nullptr;
  if (is_new) set_value(ctx, key, 2, kNoExpiry);
  ctx.reply.integer(is_new ? 1 : 0);
  return ok;
}

Status set_for(Context& ctx, Life unit) {
  TRY(const int64_t expiry_ms, moment_of(ctx, {unit, ctx.arg(2)}));
  set_expiring_value(ctx, ctx.key(1), 3, expiry_ms);
  ctx.reply.ok();
  return ok;
}

// SETEX key seconds value
Status setex(Context& ctx) {
  return set_for(ctx, Life::seconds);
}
// PSETEX key milliseconds value
Status psetex(Context& ctx) {
  return set_for(ctx, Life::milliseconds);
}

// GETSET key value
Status getset(Context& ctx) {
  const Key key = ctx.key(1);
  TRY(const auto old_value, ctx.find<String>(key));
  reply_value(ctx, old_value);
  set_value(ctx, key, 2, kNoExpiry);
  return ok;
}

// GETEX key [EX seconds | ... | PERSIST]
Status getex(Context& ctx) {
  LifeOption option;
  ArgReader args(ctx, 2);
  while (args.has_more()) {
    if (!take_life_option(args, Life::persist, option)) args.fail(errors::syntax());
  }
  TRY(args.finish());
  const Key key = ctx.key(1);
  TRY(const auto value, ctx.find<String>(key));
  int64_t expiry_ms = kNoExpiry;
  if (value && option.has_amount()) {
    TRY(expiry_ms, moment_of(ctx, option));
  }
  reply_value(ctx, value);
  const bool changes_expiry =
      option.has_amount() || (option.life == Life::persist && value && value.entry().has_expiry());
  if (value && changes_expiry) {
    Database::Slot* slot = ctx.keyspace.find(ctx.database(), key, Lookup::silent);
    ctx.keyspace.set_expiry(ctx.database(), key, slot, expiry_ms);
  }
  return ok;
}

// --- Several keys at once ---

// Errors: a key without a value.
Status check_pairs(const Context& ctx) {
  if (ctx.argc() % 2 == 0) return errors::wrong_arity(ctx.command_name());
  return ok;
}

void set_pairs(Context& ctx) {
  for_each_key(ctx, 1, 2, [&](const Key& key, size_t index) {
    set_value(ctx, key, index + 1, kNoExpiry);
    return true;
  });
}

// MSET key value [key value ...]
Status mset(Context& ctx) {
  TRY(check_pairs(ctx));
  set_pairs(ctx);
  ctx.reply.ok();
  return ok;
}

// MSETNX key value [key value ...]. A key that is named twice gets its last value.
Status msetnx(Context& ctx) {
  TRY(check_pairs(ctx));
  bool are_new = true;
  for_each_key(ctx, 1, 2, [&](const Key& key, size_t) {
    are_new = ctx.find_entry(key, Lookup::write) == nullptr;
    return are_new;
  });
  if (are_new) set_pairs(ctx);
  ctx.reply.integer(are_new ? 1 : 0);
  return ok;
}

// Only with GET the old value is read.
bool find_set_keys(std::span<const std::string_view> arguments, std::vector<KeyPosition>& positions) {
  const auto options = arguments.subspan(std::min(arguments.size(), size_t{3}));
  const bool reads = std::any_of(options.begin(), options.end(), [](std::string_view option) {
    return equals_ignoring_case(option, "GET");
  });
  positions.push_back({1, reads ? kGetModify : kPut});
  return true;
}

constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"set", set, -3, kWrite | kDenyOom | kTimedInRuns, one_key(1, kGetModify | kVariableFlags), "1.0.0", "O(1)",
        "key value [NX | XX] [GET] [EX seconds | PX milliseconds | EXAT unix-time-seconds | "
        "PXAT unix-time-milliseconds | KEEPTTL]",
        "Gives a key a string value, whatever it held before.", {}, {}, find_set_keys},
    {"setnx", setnx, 3, kWrite | kDenyOom | kFast, one_key(1, kCreate), "1.0.0", "O(1)",
        "key value",
        "Gives a key a string value if it does not exist.",
        "2.6.12", "`SET` with the `NX` argument"},
    {"setex", setex, 4, kWrite | kDenyOom, one_key(1, kPut), "2.0.0", "O(1)",
        "key seconds value",
        "Gives a key a string value and a time to live in seconds.",
        "2.6.12", "`SET` with the `EX` argument"},
    {"psetex", psetex, 4, kWrite | kDenyOom, one_key(1, kPut), "2.6.0", "O(1)",
        "key milliseconds value",
        "Gives a key a string value and a time to live in milliseconds.",
        "2.6.12", "`SET` with the `PX` argument"},
    {"getset", getset, 3, kWrite | kDenyOom | kFast, one_key(1, kGetModify), "1.0.0", "O(1)",
        "key value",
        "Gives a key a string value and returns the one that it had.",
        "6.2.0", "`SET` with the `!GET` argument"},
    {"getex", getex, -2, kWrite | kFast, one_key(1, kGetModify), "6.2.0", "O(1)",
        "key [EX seconds | PX milliseconds | EXAT unix-time-seconds | "
        "PXAT unix-time-milliseconds | PERSIST]",
        "Returns the string value of a key and changes its time to live."},
    {"mset", mset, -3, kWrite | kDenyOom | kMultiShard | kAllSucceeded,
        key_range(1, -1, 2, kPut), "1.0.1", "O(N) with N keys",
        "key value [key value ...]",
        "Gives several keys their string values at once."},
    {"msetnx", msetnx, -3, kWrite | kDenyOom, key_range(1, -1, 2, kCreate), "1.0.1",
        "O(N) with N keys",
        "key value [key value ...]",
        "Gives several keys their string values, but only if none of them exists."},
};

}  // namespace

CommandFamily string_set_commands() { return {"string", kCommands}; }

}  // namespace larder
