// Where modules listen, beside the keyspace's own hooks. One that nobody uses costs a branch.
#pragma once

#include <cstdint>
#include <string_view>

#include "server/base/hook.h"
#include "server/clients/client.h"
#include "server/memory/memory_level.h"

namespace larder {

struct Hooks {
  // RESET: the client is to be what it was when it was new.
  Hook<Client&> client_reset;
  // The last call for this client, at the end of the turn in which its connection closed.
  Hook<Client&> client_closed;
  // Some ten times a second (the option hz), with the wall clock's milliseconds.
  Hook<int64_t> tick;
  // The server is shorter of memory than before, or less so: the call for everybody who keeps what can
  // be spared.
  Hook<MemoryLevel> memory_level;
  // Something to be told on a channel, and the message. Whoever delivers messages listens; without one
  // nothing happens.
  Hook<std::string_view, std::string_view> publish;
};

}  // namespace larder
