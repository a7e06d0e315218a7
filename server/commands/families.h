// The families of core commands, one file each.
#pragma once

#include "server/command/command_spec.h"

namespace larder {

CommandFamily string_commands();
CommandFamily string_set_commands();  // SET and its relatives, group "string"
CommandFamily counter_commands();     // INCR and its relatives, group "string"
CommandFamily lcs_commands();         // group "string"
CommandFamily key_commands();         // generic.cc and its neighbours: the group "generic"
CommandFamily connection_commands();
CommandFamily client_commands();      // CLIENT and its subcommands, group "connection"
CommandFamily server_commands();
CommandFamily config_commands();      // CONFIG, group "server"
CommandFamily introspection_commands();  // COMMAND, group "server"
CommandFamily memory_commands();      // MEMORY, group "server"
CommandFamily debug_commands();       // DEBUG, group "server"

}  // namespace larder
