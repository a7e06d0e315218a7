// Commands that read strings or change a part of them. Those that set them whole are in
// string_set.cc, those that count in counter.cc.
#include <algorithm>

#include "server/command/arg_reader.h"
#include "server/commands/argument_value.h"
#include "server/commands/families.h"
#include "server/commands/reply_value.h"

namespace larder {
namespace {

// Whether a string may have `first` + `second` bytes.
Status check_length(const Context& ctx, size_t first, size_t second) {
  size_t length = 0;
  if (__builtin_add_overflow(first, second, &length) ||
      length > ctx.services.limits.max_bulk_bytes) {
    return errors::string_exceeds_limit();
  }
  return ok;
}

// GET key
Status get(Context& ctx) {
  TRY(const auto value, ctx.find<String>(ctx.key(1)));
  reply_value(ctx, value);
  return ok;
}

// MGET key [key ...]. A key of another type counts as missing.
Status mget(Context& ctx) {
  ctx.reply.array(ctx.argc() - 1);
  for_each_key(ctx, 1, 1, [&](const Key& key, size_t) {
    const Entry* entry = ctx.find_entry(key);
    const bool is_string = entry != nullptr && entry->type() == Type::string;
    reply_value(ctx, is_string ? Found<String>(*entry) : Found<String>());
    return true;
  });
  return ok;
}

// GETDEL key
Status getdel(Context& ctx) {
  const Key key = ctx.key(1);
  TRY(const auto value, ctx.find<String>(key));
  reply_value(ctx, value);
  if (value) ctx.remove(key);
  return ok;
}

// STRLEN key
Status strlen(Context& ctx) {
  TRY(const auto value, ctx.find<String>(ctx.key(1)));
  ctx.reply.integer(value ? static_cast<int64_t>(value->length()) : 0);
  return ok;
}

// The bytes from `start` to `end`, both included and counted from the end when negative.
std::string_view slice(std::string_view bytes, int64_t start, int64_t end) {
  const auto length = static_cast<int64_t>(bytes.size());
  if (start < 0 && end < 0 && start > end) return {};
  if (start < 0) start = std::max(start + length, int64_t{0});
  if (end < 0) end = std::max(end + length, int64_t{0});
  end = std::min(end, length - 1);
  if (start > end) return {};
  return bytes.substr(static_cast<size_t>(start), static_cast<size_t>(end - start) + 1);
}

// GETRANGE key start end
Status getrange(Context& ctx) {
  ArgReader args(ctx, 2);
  const int64_t start = args.integer();
  const int64_t end = args.integer();
  TRY(args.finish());
  TRY(const auto value, ctx.find<String>(ctx.key(1)));
  String::Digits digits;
  const std::string_view bytes = value ? slice(value->bytes(digits), start, end) : "";
  if (bytes.size() >= kLargeReply) {
    if (SharedBytes block = value->shared()) {
      reply_shared(ctx, bytes, std::move(block));
      return ok;
    }
  }
  ctx.reply.bulk(bytes);
  return ok;
}

// SETRANGE key offset value
Status setrange(Context& ctx) {
  const auto offset = parse_int64(ctx.arg(2));
  const std::string_view bytes = ctx.arg(3);
  if (!offset) return errors::not_an_integer();
  if (*offset < 0) return errors::offset_out_of_range();
  TRY(auto edit, ctx.edit_or_create<String>(ctx.key(1)));
  if (bytes.empty()) {
    // Writing nothing neither fills up with zeros nor creates a key.
    ctx.reply.integer(edit ? static_cast<int64_t>(edit->length()) : 0);
    return ok;
  }
  TRY(check_length(ctx, static_cast<size_t>(*offset), bytes.size()));
  const size_t length = edit->set_range(static_cast<size_t>(*offset), bytes);
  edit.commit("setrange");
  ctx.reply.integer(static_cast<int64_t>(length));
  return ok;
}

// APPEND key value
Status append(Context& ctx) {
  const std::string_view bytes = ctx.arg(2);
  TRY(auto edit, ctx.edit_or_create<String>(ctx.key(1)));
  size_t length = bytes.size();
  if (edit) {
    TRY(check_length(ctx, edit->length(), bytes.size()));
    length = edit->append(bytes);
  } else {
    assign_argument(ctx, edit, 2);
  }
  edit.commit("append");
  ctx.reply.integer(static_cast<int64_t>(length));
  return ok;
}

constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"get", get, 2, kRead | kFast, one_key(1, kGet), "1.0.0", "O(1)",
        "key",
        "Returns the string value of a key."},
    {"mget", mget, -2, kRead | kFast | kMultiShard, keys_from(1, kGet), "1.0.0", "O(N) with N keys",
        "key [key ...]",
        "Returns the string values of several keys at once."},
    {"getdel", getdel, 2, kWrite | kFast, one_key(1, kTakeOut), "6.2.0", "O(1)",
        "key",
        "Returns the string value of a key and deletes the key."},
    {"strlen", strlen, 2, kRead | kFast, one_key(1, kLook), "2.2.0", "O(1)",
        "key",
        "Returns how many bytes a string has."},
    {"getrange", getrange, 4, kRead, one_key(1, kGet), "2.4.0", "O(N) with N bytes returned",
        "key start end",
        "Returns a part of a string."},
    {"substr", getrange, 4, kRead, one_key(1, kGet), "1.0.0", "O(N) with N bytes returned",
        "key start end",
        "Returns a part of a string.",
        "2.0.0", "`GETRANGE`"},
    {"setrange", setrange, 4, kWrite | kDenyOom, one_key(1, kModify), "2.2.0",
        "O(M) with M bytes written, and O(N) of the string's length where it is shared or grows",
        "key offset value",
        "Overwrites a part of a string, which grows as needed."},
    {"append", append, 3, kWrite | kDenyOom | kFast, one_key(1, kAdd), "2.0.0",
        "O(M) with M bytes appended, amortized",
        "key value",
        "Appends bytes to a string, creating it if it is missing."},
};

}  // namespace

CommandFamily string_commands() { return {"string", kCommands}; }

}  // namespace larder
