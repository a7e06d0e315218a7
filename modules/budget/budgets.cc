#include "modules/budget/budgets.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/base/numbers.h"
#include "server/base/text.h"

namespace larder {
namespace {

constexpr int64_t kIntervalMs = 1000;

std::string number_text(std::optional<double> value) {
  return value ? format_double(*value) : "none";
}

// Where the first item of a list ends. What is in quotes is somebody's data, which may look like
// items.
size_t end_of_item(std::string_view list) {
  bool is_quoted = false;
  for (size_t i = 0; i < list.size(); i++) {
    if (list[i] == ',' && !is_quoted) return i;
    if (list[i] == '"') is_quoted = !is_quoted;
    if (list[i] == '\\' && is_quoted) i++;
  }
  return list.size();
}

// From bad to worse is a warning.
bool is_worse(BudgetState now, BudgetState former) {
  return now > former && now >= BudgetState::warn;
}

}  // namespace

std::optional<double> number_in(std::string_view value, std::string_view part) {
  if (!part.empty()) {
    while (!value.empty()) {
      const std::string_view item = value.substr(0, end_of_item(value));
      value.remove_prefix(std::min(item.size() + 1, value.size()));
      const size_t equals = item.find('=');
      if (equals != std::string_view::npos && item.substr(0, equals) == part) {
        return number_in(item.substr(equals + 1));
      }
    }
    return std::nullopt;
  }
  if (value.ends_with('%')) value.remove_suffix(1);
  const auto number = parse_double(value);
  return number && std::isfinite(*number) ? number : std::nullopt;
}

Budgets::Budgets()
    : Module({.name = "budget",
              .options_title = "Budgets",
              .info_section = "Alerts",
              .info_scope = InfoScope::module}) {
  info.on_reset([this] {
    for (auto& [name, watched] : budgets_) watched.changes = 0;
  });
}

std::vector<CommandFamily> Budgets::commands() const {
  return budget_commands();
}

void Budgets::start(Host& host) {
  host_ = &host;
  const int64_t now_ms = wall_clock_ms();
  for (const auto& [name, rules] : definitions_->all()) {
    budgets_.emplace(name, Watched{.budget = Budget(rules), .since_ms = now_ms});
  }
  host.hooks().tick.add([this](int64_t wall_ms) {
    if (!budgets_.empty()) check(monotonic_ms(), wall_ms);
  });
}

Status Budgets::set(NamedBudget budget) {
  const auto& [name, rules] = budget;
  const std::string field(rules.field());
  InfoValues values = host_->info_values();
  if (!read(rules, values)) {
    if (values.value(field)) return errors::metric_not_a_number(field);
    return errors::no_such_metric(field);
  }
  BudgetDefinitions definitions = *definitions_;
  TRY(definitions.set(budget));
  definitions_.assign(std::move(definitions));
  budgets_.insert_or_assign(name, Watched{.budget = Budget(rules), .since_ms = wall_clock_ms()});
  next_check_ms_ = 0;  // the next tick looks
  return ok;
}

bool Budgets::remove(std::string_view name) {
  BudgetDefinitions definitions = *definitions_;
  if (!definitions.remove(name)) return false;
  definitions_.assign(std::move(definitions));
  budgets_.erase(budgets_.find(name));
  return true;
}

// --- Checking ---

// What is before a point first: most names have none, and of the others most are parts, so that a
// field that is known is not looked for among all lines. Names of commands have points, too.
std::optional<double> Budgets::read(const BudgetRules& rules, InfoValues& values) {
  const std::string_view field = rules.field();
  for (size_t point = field.find('.'); point != std::string_view::npos;
       point = field.find('.', point + 1)) {
    const auto value = values.value(field.substr(0, point));
    if (value) return number_in(*value, field.substr(point + 1));
  }
  const auto value = values.value(field);
  return value ? number_in(*value) : std::nullopt;
}

void Budgets::check(int64_t now_ms, int64_t wall_ms) {
  if (now_ms < next_check_ms_) return;
  next_check_ms_ = now_ms + kIntervalMs;
  InfoValues values = host_->info_values();
  for (auto& [name, watched] : budgets_) {
    const BudgetState former = watched.budget.state();
    if (watched.budget.update(read(watched.budget.rules(), values), now_ms, *hysteresis_)) {
      tell(name, watched, former, wall_ms);
    }
  }
}

void Budgets::tell(const std::string& name, Watched& watched, BudgetState former, int64_t wall_ms) {
  watched.since_ms = wall_ms;
  const Budget& budget = watched.budget;
  const std::string state(state_name(budget.state()));
  const std::string former_name(state_name(former));
  const std::string value = number_text(budget.value());
  // The first look is no change of anything that somebody knew, unless it is bad.
  const bool is_first = !std::exchange(watched.had_state, true);
  if (is_first && budget.state() == BudgetState::fine) return;
  watched.changes++;
  ++changes_;
  const std::string text = "Budget '" + name + "' is " + state + ", was " + former_name + ": " +
                           budget.rules().metric + " is " + value + " (warn " +
                           format_double(budget.rules().warn) + ", error " +
                           format_double(budget.rules().error) + ")";
  is_worse(budget.state(), former) ? log::warning(text) : log::notice(text);
  host_->hooks().publish(std::string(kChannelPrefix) + name,
                         "state=" + state + " former=" + former_name +
                             " metric=" + budget.rules().metric + " value=" + value);
}

// --- INFO ---

int64_t Budgets::count(BudgetState state) const {
  return std::ranges::count_if(
      budgets_, [state](const auto& entry) { return entry.second.budget.state() == state; });
}

void Budgets::write_budgets(InfoWriter& writer) const {
  for (const auto& [name, watched] : budgets_) {
    const BudgetRules& rules = watched.budget.rules();
    writer.line("budget_" + name,
                "state=" + std::string(state_name(watched.budget.state())) +
                    ",metric=" + rules.metric + ",value=" + number_text(watched.budget.value()) +
                    (rules.target ? ",target=" + format_double(*rules.target) : "") +
                    ",warn=" + format_double(rules.warn) + ",error=" + format_double(rules.error) +
                    ",window=" + to_text(rules.window_seconds) +
                    ",since=" + to_text(watched.since_ms / 1000) +
                    ",changes=" + std::to_string(watched.changes));
  }
}

}  // namespace larder
