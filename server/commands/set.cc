// Sets: single members, and all of them.
#include <vector>

#include "server/command/arg_reader.h"
#include "server/commands/families.h"
#include "server/commands/scan_options.h"
#include "server/commands/set_access.h"

namespace larder {
namespace {

// SADD key member [member ...]
Status sadd(Context& ctx) {
  TRY(auto set, ctx.edit_or_create<Set>(ctx.key(1)));
  const size_t count = ctx.argc() - 2;
  if (set && count > 1) set->expect(count);
  int64_t added = 0;
  for (const std::string_view member : ctx.args(2)) {
    if (set->add(PackedText(member), count)) added++;
  }
  set.commit("sadd", added);
  ctx.reply.integer(added);
  return ok;
}

// SREM key member [member ...]
Status srem(Context& ctx) {
  TRY(auto set, ctx.edit<Set>(ctx.key(1)));
  int64_t removed = 0;
  if (set) {
    for (const std::string_view member : ctx.args(2)) {
      if (set->remove(PackedText(member))) removed++;
    }
    set.commit("srem", removed);
  }
  ctx.reply.integer(removed);
  return ok;
}

// SISMEMBER key member
Status sismember(Context& ctx) {
  TRY(const auto set, ctx.find<Set>(ctx.key(1)));
  ctx.reply.integer(set && set->contains(PackedText(ctx.arg(2))) ? 1 : 0);
  return ok;
}

// SMISMEMBER key member [member ...]
Status smismember(Context& ctx) {
  TRY(const auto set, ctx.find<Set>(ctx.key(1)));
  ctx.reply.array(ctx.argc() - 2);
  for (const std::string_view member : ctx.args(2)) {
    ctx.reply.integer(set && set->contains(PackedText(member)) ? 1 : 0);
  }
  return ok;
}

// SCARD key
Status scard(Context& ctx) {
  TRY(const auto set, ctx.find<Set>(ctx.key(1)));
  ctx.reply.integer(static_cast<int64_t>(set->size()));
  return ok;
}

// SMEMBERS key
Status smembers(Context& ctx) {
  TRY(const auto set, ctx.find<Set>(ctx.key(1)));
  ctx.reply.set(set->size());
  reply_all_members(ctx, *set);
  return ok;
}

// Errors: a key that is there and no set.
Result<bool> has_set(Context& ctx, const Key& key) {
  const Entry* entry = ctx.find_entry(key, Lookup::write);
  if (entry != nullptr && entry->type() != Type::set) return errors::wrong_type();
  return entry != nullptr;
}

// SMOVE source destination member
Status smove(Context& ctx) {
  const Key from = ctx.key(1);
  const Key to = ctx.key(2);
  const PackedText member(ctx.arg(3));
  // Without a source the type of the destination does not matter.
  TRY(const bool has_source, has_set(ctx, from));
  if (has_source) TRY(has_set(ctx, to));
  TRY(auto source, ctx.edit<Set>(from));
  const bool is_there = source && source->contains(member);
  ctx.reply.integer(is_there ? 1 : 0);
  if (!is_there || from.name == to.name) return ok;
  source->remove(member);
  source.commit("srem");
  TRY(auto destination, ctx.edit_or_create<Set>(to));
  destination.commit("sadd", destination->add(member) ? 1 : 0);
  return ok;
}

// SSCAN key cursor [MATCH pattern] [COUNT count]
Status sscan(Context& ctx) {
  TRY(const uint64_t start, ScanCursor::parse(ctx.arg(2)));
  TRY(const auto set, ctx.find<Set>(ctx.key(1)));
  ScanOptions options;
  ArgReader args(ctx, 3);
  // The options of a set that is not there are not looked at.
  while (set && args.has_more()) {
    if (!options.read(args)) args.fail(errors::syntax());
  }
  TRY(args.status());
  std::vector<SetMember> found;
  const uint64_t position = walk_collection(
      start, options, [&](uint64_t at, auto&& visit) { return set->scan(at, visit); },
      [&](PackedEntry entry) {
        PackedEntry::Digits digits;
        if (options.admits(entry.text(digits))) found.emplace_back(entry);
      });
  ctx.reply.array(2);
  ctx.reply.bulk_integer(ScanCursor::of(position));
  ctx.reply.array(found.size());
  for (const SetMember& member : found) reply_member(ctx, member.entry());
  return ok;
}

constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"sadd", sadd, -3, kWrite | kDenyOom | kFast, one_key(1, kAdd), "1.0.0",
        "O(1) for each member",
        "key member [member ...]",
        "Adds members to a set."},
    {"scard", scard, 2, kRead | kFast, one_key(1, kLook), "1.0.0", "O(1)",
        "key",
        "Returns the number of members of a set."},
    {"sismember", sismember, 3, kRead | kFast, one_key(1, kLook), "1.0.0", "O(1)",
        "key member",
        "Tells whether something is a member of a set."},
    {"smembers", smembers, 2, kRead | kNondeterministicOrder, one_key(1, kGet), "1.0.0",
        "O(N) in the members of the set",
        "key",
        "Returns all members of a set."},
    {"smismember", smismember, -3, kRead | kFast, one_key(1, kGet), "6.2.0",
        "O(1) for each member",
        "key member [member ...]",
        "Tells of several texts whether they are members of a set."},
    {"smove", smove, 4, kWrite | kFast, one_key(1, kTakeOut) + one_key(2, kAdd), "1.0.0", "O(1)",
        "source destination member",
        "Moves a member from one set to another."},
    {"srem", srem, -3, kWrite | kFast, one_key(1, kCut), "1.0.0", "O(1) for each member",
        "key member [member ...]",
        "Removes members from a set."},
    {"sscan", sscan, -3, kRead | kNondeterministic, one_key(1, kGet), "2.8.0",
        "O(COUNT) for each call, O(N) for a walk over all members",
        "key cursor [MATCH pattern] [COUNT count]",
        "Walks over the members of a set, some with each call."},
};

}  // namespace

CommandFamily set_commands() { return {"set", kCommands}; }

}  // namespace larder
