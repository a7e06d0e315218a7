// BUDGET and its subcommands.
#include <cmath>
#include <optional>
#include <string>

#include "modules/budget/budgets.h"
#include "server/base/errors.h"
#include "server/command/reply_help.h"

namespace larder {
namespace {

// BUDGET SET name METRIC metric [TARGET x] WARN y ERROR z [WINDOW seconds]
Status set(Context& ctx) {
  TRY(NamedBudget budget, read_budget(ctx.arguments().subspan(2)));
  TRY(ctx.owner<Budgets>().set(std::move(budget)));
  ctx.reply.ok();
  return ok;
}

// BUDGET DEL name [name ...]
Status del(Context& ctx) {
  int64_t removed = 0;
  for (const std::string_view name : ctx.args(2)) removed += ctx.owner<Budgets>().remove(name);
  ctx.reply.integer(removed);
  return ok;
}

void reply_number(ReplyWriter& reply, std::string_view name, std::optional<double> number) {
  reply.bulk(name);
  number ? reply.number(*number) : reply.null();
}

// BUDGET LIST
Status list(Context& ctx) {
  const Budgets::Map& budgets = ctx.owner<Budgets>().all();
  ctx.reply.array(budgets.size());
  for (const auto& [name, watched] : budgets) {
    const BudgetRules& rules = watched.budget.rules();
    ctx.reply.map(6);
    ctx.reply.bulk("name");
    ctx.reply.bulk(name);
    ctx.reply.bulk("metric");
    ctx.reply.bulk(rules.metric);
    reply_number(ctx.reply, "target", rules.target);
    reply_number(ctx.reply, "warn", rules.warn);
    reply_number(ctx.reply, "error", rules.error);
    ctx.reply.bulk("window");
    ctx.reply.integer(rules.window_seconds);
  }
  return ok;
}

void reply_status(ReplyWriter& reply, const std::string& name, const Budgets::Watched& watched) {
  const Budget& budget = watched.budget;
  reply.map(7);
  reply.bulk("name");
  reply.bulk(name);
  reply.bulk("state");
  reply.bulk(state_name(budget.state()));
  reply.bulk("metric");
  reply.bulk(budget.rules().metric);
  reply_number(reply, "value", budget.value());
  reply_number(reply, "used-percent", budget.used_percent());
  reply.bulk("since");
  reply.integer(watched.since_ms / 1000);
  reply.bulk("changes");
  reply.integer(static_cast<int64_t>(watched.changes));
}

// BUDGET STATUS [name]
Status status(Context& ctx) {
  const Budgets::Map& budgets = ctx.owner<Budgets>().all();
  if (ctx.argc() > 3) return errors::syntax();
  if (ctx.argc() == 3) {
    const auto found = budgets.find(ctx.arg(2));
    if (found == budgets.end()) return errors::no_such_budget(ctx.arg(2));
    ctx.reply.array(1);
    reply_status(ctx.reply, found->first, found->second);
    return ok;
  }
  ctx.reply.array(budgets.size());
  for (const auto& [name, watched] : budgets) reply_status(ctx.reply, name, watched);
  return ok;
}

constexpr std::string_view kHelp[] = {
    "SET <name> METRIC <metric> [TARGET <x>] WARN <y> ERROR <z> [WINDOW <seconds>]",
    "    Watch a number of INFO. With <y> below <z> larger is worse, else smaller is.",
    "    <metric> is a field; field.part is a part of one as in p99=...; /s behind it: its growth.",
    "    WINDOW: over how many seconds the mean is taken, or the growth; 10 unless told.",
    "DEL <name> [<name> ...]",
    "    Forget these budgets.",
    "LIST",
    "    The budgets, with their rules.",
    "STATUS [<name>]",
    "    How they are: ok, warn, error, or unknown while INFO does not have the number.",
};

// BUDGET HELP
Status help(Context& ctx) {
  reply_help(ctx, kHelp);
  return ok;
}

constexpr uint64_t kControl = kAdmin | kNoScript;
constexpr uint64_t kReport = kAdmin | kNoScript | kNondeterministic | kAllNodes | kSpecialResponse;

constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"budget", nullptr, -2, 0, no_keys(), "7.2.0", "", "",
     "Commands about thresholds for numbers of INFO."},
    {"budget|del", del, -3, kControl | kAllNodes | kAggregateSum, no_keys(), "7.2.0",
     "O(N) where N is the number of budgets", "name [name ...]",
     "Removes budgets and returns how many there were."},
    {"budget|help", help, 2, kLoading | kStale, no_keys(), "7.2.0", "O(1)", "",
     "Lists the subcommands."},
    {"budget|list", list, 2, kReport, no_keys(), "7.2.0", "O(N) where N is the number of budgets",
     "", "Returns the rules of all budgets."},
    {"budget|set", set, -3, kControl | kAllNodes | kAllSucceeded, no_keys(), "7.2.0", "O(1)",
     "name METRIC metric [TARGET target] WARN warn ERROR error [WINDOW seconds]",
     "Sets a budget: which number of INFO is watched, and from where on it is too large or too "
     "small."},
    {"budget|status", status, -2, kReport, no_keys(), "7.2.0",
     "O(N) where N is the number of budgets", "[name]",
     "Returns the states of budgets, and their values."},
};

}  // namespace

std::vector<CommandFamily> budget_commands() {
  return {{"server", kCommands}};
}

}  // namespace larder
