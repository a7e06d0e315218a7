#include "modules/budget/definitions.h"

#include <algorithm>
#include <cmath>

#include "server/base/errors.h"
#include "server/base/numbers.h"
#include "server/base/text.h"

namespace larder {
namespace {

bool is_name(std::string_view name) {
  const auto is_allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  };
  return !name.empty() && name.size() <= kMaxBudgetName && std::ranges::all_of(name, is_allowed);
}

bool is_metric(std::string_view name) {
  const auto is_visible = [](char c) { return c > ' ' && c < '\x7f'; };
  return name.size() <= kMaxMetricName && std::ranges::all_of(name, is_visible) && !name.empty() &&
         name != BudgetRules::kRateSuffix;
}

Result<double> read_number(std::string_view text) {
  const auto number = parse_double(text);
  if (!number || !std::isfinite(*number)) return errors::not_a_float();
  return *number;
}

Status check(const BudgetRules& rules) {
  if (rules.warn == rules.error) return errors::budget_thresholds_equal();
  const bool larger_is_worse = rules.error > rules.warn;
  if (rules.target && (larger_is_worse ? *rules.target > rules.warn : *rules.target < rules.warn)) {
    return errors::budget_target_beyond_warn();
  }
  return ok;
}

}  // namespace

Result<NamedBudget> read_budget(std::span<const std::string_view> words) {
  if (words.empty() || !is_name(words[0])) return errors::bad_budget_name(kMaxBudgetName);
  BudgetRules rules;
  bool has_warn = false;
  bool has_error = false;
  for (size_t i = 1; i < words.size(); i += 2) {
    if (i + 1 == words.size()) return errors::syntax();
    const std::string_view value = words[i + 1];
    if (equals_ignoring_case(words[i], "METRIC")) {
      if (!is_metric(value)) return errors::bad_budget_metric(kMaxMetricName);
      rules.metric = value;
    } else if (equals_ignoring_case(words[i], "TARGET")) {
      TRY(rules.target, read_number(value));
    } else if (equals_ignoring_case(words[i], "WARN")) {
      TRY(rules.warn, read_number(value));
      has_warn = true;
    } else if (equals_ignoring_case(words[i], "ERROR")) {
      TRY(rules.error, read_number(value));
      has_error = true;
    } else if (equals_ignoring_case(words[i], "WINDOW")) {
      constexpr int64_t kMax = BudgetRules::kMaxWindowSeconds;
      const auto seconds = parse_int64(value);
      if (!seconds || *seconds < 1 || *seconds > kMax) {
        return errors::not_between("WINDOW", 1, kMax);
      }
      rules.window_seconds = *seconds;
    } else {
      return errors::syntax();
    }
  }
  if (rules.metric.empty() || !has_warn || !has_error) return errors::budget_incomplete();
  TRY(check(rules));
  return NamedBudget(words[0], std::move(rules));
}

Words budget_words(const std::string& name, const BudgetRules& rules) {
  Words words = {name, "METRIC", rules.metric};
  const auto add = [&](std::string_view word, const std::string& value) {
    words.emplace_back(word);
    words.push_back(value);
  };
  if (rules.target) add("TARGET", format_double(*rules.target));
  add("WARN", format_double(rules.warn));
  add("ERROR", format_double(rules.error));
  if (rules.window_seconds != BudgetRules::kDefaultWindowSeconds) {
    add("WINDOW", to_text(rules.window_seconds));
  }
  return words;
}

// --- The option ---

Status BudgetDefinitions::read(WordsView words, Reading reading) {
  // `budget ""` in a file is no budget.
  const bool is_none = words.size() == 1 && words[0].empty();
  if (is_none && reading == Reading::first) {
    budgets_.clear();
    return ok;
  }
  TRY(NamedBudget budget, read_budget(std::vector<std::string_view>(words.begin(), words.end())));
  if (reading == Reading::first) budgets_.clear();
  return set(std::move(budget));
}

std::string BudgetDefinitions::text() const {
  std::string text;
  for (const auto& [name, rules] : budgets_) {
    if (!text.empty()) text += "; ";
    text += join(budget_words(name, rules), " ");
  }
  return text;
}

std::vector<Words> BudgetDefinitions::lines() const {
  std::vector<Words> lines;
  for (const auto& [name, rules] : budgets_) lines.push_back(budget_words(name, rules));
  // So that a file says that there is none.
  if (lines.empty()) lines.push_back({""});
  return lines;
}

Status BudgetDefinitions::set(NamedBudget budget) {
  const auto known = budgets_.find(budget.first);
  if (known != budgets_.end()) {
    known->second = std::move(budget.second);
    return ok;
  }
  if (budgets_.size() >= kMaxBudgets) return errors::too_many_budgets(kMaxBudgets);
  budgets_.insert(std::move(budget));
  return ok;
}

bool BudgetDefinitions::remove(std::string_view name) {
  const auto known = budgets_.find(name);
  if (known == budgets_.end()) return false;
  budgets_.erase(known);
  return true;
}

}  // namespace larder
