#include "server/acl/selector.h"

#include <catch2/catch.hpp>
#include <cstdlib>

#include "server/base/random.h"
#include "server/commands/families.h"

namespace larder {
namespace {

class Fixture {
 public:
  Fixture() {
    for (const CommandFamily& family : core_commands()) table.add(family);
  }

  Verdict judge(const Selector& selector, std::vector<std::string_view> request) {
    JudgedRequest judged(*table.resolve(request), request, positions_);
    return selector.judge(judged);
  }

  CommandTable table;

 private:
  std::vector<KeyPosition> positions_;
};

// All rules have to be right.
Selector with_rules(const CommandTable& table, std::initializer_list<std::string_view> rules) {
  Selector selector(table, false);
  for (const std::string_view rule : rules) REQUIRE(selector.apply(rule).is_ok());
  return selector;
}

TEST_CASE_METHOD(Fixture, "a new selector allows nothing but what needs no login") {
  const Selector selector(table, false);
  CHECK(judge(selector, {"GET", "a"}).denied == Denied::command);
  CHECK(judge(selector, {"AUTH", "a"}).is_allowed());
  CHECK_FALSE(selector.may_listen("news", false));
  CHECK_FALSE(selector.is_unrestricted());
  CHECK(selector.rules() == "resetchannels -@all");
}

TEST_CASE_METHOD(Fixture, "everything is unrestricted until something is taken away") {
  Selector selector = with_rules(table, {"+@all", "~*", "&*"});
  CHECK(selector.is_unrestricted());
  CHECK(selector.apply("-get").is_ok());
  CHECK_FALSE(selector.is_unrestricted());
  CHECK(selector.command_rules() == "+@all -get");
  // Giving it back does not make the rules shorter: a later command of the same kind is still out.
  CHECK(selector.apply("+get").is_ok());
  CHECK(judge(selector, {"GET", "a"}).is_allowed());
}

TEST_CASE_METHOD(Fixture, "keys are judged by what the command does with them") {
  const Selector selector = with_rules(table, {"+@all", "~rw:*", "%R~r:*", "%W~w:*"});
  CHECK(judge(selector, {"GET", "r:1"}).is_allowed());
  CHECK(judge(selector, {"GET", "w:1"}).denied == Denied::key);
  CHECK(judge(selector, {"SET", "w:1", "v"}).is_allowed());
  CHECK(judge(selector, {"SET", "r:1", "v"}).denied == Denied::key);
  CHECK(judge(selector, {"SET", "w:1", "v", "GET"}).denied == Denied::key);
  CHECK(judge(selector, {"COPY", "r:1", "w:1"}).is_allowed());
  CHECK(judge(selector, {"COPY", "w:1", "r:1"}).denied == Denied::key);
  const Verdict verdict = judge(selector, {"MSET", "rw:1", "v", "w:1", "v", "other", "v"});
  CHECK(verdict.denied == Denied::key);
  CHECK(verdict.argument == 5);
  // Keys that stand behind options count as any others.
  CHECK(judge(selector, {"SORT", "r:1", "STORE", "other"}).denied == Denied::key);
  CHECK(judge(selector, {"GEORADIUS", "rw:1", "0", "0", "1", "m", "STORE", "other"}).denied ==
        Denied::key);
  CHECK(judge(selector, {"XREAD", "STREAMS", "r:1", "other", "0", "0"}).denied == Denied::key);
  CHECK(judge(selector, {"ZUNIONSTORE", "w:1", "2", "r:1", "other"}).denied == Denied::key);
}

TEST_CASE_METHOD(Fixture, "containers stand for their subcommands") {
  Selector selector = with_rules(table, {"+config", "~*"});
  CHECK(judge(selector, {"CONFIG", "GET", "dir"}).is_allowed());
  CHECK(selector.apply("-config|get").is_ok());
  CHECK(judge(selector, {"CONFIG", "GET", "dir"}).denied == Denied::command);
  CHECK(judge(selector, {"CONFIG", "SET", "dir", "/"}).is_allowed());
  CHECK(selector.command_rules() == "-@all +config -config|get");
  CHECK(selector.apply("-config").is_ok());
  CHECK(judge(selector, {"CONFIG", "SET", "dir", "/"}).denied == Denied::command);
  CHECK(selector.command_rules() == "-@all -config");
}

TEST_CASE_METHOD(Fixture, "one first argument of a command") {
  Selector selector = with_rules(table, {"+select|1", "+SELECT|1", "+select|2"});
  CHECK(judge(selector, {"SELECT", "1"}).is_allowed());
  CHECK(judge(selector, {"SELECT", "3"}).denied == Denied::command);
  CHECK(selector.command_rules() == "-@all +select|1 +select|2");
  CHECK(selector.apply("-select").is_ok());
  CHECK(judge(selector, {"SELECT", "1"}).denied == Denied::command);
}

TEST_CASE_METHOD(Fixture, "a pattern that somebody subscribes to has to be given as it is") {
  const Selector selector = with_rules(table, {"&news.*", "&weather"});
  CHECK(selector.may_listen("news.today", false));
  CHECK(selector.may_listen("weather", false));
  CHECK_FALSE(selector.may_listen("weather.today", false));
  CHECK(selector.may_listen("news.*", true));
  CHECK_FALSE(selector.may_listen("news.t*", true));
}

TEST_CASE_METHOD(Fixture, "wrong rules change nothing") {
  Selector selector = with_rules(table, {"+get", "~a", "&c"});
  const std::string before = selector.rules();
  for (const std::string_view rule :
       {"get", "+nothing", "-nothing", "+@nothing", "+get|", "+config|nothing", "-select|1", "+config|get|x",
        "~a b", "&a b", "%", "%R", "%~a", "%RR~a", "%X~a", "(", "on"}) {
    INFO(rule);
    CHECK_FALSE(selector.apply(rule).is_ok());
    CHECK(selector.rules() == before);
  }
}

// Whatever the rules: written down and read again they mean the same.
TEST_CASE_METHOD(Fixture, "the text of a selector makes the same selector") {
  const uint64_t seed = random_seed();
  INFO("seed " << seed);
  Random random(seed);
  const std::string_view words[] = {
      "+get",     "-get",      "+@read",      "-@read",   "+@all",       "-@all",   "+config",
      "-config",  "+config|get", "-config|get", "+select|1", "-select",   "+select", "+@dangerous",
      "-@admin",  "~a*",       "%R~b*",       "%W~b*",    "resetkeys",   "allkeys", "&c*",
      "resetchannels", "allchannels", "+acl|whoami", "-acl", "+@string", "-@fast"};
  for (int round = 0; round < 200; round++) {
    Selector selector(table, random.below(2) == 0);
    for (int i = 0; i < 12; i++) (void)selector.apply(words[random.below(std::size(words))]);
    Selector again(table, false);
    const std::string rules = selector.rules();
    for (size_t at = 0; at < rules.size();) {
      const size_t end = std::min(rules.find(' ', at), rules.size());
      REQUIRE(again.apply(std::string_view(rules).substr(at, end - at)).is_ok());
      at = end + 1;
    }
    INFO(rules);
    CHECK(again.rules() == rules);
    for (const Command& command : table.rows()) {
      std::vector<KeyPosition> positions;
      const std::vector<std::string_view> arguments(
          static_cast<size_t>(std::abs(command.spec().arity)), "a");
      JudgedRequest request(command, arguments, positions);
      CHECK(selector.judge(request).denied == again.judge(request).denied);
    }
  }
}

}  // namespace
}  // namespace larder
