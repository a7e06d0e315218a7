#include "server/config/example.h"

#include <catch2/catch.hpp>

#include "server/base/text.h"
#include "server/config/file_reader.h"

namespace larder {
namespace {

enum class Level { debug, notice };
constexpr EnumName<Level> kLevelNames[] = {{"debug", Level::debug}, {"notice", Level::notice}};

struct Network : OptionGroup {
  Network() : OptionGroup("Network") {}
  Option<int> port{*this, "port", 6379, {.max = 65535, .help = "TCP port; 0 closes it."}};
  Option<int> inner{*this, "inner", 1, {.hidden = true, .help = "Nobody sees it."}};
  Option<int> bare{*this, "bare", 1};
};
struct Log : OptionGroup {
  Log() : OptionGroup("Log") {}
  Option<Level> level{*this, "loglevel", Level::notice, kLevelNames, {.help = "How much."}};
  Option<std::string> file{
      *this, "logfile", "", {.immutable = true, .help = "The file; empty: standard output."}};
};
struct MoreNetwork : OptionGroup {
  MoreNetwork() : OptionGroup("Network") {}
  Option<int> backlog{
      *this,
      "tcp-backlog",
      511,
      {.help = "Word word word word word word word word "
               "word word word word word word word word word word word word word word."}};
};

TEST_CASE("example: sections, help, ranges and defaults") {
  Network network;
  Log log;
  MoreNetwork more;
  Options options;
  for (OptionGroup* group : {static_cast<OptionGroup*>(&network), static_cast<OptionGroup*>(&log),
                             static_cast<OptionGroup*>(&more)}) {
    options.add(*group);
  }
  const std::string text = example_config(options);
  INFO(text);
  CHECK(text.find("# Network #") < text.find("# Log #"));
  CHECK(text.find("tcp-backlog 511\n") < text.find("# Log #"));
  CHECK(text.find("\n# TCP port; 0 closes it. (0 to 65535)\nport 6379\n") != std::string::npos);
  CHECK(text.find("\n# How much. (debug, notice)\nloglevel notice\n") != std::string::npos);
  CHECK(text.find("\n# The file; empty: standard output. Cannot be changed while the server runs.\n"
                  "logfile \"\"\n") != std::string::npos);
  CHECK(text.find("inner") == std::string::npos);
  CHECK(text.find("bare") == std::string::npos);
  for (const std::string_view line : split(text, '\n')) CHECK(line.size() <= 100);

  const auto directives = parse_directives(text, "example");
  REQUIRE(directives.is_ok());
  CHECK(take_directives(directives.value(), options).is_ok());
  CHECK(network.port.is_default());
}

}  // namespace
}  // namespace larder
