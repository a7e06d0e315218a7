// All options of the server together.
#include "server/configuration.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <string>

#include "modules/modules.h"
#include "server/config/example.h"
#include "server/config/file_reader.h"

namespace larder {
namespace {

constexpr const char* kExampleFile = LARDER_SOURCE_TREE "/redis.conf.example";

std::string read_file(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// With the options of the modules, as in main.cc.
struct FullConfiguration {
  Modules modules = make_modules();
  Configuration configuration;
  FullConfiguration() {
    for (const auto& module : modules) configuration.options.add(module->options);
  }
};

// To renew it: larder-server --print-example-config > redis.conf.example
TEST_CASE("redis.conf.example is what --print-example-config prints") {
  const FullConfiguration full;
  const Configuration& configuration = full.configuration;
  CHECK(read_file(kExampleFile) == example_config(configuration.options));
}

TEST_CASE("the example file changes nothing") {
  FullConfiguration full;
  Configuration& configuration = full.configuration;
  const auto directives = read_config_file(kExampleFile);
  REQUIRE(directives.is_ok());
  REQUIRE(take_directives(directives.value(), configuration.options).is_ok());
  for (const OptionGroup* group : configuration.options.groups()) {
    for (const OptionBase* option : group->options()) {
      INFO(option->name());
      CHECK(option->is_default());
    }
  }
}

TEST_CASE("every option but those of Redis alone is in the example file") {
  const FullConfiguration full;
  const Configuration& configuration = full.configuration;
  const std::string example = read_file(kExampleFile);
  for (const OptionGroup* group : configuration.options.groups()) {
    if (group == &configuration.compatibility) continue;
    for (const OptionBase* option : group->options()) {
      // A directive that can repeat has no line as long as nobody has written one; its help is there.
      if (option->attributes().hidden || option->default_lines().empty()) continue;
      INFO(option->name());
      CHECK(example.find('\n' + std::string(option->name()) + ' ') != std::string::npos);
    }
  }
}

}  // namespace
}  // namespace larder
