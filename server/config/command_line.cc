#include "server/config/command_line.h"

#include <filesystem>
#include <iterator>
#include <optional>
#include <string_view>
#include <system_error>

#include "protocol/inline_request.h"
#include "server/base/text.h"

namespace larder {
namespace {

std::optional<Action> special_action(std::string_view argument) {
  if (argument == "-v" || argument == "--version") return Action::print_version;
  if (argument == "-h" || argument == "--help") return Action::print_help;
  if (argument == "--print-example-config") return Action::print_example_config;
  if (argument == "--check-config") return Action::check_config;
  return std::nullopt;
}

std::string absolute_path(const std::string& path) {
  std::error_code failure;
  const std::filesystem::path absolute = std::filesystem::absolute(path, failure);
  return failure ? path : absolute.string();
}

bool is_flag(std::string_view argument) {
  return argument.starts_with("--");
}

// The flags as the lines of a file, so that both are read by the same rules.
class FlagLines {
 public:
  void add(std::string_view argument, std::optional<std::string_view> next) {
    if (is_flag(argument) && !name_needs_word_) return begin(argument, next);
    text_ += quote(argument) + ' ';
    name_needs_word_ = false;
  }
  const std::string& text() const { return text_; }

 private:
  void begin(std::string_view argument, std::optional<std::string_view> next) {
    if (!text_.empty()) text_ += '\n';
    text_ += argument.substr(2);
    text_ += ' ';
    const auto words = split_quoted(argument);
    name_needs_word_ = words && words->size() == 1;
    if (!name_needs_word_ || !equals_ignoring_case(argument, "--save")) return;
    if (next && !is_flag(*next)) return;
    text_ += "\"\"";
    name_needs_word_ = false;
  }

  std::string text_;
  // The directive has a name and no word yet: the next argument is its word, whatever it looks
  // like.
  bool name_needs_word_ = false;
};

}  // namespace

Result<CommandLine> parse_command_line(std::span<const char* const> arguments) {
  CommandLine command_line;
  size_t i = 0;
  if (!arguments.empty()) {
    if (const std::optional<Action> action = special_action(arguments[0])) {
      command_line.action = *action;
      if (*action != Action::check_config) return command_line;
      if (arguments.size() < 2) return Error("--check-config needs the name of a file");
      i = 1;
    }
    const std::string_view file = arguments[i];
    if (file.empty() || file[0] != '-') {
      command_line.config_file = absolute_path(arguments[i]);
      i++;
    }
  }
  FlagLines lines;
  const size_t first = command_line.action == Action::check_config ? 1 : 0;
  for (; i < arguments.size(); i++) {
    const std::string_view argument = arguments[i];
    const bool is_last = i + 1 == arguments.size();
    if (argument == "-" && (i == first || is_last)) {
      command_line.reads_stdin = true;
      continue;
    }
    lines.add(argument, is_last ? std::nullopt : std::optional<std::string_view>(arguments[i + 1]));
  }
  TRY(command_line.flags, parse_directives(lines.text(), ""));
  return command_line;
}

Status load_configuration(const CommandLine& command_line, Options& options) {
  std::vector<Directive> directives;
  const auto append = [&directives](std::vector<Directive> more) {
    directives.insert(directives.end(), std::make_move_iterator(more.begin()),
                      std::make_move_iterator(more.end()));
  };
  if (!command_line.config_file.empty()) {
    TRY(auto lines, read_config_file(command_line.config_file));
    append(std::move(lines));
  }
  if (command_line.reads_stdin) {
    TRY(auto lines, read_config_file("-"));
    append(std::move(lines));
  }
  for (const Directive& flag : command_line.flags) {
    if (flag.words[0] == "include" && flag.words.size() == 2) {
      TRY(auto lines, read_config_file(flag.words[1]));
      append(std::move(lines));
    } else {
      append({flag});
    }
  }
  return take_directives(directives, options);
}

std::string command_line_help() {
  return R"(Usage: larder-server [file | -] [--option value ...] [-]

  file                      read the configuration from this file (redis.conf syntax)
  -                         read it from standard input, as first or last argument
  --option value ...        set any option of the configuration file; overrides the file

  -h, --help                print this text
  -v, --version             print the version
  --print-example-config    print every option with its default and what it means
  --check-config file       say whether the file is right, without starting

Examples:
  larder-server                              start with the defaults, on port 6379
  larder-server /etc/larder/larder.conf
  larder-server --port 7000 --maxmemory 512mb
  larder-server larder.conf --loglevel verbose
  echo 'maxmemory 512mb' | larder-server -
)";
}

}  // namespace larder
