#include "server/clients/client.h"

namespace larder {

std::string describe(const Client& client, int64_t) { return "id=" + std::to_string(client.id); }

}  // namespace larder
