// Sets: members picked at random, to stay or to go.
#include <limits>
#include <unordered_set>
#include <vector>

#include "server/base/numbers.h"
#include "server/commands/families.h"
#include "server/commands/repeated_picks.h"
#include "server/commands/set_access.h"

namespace larder {
namespace {

constexpr int64_t kMostMembers = std::numeric_limits<int64_t>::max();

// --- SRANDMEMBER ---

// The same member may be picked again.
Status pick_repeatedly(Context& ctx, const Set& set, uint64_t count) {
  TRY(RepeatedPicks::check(ctx, count));
  RepeatedPicks picks(ctx);
  Random& random = ctx.keyspace.random;
  ctx.reply.array(count);
  // A member of the packed form is found by walking to it, so they are all looked up once.
  std::vector<PackedEntry> entries;
  if (!set.has_fast_random() && count > 1) {
    set.scan(0, [&](PackedEntry entry) { entries.push_back(entry); });
  }
  for (; count > 0 && picks.has_room(); count--) {
    if (entries.empty()) {
      reply_member(ctx, set.random(random).entry());
    } else {
      reply_member(ctx, entries[random.below(entries.size())]);
    }
  }
  return picks.finish();
}

// Each member at most once: a walk on which each is taken with the odds of how many of those left are
// still wanted (as Set::take_random).
void pick_on_a_walk(Context& ctx, const Set& set, size_t count) {
  size_t left = set.size();
  uint64_t position = 0;
  do {
    position = set.scan(position, [&](PackedEntry entry) {
      if (ctx.keyspace.random.below(left--) >= count) return;
      reply_member(ctx, entry);
      count--;
    });
  } while (position != 0 && count > 0 && !ctx.reply.chain().overflowed());
}

// The same for few out of many, which never move while they are looked at.
void pick_here_and_there(Context& ctx, const Set& set, size_t count) {
  std::unordered_set<const char*> seen_texts;
  std::unordered_set<int64_t> seen_numbers;
  while (count > 0 && !ctx.reply.chain().overflowed()) {
    const SetMember member = set.random(ctx.keyspace.random);
    const bool is_new = member.is_number() ? seen_numbers.insert(member.number()).second
                                           : seen_texts.insert(member.entry().begin()).second;
    if (!is_new) continue;
    reply_member(ctx, member.entry());
    count--;
  }
}

void pick_different(Context& ctx, const Set& set, size_t count) {
  // How many times more members than the request a set must have for picking to beat a walk.
  constexpr size_t kManyMore = 3;
  ctx.reply.array(count);
  if (count == set.size()) {
    reply_all_members(ctx, set);
  } else if (set.has_fast_random() && set.size() / kManyMore > count) {
    pick_here_and_there(ctx, set, count);
  } else {
    pick_on_a_walk(ctx, set, count);
  }
}

// SRANDMEMBER key [count]
Status srandmember(Context& ctx) {
  if (ctx.argc() > 3) return errors::syntax();
  if (ctx.argc() == 2) {
    TRY(const auto set, ctx.find<Set>(ctx.key(1)));
    set ? reply_member(ctx, set->random(ctx.keyspace.random).entry()) : ctx.reply.null();
    return ok;
  }
  const auto count = parse_int64(ctx.arg(2));
  if (!count) return errors::not_an_integer();
  if (*count < -kMostMembers) return errors::integer_not_between(-kMostMembers, kMostMembers);
  TRY(const auto set, ctx.find<Set>(ctx.key(1)));
  if (!set || *count == 0) {
    ctx.reply.array(0);
  } else if (*count < 0) {
    return pick_repeatedly(ctx, *set, static_cast<uint64_t>(-*count));
  } else {
    pick_different(ctx, *set, std::min(static_cast<size_t>(*count), set->size()));
  }
  return ok;
}

// --- SPOP ---

Status pop_one(Context& ctx) {
  TRY(auto set, ctx.edit<Set>(ctx.key(1)));
  if (!set) {
    ctx.reply.null();
    return ok;
  }
  const SetMember member = set->random(ctx.keyspace.random);
  reply_member(ctx, member.entry());
  set->remove(member);
  set.commit("spop");
  return ok;
}

// SPOP key [count]
Status spop(Context& ctx) {
  if (ctx.argc() > 3) return errors::syntax();
  if (ctx.argc() == 2) return pop_one(ctx);
  const auto wanted = parse_int64(ctx.arg(2));
  if (!wanted || *wanted < 0) return errors::must_be_positive();
  TRY(auto set, ctx.edit<Set>(ctx.key(1)));
  const size_t size = set ? set->size() : 0;
  const size_t count = std::min(static_cast<size_t>(*wanted), size);
  ctx.reply.set(count);
  if (count == 0) return ok;
  if (count < size) {
    set->take_random(count, ctx.keyspace.random,
                     [&](PackedEntry entry) { reply_member(ctx, entry); });
    set.commit("spop", static_cast<int64_t>(count));
    return ok;
  }
  reply_all_members(ctx, Set(set.view()));
  set.commit("spop", static_cast<int64_t>(count));
  ctx.remove(ctx.key(1));
  return ok;
}

constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"spop", spop, -2, kWrite | kFast | kNondeterministic, one_key(1, kTakeOut), "1.0.0",
        "O(1), with a count O(N) in the members returned",
        "key [count]",
        "Removes members from a set, picked at random, and returns them."},
    {"srandmember", srandmember, -2, kRead | kNondeterministic, one_key(1, kGet), "1.0.0",
        "O(1), with a count O(N) in the members returned",
        "key [count]",
        "Returns members of a set, picked at random."},
};

}  // namespace

CommandFamily set_random_commands() { return {"set", kCommands}; }

}  // namespace larder
