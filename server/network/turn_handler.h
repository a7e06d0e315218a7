// What the reactor asks of its owner: everything between the bytes that were read and the bytes
// that leave. All calls come from the reactor's thread.
#pragma once

#include <span>

namespace larder {

class Connection;

class TurnHandler {
 public:
  virtual ~TurnHandler() = default;

  // Parses and runs what the turn has read, and queues the replies. `ready` holds every connection
  // that has new bytes, a finished large read, reached its end, or asked for run_again(); a
  // connection that an earlier one closed during this call stays in it, is_closing() tells.
  // Called once in each turn, with an empty span when only a timer or a message woke the loop,
  // because no output leaves before it returns: here the append-only file is written for all the
  // changes that replies are about to confirm, also those that timers made.
  virtual void run_turn(std::span<Connection* const> ready) = 0;

  // The replies have left, as far as they could, and what was read and not consumed has its place: the
  // buffers of these connections, and of no others, may have changed size in this turn. One may be in
  // both lists.
  virtual void buffers_settled(std::span<Connection* const> /*read*/,
                               std::span<Connection* const> /*written*/) {}

  // Background work, after the replies have left; takes its own deadline. True: there is more to
  // do at once, so the next turn does not wait for the network.
  virtual bool rest() = 0;

  // Output that did not fit into the socket's buffer earlier has now left completely.
  virtual void output_drained(Connection&) {}

  // The last call for this connection, at the end of the turn in which it was closed, for whatever
  // reason: the owner lets go of it. Its output is discarded afterwards.
  virtual void connection_closed(Connection&) {}
};

}  // namespace larder
