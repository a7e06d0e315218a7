#include "server/config/command_line.h"

#include <catch2/catch.hpp>

namespace larder {
namespace {

enum class Level { debug, verbose };
constexpr EnumName<Level> kLevelNames[] = {{"debug", Level::debug}, {"verbose", Level::verbose}};

struct Sample : OptionGroup {
  Option<int> port{*this, "port", 6379, {.max = 65535}};
  Option<int64_t> maxmemory{*this, "maxmemory", 0, {.unit = Unit::bytes}};
  Option<Level> loglevel{*this, "loglevel", Level::debug, kLevelNames};
  Option<std::string> title{*this, "proc-title-template", ""};
  Option<std::vector<std::string>> bind{*this, "bind", {"*"}};
  Option<std::vector<std::string>> save{*this, "save", {"3600", "1"}};
};

CommandLine parse(std::vector<const char*> arguments) {
  return parse_command_line(arguments).value();
}

// "ok", or the message.
std::string load(std::vector<const char*> arguments, Sample& sample) {
  Options options;
  options.add(sample);
  auto command_line = parse_command_line(arguments);
  if (!command_line.is_ok()) return command_line.text();
  const Status status = load_configuration(command_line.value(), options);
  return status.is_ok() ? "ok" : status.text();
}

bool contains(const std::string& text, const std::string& part) {
  INFO(text);
  return text.find(part) != std::string::npos;
}

TEST_CASE("command line: what to do") {
  CHECK(parse({}).action == Action::run);
  CHECK(parse({"-v"}).action == Action::print_version);
  CHECK(parse({"--version"}).action == Action::print_version);
  CHECK(parse({"-h"}).action == Action::print_help);
  CHECK(parse({"--help"}).action == Action::print_help);
  CHECK(parse({"--print-example-config"}).action == Action::print_example_config);
  const CommandLine check = parse({"--check-config", "/etc/larder.conf", "--port", "1"});
  CHECK(check.action == Action::check_config);
  CHECK(check.config_file == "/etc/larder.conf");
  CHECK(check.flags.size() == 1);
  CHECK(parse({"--check-config", "-"}).reads_stdin);
  CHECK_FALSE(parse_command_line(std::vector<const char*>{"--check-config"}).is_ok());
}

TEST_CASE("command line: file and standard input") {
  CHECK(parse({"/a/b.conf"}).config_file == "/a/b.conf");
  CHECK(parse({"b.conf"}).config_file.ends_with("/b.conf"));
  CHECK(parse({"b.conf"}).config_file[0] == '/');
  CHECK(parse({"-"}).reads_stdin);
  CHECK(parse({"-"}).config_file.empty());
  CHECK(parse({"/a", "--port", "1", "-"}).reads_stdin);
  CHECK_FALSE(parse({"/a", "--proc-title-template", "-", "--port", "1"}).reads_stdin);
}

TEST_CASE("command line: flags, each kind of spelling") {
  Sample sample;
  CHECK(load({"--port", "7000", "--bind", "127.0.0.1", "::1", "--maxmemory 700mb"}, sample) ==
        "ok");
  CHECK(sample.port == 7000);
  CHECK(*sample.bind == Words{"127.0.0.1", "::1"});
  CHECK(sample.maxmemory == 734003200);
  CHECK(load({"--bind", "a b", "--maxmemory '1kb'"}, sample) == "ok");
  CHECK(*sample.bind == Words{"a", "b"});
  CHECK(sample.maxmemory == 1024);
}

TEST_CASE("command line: a value may begin with two dashes") {
  Sample sample;
  CHECK(load({"--proc-title-template", "--my--title", "--loglevel", "verbose"}, sample) == "ok");
  CHECK(*sample.title == "--my--title");
  CHECK(sample.loglevel.get() == Level::verbose);
  CHECK(load({"--proc-title-template --other", "--loglevel debug"}, sample) == "ok");
  CHECK(*sample.title == "--other");
}

TEST_CASE("command line: an empty save") {
  const std::vector<std::vector<const char*>> kSpellings = {
      {"--save", "--loglevel", "verbose"},
      {"--loglevel", "verbose", "--save"},
      {"--save", "", "--loglevel", "verbose"},
      {"--loglevel", "verbose", "--save", ""},
      {"--proc-title-template", "--save", "--save", "", "--loglevel", "verbose"},
  };
  for (const auto& arguments : kSpellings) {
    Sample sample;
    CHECK(load(arguments, sample) == "ok");
    CHECK(sample.save->empty());
    CHECK(sample.loglevel.get() == Level::verbose);
  }
}

TEST_CASE("command line: wrong flags") {
  Sample sample;
  CHECK(contains(load({"--invalid"}, sample), "Bad directive or wrong number of arguments"));
  CHECK(contains(load({"--port"}, sample), ">>> 'port'\nwrong number of arguments"));
  CHECK(contains(load({"--port", "6380", "--loglevel"}, sample), "'loglevel'\nwrong number"));
  CHECK(contains(load({"--port", "6379", "6380"}, sample), "'port \"6379\" \"6380\"'\nwrong"));
  CHECK(contains(load({"--port", "--loglevel", "verbose"}, sample),
                 "'port \"--loglevel\" \"verbose\"'\nwrong number"));
  CHECK(contains(load({"--port", "--bla", "--loglevel", "verbose"}, sample),
                 "'port \"--bla\"'\nargument couldn't be parsed into an integer"));
  CHECK(contains(load({"--loglevel", "--bla"}, sample),
                 "Reading the command line, at option 1\n>>> 'loglevel \"--bla\"'\nargument(s)"));
}

}  // namespace
}  // namespace larder
