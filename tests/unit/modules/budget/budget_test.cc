#include "modules/budget/budget.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "server/base/random.h"

namespace larder {
namespace {

constexpr double kMargin = 10;

BudgetRules rules(double warn, double error, int64_t window_seconds = 1) {
  BudgetRules rules;
  rules.metric = "used_memory";
  rules.warn = warn;
  rules.error = error;
  rules.window_seconds = window_seconds;
  return rules;
}

// A budget with a clock of its own: a reading a second.
class Clocked {
 public:
  explicit Clocked(BudgetRules budget_rules) : budget(std::move(budget_rules)) {}
  std::string read(std::optional<double> reading) {
    now_ms += 1'000;
    const BudgetState former = budget.state();
    const bool has_changed = budget.update(reading, now_ms, kMargin);
    CHECK(has_changed == (budget.state() != former));
    return std::string(state_name(budget.state()));
  }
  std::vector<std::string> read_all(const std::vector<double>& readings) {
    std::vector<std::string> states;
    for (const double reading : readings) states.push_back(read(reading));
    return states;
  }

  Budget budget;
  int64_t now_ms = 5'000;
};

using States = std::vector<std::string>;

TEST_CASE("budget: a state gets worse at its threshold and better behind the margin") {
  Clocked clocked(rules(80, 100));  // a margin of 2
  CHECK(clocked.read_all({50, 79.9, 80, 79, 78, 77.9, 80}) ==
        States{"ok", "ok", "warn", "warn", "warn", "ok", "warn"});
  CHECK(clocked.read_all({100, 99, 98, 97.9, 100, 78, 100, 77}) ==
        States{"error", "error", "error", "warn", "error", "warn", "error", "ok"});
}

TEST_CASE("budget: with WARN above ERROR smaller is worse") {
  Clocked clocked(rules(0.9, 0.5));  // a margin of 0.04
  CHECK(clocked.read_all({0.95, 0.9, 0.93, 0.95, 0.5, 0.53, 0.55, 0.2, 1}) ==
        States{"ok", "warn", "warn", "ok", "error", "error", "warn", "error", "ok"});
}

TEST_CASE("budget: what has reached its target is well, even within the margin") {
  BudgetRules near_target = rules(80, 100);
  near_target.target = 79;
  Clocked clocked(near_target);
  CHECK(clocked.read_all({80, 79.5, 79}) == States{"warn", "warn", "ok"});
  CHECK(*clocked.budget.used_percent() == Approx(0));
  clocked.read(100);
  CHECK(*clocked.budget.used_percent() == Approx(100));
  clocked.read(58);
  CHECK(*clocked.budget.used_percent() == Approx(-100));
}

TEST_CASE("budget: against the rule written down again, for random walks") {
  Random random(1);
  for (int round = 0; round < 200; round++) {
    // Tens, so that margins are whole numbers, and values at the edge exact.
    const auto uniform = [&] { return static_cast<double>(random.below(50)) * 10; };
    const double warn = uniform();
    double error = uniform();
    if (error == warn) error += 10;
    Clocked clocked(rules(warn, error));
    const double sign = error > warn ? 1 : -1;
    const double margin = std::abs(error - warn) * kMargin / 100;
    int level = 0;
    for (int i = 0; i < 200; i++) {
      const double value = uniform();
      // The highest level that the value keeps or reaches.
      int next = 0;
      if (sign * (value - warn) >= (level >= 1 ? -margin : 0)) next = 1;
      if (sign * (value - error) >= (level >= 2 ? -margin : 0)) next = 2;
      level = next;
      INFO("round " << round << ", warn " << warn << ", error " << error << ", value " << value);
      REQUIRE(clocked.read(value) == States{"ok", "warn", "error"}[static_cast<size_t>(level)]);
    }
  }
}

TEST_CASE("budget: the value is the mean of the window") {
  Clocked clocked(rules(80, 100, 4));
  CHECK(clocked.read_all({40, 40, 40, 200}) == States{"ok", "ok", "ok", "warn"});
  CHECK(*clocked.budget.value() == 80);
  clocked.read(40);
  CHECK(*clocked.budget.value() == 80);
  for (int i = 0; i < 3; i++) clocked.read(40);
  CHECK(*clocked.budget.value() == 40);
}

TEST_CASE("budget: a long window keeps few readings") {
  Clocked clocked(rules(80, 100, 86'400));
  for (int i = 0; i < 2 * 86'400; i++) clocked.read(i < 86'400 + 43'200 ? 10 : 30);
  CHECK(*clocked.budget.value() == Approx(20).epsilon(0.05));
}

TEST_CASE("budget: the growth of a count in the window, a second") {
  BudgetRules growth = rules(100, 300, 5);
  growth.metric = "evicted_keys/s";
  CHECK(growth.is_rate());
  CHECK(growth.field() == "evicted_keys");
  Clocked clocked(growth);
  // One reading says nothing of growth.
  CHECK(clocked.read(1'000'000) == "unknown");
  double count = 1'000'000;
  for (int i = 0; i < 10; i++) CHECK(clocked.read(count += 50) == "ok");
  CHECK(*clocked.budget.value() == Approx(50));
  CHECK(clocked.read(count += 550) == "warn");  // 750 in five seconds
  CHECK(*clocked.budget.value() == Approx(150));
  for (int i = 0; i < 5; i++) clocked.read(count += 50);
  CHECK(*clocked.budget.value() == Approx(50));
  CHECK(clocked.budget.state() == BudgetState::fine);
}

TEST_CASE("budget: a count that was set back begins anew") {
  BudgetRules growth = rules(100, 1'000, 10);
  growth.metric = "evicted_keys/s";
  Clocked clocked(growth);
  clocked.read_all({1'000, 2'000, 3'000});
  CHECK(clocked.budget.state() == BudgetState::error);
  // Its growth is not known, but nothing is known to have changed either.
  CHECK(clocked.read(0) == "error");
  CHECK(!clocked.budget.value());
  CHECK(clocked.read(5) == "ok");
  CHECK(*clocked.budget.value() == Approx(5));
}

TEST_CASE("budget: a metric that is not there any more is no good state") {
  Clocked clocked(rules(80, 100));
  CHECK(clocked.read(10) == "ok");
  CHECK(clocked.read(std::nullopt) == "unknown");
  CHECK(!clocked.budget.value());
  CHECK(clocked.read(90) == "warn");
}

}  // namespace
}  // namespace larder
