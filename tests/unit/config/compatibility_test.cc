#include "server/config/compatibility.h"

#include <catch2/catch.hpp>

#include "server/base/text.h"
#include "server/config/example.h"
#include "server/config/file_reader.h"
#include "server/config/options.h"

namespace larder {
namespace {

struct Fixture {
  Fixture() { options.add(compatibility); }
  std::string load(const std::string& text) {
    const auto directives = parse_directives(text, "test.conf");
    REQUIRE(directives.is_ok());
    const Status status = take_directives(directives.value(), options);
    return status.is_ok() ? "ok" : status.text();
  }
  // The last line of the message.
  std::string reason(const std::string& text) {
    const std::string message = load(text);
    return message.substr(message.rfind('\n') + 1);
  }
  std::string value(const std::string& name) const {
    const OptionBase* option = options.find(name);
    return option == nullptr ? "(none)" : option->text();
  }
  CompatibilityOptions compatibility;
  Options options;
};

TEST_CASE_METHOD(Fixture, "compatibility: Redis's defaults are shown") {
  CHECK(value("auto-aof-rewrite-min-size") == "67108864");
  CHECK(value("slave-priority") == "100");
  CHECK(value("appendfsync") == "everysec");
  CHECK(value("slaveof") == "");
  CHECK(value("save") == "");  // nothing is saved, whatever Redis's default is
}

TEST_CASE_METHOD(Fixture, "compatibility: harmless options are checked, kept and named") {
  CHECK(compatibility.given_without_effect().empty());
  CHECK(load("slave-priority 7\nAppendfsync Always\nappendonly no\nsave ''\n") == "ok");
  CHECK(value("replica-priority") == "7");
  CHECK(compatibility.given_without_effect() ==
        std::vector<std::string>{"appendfsync", "replica-priority"});
  CHECK(reason("appendfsync often") ==
        "argument(s) must be one of the following: everysec, always, no");
  CHECK(reason("active-expire-effort 0") == "argument must be between 1 and 10 inclusive");
  CHECK(reason("rdbcompression 1") == "argument must be 'yes' or 'no'");
}

TEST_CASE_METHOD(Fixture, "compatibility: what would change the result is refused") {
  const auto only = [](const std::string& text) {
    return "this is not supported yet, the only accepted value is '" + text + "'";
  };
  CHECK(reason("appendonly yes") == only("no"));
  CHECK(reason("cluster-enabled yes") == only("no"));
  CHECK(reason("save 900 1") == only(""));
  CHECK(reason("replicaof 127.0.0.1 6380") == only(""));
  CHECK(reason("slaveof 127.0.0.1 6380") == only(""));
  CHECK(reason("min-replicas-to-write 1") == only("0"));
  CHECK(reason("rename-command CONFIG ''") == "this is not supported yet");
  CHECK(reason("loadmodule x.so") == "this is not supported yet");
  CHECK(load("appendonly no\ncluster-enabled no\nmin-replicas-to-write 0\n"
             "save \"\"\n") == "ok");
  const NameAndValue setting{"appendonly", "yes"};
  CHECK(options.set({&setting, 1}, Authority::protected_too).text() ==
        "ERR CONFIG SET failed (possibly related to argument 'appendonly') - " + only("no"));
}

TEST_CASE_METHOD(Fixture, "compatibility: what the public test suite always writes is accepted") {
  CHECK(load("repl-diskless-sync-delay 0\nsave ''\nrdbcompression yes\ndbfilename dump.rdb\n"
             "slave-serve-stale-data yes\nappendonly no\nappendfsync everysec\n"
             "no-appendfsync-on-rewrite no\npropagation-error-behavior panic\n"
             "enable-debug-assert yes\ntls-replication yes\ntls-cluster no\n") == "ok");
}

TEST_CASE_METHOD(Fixture, "compatibility: every default is a value that can be set") {
  for (const OptionBase* option : compatibility.options()) {
    if (option->attributes().file_only) continue;
    INFO(option->name());
    for (const Words& words : option->default_lines()) {
      Words directive{std::string(option->name())};
      directive.insert(directive.end(), words.begin(), words.end());
      CHECK(options.read(directive, Reading::first).is_ok());
    }
    CHECK(option->is_default());
  }
}

TEST_CASE_METHOD(Fixture, "compatibility: the example file does not speak of it") {
  CHECK(example_config(options).find("appendonly") == std::string::npos);
}

}  // namespace
}  // namespace larder
