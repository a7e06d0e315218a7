// Where modules listen, beside the keyspace's own hooks. One that nobody uses costs a branch.
#pragma once

#include "server/base/clock.h"
#include "server/base/hook.h"
#include "server/clients/client.h"

namespace larder {

class Context;

// A slice of work between two turns.
struct Rest {
  Deadline deadline;
  bool has_more = false;  // set by who wants the next slice without delay
};

struct Hooks {
  // A command has run for this client, by itself or in a transaction: not one that was refused. It may
  // have failed, or wait (Client::is_blocked); who has waited comes again.
  Hook<Context&> after_command;
  // The requests of a turn have run. What is pushed now leaves together with their replies.
  Hook<> before_flush;
  // The replies have left. What is pushed now leaves without delay.
  Hook<Rest&> rest;
  // RESET: the client is to be what it was when it was new.
  Hook<Client&> client_reset;
  // The last call for this client, at the end of the turn in which its connection closed.
  Hook<Client&> client_closed;
};

}  // namespace larder
