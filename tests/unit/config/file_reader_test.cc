#include "server/config/file_reader.h"

#include <catch2/catch.hpp>

#include "tests/support/temporary_folder.h"

namespace larder {
namespace {

struct Sample : OptionGroup {
  Option<int> port{*this, "port", 6379, {.max = 65535}};
  Option<int64_t> maxmemory{*this, "maxmemory", 0, {.unit = Unit::bytes}};
  Option<std::string> logfile{*this, "logfile", ""};
  Option<int> password{*this, "password", 0, {.secret = true}};
  Option<std::vector<std::string>> bind{*this, "bind", {"*"}};
  Option<RepeatedLines> user{*this, "user", {}, {.file_only = true}};
};

std::string load(const std::string& path, Sample& sample) {
  Options options;
  options.add(sample);
  auto directives = read_config_file(path);
  if (!directives.is_ok()) return directives.text();
  const Status status = take_directives(directives.value(), options);
  return status.is_ok() ? "ok" : status.text();
}

std::string fatal(std::string_view rest) {
  std::string text = "\n*** FATAL CONFIG FILE ERROR (Larder " LARDER_VERSION ") ***\n";
  return text.append(rest);
}

TEST_CASE("file: comments, quoting, units, later lines win, repeated lines add up") {
  const TemporaryFolder folder;
  Sample sample;
  const auto file = folder.write("a.conf",
                                 "# a comment\n\n  PORT 1\r\nport 7000\n"
                                 "logfile \"a \\\"b\\\" \\x41\"\nmaxmemory 1kb\n"
                                 "bind 127.0.0.1 ::1\nuser a on\nuser b off\n   # end");
  CHECK(load(file, sample) == "ok");
  CHECK(sample.port == 7000);
  CHECK(*sample.logfile == "a \"b\" A");
  CHECK(sample.maxmemory == 1024);
  CHECK(*sample.bind == Words{"127.0.0.1", "::1"});
  CHECK(sample.user->lines() == std::vector<Words>{{"a", "on"}, {"b", "off"}});
}

TEST_CASE("file: a wrong line is named with its file, number, text and reason") {
  const TemporaryFolder folder;
  Sample sample;
  auto file = folder.write("a.conf", "\nport 70000\n");
  CHECK(load(file, sample) ==
        fatal("Reading the configuration file, at line 2 of '" + file +
              "'\n>>> 'port 70000'\nargument must be between 0 and 65535 inclusive"));
  file = folder.write("a.conf", "foo bar\n");
  CHECK(load(file, sample) ==
        fatal("Reading the configuration file, at line 1 of '" + file +
              "'\n>>> 'foo (hidden)'\nBad directive or wrong number of arguments"));
  file = folder.write("a.conf", "port 1\nlogfile \"x\n");
  CHECK(load(file, sample) ==
        fatal("Reading the configuration file, at line 2 of '" + file +
              "'\n>>> 'logfile (hidden)'\nUnbalanced quotes in configuration line"));
  CHECK(load(folder.path("none"), sample) ==
        fatal("Can't open the configuration file '" + folder.path("none") +
              "': No such file or directory"));
}

TEST_CASE("file: a wrong secret is not shown") {
  const TemporaryFolder folder;
  Sample sample;
  const std::string message = load(folder.write("a.conf", "password hunter2"), sample);
  CHECK(message.find("hunter2") == std::string::npos);
  CHECK(message.find(">>> 'password (hidden)'") != std::string::npos);
}

TEST_CASE("file: includes stand in the place of their line") {
  const TemporaryFolder folder;
  Sample sample;
  folder.write("1.inc", "port 1\nuser one");
  folder.write("2.inc", "port 2\nuser two");
  const auto file =
      folder.write("a.conf", "user zero\nport 9\ninclude " + folder.path("*.inc") +
                                 "\nmaxmemory 5\ninclude " + folder.path("nothing*") + "\n");
  CHECK(load(file, sample) == "ok");
  CHECK(sample.port == 2);
  CHECK(sample.maxmemory == 5);
  CHECK(sample.user->lines() == std::vector<Words>{{"zero"}, {"one"}, {"two"}});
}

TEST_CASE("file: wrong includes") {
  const TemporaryFolder folder;
  Sample sample;
  auto file = folder.write("a.conf", "include " + folder.path("none.conf"));
  CHECK(load(file, sample).find("none.conf': No such file") != std::string::npos);
  file = folder.write("a.conf", "include " + folder.path("a.conf"));
  CHECK(load(file, sample).find("nested too deep") != std::string::npos);
  const auto inner = folder.write("inner.conf", "port x");
  file = folder.write("a.conf", "port 1\nport 2\ninclude " + inner);
  CHECK(load(file, sample).find("at line 1 of '" + inner + "'") != std::string::npos);
  file = folder.write("a.conf", "include");
  CHECK(load(file, sample).find("wrong number of arguments") != std::string::npos);
}

}  // namespace
}  // namespace larder
