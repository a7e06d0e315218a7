// Sets: intersection, union and difference, to be returned, counted or stored.
#include "server/types/set_algebra.h"

#include <limits>
#include <vector>

#include "server/base/numbers.h"
#include "server/command/arg_reader.h"
#include "server/commands/families.h"
#include "server/commands/set_access.h"

namespace larder {
namespace {

// --- Where the members go ---

class ReplySink final : public MemberSink {
 public:
  explicit ReplySink(Context& ctx) : ctx_(ctx), reply_(ctx.reply.deferred_set()) {}
  bool take(std::span<const SetMember> members) override {
    for (const SetMember& member : members) reply_member(ctx_, member.entry());
    count_ += members.size();
    return !ctx_.reply.chain().overflowed();
  }
  void finish() { reply_.finish(count_); }

 private:
  Context& ctx_;
  ReplyWriter::Deferred reply_;
  size_t count_ = 0;
};

class CountSink final : public MemberSink {
 public:
  explicit CountSink(size_t limit) : limit_(limit) {}
  bool take(std::span<const SetMember> members) override {
    count_ = std::min(limit_, count_ + members.size());
    return count_ < limit_;
  }
  size_t count() const { return count_; }

 private:
  size_t limit_;
  size_t count_ = 0;
};

class StoreSink final : public MemberSink {
 public:
  bool take(std::span<const SetMember> members) override {
    for (const SetMember& member : members) members_.add(member);
    return true;
  }
  const CollectedMembers& members() const { return members_; }

 private:
  CollectedMembers members_;
};

// --- Where they come from ---

// The sets that arguments name; an empty one for a key that is not there. Valid until the database
// changes, as the entries of other keys stay where they are when one is found expired.
// Errors: a key of another type, even where the result is known without it.
Result<std::vector<Set>> find_sets(Context& ctx, size_t first, size_t count) {
  std::vector<Set> sets;
  sets.reserve(count);
  for (size_t i = first; i < first + count; i++) {
    TRY(const auto set, ctx.find<Set>(ctx.key(i)));
    sets.push_back(*set);
  }
  return sets;
}

bool has_empty(const std::vector<Set>& sets) {
  return std::any_of(sets.begin(), sets.end(), [](const Set& set) { return set.empty(); });
}

using Operation = void (*)(std::vector<Set> sets, MemberSink& sink);

void intersect(std::vector<Set> sets, MemberSink& sink) {
  if (!has_empty(sets)) intersect_sets(std::move(sets), sink);
}
void unite(std::vector<Set> sets, MemberSink& sink) {
  std::erase_if(sets, [](const Set& set) { return set.empty(); });
  unite_sets(std::move(sets), sink);
}
void subtract(std::vector<Set> sets, MemberSink& sink) {
  if (sets.front().empty()) return;
  std::erase_if(sets, [](const Set& set) { return set.empty(); });
  subtract_sets(std::move(sets), sink);
}

Status reply_result(Context& ctx, Operation operation) {
  TRY(auto sets, find_sets(ctx, 1, ctx.argc() - 1));
  ReplySink sink(ctx);
  operation(std::move(sets), sink);
  sink.finish();
  return ok;
}

Status store_result(Context& ctx, Operation operation, std::string_view event) {
  TRY(auto sets, find_sets(ctx, 2, ctx.argc() - 2));
  StoreSink sink;
  operation(std::move(sets), sink);
  const size_t count = sink.members().count();
  if (count == 0) {
    ctx.remove(ctx.key(1));
  } else {
    Edit<Set> target = ctx.replace<Set>(ctx.key(1));
    target->assign(sink.members());
    target.commit(event);
  }
  ctx.reply.integer(static_cast<int64_t>(count));
  return ok;
}

// SINTER key [key ...]
Status sinter(Context& ctx) { return reply_result(ctx, intersect); }
// SUNION key [key ...]
Status sunion(Context& ctx) { return reply_result(ctx, unite); }
// SDIFF key [key ...]
Status sdiff(Context& ctx) { return reply_result(ctx, subtract); }

// SINTERSTORE destination key [key ...]
Status sinterstore(Context& ctx) { return store_result(ctx, intersect, "sinterstore"); }
// SUNIONSTORE destination key [key ...]
Status sunionstore(Context& ctx) { return store_result(ctx, unite, "sunionstore"); }
// SDIFFSTORE destination key [key ...]
Status sdiffstore(Context& ctx) { return store_result(ctx, subtract, "sdiffstore"); }

// SINTERCARD numkeys key [key ...] [LIMIT limit]
Status sintercard(Context& ctx) {
  const auto key_count = parse_int64(ctx.arg(1));
  if (!key_count || *key_count < 1) return errors::key_count_not_positive();
  if (static_cast<uint64_t>(*key_count) > ctx.argc() - 2) {
    return errors::key_count_beyond_arguments();
  }
  const auto count = static_cast<size_t>(*key_count);
  int64_t limit = 0;
  ArgReader args(ctx, 2 + count);
  while (args.has_more()) {
    if (args.left() >= 2 && args.option("LIMIT")) {
      const auto number = parse_int64(args.text());
      if (!number || *number < 0) return errors::negative_limit();
      limit = *number;
    } else {
      args.fail(errors::syntax());
    }
  }
  TRY(args.finish());
  TRY(auto sets, find_sets(ctx, 2, count));
  CountSink sink(limit == 0 ? std::numeric_limits<size_t>::max() : static_cast<size_t>(limit));
  intersect(std::move(sets), sink);
  ctx.reply.integer(static_cast<int64_t>(sink.count()));
  return ok;
}

constexpr uint64_t kReads = kRead | kNondeterministicOrder;
constexpr uint64_t kStores = kWrite | kDenyOom;
constexpr KeySpecs kStoreKeys = one_key(1, kPut) + keys_from(2, kGet);

constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"sdiff", sdiff, -2, kReads, keys_from(1, kGet), "1.0.0", "O(N) in the members of all sets",
        "key [key ...]",
        "Returns the members of the first set that no other set has."},
    {"sdiffstore", sdiffstore, -3, kStores, kStoreKeys, "1.0.0", "O(N) in the members of all sets",
        "destination key [key ...]",
        "Stores the members of the first set that no other set has."},
    {"sinter", sinter, -2, kReads, keys_from(1, kGet), "1.0.0",
        "O(N*M) with N members in the smallest of M sets",
        "key [key ...]",
        "Returns the members that several sets have in common."},
    {"sintercard", sintercard, -3, kRead, counted_keys(1, kGet), "7.0.0",
        "O(N*M) with N members in the smallest of M sets",
        "numkeys key [key ...] [LIMIT limit]",
        "Counts the members that several sets have in common."},
    {"sinterstore", sinterstore, -3, kStores, kStoreKeys, "1.0.0",
        "O(N*M) with N members in the smallest of M sets",
        "destination key [key ...]",
        "Stores the members that several sets have in common."},
    {"sunion", sunion, -2, kReads, keys_from(1, kGet), "1.0.0", "O(N) in the members of all sets",
        "key [key ...]",
        "Returns the members of several sets, each once."},
    {"sunionstore", sunionstore, -3, kStores, kStoreKeys, "1.0.0",
        "O(N) in the members of all sets",
        "destination key [key ...]",
        "Stores the members of several sets."},
};

}  // namespace

CommandFamily set_algebra_commands() { return {"set", kCommands}; }

}  // namespace larder
