// MULTI: what a client has queued for EXEC, and the keys that it watches.
//
// How many requests wait, what they take, and whether a watched key has changed is also in the
// Client, for CLIENT LIST and for the way of a request, which looks at those only.
#pragma once

#include <cstdint>
#include <vector>

#include "server/clients/client.h"
#include "server/command/command_table.h"
#include "server/dispatch/kept_request.h"
#include "server/keyspace/watched_keys.h"

namespace larder {

// Whether the command runs at once after MULTI: EXEC, and those that end or refuse to join a
// transaction.
bool runs_in_transaction(const Command& command);
bool is_exec(const Command& command);

struct Transaction {
  struct Queued {
    const Command* command;
    KeptRequest request;
  };

  explicit Transaction(Client& client) : watch(client.watched_key_changed) {}

  std::vector<Queued> queue;
  // Of all queued commands together.
  uint64_t flags = 0;
  // A request could not be queued: EXEC will run nothing.
  bool had_errors = false;
  WatchedKeys::Watch watch;
};

}  // namespace larder
