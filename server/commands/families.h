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
// Group "hash"
CommandFamily hash_commands();
CommandFamily hash_walk_commands();    // HGETALL, HRANDFIELD ...
CommandFamily hash_expiry_commands();  // HEXPIRE, HTTL ...
CommandFamily hash_life_commands();    // HGETEX, HSETEX, HGETDEL
// Group "bitmap"
CommandFamily bitmap_commands();
CommandFamily bitfield_commands();  // BITFIELD, BITFIELD_RO

// Group "geo"
CommandFamily geo_commands();
CommandFamily geo_search_commands();

// Group "hyperloglog"
CommandFamily hyperloglog_commands();

// Group "generic"
CommandFamily key_commands();     // DEL, RENAME, COPY ...
CommandFamily expire_commands();  // EXPIRE, TTL ...
CommandFamily scan_commands();    // KEYS, SCAN
CommandFamily object_commands();  // OBJECT
CommandFamily sort_commands();    // SORT
CommandFamily wait_commands();    // WAIT, WAITAOF

// Group "sorted-set"
CommandFamily sorted_set_commands();          // members one by one
CommandFamily sorted_set_range_commands();    // ZRANGE, ZCOUNT ...
CommandFamily sorted_set_pop_commands();      // ZPOPMIN, BZMPOP ...
CommandFamily sorted_set_walk_commands();     // ZRANDMEMBER, ZSCAN
CommandFamily sorted_set_algebra_commands();  // ZUNION, ZINTERSTORE ...
// Group "set"
CommandFamily set_commands();          // single members, and all of them
CommandFamily set_random_commands();   // SPOP, SRANDMEMBER
CommandFamily set_algebra_commands();  // SINTER, SUNION, SDIFF and their relatives

// Group "stream"
CommandFamily stream_commands();         // XADD, XRANGE ...
CommandFamily stream_delete_commands();  // XDEL, XTRIM ...
CommandFamily stream_read_commands();    // XREAD, XREADGROUP
CommandFamily stream_group_commands();   // XGROUP, XACK
CommandFamily stream_claim_commands();   // XPENDING, XCLAIM, XAUTOCLAIM
CommandFamily stream_info_commands();    // XINFO

// Group "connection"
CommandFamily connection_commands();
CommandFamily client_commands();  // CLIENT and its subcommands

// Group "server"
CommandFamily database_commands();       // DBSIZE, FLUSHALL, SWAPDB ...
CommandFamily server_commands();
CommandFamily config_commands();         // CONFIG
CommandFamily acl_commands();            // ACL
CommandFamily introspection_commands();  // COMMAND
CommandFamily memory_commands();         // MEMORY
CommandFamily debug_commands();          // DEBUG
CommandFamily saving_commands();         // SAVE, LASTSAVE ...
CommandFamily replication_commands();    // ROLE, REPLICAOF, FAILOVER

// Group "cluster"
CommandFamily cluster_commands();  // CLUSTER, READONLY ...

// Group "scripting"
CommandFamily function_commands();  // FUNCTION

// Group "transactions"
CommandFamily transaction_commands();

// All of them, in the order in which COMMAND lists them.
std::vector<CommandFamily> core_commands();

}  // namespace larder
