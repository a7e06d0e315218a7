// Every row of ours against what Redis 7.2 says of the same command.
#include <catch2/catch.hpp>

#include <algorithm>
#include <fstream>
#include <map>

#include "modules/modules.h"
#include "server/base/numbers.h"
#include "server/base/text.h"
#include "server/command/categories.h"
#include "server/command/flag_names.h"
#include "server/commands/families.h"

namespace larder {
namespace {

using Fields = std::map<std::string, std::string>;

std::string sorted_list(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  return join(names, ",");
}

std::string names_of(std::span<const FlagName> known, uint64_t flags) {
  std::vector<std::string> names;
  for (const FlagName& name : known) {
    if ((flags & name.flag) != 0) names.emplace_back(name.name);
  }
  return sorted_list(names);
}

std::string category_names(const Command& command) {
  std::vector<std::string> names;
  for (size_t i = 0; i < kCategoryNames.size(); i++) {
    if ((categories_of(command) >> i & 1) != 0) names.emplace_back(kCategoryNames[i]);
  }
  return sorted_list(names);
}

Fields fields_of(const Command& command) {
  const KeyRange keys = plain_range(command.spec().keys);
  return {{"group", std::string(command.group())},
          {"arity", to_text(command.spec().arity)},
          {"since", std::string(command.spec().since)},
          {"flags", names_of(kCommandFlags, command.flags())},
          {"categories", category_names(command)},
          {"tips", names_of(kTips, command.flags())},
          {"keys", to_text(keys.first) + "," + to_text(keys.last) + "," + to_text(keys.step)}};
}

std::map<std::string, Fields> read_redis_table() {
  std::ifstream file(LARDER_SOURCE_TREE "/tests/support/redis_commands.tsv");
  std::map<std::string, Fields> table;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    const auto columns = split(line, '\t');
    REQUIRE(columns.size() == 8);
    Fields& fields = table[std::string(columns[0])];
    size_t column = 1;
    for (const char* name : {"group", "arity", "since", "flags", "categories", "tips", "keys"}) {
      fields[name] = columns[column++];
    }
  }
  return table;
}

// Of the whole server, modules included.
struct OurTable {
  OurTable() {
    for (const CommandFamily& family : core_commands()) table.add(family);
    for (const auto& module : modules) {
      for (const CommandFamily& family : module->commands()) table.add(family);
    }
  }
  const Modules modules = make_modules();
  CommandTable table;
};

// What Redis 7.2 has and Larder may still be without: whole features by their first word.
constexpr std::string_view kNotYet[] = {
    "dump",   "eval",  "eval_ro",  "evalsha", "evalsha_ro",     "fcall",  "fcall_ro", "migrate",
    "module", "psync", "replconf", "restore", "restore-asking", "script", "sync"};

TEST_CASE("every command of Redis 7.2 is there, but for the features that are not there yet") {
  const OurTable ours;
  for (const auto& [name, fields] : read_redis_table()) {
    if (ours.table.find_full(name) != nullptr) continue;
    INFO(name);
    CHECK(std::ranges::find(kNotYet, std::string_view(name).substr(0, name.find('|'))) !=
          std::end(kNotYet));
  }
}

TEST_CASE("every command of ours is declared as Redis 7.2 declares it") {
  const auto redis = read_redis_table();
  REQUIRE(redis.size() > 300);
  const OurTable ours_now;
  const CommandTable& table = ours_now.table;
  for (const Command& command : table.rows()) {
    const auto found = redis.find(std::string(command.full_name()));
    if (found == redis.end()) continue;  // a command of our own
    const Fields ours = fields_of(command);
    for (const auto& [name, value] : found->second) {
      INFO(command.full_name() << " " << name);
      CHECK(ours.at(name) == value);
    }
  }
}

}  // namespace
}  // namespace larder
