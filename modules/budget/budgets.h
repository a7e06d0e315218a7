// Budgets: thresholds for numbers of INFO, and who is told when one is crossed.
//
// Once a second the metrics of all budgets are read, each by its name; a change of a state is
// logged, published on `__budget__:name`, and shown in INFO alerts. While there is no budget
// nothing is done.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "modules/budget/budget.h"
#include "modules/budget/definitions.h"
#include "server/module/module.h"

namespace larder {

class Budgets final : public Module {
 public:
  // Where a change of the budget `name` is published, with the name behind it.
  static constexpr std::string_view kChannelPrefix = "__budget__:";

  struct Watched {
    Budget budget;
    int64_t since_ms = 0;  // of its state, by the wall clock
    uint64_t changes = 0;  // that were told, since CONFIG RESETSTAT
    bool had_state = false;  // another than unknown, under these rules
  };
  using Map = std::map<std::string, Watched, std::less<>>;

  Budgets();
  std::vector<CommandFamily> commands() const override;
  void start(Host& host) override;

  // Adds a budget, or gives one other rules, with which it begins anew. Errors: INFO has no such
  // number now; there are too many.
  Status set(NamedBudget budget);
  // Whether it was there.
  bool remove(std::string_view name);
  const Map& all() const { return budgets_; }

  // Reads the metrics, by a clock that never goes back and the one on the wall.
  void check(int64_t now_ms, int64_t wall_ms);

 private:
  static std::optional<double> read(const BudgetRules& rules, InfoValues& values);
  void tell(const std::string& name, Watched& watched, BudgetState former, int64_t wall_ms);
  int64_t count(BudgetState state) const;
  void write_budgets(InfoWriter& writer) const;

  Option<BudgetDefinitions> definitions_{options,
                                         "budget",
                                         BudgetDefinitions(),
                                         {.file_only = true,
                                          .help = "A line for each budget, as BUDGET SET takes it: "
                                                  "budget NAME METRIC metric [TARGET x] WARN y "
                                                  "ERROR z [WINDOW seconds]. The metric is a field "
                                                  "of INFO, \"field.part\" a part of one as "
                                                  "p99=..., and \"/s\" behind it is its growth a "
                                                  "second. CONFIG REWRITE writes what BUDGET SET "
                                                  "has set."}};
  Option<int> hysteresis_{options,
                          "budget-hysteresis",
                          10,
                          {.max = 100,
                           .help = "A budget's state gets better when the value is behind the "
                                   "threshold by so many percent of "
                                   "the distance between WARN and ERROR."}};

  Field budgets_field_{info, "budgets", [this] { return budgets_.size(); }};
  Field ok_field_{info, "budgets_ok", [this] { return count(BudgetState::fine); }};
  Field warn_field_{info, "budgets_warn", [this] { return count(BudgetState::warn); }};
  Field error_field_{info, "budgets_error", [this] { return count(BudgetState::error); }};
  Field unknown_field_{info, "budgets_unknown", [this] { return count(BudgetState::unknown); }};
  Counter changes_{info, "budget_changes"};
  Fields budgets_lines_{info, [this](InfoWriter& writer) { write_budgets(writer); }};

  Host* host_ = nullptr;
  Map budgets_;
  int64_t next_check_ms_ = 0;
};

// A number in the text of a field: all of it but for a "%" at its end, or with `part` the one
// behind "part=" in a list as "keys=3,expires=1", outside of quotes. nullopt: there is none.
std::optional<double> number_in(std::string_view value, std::string_view part = {});

// The table of commands.cc.
std::vector<CommandFamily> budget_commands();

}  // namespace larder
