// Any bytes as a configuration file: parsing, taking effect, and writing back never crash, and what
// is written back reads as the same values.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/assert.h"
#include "server/config/compatibility.h"
#include "server/config/example.h"
#include "server/config/file_reader.h"
#include "server/config/file_writer.h"
#include "server/config/option.h"
#include "server/config/options.h"

namespace larder {
namespace {

enum class Level { debug = 0, verbose = 1, notice = 2, warning = 4 };
constexpr EnumName<Level> kLevelNames[] = {{"debug", Level::debug},
                                           {"verbose", Level::verbose},
                                           {"notice", Level::notice},
                                           {"warning", Level::warning}};

struct Sample : OptionGroup {
  Option<int> port{*this, "port", 6379, {.max = 65535}};
  Option<uint64_t> maxmemory{*this, "maxmemory", 0, {.unit = Unit::bytes}};
  Option<int64_t> share{*this, "share", 0, {.min = -100, .unit = Unit::bytes_or_percent}};
  Option<unsigned> mode{*this, "mode", 0, {.max = 0777, .unit = Unit::octal}};
  Option<double> ratio{*this, "ratio", 1.5, {.max = 1000}};
  Option<Level> level{*this, "level", Level::notice, kLevelNames};
  Option<Level> levels{*this, "levels", Level::notice, kLevelNames, {.several = true}};
  Option<std::string> file{*this, "file", "x"};
  Option<std::vector<std::string>> bind{*this, "bind", {"*"}};
  Option<RepeatedLines> line{*this, "line", {}, {.file_only = true}};
};

struct Configuration {
  Configuration() {
    options.add(sample);
    options.add(compatibility);
  }
  // Takes what is right; each wrong line is skipped, so that one does not hide the others.
  void take(const std::vector<Directive>& directives) {
    bool seen = false;
    for (const Directive& directive : directives) {
      const bool is_line = directive.words[0] == "line";
      static_cast<void>(
          options.read(directive.words, is_line && seen ? Reading::further : Reading::first)
              .is_ok());
      seen = seen || is_line;
    }
  }
  Sample sample;
  CompatibilityOptions compatibility;
  Options options;
};

}  // namespace
}  // namespace larder

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace larder;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto directives = parse_directives(text, "fuzz.conf");
  if (!directives.is_ok()) return 0;
  Configuration first;
  first.take(directives.value());
  const std::string written = rewritten_config(text, first.options, RewriteScope::changed);
  const auto again = parse_directives(written, "again.conf");
  LARDER_ASSERT(again.is_ok());
  Configuration second;
  second.take(again.value());
  for (const OptionBase* option : first.sample.options()) {
    LARDER_ASSERT(option->lines() == second.options.find(option->name())->lines());
  }
  return 0;
}
