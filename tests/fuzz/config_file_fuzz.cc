// Any bytes as a configuration file of the server, with all options that it has. Whatever is taken,
// CONFIG REWRITE writes a file that is taken as well, gives the same values, and need not be
// written again. Errors name the line, and never the value of a secret.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "server/base/assert.h"
#include "server/config/file_reader.h"
#include "server/config/file_writer.h"
#include "server/configuration.h"

namespace larder {
namespace {

// The lines that the server would take if each stood alone, so that a wrong one does not hide the
// rest.
std::string without_wrong_lines(std::span<const Directive> directives) {
  Configuration configuration;
  std::unordered_set<const OptionBase*> seen;
  std::string kept;
  for (const Directive& directive : directives) {
    const OptionBase* option = configuration.options.find(directive.words[0]);
    if (option == nullptr) continue;
    const bool is_first = !seen.contains(option);
    const auto reading = is_first ? Reading::first : Reading::further;
    if (!configuration.options.read(directive.words, reading).is_ok()) continue;
    seen.insert(option);
    kept += directive.text + "\n";
  }
  return kept;
}

// What an error shows of the line.
std::string_view shown_line(std::string_view message) {
  const size_t begin = message.find("\n>>> '");
  LARDER_ASSERT(begin != std::string_view::npos);
  const std::string_view shown = message.substr(begin + 6);
  return shown.substr(0, shown.rfind("'\n"));
}

// Of words that cannot be told apart any may be a secret, but for the first.
void check_quotes_message(std::string_view message) {
  const std::string_view shown = shown_line(message);
  LARDER_ASSERT(shown.ends_with("(hidden)"));
  const std::string_view name = shown.substr(0, shown.size() - 8);
  LARDER_ASSERT(name.empty() || name.find_first_of(" \t\"'") == name.size() - 1);
}

void check_message(std::span<const Directive> directives) {
  Configuration configuration;
  const Status taken = take_directives(directives, configuration.options);
  if (taken.is_ok()) return;
  LARDER_ASSERT(taken.text().find("FATAL CONFIG FILE ERROR") != std::string::npos);
  LARDER_ASSERT(taken.text().find("at line ") != std::string::npos);
  for (const Directive& directive : directives) {
    const OptionBase* option = configuration.options.find(directive.words[0]);
    const bool may_be_shown = option != nullptr && !option->attributes().secret;
    if (may_be_shown || directive.words.size() < 2 || directive.text.ends_with(" (hidden)"))
      continue;
    LARDER_ASSERT(shown_line(taken.text()) != directive.text);
  }
}

void check_same(const Configuration& one, const Configuration& other) {
  for (const OptionGroup* group : one.options.groups()) {
    for (const OptionBase* option : group->options()) {
      LARDER_ASSERT(option->lines() == other.options.find(option->name())->lines());
    }
  }
}

void take(const std::string& text, Configuration& configuration) {
  const auto directives = parse_directives(text, "again.conf");
  LARDER_ASSERT(directives.is_ok());
  LARDER_ASSERT(take_directives(directives.value(), configuration.options).is_ok());
}

void check_rewriting(const std::string& text, RewriteScope scope) {
  Configuration first;
  take(text, first);
  const std::string written = rewritten_config(text, first.options, scope);
  Configuration second;
  take(written, second);
  check_same(first, second);
  LARDER_ASSERT(rewritten_config(written, second.options, scope) == written);
}

}  // namespace
}  // namespace larder

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace larder;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto directives = parse_directives(text, "fuzz.conf");
  if (!directives.is_ok()) {
    check_quotes_message(directives.text());
    return 0;
  }
  check_message(directives.value());
  const std::string kept = without_wrong_lines(directives.value());
  check_rewriting(kept, RewriteScope::changed);
  // What is not understood becomes comments, and the rest is read as without it. Includes stay, and
  // there is nothing to include here.
  for (const Directive& directive : directives.value()) {
    if (directive.words[0] == "include") return 0;
  }
  Configuration lenient;
  take(kept, lenient);
  const std::string written = rewritten_config(text, lenient.options, RewriteScope::all);
  Configuration again;
  take(written, again);
  check_same(lenient, again);
  return 0;
}
