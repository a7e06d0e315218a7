// When fields of a hash end: HEXPIRE, HTTL and their kin, as Redis 7.4 has them.
#include "server/commands/families.h"
#include "server/commands/field_options.h"
#include "server/commands/hash_access.h"

namespace larder {
namespace {

// What the replies say of each field.
constexpr int64_t kNoField = -2;
constexpr int64_t kNoEnd = -1;
constexpr int64_t kNotMet = 0;
constexpr int64_t kDone = 1;
constexpr int64_t kGone = 2;  // its end lies in the past

void reply_for_all(Context& ctx, size_t count, int64_t code) {
  ctx.reply.array(count);
  for (; count > 0; count--) ctx.reply.integer(code);
}

// --- Giving fields an end ---

enum class Condition { none, if_endless, if_ending, if_later, if_earlier };

Condition read_condition(std::string_view token) {
  if (equals_ignoring_case(token, "NX")) return Condition::if_endless;
  if (equals_ignoring_case(token, "XX")) return Condition::if_ending;
  if (equals_ignoring_case(token, "GT")) return Condition::if_later;
  if (equals_ignoring_case(token, "LT")) return Condition::if_earlier;
  return Condition::none;
}

// A field that never ends counts as one that ends later than any other.
bool allows(Condition condition, const HashField& field, int64_t end_ms) {
  switch (condition) {
    case Condition::none: return true;
    case Condition::if_endless: return !field.ends();
    case Condition::if_ending: return field.ends();
    case Condition::if_later: return field.ends() && end_ms > field.expiry_ms();
    case Condition::if_earlier: return end_ms < field.expiry_ms();
  }
  return false;
}

int64_t give_end(Context& ctx, Edit<Hash>& hash, std::string_view name, Condition condition,
                 int64_t end_ms) {
  const PackedText packed(name);
  const auto field = hash->find(packed, ctx.now_ms());
  if (!field) return kNoField;
  if (!allows(condition, *field, end_ms)) return kNotMet;
  if (end_ms > ctx.now_ms()) {
    hash->set_expiry(packed, end_ms);
    return kDone;
  }
  hash->remove(packed, ctx.now_ms());
  ++ctx.keyspace.stats.expired_subkeys;
  return kGone;
}

Status expire_fields(Context& ctx, TimeUnit unit, TimeOrigin origin) {
  TRY(auto hash, open_hash(ctx));
  TRY(const int64_t end_ms, read_field_end(ctx, ctx.arg(2), unit, origin));
  const Condition condition = read_condition(ctx.arg(3));
  const size_t position = condition == Condition::none ? 3 : 4;
  TRY(const auto names, read_fields(ctx, position, errors::field_count_too_small));
  if (!hash) {
    reply_for_all(ctx, names.size(), kNoField);
    return ok;
  }
  ctx.reply.array(names.size());
  int64_t changed = 0;
  for (const std::string_view name : names) {
    const int64_t code = give_end(ctx, hash, name, condition, end_ms);
    if (code == kDone || code == kGone) changed++;
    ctx.reply.integer(code);
  }
  hash.commit(end_ms > ctx.now_ms() ? "hexpire" : "hdel", changed);
  return ok;
}

// HEXPIRE key seconds [NX | XX | GT | LT] FIELDS numfields field [field ...]
Status hexpire(Context& ctx) {
  return expire_fields(ctx, TimeUnit::seconds, TimeOrigin::now);
}
// HPEXPIRE key milliseconds ...
Status hpexpire(Context& ctx) {
  return expire_fields(ctx, TimeUnit::milliseconds, TimeOrigin::now);
}
// HEXPIREAT key unix-time-seconds ...
Status hexpireat(Context& ctx) {
  return expire_fields(ctx, TimeUnit::seconds, TimeOrigin::epoch);
}
// HPEXPIREAT key unix-time-milliseconds ...
Status hpexpireat(Context& ctx) {
  return expire_fields(ctx, TimeUnit::milliseconds, TimeOrigin::epoch);
}

// HPERSIST key FIELDS numfields field [field ...]
Status hpersist(Context& ctx) {
  TRY(auto hash, open_hash(ctx));
  TRY(const auto names, read_fields(ctx, 2, errors::field_count_not_positive));
  ctx.reply.array(names.size());
  int64_t changed = 0;
  for (const std::string_view name : names) {
    const PackedText packed(name);
    const auto field = hash->find(packed, ctx.now_ms());
    const bool ends = field && field->ends();
    ctx.reply.integer(ends ? kDone : field ? kNoEnd : kNoField);
    if (!ends) continue;
    hash->set_expiry(packed, kNeverEnds);
    changed++;
  }
  hash.commit("hpersist", changed);
  return ok;
}

// --- Telling when fields end ---

Status tell_ends(Context& ctx, TimeUnit unit, TimeOrigin origin) {
  TRY(const auto hash, find_hash(ctx));
  TRY(const auto names, read_fields(ctx, 2, errors::field_count_not_positive));
  const int64_t origin_ms = origin == TimeOrigin::now ? ctx.now_ms() : 0;
  const auto milliseconds = static_cast<int64_t>(unit);
  ctx.reply.array(names.size());
  for (const std::string_view name : names) {
    const auto field = hash->find(PackedText(name), ctx.now_ms());
    if (!field || !field->ends()) {
      ctx.reply.integer(field ? kNoEnd : kNoField);
      continue;
    }
    // Rounded up, as in Redis: a field that lives has a second left.
    ctx.reply.integer((field->expiry_ms() - origin_ms + milliseconds - 1) / milliseconds);
  }
  return ok;
}

// HTTL key FIELDS numfields field [field ...]
Status httl(Context& ctx) {
  return tell_ends(ctx, TimeUnit::seconds, TimeOrigin::now);
}
// HPTTL key FIELDS numfields field [field ...]
Status hpttl(Context& ctx) {
  return tell_ends(ctx, TimeUnit::milliseconds, TimeOrigin::now);
}
// HEXPIRETIME key FIELDS numfields field [field ...]
Status hexpiretime(Context& ctx) {
  return tell_ends(ctx, TimeUnit::seconds, TimeOrigin::epoch);
}
// HPEXPIRETIME key FIELDS numfields field [field ...]
Status hpexpiretime(Context& ctx) {
  return tell_ends(ctx, TimeUnit::milliseconds, TimeOrigin::epoch);
}

constexpr uint64_t kExpireFlags = kWrite | kDenyOom | kFast;
constexpr uint64_t kTellFlags = kRead | kFast;
constexpr std::string_view kComplexity = "O(N) in the fields named";
constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"hexpire", hexpire, -6, kExpireFlags, one_key(1, kModify), "7.4.0", kComplexity,
        "key seconds [NX | XX | GT | LT] FIELDS numfields field [field ...]",
        "Lets fields of a hash end in so many seconds."},
    {"hexpireat", hexpireat, -6, kExpireFlags, one_key(1, kModify), "7.4.0", kComplexity,
        "key unix-time-seconds [NX | XX | GT | LT] FIELDS numfields field [field ...]",
        "Lets fields of a hash end at a moment, in seconds since 1970."},
    {"hexpiretime", hexpiretime, -5, kTellFlags, one_key(1, kGet), "7.4.0", kComplexity,
        "key FIELDS numfields field [field ...]",
        "Tells when fields of a hash end, in seconds since 1970."},
    {"hpersist", hpersist, -5, kWrite | kFast, one_key(1, kModify), "7.4.0", kComplexity,
        "key FIELDS numfields field [field ...]",
        "Lets fields of a hash live for ever."},
    {"hpexpire", hpexpire, -6, kExpireFlags, one_key(1, kModify), "7.4.0", kComplexity,
        "key milliseconds [NX | XX | GT | LT] FIELDS numfields field [field ...]",
        "Lets fields of a hash end in so many milliseconds."},
    {"hpexpireat", hpexpireat, -6, kExpireFlags, one_key(1, kModify), "7.4.0", kComplexity,
        "key unix-time-milliseconds [NX | XX | GT | LT] FIELDS numfields field [field ...]",
        "Lets fields of a hash end at a moment, in milliseconds since 1970."},
    {"hpexpiretime", hpexpiretime, -5, kTellFlags, one_key(1, kGet), "7.4.0", kComplexity,
        "key FIELDS numfields field [field ...]",
        "Tells when fields of a hash end, in milliseconds since 1970."},
    {"hpttl", hpttl, -5, kTellFlags, one_key(1, kGet), "7.4.0", kComplexity,
        "key FIELDS numfields field [field ...]",
        "Tells how long fields of a hash still live, in milliseconds."},
    {"httl", httl, -5, kTellFlags, one_key(1, kGet), "7.4.0", kComplexity,
        "key FIELDS numfields field [field ...]",
        "Tells how long fields of a hash still live, in seconds."},
};

}  // namespace

CommandFamily hash_expiry_commands() { return {"hash", kCommands}; }

}  // namespace larder
