#include "server/config/option.h"

#include <catch2/catch.hpp>

namespace larder {
namespace {

enum class Level { debug, notice, warning };
constexpr EnumName<Level> kLevelNames[] = {
    {"debug", Level::debug}, {"notice", Level::notice}, {"warning", Level::warning}};

enum class Signal { none = 0, save = 1, nosave = 2, now = 4, force = 8 };
constexpr EnumName<Signal> kSignalNames[] = {{"default", Signal::none},
                                             {"save", Signal::save},
                                             {"nosave", Signal::nosave},
                                             {"now", Signal::now},
                                             {"force", Signal::force}};

struct Sample : OptionGroup {
  Sample() : OptionGroup("Sample") {}
  Option<int> port{*this, "port", 6379, {.max = 65535, .help = "TCP port; 0 closes it."}};
  Option<int> wide{*this, "wide", 1, {.min = INT64_MIN}};
  Option<bool> daemonize{*this, "daemonize", false, {.immutable = true}};
  Option<uint64_t> maxmemory{*this, "maxmemory", 0, {.unit = Unit::bytes}};
  Option<int64_t> bulk{*this, "bulk", 512 << 20, {.min = 1 << 20, .unit = Unit::bytes}};
  Option<int64_t> clients{*this, "clients", 0, {.min = -100, .unit = Unit::bytes_or_percent}};
  Option<unsigned> permissions{*this, "permissions", 0, {.max = 0777, .unit = Unit::octal}};
  Option<double> ratio{*this, "ratio", 1.5, {.max = 10}};
  Option<std::string> logfile{*this, "logfile", ""};
  Option<Level> level{*this, "level", Level::notice, kLevelNames};
  Option<Signal> on_term{*this, "on-term", Signal::none, kSignalNames, {.several = true}};
  Option<std::vector<std::string>> bind{*this, "bind", {"127.0.0.1", "::1"}};
  Option<RepeatedLines> user{*this, "user", {}};
};

std::string set(OptionBase& option, Words words, Reading reading = Reading::first) {
  const Status status = option.read(words, reading);
  return status.is_ok() ? "ok" : status.text();
}

TEST_CASE("option: a member declares itself in its group") {
  Sample sample;
  CHECK(sample.title() == "Sample");
  REQUIRE(sample.options().size() == 13);
  CHECK(sample.options()[0]->name() == "port");
  CHECK(sample.port == 6379);
  CHECK(*sample.port + 1 == 6380);
  CHECK(sample.port.is_default());
  CHECK_FALSE(sample.port.was_given());
}

TEST_CASE("option: integers") {
  Sample sample;
  CHECK(set(sample.port, {"7000"}) == "ok");
  CHECK(sample.port == 7000);
  CHECK(sample.port.was_given());
  CHECK_FALSE(sample.port.is_default());
  const std::string range = "argument must be between 0 and 65535 inclusive";
  CHECK(set(sample.port, {"65536"}) == range);
  CHECK(set(sample.port, {"-1"}) == range);
  const std::string integer = "argument couldn't be parsed into an integer";
  for (const char* text : {"", "x", "1x", " 1", "1kb", "99999999999999999999"}) {
    CHECK(set(sample.port, {text}) == integer);
  }
  CHECK(set(sample.port, {}) == "wrong number of arguments");
  CHECK(set(sample.port, {"1", "2"}) == "wrong number of arguments");
  CHECK(sample.port == 7000);
  CHECK(set(sample.wide, {"4294967296"}) ==
        "argument must be between -2147483648 and 2147483647 inclusive");
  CHECK(set(sample.wide, {"-5"}) == "ok");
}

TEST_CASE("option: yes and no") {
  Sample sample;
  CHECK(set(sample.daemonize, {"YES"}) == "ok");
  CHECK(sample.daemonize.get());
  CHECK(sample.daemonize.text() == "yes");
  CHECK(set(sample.daemonize, {"1"}) == "argument must be 'yes' or 'no'");
}

TEST_CASE("option: memory sizes and percentages") {
  Sample sample;
  CHECK(set(sample.maxmemory, {"1gb"}) == "ok");
  CHECK(sample.maxmemory.text() == "1073741824");
  CHECK(sample.maxmemory.lines() == std::vector<Words>{{"1gb"}});
  CHECK(set(sample.maxmemory, {"-1"}) == "argument must be a memory value");
  CHECK(set(sample.maxmemory, {"1.5gb"}) == "argument must be a memory value");
  CHECK(set(sample.bulk, {"1kb"}) ==
        "argument must be between 1048576 and 9223372036854775807 inclusive");
  CHECK(set(sample.clients, {"5%"}) == "ok");
  CHECK(sample.clients == -5);
  CHECK(sample.clients.text() == "5%");
  CHECK(set(sample.clients, {"101%"}) == "percentage argument must be less or equal to 100");
  CHECK(set(sample.clients, {"x%"}) == "argument must be a memory or percent value");
  CHECK(set(sample.clients, {"3mb"}) == "ok");
  CHECK(sample.clients.lines() == std::vector<Words>{{"3mb"}});
}

TEST_CASE("option: permissions are octal") {
  Sample sample;
  CHECK(set(sample.permissions, {"700"}) == "ok");
  CHECK(sample.permissions == 0700);
  CHECK(sample.permissions.text() == "700");
  CHECK(set(sample.permissions, {"800"}) == "argument couldn't be parsed as an octal number");
  CHECK(set(sample.permissions, {"1000"}) == "argument must be between 0 and 777 inclusive");
}

TEST_CASE("option: fractions") {
  Sample sample;
  CHECK(set(sample.ratio, {"2.25"}) == "ok");
  CHECK(sample.ratio.text() == "2.25");
  CHECK(set(sample.ratio, {"nan"}) == "argument couldn't be parsed into a number");
  CHECK(set(sample.ratio, {"11"}) == "argument must be between 0 and 10 inclusive");
}

TEST_CASE("option: names") {
  Sample sample;
  CHECK(set(sample.level, {"Warning"}) == "ok");
  CHECK(sample.level == Level::warning);
  CHECK(set(sample.level, {"loud"}) ==
        "argument(s) must be one of the following: debug, notice, warning");
  CHECK(set(sample.level, {"debug", "notice"}) == "wrong number of arguments");
  CHECK(set(sample.on_term, {"force", "nosave"}) == "ok");
  CHECK(sample.on_term.text() == "nosave force");
  CHECK(sample.on_term.lines() == std::vector<Words>{{"nosave", "force"}});
  CHECK(set(sample.on_term, {}).starts_with("argument(s) must be one of the following: default"));
}

TEST_CASE("option: lists and repeated directives") {
  Sample sample;
  CHECK(sample.bind.text() == "127.0.0.1 ::1");
  CHECK(set(sample.bind, {""}) == "ok");
  CHECK(sample.bind->empty());
  CHECK(sample.bind.lines() == std::vector<Words>{{""}});
  CHECK(set(sample.user, {"alice", "on"}) == "ok");
  CHECK(set(sample.user, {"bob", "off"}, Reading::further) == "ok");
  CHECK(sample.user->lines() == std::vector<Words>{{"alice", "on"}, {"bob", "off"}});
  CHECK(set(sample.user, {"carol"}) == "ok");
  CHECK(sample.user->text() == "carol");
}

TEST_CASE("option: the owner's check, and remembering") {
  Sample sample;
  sample.logfile.check([](const std::string& value) -> Status {
    if (value == "bad") return Error("not that one");
    return ok;
  });
  CHECK(set(sample.logfile, {"bad"}) == "not that one");
  CHECK(sample.logfile->empty());
  const auto restore = sample.logfile.remember();
  CHECK(set(sample.logfile, {"good"}) == "ok");
  restore();
  CHECK(sample.logfile->empty());
}

}  // namespace
}  // namespace larder
