#include "server/commands/families.h"

namespace larder {

std::vector<CommandFamily> core_commands() {
  return {string_commands(), connection_commands(), client_commands(), introspection_commands()};
}

}  // namespace larder
