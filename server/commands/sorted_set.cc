// Sorted sets: members one by one.
#include <array>
#include <vector>

#include "server/command/arg_reader.h"
#include "server/commands/families.h"
#include "server/commands/sorted_set_arguments.h"

namespace larder {
namespace {

// --- ZADD, ZINCRBY ---

struct AddRequest {
  SortedSet::AddOptions options;
  bool counts_changes = false;  // CH
  size_t first_pair = 2;
};

Result<AddRequest> read_add_request(Context& ctx, bool is_increment) {
  AddRequest request;
  auto& options = request.options;
  options.is_increment = is_increment;
  ArgReader args(ctx, 2);
  for (bool is_option = true; is_option;) {
    if (args.option("NX")) {
      options.only_new = true;
    } else if (args.option("XX")) {
      options.only_present = true;
    } else if (args.option("GT")) {
      options.only_greater = true;
    } else if (args.option("LT")) {
      options.only_less = true;
    } else if (args.option("CH")) {
      request.counts_changes = true;
    } else if (args.option("INCR")) {
      options.is_increment = true;
    } else {
      is_option = false;
    }
  }
  request.first_pair = args.position();
  options.expected = args.left() / 2;
  if (args.left() == 0 || args.left() % 2 != 0) return errors::syntax();
  if (options.only_new && options.only_present) return errors::new_and_present_together();
  if (options.only_new + options.only_greater + options.only_less > 1) {
    return errors::score_conditions_together();
  }
  if (options.is_increment && options.expected > 1) return errors::several_increments();
  return request;
}

// The scores of all pairs, read before anything changes. Few of them take no memory of the heap.
class Scores {
 public:
  Status read(Context& ctx, size_t first, size_t count) {
    if (count > few_.size()) many_.resize(count);
    double* scores = count > few_.size() ? many_.data() : few_.data();
    for (size_t i = 0; i < count; i++) {
      const auto score = parse_score(ctx.arg(first + 2 * i));
      if (!score) return errors::not_a_float();
      scores[i] = *score;
    }
    return ok;
  }
  double operator[](size_t index) const {
    return many_.empty() ? few_[index] : many_[index];
  }

