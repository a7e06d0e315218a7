#include "server/commands/families.h"

namespace larder {

std::vector<CommandFamily> core_commands() {
  return {
      // string
      string_commands(),
      string_set_commands(),
      counter_commands(),
      lcs_commands(),
      // list
      list_commands(),
      list_move_commands(),
      // hash
      hash_commands(),
      hash_walk_commands(),
      hash_expiry_commands(),
      hash_life_commands(),
      // sorted_set
      sorted_set_commands(),
      sorted_set_range_commands(),
      sorted_set_pop_commands(),
      sorted_set_walk_commands(),
      sorted_set_algebra_commands(),
      // set
      set_commands(),
      set_random_commands(),
      set_algebra_commands(),
      // geo
      geo_commands(),
      geo_search_commands(),
      // bitmap, hyperloglog
      bitmap_commands(),
      bitfield_commands(),
      hyperloglog_commands(),
      // stream
      stream_commands(),
      stream_delete_commands(),
      stream_read_commands(),
      stream_group_commands(),
      stream_claim_commands(),
      stream_info_commands(),
      // generic
      key_commands(),
      expire_commands(),
      scan_commands(),
      object_commands(),
      sort_commands(),
      wait_commands(),
      // transactions
      transaction_commands(),
      // connection
      connection_commands(),
      client_commands(),
      // server
      database_commands(),
      server_commands(),
      introspection_commands(),
      config_commands(),
      acl_commands(),
      memory_commands(),
      debug_commands(),
      saving_commands(),
      replication_commands(),
      // cluster
      cluster_commands(),
      // scripting
      function_commands(),
  };
}

}  // namespace larder
