#include "server/commands/families.h"

namespace larder {

std::vector<CommandFamily> core_commands() {
  return {string_commands(),   string_set_commands(), counter_commands(),       lcs_commands(),
          list_commands(),     list_move_commands(),  key_commands(),           expire_commands(),
          scan_commands(),     object_commands(),     connection_commands(),    client_commands(),
          database_commands(), server_commands(),     introspection_commands(), config_commands(),
          transaction_commands(),
          memory_commands(),   debug_commands()};
}

}  // namespace larder
