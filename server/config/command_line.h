// The command line of larder-server, which is that of redis-server:
//   larder-server [file | -] [--option value ...] [-]
// What it asks for is returned as a value; printing and exiting are main's job.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "server/base/result.h"
#include "server/config/file_reader.h"
#include "server/config/options.h"

namespace larder {

enum class Action { run, print_version, print_help, print_example_config, check_config };

struct CommandLine {
  Action action = Action::run;
  std::string config_file;  // absolute, because the server may change its directory; empty: none
  bool reads_stdin = false;
  std::vector<Directive> flags;  // they follow the file and standard input
};

// `arguments` without the program's name. Each "--name" begins a directive, and the arguments that
// follow are its words; the first of them is a word even if it begins with "--". One argument may
// hold both ("--port 7000"). "--save" directly before another flag, or at the end, means an empty
// list. Errors: unbalanced quotes, --check-config without a file; the complete message for the
// terminal.
Result<CommandLine> parse_command_line(std::span<const char* const> arguments);

// Reads what the command line names, in this order: file, standard input, flags.
// Errors: the complete message for the terminal.
Status load_configuration(const CommandLine& command_line, Options& options);

// The text for --help.
std::string command_line_help();

}  // namespace larder
