// The families of core commands, one file each.
#pragma once

#include <vector>

#include "server/command/command_spec.h"

namespace larder {

CommandFamily string_commands();
CommandFamily key_commands();         // generic.cc and its neighbours: the group "generic"
CommandFamily connection_commands();
CommandFamily client_commands();      // CLIENT and its subcommands, group "connection"
CommandFamily server_commands();
CommandFamily config_commands();      // CONFIG, group "server"
CommandFamily introspection_commands();  // COMMAND, group "server"
CommandFamily memory_commands();      // MEMORY, group "server"
CommandFamily debug_commands();       // DEBUG, group "server"

// All that exist, in the order in which COMMAND lists them.
std::vector<CommandFamily> core_commands();

}  // namespace larder
