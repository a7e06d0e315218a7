// Commands that read or set fields of a hash and say in the same breath how long these live, as Redis 8.0
// has them.
#include "server/command/arg_reader.h"
#include "server/commands/families.h"
#include "server/commands/field_options.h"
#include "server/commands/hash_access.h"

namespace larder {
namespace {

// --- Time options: EX, PX, EXAT, PXAT ---

struct TimeOption {
  std::string_view token;
  TimeUnit unit;
  TimeOrigin origin;
};
constexpr TimeOption kTimeOptions[] = {
    {"EX", TimeUnit::seconds, TimeOrigin::now},
    {"PX", TimeUnit::milliseconds, TimeOrigin::now},
    {"EXAT", TimeUnit::seconds, TimeOrigin::epoch},
    {"PXAT", TimeUnit::milliseconds, TimeOrigin::epoch},
};

const TimeOption* find_time_option(std::string_view token) {
  for (const TimeOption& option : kTimeOptions) {
    if (equals_ignoring_case(option.token, token)) return &option;
  }
  return nullptr;
}

// Removes fields whose end was given as a moment of the past. Returns how many there were.
int64_t remove_fields(Context& ctx, Edit<Hash>& hash, std::span<const std::string_view> names,
                      size_t step) {
  int64_t removed = 0;
  for (size_t i = 0; i < names.size(); i += step) {
    removed += hash->remove(PackedText(names[i]), ctx.now_ms());
  }
  ctx.keyspace.stats.expired_subkeys += static_cast<uint64_t>(removed);
  return removed;
}

// --- HGETEX, HGETDEL ---

void reply_fields(Context& ctx, Edit<Hash>& hash, std::span<const std::string_view> names) {
  ctx.reply.array(names.size());
  for (const std::string_view name : names) {
    reply_field(ctx, hash->find(PackedText(name), ctx.now_ms()));
  }
}

struct GetOptions {
  bool persists = false;
  std::optional<int64_t> end_ms;
  std::span<const std::string_view> names;
};

Result<GetOptions> read_get_options(Context& ctx) {
  GetOptions options;
  size_t position = 2;
  if (const TimeOption* time = find_time_option(ctx.arg(2))) {
    TRY(options.end_ms, read_field_end(ctx, ctx.arg(3), time->unit, time->origin));
    position = 4;
  } else if (equals_ignoring_case(ctx.arg(2), "PERSIST")) {
    options.persists = true;
    position = 3;
  }
  TRY(options.names, read_fields(ctx, position, errors::field_count_not_positive));
  return options;
}

// HGETEX key [EX seconds | PX milliseconds | ... | PERSIST] FIELDS numfields field [field ...]
Status hgetex(Context& ctx) {
  TRY(auto hash, open_hash(ctx));
  TRY(const GetOptions options, read_get_options(ctx));
  reply_fields(ctx, hash, options.names);
  if (!hash || (!options.persists && !options.end_ms)) return ok;
  if (options.end_ms && *options.end_ms <= ctx.now_ms()) {
    hash.commit("hdel", remove_fields(ctx, hash, options.names, 1));
    return ok;
  }
  int64_t changed = 0;
  for (const std::string_view name : options.names) {
    const PackedText packed(name);
    const auto field = hash->find(packed, ctx.now_ms());
    if (!field || (options.persists && !field->ends())) continue;
    hash->set_expiry(packed, options.end_ms.value_or(kNeverEnds));
    changed++;
  }
  hash.commit(options.persists ? "hpersist" : "hexpire", changed);
  return ok;
}

// HGETDEL key FIELDS numfields field [field ...]
Status hgetdel(Context& ctx) {
  TRY(auto hash, open_hash(ctx));
  TRY(const auto names, read_fields(ctx, 2, errors::field_count_not_positive));
  ctx.reply.array(names.size());
  int64_t removed = 0;
  for (const std::string_view name : names) {
    const PackedText packed(name);
    reply_field(ctx, hash->find(packed, ctx.now_ms()));
    if (hash) removed += hash->remove(packed, ctx.now_ms());
  }
  if (hash) hash.commit("hdel", removed);
  return ok;
}

// --- HSETEX ---

struct SetOptions {
  bool only_new = false;       // FNX
  bool only_existing = false;  // FXX
  bool keeps_end = false;
  std::optional<int64_t> end_ms;
  std::span<const std::string_view> pairs;
};

// The pairs behind FIELDS. A count that does not fit them is an error of arity.
Result<std::span<const std::string_view>> read_pairs(const Context& ctx, size_t position) {
  if (position + 3 >= ctx.argc()) return errors::wrong_arity(ctx.command_name());
  const auto count = parse_int64(ctx.arg(position + 1));
  if (!count || *count < 1 || *count > INT32_MAX) return errors::invalid_field_count();
  const auto pairs = ctx.arguments().subspan(position + 2);
  if (pairs.size() != 2 * static_cast<size_t>(*count)) {
    return errors::wrong_arity(ctx.command_name());
  }
  return pairs;
}

// Options in any order, up to FIELDS.
Result<SetOptions> read_set_options(Context& ctx) {
  SetOptions options;
  ArgReader args(ctx, 2);
  while (args.has_more()) {
    const TimeOption* time = find_time_option(ctx.arg(args.position()));
    if ((time != nullptr || args.sees("KEEPTTL")) && (options.end_ms || options.keeps_end)) {
      return errors::one_field_time();
    }
    if ((args.sees("FNX") || args.sees("FXX")) && (options.only_new || options.only_existing)) {
      return errors::one_field_condition();
    }
    if (args.sees("FIELDS")) {
      TRY(options.pairs, read_pairs(ctx, args.position()));
      return options;
    } else if (time != nullptr) {
      args.text();
      if (!args.has_more()) return errors::missing_expire_time();
      TRY(options.end_ms, read_field_end(ctx, args.text(), time->unit, time->origin));
    } else if (args.option("KEEPTTL")) {
      options.keeps_end = true;
    } else if (args.option("FNX")) {
      options.only_new = true;
    } else if (args.option("FXX")) {
      options.only_existing = true;
    } else {
      return errors::unknown_argument(args.text());
    }
  }
  return errors::fields_missing();
}

bool is_allowed(Context& ctx, Edit<Hash>& hash, const SetOptions& options) {
  if (!options.only_new && !options.only_existing) return true;
  for (size_t i = 0; i < options.pairs.size(); i += 2) {
    const bool exists = hash->find(PackedText(options.pairs[i]), ctx.now_ms()).has_value();
    if (exists != options.only_existing) return false;
  }
  return true;
}

// HSETEX key [FNX | FXX] [EX seconds | PX milliseconds | ... | KEEPTTL]
//   FIELDS numfields field value [field value ...]
Status hsetex(Context& ctx) {
  TRY(const SetOptions options, read_set_options(ctx));
  TRY(auto hash, open_hash(ctx));
  if (!is_allowed(ctx, hash, options)) {
    ctx.reply.integer(0);
    return ok;
  }
  // A moment of the past makes fields that are there for the listeners only.
  const bool is_past = options.end_ms && *options.end_ms <= ctx.now_ms();
  const int64_t end_ms = is_past ? kNeverEnds : options.end_ms.value_or(kNeverEnds);
  hash->expect(options.pairs.size() / 2);
  for (size_t i = 0; i < options.pairs.size(); i += 2) {
    const std::string_view name = options.pairs[i];
    const std::string_view value = options.pairs[i + 1];
    if (options.keeps_end) {
      hash->set_keeping_end(name, value, ctx.now_ms());
    } else {
      hash->set(name, value, end_ms, ctx.now_ms());
    }
  }
  hash.commit("hset");
  if (is_past) {
    hash.commit("hdel", remove_fields(ctx, hash, options.pairs, 2));
  } else if (options.end_ms) {
    hash.commit("hexpire");
  }
  ctx.reply.integer(1);
  return ok;
}

constexpr std::string_view kComplexity = "O(N) in the fields named";
constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"hgetdel", hgetdel, -5, kWrite | kFast, one_key(1, kTakeOut), "8.0.0",
        kComplexity,
        "key FIELDS numfields field [field ...]",
        "Returns the values of fields of a hash and removes them."},
    {"hgetex", hgetex, -5, kWrite | kFast, one_key(1, kGetModify), "8.0.0", kComplexity,
        "key [EX seconds | PX milliseconds | EXAT unix-time-seconds | "
        "PXAT unix-time-milliseconds | PERSIST] FIELDS numfields field [field ...]",
        "Returns the values of fields of a hash and says how long these live from now on."},
    {"hsetex", hsetex, -6, kWrite | kDenyOom | kFast, one_key(1, kModify), "8.0.0", kComplexity,
        "key [FNX | FXX] [EX seconds | PX milliseconds | EXAT unix-time-seconds | "
        "PXAT unix-time-milliseconds | KEEPTTL] FIELDS numfields field value [field value ...]",
        "Gives fields of a hash their values and says how long these live."},
};

}  // namespace

CommandFamily hash_life_commands() { return {"hash", kCommands}; }

}  // namespace larder
