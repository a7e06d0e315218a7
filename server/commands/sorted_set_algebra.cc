// Sorted sets: unions, intersections and differences.
#include <algorithm>
#include <cmath>
#include <vector>

#include "server/command/arg_reader.h"
#include "server/commands/families.h"
#include "server/commands/scored_input.h"
#include "server/commands/sorted_set_arguments.h"

namespace larder {
namespace {

enum class Operation { unite, intersect, subtract };
enum class Output { reply, store, count };
enum class Aggregate { sum, min, max };

struct Request {
  std::vector<ScoredInput> inputs;
  Aggregate aggregate = Aggregate::sum;
  bool with_scores = false;
  int64_t limit = 0;  // of ZINTERCARD; 0: none
};

// --- Reading the request ---

void read_weights(ArgReader& args, std::vector<ScoredInput>& inputs) {
  for (ScoredInput& input : inputs) {
    const auto weight = parse_score(args.text());
    if (!weight) return args.fail(errors::weight_not_a_float());
    input.set_weight(*weight);
  }
}

void read_aggregate(ArgReader& args, Aggregate& aggregate) {
  if (args.option("SUM")) {
    aggregate = Aggregate::sum;
  } else if (args.option("MIN")) {
    aggregate = Aggregate::min;
  } else if (args.option("MAX")) {
    aggregate = Aggregate::max;
  } else {
    args.fail(errors::syntax());
  }
}

void read_limit(ArgReader& args, int64_t& limit) {
  const auto count = parse_int64(args.text());
  if (!count || *count < 0) return args.fail(errors::cannot_be_negative("LIMIT"));
  limit = *count;
}

Status read_options(ArgReader& args, Operation operation, Output output, Request& request) {
  const bool has_weights = operation != Operation::subtract && output != Output::count;
  while (args.has_more()) {
    if (has_weights && args.left() > request.inputs.size() && args.option("WEIGHTS")) {
      read_weights(args, request.inputs);
    } else if (has_weights && args.left() >= 2 && args.option("AGGREGATE")) {
      read_aggregate(args, request.aggregate);
    } else if (output == Output::reply && args.option("WITHSCORES")) {
      request.with_scores = true;
    } else if (output == Output::count && args.left() >= 2 && args.option("LIMIT")) {
      read_limit(args, request.limit);
    } else {
      args.fail(errors::syntax());
    }
  }
  return args.finish();
}

// `first`: the argument that says how many keys follow.
Result<Request> read_request(Context& ctx, size_t first, Operation operation, Output output) {
  const auto key_count = parse_int64(ctx.arg(first));
  if (!key_count) return errors::not_an_integer();
  if (*key_count < 1) return errors::no_input_key(ctx.command_name());
  if (static_cast<uint64_t>(*key_count) > ctx.argc() - first - 1) return errors::syntax();
  Request request;
  const size_t options = first + 1 + static_cast<size_t>(*key_count);
  request.inputs.reserve(static_cast<size_t>(*key_count));
  for (size_t i = first + 1; i < options; i++) {
    TRY(auto input, ScoredInput::find(ctx, ctx.key(i)));
    request.inputs.push_back(input);
  }
  ArgReader args(ctx, options);
  TRY(read_options(args, operation, output, request));
  return request;
}

// --- The operations ---

// Infinities of both signs make 0, as a weight of 0 and an infinity do.
double defined(double score) { return std::isnan(score) ? 0 : score; }

double combine(Aggregate aggregate, double present, double score) {
  switch (aggregate) {
    case Aggregate::sum: return defined(present + score);
    case Aggregate::min: return score < present ? score : present;
    case Aggregate::max: return score > present ? score : present;
  }
  return present;
}

// Small sets first. The order is Redis's, for sums of floating-point numbers depend on it.
void sort_by_size(std::vector<ScoredInput>& inputs) {
  std::stable_sort(inputs.begin(), inputs.end(),
                   [](const auto& left, const auto& right) { return left.size() < right.size(); });
}

void unite(Request& request, SortedSetBuilder& result) {
  sort_by_size(request.inputs);
  // Of one set no member comes twice.
  const bool is_single = std::count_if(request.inputs.begin(), request.inputs.end(),
                                       [](const auto& input) { return input.size() > 0; }) == 1;
  for (const ScoredInput& input : request.inputs) {
    input.visit([&](std::string_view member, double score) {
      score = defined(input.weight() * score);
      if (is_single) {
        result.add(member, score);
      } else {
        result.combine(member, score, [&](double present, double other) {
          return combine(request.aggregate, present, other);
        });
      }
      return true;
    });
  }
}

// `visit(std::string_view member, double score)` gets each common member, and returns whether to go on.
template <class Visit>
void intersect(Request& request, Visit&& visit) {
  sort_by_size(request.inputs);
  const ScoredInput& first = request.inputs.front();
  first.visit([&](std::string_view member, double score) {
    double aggregated = defined(first.weight() * score);
    for (size_t i = 1; i < request.inputs.size(); i++) {
      const ScoredInput& other = request.inputs[i];
      const auto found = other.is_same(first) ? std::optional(score) : other.score(member);
      if (!found) return true;
      // Not made 0 where it is undefined: the sum is.
      aggregated = combine(request.aggregate, aggregated, other.weight() * *found);
    }
    return visit(member, aggregated);
  });
}

// Looks up each member of the first set in the others, the largest of them first.
void subtract_by_looking_up(const std::vector<ScoredInput>& inputs, SortedSetBuilder& result) {
  std::vector<ScoredInput> others(inputs.begin() + 1, inputs.end());
  sort_by_size(others);
  std::reverse(others.begin(), others.end());
  inputs.front().visit([&](std::string_view member, double score) {
    const bool is_elsewhere = std::any_of(others.begin(), others.end(), [&](const auto& other) {
      return other.score(member).has_value();
    });
    if (!is_elsewhere) result.add(member, score);
    return true;
  });
}

// Gathers what the others have of the first set, which then is all but that.
void subtract_by_gathering(const std::vector<ScoredInput>& inputs, SortedSetBuilder& result) {
  const ScoredInput& first = inputs.front();
  SortedSetBuilder gathered;
  for (size_t i = 1; i < inputs.size() && gathered.size() < first.size(); i++) {
    inputs[i].visit([&](std::string_view member, double) {
      if (first.score(member)) gathered.combine(member, 0, [](double, double) { return 0.0; });
      return gathered.size() < first.size();
    });
  }
  first.visit([&](std::string_view member, double score) {
    if (!gathered.contains(member)) result.add(member, score);
    return true;
  });
}

void subtract(const Request& request, SortedSetBuilder& result) {
  const auto& inputs = request.inputs;
  const ScoredInput& first = inputs.front();
  const bool is_nothing = std::any_of(inputs.begin() + 1, inputs.end(),
                                      [&](const auto& other) { return other.is_same(first); });
  if (first.size() == 0 || is_nothing) return;
  double all = 0;
  for (const ScoredInput& input : inputs) all += static_cast<double>(input.size());
  // Looking up is cheaper by about half where members are found early.
  const double lookups = static_cast<double>(first.size()) * static_cast<double>(inputs.size());
  lookups / 2 <= all ? subtract_by_looking_up(inputs, result)
                     : subtract_by_gathering(inputs, result);
}

void run(Request& request, Operation operation, SortedSetBuilder& result) {
  switch (operation) {
    case Operation::unite: return unite(request, result);
    case Operation::subtract: return subtract(request, result);
    case Operation::intersect:
      return intersect(request, [&](std::string_view member, double score) {
        result.add(member, score);
        return true;
      });
  }
}

Status reply_result(Context& ctx, Operation operation) {
  TRY(Request request, read_request(ctx, 1, operation, Output::reply));
  SortedSetBuilder result;
  run(request, operation, result);
  result.sort();
  result.visit(MemberReply(ctx, request.with_scores, result.size()));
  return ok;
}

Status store_result(Context& ctx, Operation operation) {
  TRY(Request request, read_request(ctx, 2, operation, Output::store));
  SortedSetBuilder result;
  run(request, operation, result);
  // The event has the command's name.
  return store_sorted_set(ctx, ctx.key(1), result, ctx.command_name());
}

// ZUNION numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE SUM | MIN | MAX] [WITHSCORES]
Status zunion(Context& ctx) {
  return reply_result(ctx, Operation::unite);
}
// ZINTER, as ZUNION
Status zinter(Context& ctx) {
  return reply_result(ctx, Operation::intersect);
}
// ZDIFF numkeys key [key ...] [WITHSCORES]
Status zdiff(Context& ctx) {
  return reply_result(ctx, Operation::subtract);
}
// ZUNIONSTORE destination numkeys key [key ...] [WEIGHTS ...] [AGGREGATE ...]
Status zunionstore(Context& ctx) {
  return store_result(ctx, Operation::unite);
}
// ZINTERSTORE, as ZUNIONSTORE
Status zinterstore(Context& ctx) {
  return store_result(ctx, Operation::intersect);
}
// ZDIFFSTORE destination numkeys key [key ...]
Status zdiffstore(Context& ctx) {
  return store_result(ctx, Operation::subtract);
}

// ZINTERCARD numkeys key [key ...] [LIMIT limit]
Status zintercard(Context& ctx) {
  TRY(Request request, read_request(ctx, 1, Operation::intersect, Output::count));
  int64_t count = 0;
  intersect(request, [&](std::string_view, double) {
    count++;
    return count != request.limit;
  });
  ctx.reply.integer(count);
  return ok;
}

constexpr KeySpecs kStoreKeys = one_key(1, kPut) + counted_keys(2, kGet);
constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"zdiff", zdiff, -3, kRead, counted_keys(1, kGet), "6.2.0",
        "O(L + (N-K)log(N)) with L members in all, N in the first set and K in the result",
        "numkeys key [key ...] [WITHSCORES]",
        "Lists the members of a sorted set that others do not have."},
    {"zdiffstore", zdiffstore, -4, kWrite | kDenyOom, kStoreKeys, "6.2.0",
        "O(L + (N-K)log(N)) with L members in all, N in the first set and K in the result",
        "destination numkeys key [key ...]",
        "Stores the members of a sorted set that others do not have."},
    {"zinter", zinter, -3, kRead, counted_keys(1, kGet), "6.2.0",
        "O(N*K)+O(M*log(M)) with N members in the smallest of K sets and M in the result",
        "numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>] "
        "[WITHSCORES]",
        "Lists the members that sorted sets have in common."},
    {"zintercard", zintercard, -3, kRead, counted_keys(1, kGet), "7.0.0",
        "O(N*K) with N members in the smallest of K sets",
        "numkeys key [key ...] [LIMIT limit]",
        "Counts the members that sorted sets have in common."},
    {"zinterstore", zinterstore, -4, kWrite | kDenyOom, kStoreKeys, "2.0.0",
        "O(N*K)+O(M*log(M)) with N members in the smallest of K sets and M in the result",
        "destination numkeys key [key ...] [WEIGHTS weight [weight ...]] "
        "[AGGREGATE <SUM | MIN | MAX>]",
        "Stores the members that sorted sets have in common."},
    {"zunion", zunion, -3, kRead, counted_keys(1, kGet), "6.2.0",
        "O(N)+O(M*log(M)) with N members in all and M in the result",
        "numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>] "
        "[WITHSCORES]",
        "Lists the members of several sorted sets together."},
    {"zunionstore", zunionstore, -4, kWrite | kDenyOom, kStoreKeys, "2.0.0",
        "O(N)+O(M*log(M)) with N members in all and M in the result",
        "destination numkeys key [key ...] [WEIGHTS weight [weight ...]] "
        "[AGGREGATE <SUM | MIN | MAX>]",
        "Stores the members of several sorted sets together."},
};

}  // namespace

CommandFamily sorted_set_algebra_commands() { return {"sorted-set", kCommands}; }

}  // namespace larder
