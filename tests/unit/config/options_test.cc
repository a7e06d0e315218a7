#include "server/config/options.h"

#include <catch2/catch.hpp>

#include "server/base/errors.h"

namespace larder {
namespace {

struct Sample : OptionGroup {
  Option<int> port{*this, "port", 6379, {.max = 65535}};
  Option<int> priority{*this, "replica-priority", 100, {.aliases = {"slave-priority"}}};
  Option<bool> daemonize{*this, "daemonize", false, {.immutable = true}};
  Option<std::string> dir{*this, "dir", ".", {.is_protected = true}};
  Option<int> delay{*this, "rdb-key-save-delay", 0, {.hidden = true}};
  Option<std::vector<std::string>> bind{*this, "bind", {"*", "-::*"}};
  Option<RepeatedLines> user{*this, "user", {}, {.file_only = true}};
  Option<std::string> certificate{*this, "certificate", "", {.reapplies = true}};
  Option<std::string> key{*this, "key", ""};
};

struct Fixture {
  Fixture() { options.add(sample); }
  std::string set(std::vector<NameAndValue> settings, Authority authority = Authority::ordinary) {
    const Status status = options.set(settings, authority);
    return status.is_ok() ? "ok" : status.text();
  }
  std::string get(std::vector<std::string_view> patterns) const {
    std::string text;
    for (const auto& [name, value] : options.get(patterns)) text += name + "=" + value + ";";
    return text;
  }
  Sample sample;
  Options options;
};

TEST_CASE_METHOD(Fixture, "options: find and get") {
  CHECK(options.find("PORT") == &sample.port);
  CHECK(options.find("slave-PRIORITY") == &sample.priority);
  CHECK(options.find("nothing") == nullptr);
  CHECK(get({"MaxNothing"}) == "");
  CHECK(get({"Port"}) == "Port=6379;");
  CHECK(get({"slave-prio*"}) == "slave-priority=100;");
  CHECK(get({"*-PRIORITY", "port", "p*"}) == "replica-priority=100;slave-priority=100;port=6379;");
  CHECK(get({"rdb-*"}) == "");
  CHECK(get({"rdb-key-save-delay"}) == "rdb-key-save-delay=0;");
  CHECK(get({"user", "us?r"}) == "");
  CHECK(get({"bind"}) == "bind=* -::*;");
}

TEST_CASE_METHOD(Fixture, "options: set refuses what Redis refuses, in its words") {
  const std::string failed = "ERR CONFIG SET failed (possibly related to argument '";
  CHECK(set({{"a", "b"}}) == "ERR Unknown option or number of arguments for CONFIG SET - 'a'");
  CHECK(set({{"user", "b"}}) ==
        "ERR Unknown option or number of arguments for CONFIG SET - 'user'");
  CHECK(set({{"Daemonize", "yes"}}) == failed + "Daemonize') - can't set immutable config");
  CHECK(set({{"dir", "/"}}) == failed + "dir') - can't set protected config");
  CHECK(set({{"dir", "/"}}, Authority::protected_too) == "ok");
  CHECK(set({{"PORT", "1"}, {"Port", "99999"}}) == failed + "Port') - duplicate parameter");
  CHECK(set({{"replica-priority", "1"}, {"slave-priority", "1"}}) ==
        failed + "slave-priority') - duplicate parameter");
  CHECK(set({{"bind", "a"}, {"PORT", "99999"}}) ==
        failed + "port') - argument must be between 0 and 65535 inclusive");
  CHECK(sample.bind->size() == 2);
  CHECK(sample.port == 6379);
}

TEST_CASE_METHOD(Fixture, "options: applying that fails puts everything back") {
  std::vector<std::string> events;
  sample.priority.on_change([&]() -> Status {
    events.push_back("priority " + sample.priority.text());
    return ok;
  });
  sample.port.on_change([&]() -> Status {
    events.push_back("port " + sample.port.text());
    if (sample.port == 1) return errors::error("Unable to listen");
    return ok;
  });
  CHECK(set({{"replica-priority", "5"}, {"port", "1"}, {"bind", "x y"}}) ==
        "ERR CONFIG SET failed (possibly related to argument 'port') - Unable to listen");
  CHECK(events == std::vector<std::string>{"priority 5", "port 1", "priority 100", "port 6379"});
  CHECK(sample.bind.text() == "* -::*");
  events.clear();
  CHECK(set({{"replica-priority", "100"}, {"port", "7000"}}) == "ok");
  CHECK(events == std::vector<std::string>{"port 7000"});
}

TEST_CASE_METHOD(Fixture, "options: options that belong together are applied once") {
  int times = 0;
  on_change({&sample.certificate, &sample.key}, [&]() -> Status {
    times++;
    return ok;
  });
  CHECK(set({{"certificate", "a"}, {"key", "b"}}) == "ok");
  CHECK(times == 1);
  CHECK(set({{"key", "b"}}) == "ok");
  CHECK(times == 1);
  CHECK(set({{"certificate", "a"}}) == "ok");  // the file may have changed
  CHECK(times == 2);
}

TEST_CASE_METHOD(Fixture, "options: one directive of a file") {
  const auto read = [this](Words words) {
    const Status status = options.read(words, Reading::first);
    return status.is_ok() ? "ok" : status.text();
  };
  CHECK(read({"Port", "7000"}) == "ok");
  CHECK(sample.port == 7000);
  CHECK(read({"bind", "a 'b c'"}) == "ok");
  CHECK(*sample.bind == Words{"a", "b c"});
  CHECK(read({"bind", "a 'b"}) == "Unbalanced quotes in configuration line");
  CHECK(read({"bind", ""}) == "ok");
  CHECK(sample.bind->empty());
  CHECK(read({"nothing", "1"}) == "Bad directive or wrong number of arguments");
  CHECK(read({"port"}) == "wrong number of arguments");
  CHECK(read({"daemonize", "yes"}) == "ok");
  CHECK(sample.daemonize.get());
}

}  // namespace
}  // namespace larder
