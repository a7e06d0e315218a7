// The families of core commands, one file each.
#pragma once

#include "server/command/command_spec.h"

namespace larder {

CommandFamily string_commands();
CommandFamily key_commands();         // group "generic": DEL, RENAME, COPY ...
CommandFamily expire_commands();      // group "generic": EXPIRE, TTL ...
CommandFamily scan_commands();        // group "generic": KEYS, SCAN
CommandFamily object_commands();      // OBJECT, group "generic"
CommandFamily database_commands();    // group "server": DBSIZE, FLUSHALL, SWAPDB ...
CommandFamily connection_commands();
CommandFamily client_commands();      // CLIENT and its subcommands, group "connection"
CommandFamily server_commands();
CommandFamily config_commands();      // CONFIG, group "server"
CommandFamily introspection_commands();  // COMMAND, group "server"
CommandFamily memory_commands();      // MEMORY, group "server"
CommandFamily debug_commands();       // DEBUG, group "server"

}  // namespace larder
