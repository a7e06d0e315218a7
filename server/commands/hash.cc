// Commands that read or change fields of a hash by name. Those that look at all fields are in
// hash_walk.cc, those about when fields end in hash_expiry.cc and hash_field_life.cc.
#include <cmath>

#include "server/base/numbers.h"
#include "server/commands/families.h"
#include "server/commands/hash_access.h"

namespace larder {
namespace {

// Gives fields their values; returns how many are new.
Result<int64_t> set_fields(Context& ctx) {
  if (ctx.argc() % 2 != 0) return errors::wrong_arity(ctx.command_name());
  TRY(auto hash, open_hash(ctx));
  if (ctx.argc() > 4) hash->expect((ctx.argc() - 2) / 2);
  int64_t created = 0;
  for (size_t i = 2; i < ctx.argc(); i += 2) {
    created += hash->set(ctx.arg(i), ctx.arg(i + 1), kNeverEnds, ctx.now_ms());
  }
  hash.commit("hset", static_cast<int64_t>(ctx.argc() / 2) - 1);
  return created;
}

// HSET key field value [field value ...]
Status hset(Context& ctx) {
  TRY(const int64_t created, set_fields(ctx));
  ctx.reply.integer(created);
  return ok;
}

// HMSET key field value [field value ...]
Status hmset(Context& ctx) {
  TRY(set_fields(ctx));
  ctx.reply.ok();
  return ok;
}

// HSETNX key field value
Status hsetnx(Context& ctx) {
  TRY(auto hash, open_hash(ctx));
  const bool is_new = !hash || !hash->find(PackedText(ctx.arg(2)), ctx.now_ms());
  if (is_new) {
    hash->set(ctx.arg(2), ctx.arg(3), kNeverEnds, ctx.now_ms());
    hash.commit("hset");
  }
  ctx.reply.integer(is_new ? 1 : 0);
  return ok;
}

// HGET key field
Status hget(Context& ctx) {
  TRY(const auto hash, find_hash(ctx));
  if (!hash) {
    ctx.reply.null();
    return ok;
  }
  reply_field(ctx, hash->find(PackedText(ctx.arg(2)), ctx.now_ms()));
  return ok;
}

// HMGET key field [field ...]
Status hmget(Context& ctx) {
  TRY(const auto hash, find_hash(ctx));
  ctx.reply.array(ctx.argc() - 2);
  for (const std::string_view name : ctx.args(2)) {
    if (hash) {
      reply_field(ctx, hash->find(PackedText(name), ctx.now_ms()));
    } else {
      ctx.reply.null();
    }
  }
  return ok;
}

// HDEL key field [field ...]
Status hdel(Context& ctx) {
  TRY(auto hash, open_hash(ctx));
  int64_t removed = 0;
  if (hash) {
    for (const std::string_view name : ctx.args(2)) {
      removed += hash->remove(PackedText(name), ctx.now_ms());
    }
    hash.commit("hdel", removed);
  }
  ctx.reply.integer(removed);
  return ok;
}

// HLEN key
Status hlen(Context& ctx) {
  TRY(const auto hash, find_hash(ctx));
  ctx.reply.integer(hash ? static_cast<int64_t>(hash->live_size(ctx.now_ms())) : 0);
  return ok;
}

// HSTRLEN key field
Status hstrlen(Context& ctx) {
  TRY(const auto hash, find_hash(ctx));
  const auto field = hash->find(PackedText(ctx.arg(2)), ctx.now_ms());
  ctx.reply.integer(field ? static_cast<int64_t>(field->value().length()) : 0);
  return ok;
}

// HEXISTS key field
Status hexists(Context& ctx) {
  TRY(const auto hash, find_hash(ctx));
  ctx.reply.integer(hash->find(PackedText(ctx.arg(2)), ctx.now_ms()) ? 1 : 0);
  return ok;
}

// --- Fields that count; they keep their end ---

// HINCRBY key field increment
Status hincrby(Context& ctx) {
  const auto delta = parse_int64(ctx.arg(3));
  if (!delta) return errors::not_an_integer();
  TRY(auto hash, open_hash(ctx));
  int64_t sum = 0;
  if (const auto field = hash->find(PackedText(ctx.arg(2)), ctx.now_ms())) {
    if (field->value().is_text()) return errors::hash_value_not_an_integer();
    sum = field->value().integer();
  }
  if (__builtin_add_overflow(sum, *delta, &sum)) return errors::overflow();
  PackedEntry::Digits digits;
  const std::string_view text(digits.data(), format_int64(sum, digits.data()));
  hash->set_keeping_end(ctx.arg(2), text, ctx.now_ms());
  hash.commit("hincrby");
  ctx.reply.integer(sum);
  return ok;
}

// HINCRBYFLOAT key field increment
Status hincrbyfloat(Context& ctx) {
  const auto delta = parse_long_double(ctx.arg(3));
  if (!delta) return errors::not_a_float();
  if (!std::isfinite(*delta)) return errors::nan_or_infinity();
  TRY(auto hash, open_hash(ctx));
  long double sum = 0;
  if (const auto field = hash->find(PackedText(ctx.arg(2)), ctx.now_ms())) {
    PackedEntry::Digits digits;
    const auto number = parse_long_double(field->value().text(digits));
    if (!number) return errors::hash_value_not_a_float();
    sum = *number;
  }
  sum += *delta;
  if (!std::isfinite(sum)) return errors::would_be_nan_or_infinity();
  const std::string text = format_long_double(sum);
  hash->set_keeping_end(ctx.arg(2), text, ctx.now_ms());
  hash.commit("hincrbyfloat");
  ctx.reply.bulk(text);
  return ok;
}

constexpr uint64_t kSetFlags = kWrite | kDenyOom | kFast | kElementBehindKey;
constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"hdel", hdel, -3, kWrite | kFast | kElementBehindKey, one_key(1, kCut), "2.0.0", "O(N) in the fields to remove",
        "key field [field ...]",
        "Removes fields of a hash, and the hash with the last of them."},
    {"hexists", hexists, 3, kRead | kFast | kElementBehindKey, one_key(1, kLook), "2.0.0", "O(1)",
        "key field",
        "Tells whether a hash has a field."},
    {"hget", hget, 3, kRead | kFast | kElementBehindKey, one_key(1, kGet), "2.0.0", "O(1)",
        "key field",
        "Returns the value of a field of a hash."},
    {"hincrby", hincrby, 4, kSetFlags, one_key(1, kGetModify), "2.0.0", "O(1)",
        "key field increment",
        "Adds to the integer of a field of a hash; a missing field counts as 0."},
    {"hincrbyfloat", hincrbyfloat, 4, kSetFlags, one_key(1, kGetModify), "2.6.0", "O(1)",
        "key field increment",
        "Adds to the floating-point number of a field of a hash; a missing field counts as 0."},
    {"hlen", hlen, 2, kRead | kFast, one_key(1, kLook), "2.0.0", "O(1)",
        "key",
        "Returns how many fields a hash has."},
    {"hmget", hmget, -3, kRead | kFast | kElementBehindKey, one_key(1, kGet), "2.0.0", "O(N) in the fields asked for",
        "key field [field ...]",
        "Returns the values of several fields of a hash."},
    {"hmset", hmset, -4, kSetFlags, one_key(1, kModify), "2.0.0", "O(N) in the fields to set",
        "key field value [field value ...]",
        "Gives fields of a hash their values.",
        "4.0.0", "`HSET` with multiple field-value pairs"},
    {"hset", hset, -4, kSetFlags, one_key(1, kModify), "2.0.0", "O(N) in the fields to set",
        "key field value [field value ...]",
        "Gives fields of a hash their values and returns how many of them are new."},
    {"hsetnx", hsetnx, 4, kSetFlags, one_key(1, kAdd), "2.0.0", "O(1)",
        "key field value",
        "Gives a field of a hash a value if it does not exist."},
    {"hstrlen", hstrlen, 3, kRead | kFast | kElementBehindKey, one_key(1, kLook), "3.2.0", "O(1)",
        "key field",
        "Returns the length of the value of a field of a hash."},
};

}  // namespace

CommandFamily hash_commands() { return {"hash", kCommands}; }

}  // namespace larder
