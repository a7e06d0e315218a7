#include "server/config/file_reader.h"

#include <glob.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <unordered_set>
#include <utility>

#include "protocol/inline_request.h"
#include "server/base/errors.h"
#include "server/base/numbers.h"
#include "server/base/text.h"

namespace larder {
namespace {

constexpr int kMaxIncludeDepth = 16;
// A configuration of this size is a wrong file name (a log, a dump, /dev/zero).
constexpr size_t kMaxFileBytes = 64 << 20;

std::string where(const Directive& directive) {
  std::string text = "Reading the configuration file, at line ";
  if (directive.file.empty()) text = "Reading the command line, at option ";
  if (directive.file == "-") text = "Reading the configuration from standard input, at line ";
  text += to_text(static_cast<int64_t>(directive.line));
  if (!directive.file.empty() && directive.file != "-") text += " of '" + directive.file + "'";
  return text;
}

std::string fatal(std::string_view rest) {
  std::string text = "\n*** FATAL CONFIG FILE ERROR (Larder " LARDER_VERSION ") ***\n";
  return text.append(rest);
}

Result<std::string> read_stream(std::FILE* stream) {
  std::string text;
  char block[16 * 1024];
  while (const size_t bytes = std::fread(block, 1, sizeof block, stream)) {
    text.append(block, bytes);
    if (text.size() > kMaxFileBytes) return Error("the file is too large for a configuration");
  }
  if (std::ferror(stream)) return Error(std::strerror(errno));
  return text;
}

// Errors: the reason only.
Result<std::string> read_text(const std::string& path) {
  if (path == "-") return read_stream(stdin);
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "re"),
                                                             &std::fclose);
  if (!file) return Error(std::strerror(errno));
  return read_stream(file.get());
}

std::vector<std::string> expand(const std::string& path) {
  if (path.find_first_of("*?[") == std::string::npos) return {path};
  std::vector<std::string> paths;
  glob_t found{};
  if (glob(path.c_str(), 0, nullptr, &found) == 0) {
    paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  }
  globfree(&found);
  return paths;
}

Status append_file(const std::string& path, int depth, std::vector<Directive>& directives);

Status append_included(const Directive& include, int depth, std::vector<Directive>& directives) {
  if (include.words.size() != 2) {
    return config_file_error(include, errors::wrong_number_of_words().text());
  }
  if (depth == kMaxIncludeDepth) {
    return config_file_error(include, "Includes are nested too deep; does a file include itself?");
  }
  for (const std::string& path : expand(include.words[1])) {
    if (path == "-") return config_file_error(include, "Standard input cannot be included");
    TRY(append_file(path, depth + 1, directives));
  }
  return ok;
}

Status append_file(const std::string& path, int depth, std::vector<Directive>& directives) {
  Result<std::string> text = read_text(path);
  if (!text.is_ok()) {
    return Error(fatal("Can't open the configuration file '" + path + "': " + text.text()));
  }
  TRY(auto lines, parse_directives(text.value(), path));
  for (Directive& line : lines) {
    if (line.words[0] == "include") {
      TRY(append_included(line, depth, directives));
    } else {
      directives.push_back(std::move(line));
    }
  }
  return ok;
}

}  // namespace

Error config_file_error(const Directive& directive, std::string_view reason, bool hide_value) {
  std::string line = directive.text;
  if (hide_value) {
    // A quote ends the name as a space does: who forgot the space has a secret there.
    const size_t end = line.find_first_of(" \t\r\"'");
    if (end != std::string::npos)
      line.replace(end, std::string::npos, end == 0 ? "(hidden)" : " (hidden)");
  }
  return Error(fatal(where(directive) + "\n>>> '" + line + "'\n" + std::string(reason)));
}

Result<std::vector<Directive>> parse_directives(std::string_view text, const std::string& file) {
  std::vector<Directive> directives;
  size_t number = 0;
  for (const std::string_view raw : split(text, '\n')) {
    number++;
    const std::string_view line = trim(raw);
    if (line.empty() || line[0] == '#') continue;
    Directive directive{file, number, std::string(line), {}};
    auto words = split_quoted(line);
    if (!words) return config_file_error(directive, errors::unbalanced_quotes().text(), true);
    directive.words = std::move(*words);
    directive.words[0] = to_lower(directive.words[0]);
    directives.push_back(std::move(directive));
  }
  return directives;
}

Result<std::vector<Directive>> read_config_file(const std::string& path) {
  std::vector<Directive> directives;
  TRY(append_file(path, 0, directives));
  return directives;
}

Status take_directives(std::span<const Directive> directives, Options& options) {
  std::unordered_set<const OptionBase*> seen;
  for (const Directive& directive : directives) {
    const OptionBase* option = options.find(directive.words[0]);
    const bool is_first = option == nullptr || seen.insert(option).second;
    const Status status =
        options.read(directive.words, is_first ? Reading::first : Reading::further);
    if (status.is_ok()) continue;
    // An unknown name may be that of a secret, misspelt.
    const bool hide_value = option == nullptr || option->attributes().secret;
    return config_file_error(directive, status.text(), hide_value);
  }
  return ok;
}

}  // namespace larder
