// The families of core commands, one function per table.
#pragma once

#include <vector>

#include "server/command/command_spec.h"

namespace larder {

// Group "string"
CommandFamily string_commands();
CommandFamily string_set_commands();  // SET and its relatives
CommandFamily counter_commands();     // INCR and its relatives
CommandFamily lcs_commands();

// Group "list"
CommandFamily list_commands();
CommandFamily list_move_commands();  // from list to list, from one of several, and waiting

// Group "generic"
CommandFamily key_commands();     // DEL, RENAME, COPY ...
CommandFamily expire_commands();  // EXPIRE, TTL ...
CommandFamily scan_commands();    // KEYS, SCAN
CommandFamily object_commands();  // OBJECT

// Group "connection"
CommandFamily connection_commands();
CommandFamily client_commands();  // CLIENT and its subcommands

// Group "server"
CommandFamily database_commands();       // DBSIZE, FLUSHALL, SWAPDB ...
CommandFamily server_commands();
CommandFamily config_commands();         // CONFIG
CommandFamily introspection_commands();  // COMMAND
CommandFamily memory_commands();         // MEMORY
CommandFamily debug_commands();          // DEBUG

// Group "transactions"
CommandFamily transaction_commands();

// All of them, in the order in which COMMAND lists them.
std::vector<CommandFamily> core_commands();

}  // namespace larder
