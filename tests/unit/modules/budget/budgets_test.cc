#include "modules/budget/budgets.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "server/base/text.h"
#include "tests/support/test_services.h"

namespace larder {
namespace {

using Texts = std::vector<std::string>;

Result<NamedBudget> read_line(std::string_view line) {
  const auto words = split(line, ' ');
  return read_budget(words);
}

TEST_CASE("budget definitions: words and back") {
  for (const std::string_view line :
       {"memory METRIC used_memory WARN 1000 ERROR 2000",
        "hits METRIC keyspace_hits/s TARGET 1000.5 WARN 500 ERROR 100 WINDOW 60",
        "a-b_c.9 METRIC db0.keys WARN -1 ERROR 0"}) {
    const auto budget = read_line(line);
    REQUIRE(budget.is_ok());
    CHECK(join(budget_words(budget.value().first, budget.value().second), " ") == line);
  }
  // The order of the clauses, and their case, do not matter.
  const auto budget = read_line("m error 2 window 10 warn 1 target 0 metric x");
  REQUIRE(budget.is_ok());
  CHECK(join(budget_words(budget.value().first, budget.value().second), " ") ==
        "m METRIC x TARGET 0 WARN 1 ERROR 2");
}

TEST_CASE("budget definitions: what is refused") {
  const std::pair<std::string, std::string> kRefused[] = {
      {"", "ERR a budget's name has 1 to 64 letters, digits, '_', '-' and '.'"},
      {"a:b METRIC x WARN 1 ERROR 2",
       "ERR a budget's name has 1 to 64 letters, digits, '_', '-' and '.'"},
      {"a METRIC x WARN 1", "ERR a budget needs METRIC, WARN and ERROR"},
      {"a METRIC x WARN 1 ERROR", "ERR syntax error"},
      {"a METRIC x WARN 1 ERROR 2 MORE 3", "ERR syntax error"},
      {"a METRIC x WARN one ERROR 2", "ERR value is not a valid float"},
      {"a METRIC x WARN inf ERROR 2", "ERR value is not a valid float"},
      {"a METRIC x WARN 1 ERROR 1", "ERR WARN and ERROR must not be equal"},
      {"a METRIC x TARGET 1.5 WARN 1 ERROR 2", "ERR TARGET must not be beyond WARN"},
      {"a METRIC x TARGET 1.5 WARN 2 ERROR 1", "ERR TARGET must not be beyond WARN"},
      {"a METRIC x WARN 1 ERROR 2 WINDOW 0", "ERR WINDOW must be between 1 and 86400"},
      {"a METRIC /s WARN 1 ERROR 2",
       "ERR a metric is a field of INFO, with \"/s\" behind it for its growth, of up to 128 "
       "characters"},
  };
  for (const auto& [line, text] : kRefused) {
    INFO(line);
    const auto budget = read_line(line);
    REQUIRE(!budget.is_ok());
    CHECK(budget.text() == text);
  }
}

TEST_CASE("budget definitions: lines of a file") {
  BudgetDefinitions definitions;
  CHECK(definitions.lines() == std::vector<Words>{{""}});
  const Words first = {"a", "METRIC", "x", "WARN", "1", "ERROR", "2"};
  Words second = first;
  second[0] = "b";
  REQUIRE(definitions.read(first, Reading::first).is_ok());
  REQUIRE(definitions.read(second, Reading::further).is_ok());
  CHECK(definitions.lines() == std::vector<Words>{first, second});
  CHECK(!definitions.read(Words{"c"}, Reading::further).is_ok());
  CHECK(definitions.all().size() == 2);
  REQUIRE(definitions.read(Words{""}, Reading::first).is_ok());
  CHECK(definitions.all().empty());
  for (size_t i = 0; i < kMaxBudgets; i++) {
    second[0] = "b" + std::to_string(i);
    REQUIRE(definitions.read(second, Reading::further).is_ok());
  }
  CHECK(definitions.read(first, Reading::further).text() ==
        "ERR there can be no more than 64 budgets");
}

TEST_CASE("budget: numbers in the texts of fields") {
  CHECK(number_in("12") == 12);
  CHECK(number_in("-0.5") == -0.5);
  CHECK(number_in("93.75%") == 93.75);
  CHECK(number_in("keys=3,expires=1,avg_ttl=0", "expires") == 1);
  CHECK(number_in("keys=3,expires=1", "avg_ttl") == std::nullopt);
  CHECK(number_in("keys=many", "keys") == std::nullopt);
  // Names of keys are data.
  constexpr std::string_view kKey = R"(key="a,bytes=1,\"\\",bytes=20,last=3)";
  CHECK(number_in(kKey, "bytes") == 20);
  CHECK(number_in(kKey, "last") == 3);
  CHECK(number_in(R"(key="a,bytes=1)", "bytes") == std::nullopt);
  for (const std::string_view text : {"", "noeviction", "1.50M", "inf", "nan", "keys=3", "%"}) {
    CHECK(number_in(text) == std::nullopt);
  }
}

// A server around the module whose INFO is what the test says.
class Scene : public TestServices {
 public:
  Scene() {
    configuration.options.add(budgets.options);
    info.add(group);
    info.add(budgets.info);
    hooks.publish.add([this](std::string_view channel, std::string_view message) {
      published.push_back(std::string(channel) + " " + std::string(message));
    });
    budgets.start(host);
  }
  Status set(std::string_view line) {
    auto budget = read_line(line);
    REQUIRE(budget.is_ok());
    return budgets.set(std::move(budget).value());
  }
  void second() { budgets.check(now_ms += 1'000, 1'700'000'000'000); }
  Texts take() { return std::exchange(published, {}); }
  std::string alerts() const {
    const std::string_view section = "alerts";
    return info.report({&section, 1});
  }

  InfoGroup group{"Test"};
  Gauge level{group, "level"};
  Counter events{group, "events"};
  Field text{group, "text", [] { return "noeviction"; }};
  bool has_list = true;
  int lists = 0;  // that were written
  Fields list{group, [this](InfoWriter& writer) {
                lists++;
                writer.line("cmdstat_cache.mrc", "calls=4");
                if (has_list) writer.line("list", "p50=1,p99=7.5,p99.9=12");
              }};

  Host host{services};
  Budgets budgets;
  Texts published;
  int64_t now_ms = 1'000;
};

TEST_CASE("budgets: changes are published, each once") {
  Scene scene;
  REQUIRE(scene.set("load METRIC level WARN 80 ERROR 100 WINDOW 1").is_ok());
  scene.level = 10;
  scene.second();
  CHECK(scene.take().empty());  // it is well, and nobody thought otherwise
  scene.level = 85;
  scene.second();
  scene.second();
  CHECK(scene.take() == Texts{"__budget__:load state=warn former=ok metric=level value=85"});
  scene.level = 200;
  scene.second();
  scene.level = 0;
  scene.second();
  CHECK(scene.take() == Texts{"__budget__:load state=error former=warn metric=level value=200",
                              "__budget__:load state=ok former=error metric=level value=0"});
  CHECK(scene.alerts().find("budget_load:state=ok,metric=level,value=0,warn=80,error=100,window=1,"
                            "since=1700000000,changes=3\r\n") != std::string::npos);
  CHECK(scene.alerts().find("budgets:1\r\nbudgets_ok:1\r\nbudgets_warn:0\r\n") !=
        std::string::npos);
}

TEST_CASE("budgets: what is bad from the beginning is told") {
  Scene scene;
  scene.level = 500;
  REQUIRE(scene.set("load METRIC level WARN 80 ERROR 100").is_ok());
  scene.second();
  CHECK(scene.take() == Texts{"__budget__:load state=error former=unknown metric=level value=500"});
}

TEST_CASE("budgets: rates, and parts of fields") {
  Scene scene;
  REQUIRE(scene.set("rate METRIC events/s WARN 10 ERROR 100 WINDOW 2").is_ok());
  REQUIRE(scene.set("slow METRIC list.p99 WARN 5 ERROR 50").is_ok());
  scene.second();
  CHECK(scene.take() ==
        Texts{"__budget__:slow state=warn former=unknown metric=list.p99 value=7.5"});
  scene.events += 30;
  scene.second();
  CHECK(scene.take() ==
        Texts{"__budget__:rate state=warn former=unknown metric=events/s value=30"});
  REQUIRE(scene.set("slowest METRIC list.p99.9 WARN 50 ERROR 100").is_ok());
  scene.has_list = false;
  scene.second();
  CHECK(scene.take() ==
        Texts{"__budget__:slow state=unknown former=warn metric=list.p99 value=none"});
  CHECK(scene.alerts().find("budgets_unknown:2") != std::string::npos);
}

TEST_CASE("budgets: one look at the lines of INFO is enough for all budgets") {
  Scene scene;
  REQUIRE(scene.set("slow METRIC list.p99 WARN 5 ERROR 50").is_ok());
  REQUIRE(scene.set("slowest METRIC list.p99.9 WARN 50 ERROR 100").is_ok());
  REQUIRE(scene.set("calls METRIC cmdstat_cache.mrc.calls WARN 1 ERROR 2").is_ok());
  scene.lists = 0;
  scene.second();
  CHECK(scene.lists == 1);
  CHECK(scene.budgets.all().at("slowest").budget.value() == 12);
  CHECK(scene.budgets.all().at("calls").budget.value() == 4);
}

TEST_CASE("budgets: fields that are known are asked alone") {
  Scene scene;
  HistogramField times(scene.group, "times");
  times.record(7);
  REQUIRE(scene.set("times METRIC times.max WARN 5 ERROR 50").is_ok());
  REQUIRE(scene.set("load METRIC level WARN 80 ERROR 100").is_ok());
  scene.second();
  CHECK(scene.lists == 0);
  CHECK(scene.budgets.all().at("times").budget.value() == 7);
}

TEST_CASE("budgets: a metric has to be a number of INFO") {
  Scene scene;
  CHECK(scene.set("a METRIC nothing WARN 1 ERROR 2").text() ==
        "ERR INFO has no field 'nothing' at the moment");
  CHECK(scene.set("a METRIC text WARN 1 ERROR 2").text() ==
        "ERR the field 'text' of INFO is not a number");
  CHECK(scene.set("a METRIC list.p75 WARN 1 ERROR 2").text() ==
        "ERR INFO has no field 'list.p75' at the moment");
  CHECK(scene.set("a METRIC list WARN 1 ERROR 2").text() ==
        "ERR the field 'list' of INFO is not a number");
  CHECK(scene.budgets.all().empty());
}

TEST_CASE("budgets: new rules begin anew, and what is removed is silent") {
  Scene scene;
  REQUIRE(scene.set("load METRIC level WARN 80 ERROR 100 WINDOW 1").is_ok());
  scene.level = 90;
  scene.second();
  scene.take();
  REQUIRE(scene.set("load METRIC level WARN 95 ERROR 100 WINDOW 1").is_ok());
  CHECK(scene.budgets.all().at("load").budget.state() == BudgetState::unknown);
  scene.second();
  CHECK(scene.take().empty());
  CHECK(scene.budgets.all().at("load").budget.state() == BudgetState::fine);
  CHECK(scene.budgets.remove("load"));
  CHECK(!scene.budgets.remove("load"));
  scene.level = 1'000;
  scene.second();
  CHECK(scene.take().empty());
  CHECK(scene.alerts().find("budget_load") == std::string::npos);
}

TEST_CASE("budgets: no more than so many, and the others stay") {
  Scene scene;
  for (size_t i = 0; i < kMaxBudgets; i++) {
    REQUIRE(scene.set("b" + std::to_string(i) + " METRIC level WARN 1 ERROR 2").is_ok());
  }
  CHECK(scene.set("more METRIC level WARN 1 ERROR 2").text() ==
        "ERR there can be no more than 64 budgets");
  CHECK(scene.set("b0 METRIC level WARN 2 ERROR 3").is_ok());
  CHECK(scene.budgets.all().size() == kMaxBudgets);
}

TEST_CASE("budgets: CONFIG RESETSTAT forgets what has happened, and keeps the budgets") {
  Scene scene;
  REQUIRE(scene.set("load METRIC level WARN 80 ERROR 100 WINDOW 1").is_ok());
  scene.level = 90;
  scene.second();
  scene.info.reset();
  CHECK(scene.alerts().find("budget_changes:0") != std::string::npos);
  CHECK(scene.alerts().find("state=warn") != std::string::npos);
  CHECK(scene.alerts().find("changes=0") != std::string::npos);
}

TEST_CASE("budgets: what is well again is told, also after CONFIG RESETSTAT") {
  Scene scene;
  REQUIRE(scene.set("slow METRIC list.p99 WARN 50 ERROR 100 WINDOW 1").is_ok());
  scene.second();
  CHECK(scene.take().empty());
  scene.has_list = false;
  scene.second();
  CHECK(scene.take() ==
        Texts{"__budget__:slow state=unknown former=ok metric=list.p99 value=none"});
  scene.info.reset();
  scene.has_list = true;
  scene.second();
  CHECK(scene.take() == Texts{"__budget__:slow state=ok former=unknown metric=list.p99 value=7.5"});
  CHECK(scene.alerts().find("changes=1\r\n") != std::string::npos);
}

}  // namespace
}  // namespace larder
