#include "server/command/syntax.h"

#include <catch2/catch.hpp>

#include "modules/modules.h"
#include "server/command/command_table.h"
#include "server/commands/families.h"

namespace larder {
namespace {

// The tree in one line: name:type, "token" in quotes before it, ? optional, * repeated, ** repeated
// with its token.
std::string text_of(const std::vector<Argument>& arguments) {
  constexpr const char* kTypes[] = {"string", "integer", "double", "key",  "pattern",
                                    "time",   "token",   "oneof",  "block"};
  std::string text;
  for (const Argument& argument : arguments) {
    if (!text.empty()) text += ' ';
    if (!argument.token.empty()) text.append("\"").append(argument.token).append("\" ");
    text.append(argument.name).append(":").append(kTypes[static_cast<size_t>(argument.type)]);
    if (argument.key_spec >= 0) text.append("#").append(std::to_string(argument.key_spec));
    if (argument.is_optional) text += "?";
    if (argument.is_multiple) text += argument.repeats_token ? "**" : "*";
    if (!argument.arguments.empty()) {
      text.append("(").append(text_of(argument.arguments)).append(")");
    }
  }
  return text;
}

std::string parsed(std::string_view syntax, KeySpecs keys = no_keys(), uint64_t flags = 0,
                   std::string_view name = "x") {
  const CommandSpec spec{name, nullptr, -1, flags, keys, "", "", syntax, ""};
  const auto arguments = parse_syntax(spec);
  return arguments ? text_of(*arguments) : "no syntax";
}

}  // namespace

TEST_CASE("syntax: values, tokens, and tokens with values") {
  CHECK(parsed("") == "");
  CHECK(parsed("message") == "message:string");
  CHECK(parsed("key count", one_key(1, kGet)) == "key:key#0 count:integer");
  CHECK(parsed("key count") == "key:string count:integer");
  CHECK(parsed("[GET]") == "\"GET\" get:token?");
  CHECK(parsed("[EX seconds | KEEPTTL]") ==
        "choice:oneof?(\"EX\" seconds:integer \"KEEPTTL\" keepttl:token)");
  CHECK(parsed("[LIMIT offset count]") == "\"LIMIT\" limit:block?(offset:integer count:integer)");
  CHECK(parsed("GROUP group consumer [NOACK]") ==
        "\"GROUP\" group:block(group:string consumer:string) \"NOACK\" noack:token?");
  CHECK(parsed("[COUNT count [ANY]]") ==
        "block:block?(\"COUNT\" count:integer \"ANY\" any:token?)");
}

TEST_CASE("syntax: repeated arguments") {
  CHECK(parsed("key [key ...]", keys_from(1, kGet)) == "key:key#0*");
  CHECK(parsed("[arg [arg ...]]") == "arg:string?*");
  CHECK(parsed("key value [key value ...]", key_range(1, -1, 2, kPut)) ==
        "block:block*(key:key#0 value:string)");
  CHECK(parsed("[GET pattern [GET pattern ...]]") == "\"GET\" pattern:pattern?**");
  CHECK(parsed("[WEIGHTS weight [weight ...]]") == "\"WEIGHTS\" weight:integer?*");
  CHECK(parsed("STREAMS key [key ...] ID [ID ...]") ==
        "\"STREAMS\" streams:block(key:string* id:string*)");
  CHECK(parsed("word ...") == "word:string*");
}

TEST_CASE("syntax: alternatives") {
  CHECK(parsed("<ON | OFF>") == "choice:oneof(\"ON\" on:token \"OFF\" off:token)");
  CHECK(parsed("ON|OFF") == parsed("<ON | OFF>"));
  CHECK(parsed("<* | id>") == "choice:oneof(\"*\" *:token id:string)");
  const std::string aggregate =
      "\"AGGREGATE\" aggregate:oneof?(\"SUM\" sum:token \"MIN\" min:token)";
  CHECK(parsed("[AGGREGATE <SUM | MIN>]") == aggregate);
  CHECK(parsed("[AGGREGATE SUM|MIN]") == aggregate);
  CHECK(parsed("[protover [AUTH username password] [SETNAME clientname]]") ==
        "block:block?(protover:integer \"AUTH\" auth:block?(username:string password:string) "
        "\"SETNAME\" clientname:string?)");
}

TEST_CASE("syntax: types that need more than the name") {
  CHECK(parsed("source destination", one_key(1, kGet) + one_key(2, kPut)) ==
        "source:key#0 destination:key#1");
  CHECK(parsed("key1 key2", key_range(1, 1, 1, kGet)) == "key1:key#0 key2:key#0");
  CHECK(parsed("timeout") == "timeout:integer");
  CHECK(parsed("timeout", no_keys(), kBlocking) == "timeout:double");
  CHECK(parsed("increment") == "increment:integer");
  CHECK(parsed("increment", no_keys(), 0, "incrbyfloat") == "increment:double");
  CHECK(parsed("start") == "start:integer");
  CHECK(parsed("key start(string)", one_key(1, kGet)) == "key:key#0 start:string");
  CHECK(parsed("[IDLE min-idle-time(integer)]") == "\"IDLE\" min-idle-time:integer?");
  CHECK(parsed("unix-time-seconds") == "unix-time-seconds:time");
}

TEST_CASE("syntax: texts that are none") {
  for (const char* text : {"[", "]", "a]", "<a", "[a>", "...", "[...]", "[a ... b]", "a ... ..."}) {
    INFO(text);
    CHECK(parsed(text) == "no syntax");
  }
  CHECK(parsed("[[[[[[[[a]]]]]]]]") == "a:string?");
  CHECK(parsed(std::string(100000, '[')) == "no syntax");
}

TEST_CASE("syntax: every row parses, and containers have none") {
  std::vector<CommandFamily> families = core_commands();
  const Modules modules = make_modules();
  for (const auto& module : modules) {
    for (const CommandFamily& family : module->commands()) families.push_back(family);
  }
  for (const CommandFamily& family : families) {
    for (const CommandSpec& spec : family.commands) {
      INFO(spec.name << " " << spec.syntax);
      CHECK(parse_syntax(spec).has_value());
      if (spec.function == nullptr) CHECK(spec.syntax.empty());
    }
  }
}

}  // namespace larder
