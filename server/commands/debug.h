// The subcommands of DEBUG, by subject. DEBUG is one command for clients and ACL rules; debug.cc
// has the table.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "server/command/context.h"

namespace larder {

struct DebugCommand {
  std::string_view name;
  // How many arguments there may be, DEBUG and the subcommand included.
  size_t min_arguments;
  size_t max_arguments;
  CommandFunction function;
};

std::span<const DebugCommand> debug_crash_commands();     // SEGFAULT, PANIC ...
std::span<const DebugCommand> debug_data_commands();      // OBJECT, POPULATE, DIGEST ...
std::span<const DebugCommand> debug_protocol_commands();  // PROTOCOL, ERROR

}  // namespace larder
