// What budgets there are, as BUDGET SET and the lines of the configuration file say it:
//
//   name METRIC metric [TARGET x] WARN y ERROR z [WINDOW seconds]
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "modules/budget/budget.h"
#include "server/base/result.h"
#include "server/config/option.h"

namespace larder {

inline constexpr size_t kMaxBudgets = 64;
inline constexpr size_t kMaxBudgetName = 64;
inline constexpr size_t kMaxMetricName = 128;

using NamedBudget = std::pair<std::string, BudgetRules>;

// The words from the name on. Whether the metric exists is not looked at.
Result<NamedBudget> read_budget(std::span<const std::string_view> words);
// The words that read_budget makes the same of.
Words budget_words(const std::string& name, const BudgetRules& rules);

// The value of the option "budget", a line for each.
class BudgetDefinitions {
 public:
  using Map = std::map<std::string, BudgetRules, std::less<>>;

  Status read(WordsView words, Reading reading);
  std::string text() const;
  std::vector<Words> lines() const;
  bool operator==(const BudgetDefinitions&) const = default;

  // Adds a budget, or gives one other rules. Error: there are too many.
  Status set(NamedBudget budget);
  // Whether it was there.
  bool remove(std::string_view name);
  const Map& all() const { return budgets_; }

 private:
  Map budgets_;
};

}  // namespace larder
