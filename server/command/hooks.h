// Where modules listen, beside the keyspace's own hooks. One that nobody uses costs a branch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

#include "server/base/clock.h"
#include "server/base/hook.h"
#include "server/clients/client.h"
#include "server/command/pace.h"
#include "server/command/timing.h"
#include "server/memory/memory_level.h"

namespace larder {

class Context;

// A user's rules about channels have changed.
struct ChannelRights {
  const ClientUser& user;
  std::function<bool(std::string_view name, bool is_pattern)> may_listen;
};

// A slice of work between two turns.
struct Rest {
  Deadline deadline;
  bool has_more = false;  // set by who wants the next slice without delay
};

struct Hooks {
  // A command has run for this client, by itself or in a transaction: not one that was refused. It may
  // have failed, or wait (Client::is_blocked); who has waited comes again.
  Hook<Context&> after_command;
  // The requests of a turn have run. What is pushed now leaves together with their replies. Called in
  // each turn, also in those of timers and of nobody; no reply of the turn has left yet, and none leaves
  // before the listeners return: whoever makes changes durable writes here, once for all of them
  // (Keyspace::changes() tells whether there are any).
  Hook<> before_flush;
  // The replies have left. What is pushed now leaves without delay.
  Hook<Rest&> rest;
  // RESET: the client is to be what it was when it was new.
  Hook<Client&> client_reset;
  // Whoever lets clients listen to channels closes those of the user that may not any more.
  Hook<const ChannelRights&> channel_rights_changed;
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

  // How much the loop does at a time. It belongs to whoever steers it.
  Pace pace;
  Hook<const FinishedTurn&> turn_finished;
  Hook<const FinishedSlice&> slice_finished;

  // Commands have run, and this is how long they took.
  Hook<const TimedRun&> commands_timed;
  // Replies have been written, and this is how long their requests took in all. What it needs is only
  // noted while somebody listens: some ns per client and turn.
  Hook<const ServedRun&> requests_served;
  // Whoever raises it is told nothing more of requests that have run before, though their replies
  // have yet to be written.
  uint32_t served_epoch = 0;
  // How many listeners need every command timed by itself: raise it, and lower it again.
  size_t exact_timing = 0;

  // A request or a reply has at least as many bytes as these two say. They belong to the listener.
  Hook<const CommandTransfer&> large_transfer;
  size_t large_request_bytes = SIZE_MAX;
  size_t large_reply_bytes = SIZE_MAX;

  // A sample of the commands that run, those within EXEC too: one of so many as `measure_one_of` says,
  // picked at random (its weight is that number), and with a weight of 1 all that are large (16 kB), and
  // those beyond 250 microseconds that are timed by themselves anyway. EXEC itself is not told. Both
  // members belong to the listener; 0: none is picked, 1: all are, and timed by themselves.
  Hook<const MeasuredRequest&> request_measured;
  uint32_t measure_one_of = 0;

  // Every command, when it has run, those within EXEC before EXEC. One that has to wait is told
  // when it begins to. While somebody listens, every command is timed by itself.
  Hook<const FinishedCommand&> command_finished;

  // Work of the server's own that clients had to wait for: its name, as LATENCY shows it, and
  // nanoseconds. It is measured only while somebody listens.
  Hook<std::string_view, int64_t> slow_event;
};

}  // namespace larder
