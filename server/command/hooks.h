// Where modules listen, beside the keyspace's own hooks. One that nobody uses costs a branch.
#pragma once

#include "server/base/hook.h"
#include "server/clients/client.h"

namespace larder {

struct Hooks {
  // RESET: the client is to be what it was when it was new.
  Hook<Client&> client_reset;
  // The last call for this client, at the end of the turn in which its connection closed.
  Hook<Client&> client_closed;
};

}  // namespace larder
