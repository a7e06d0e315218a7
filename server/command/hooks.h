// Where modules listen, beside the keyspace's own hooks. One that nobody uses costs a branch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "server/base/hook.h"
#include "server/clients/client.h"
#include "server/command/timing.h"

namespace larder {

struct Hooks {
  // RESET: the client is to be what it was when it was new.
  Hook<Client&> client_reset;
  // The last call for this client, at the end of the turn in which its connection closed.
  Hook<Client&> client_closed;

  // Commands have run, and this is how long they took.
  Hook<const TimedRun&> commands_timed;
  // How many listeners need every command timed by itself: raise it, and lower it again.
  size_t exact_timing = 0;

  // A request or a reply has at least as many bytes as these two say. They belong to the listener.
  Hook<const CommandTransfer&> large_transfer;
  size_t large_request_bytes = SIZE_MAX;
  size_t large_reply_bytes = SIZE_MAX;

  // Every command, when it has run, those within EXEC before EXEC. One that has to wait is told
  // when it begins to. While somebody listens, every command is timed by itself.
  Hook<const FinishedCommand&> command_finished;

  // Work of the server's own that clients had to wait for: its name, as LATENCY shows it, and
  // nanoseconds. It is measured only while somebody listens.
  Hook<std::string_view, int64_t> slow_event;
};

}  // namespace larder