 private:
  std::array<double, 8> few_;
  std::vector<double> many_;
};

Status reply_score(Context& ctx, std::optional<double> score) {
  score ? ctx.reply.number(*score) : ctx.reply.null();
  return ok;
}

// The one pair of an increment.
Status increment(Context& ctx, Edit<SortedSet>& edit, const AddRequest& request, double delta) {
  const auto result = edit->add(ctx.arg(request.first_pair + 1), delta, request.options);
  switch (result.outcome) {
    case SortedSet::AddResult::not_a_number: return errors::score_not_a_number();
    case SortedSet::AddResult::refused: return reply_score(ctx, std::nullopt);
    case SortedSet::AddResult::unchanged: break;
    default: edit.commit("zincr");
  }
  return reply_score(ctx, result.score);
}

Status add(Context& ctx, bool is_increment) {
  TRY(const AddRequest request, read_add_request(ctx, is_increment));
  const SortedSet::AddOptions& options = request.options;
  Scores scores;
  TRY(scores.read(ctx, request.first_pair, options.expected));
  TRY(auto edit, ctx.edit_or_create<SortedSet>(ctx.key(1)));
  if (!edit && options.only_present) {
    options.is_increment ? ctx.reply.null() : ctx.reply.integer(0);
    return ok;
  }
  if (options.is_increment) return increment(ctx, edit, request, scores[0]);
  int64_t added = 0, changed = 0;
  for (size_t i = 0; i < options.expected; i++) {
    const auto result = edit->add(ctx.arg(request.first_pair + 2 * i + 1), scores[i], options);
    added += result.outcome == SortedSet::AddResult::added;
    changed += result.outcome == SortedSet::AddResult::changed;
  }
  edit.commit("zadd", added + changed);
  ctx.reply.integer(request.counts_changes ? added + changed : added);
  return ok;
}

// ZADD key [NX | XX] [GT | LT] [CH] [INCR] score member [score member ...]
Status zadd(Context& ctx) {
  return add(ctx, false);
}

// ZINCRBY key increment member
Status zincrby(Context& ctx) {
  return add(ctx, true);
}

// ZREM key member [member ...]
Status zrem(Context& ctx) {
  TRY(auto edit, ctx.edit<SortedSet>(ctx.key(1)));
  int64_t removed = 0;
  if (edit) {
    for (const auto member : ctx.args(2)) removed += edit->remove(member);
    edit.commit("zrem", removed);
  }
  ctx.reply.integer(removed);
  return ok;
}

// --- Looking at members ---

// ZCARD key
Status zcard(Context& ctx) {
  TRY(const auto set, ctx.find<SortedSet>(ctx.key(1)));
  ctx.reply.integer(set ? static_cast<int64_t>(set->size()) : 0);
  return ok;
}

// ZSCORE key member
Status zscore(Context& ctx) {
  TRY(const auto set, ctx.find<SortedSet>(ctx.key(1)));
  return reply_score(ctx, set ? set->score(ctx.arg(2)) : std::nullopt);
}

// ZMSCORE key member [member ...]
Status zmscore(Context& ctx) {
  TRY(const auto set, ctx.find<SortedSet>(ctx.key(1)));
  const ArgumentRange members = ctx.args(2);
  ctx.reply.array(members.size());
  for (const auto member : members) {
    TRY(reply_score(ctx, set ? set->score(member) : std::nullopt));
  }
  return ok;
}

Status reply_rank(Context& ctx, bool from_highest) {
  if (ctx.argc() > 4) return errors::wrong_arity(ctx.command_name());
  const bool with_score = ctx.argc() == 4;
  if (with_score && !equals_ignoring_case(ctx.arg(3), "WITHSCORE")) return errors::syntax();
  TRY(const auto set, ctx.find<SortedSet>(ctx.key(1)));
  const auto ranked = set ? set->rank(ctx.arg(2)) : std::nullopt;
  if (!ranked) {
    with_score ? ctx.reply.null_array() : ctx.reply.null();
    return ok;
  }
  const size_t rank = from_highest ? set->size() - 1 - ranked->rank : ranked->rank;
  if (with_score) ctx.reply.array(2);
  ctx.reply.integer(static_cast<int64_t>(rank));
  if (with_score) ctx.reply.number(ranked->score);
  return ok;
}

// ZRANK key member [WITHSCORE]
Status zrank(Context& ctx) {
  return reply_rank(ctx, false);
}
// ZREVRANK key member [WITHSCORE]
Status zrevrank(Context& ctx) {
  return reply_rank(ctx, true);
}

constexpr uint64_t kLookFlags = kRead | kFast;
constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"zadd", zadd, -4, kWrite | kDenyOom | kFast | kElementBehindScore, one_key(1, kModify), "1.2.0",
        "O(log(N)) for each member",
        "key [NX | XX] [GT | LT] [CH] [INCR] score member [score member ...]",
        "Adds members to a sorted set or changes their scores."},
    {"zcard", zcard, 2, kLookFlags, one_key(1, kLook), "1.2.0", "O(1)",
        "key",
        "Counts the members of a sorted set."},
    {"zincrby", zincrby, 4, kWrite | kDenyOom | kFast | kElementBehindScore, one_key(1, kGetModify), "1.2.0", "O(log(N))",
        "key increment member",
        "Adds to the score of a member; a missing one counts as 0."},
    {"zmscore", zmscore, -3, kLookFlags | kElementBehindKey, one_key(1, kGet), "6.2.0", "O(N) in the members asked for",
        "key member [member ...]",
        "Tells the scores of members."},
    {"zrank", zrank, -3, kLookFlags | kElementBehindKey, one_key(1, kGet), "2.0.0", "O(log(N))",
        "key member [WITHSCORE]",
        "Tells how many members are in front of one, from the lowest score up."},
    {"zrem", zrem, -3, kWrite | kFast | kElementBehindKey, one_key(1, kCut), "1.2.0", "O(log(N)) for each member",
        "key member [member ...]",
        "Removes members; the key goes with the last of them."},
    {"zrevrank", zrevrank, -3, kLookFlags | kElementBehindKey, one_key(1, kGet), "2.0.0", "O(log(N))",
        "key member [WITHSCORE]",
        "Tells how many members are in front of one, from the highest score down."},
    {"zscore", zscore, 3, kLookFlags | kElementBehindKey, one_key(1, kGet), "1.2.0", "O(1)",
        "key member",
        "Tells the score of a member."},
};

}  // namespace

CommandFamily sorted_set_commands() { return {"sorted-set", kCommands}; }

}  // namespace larder
