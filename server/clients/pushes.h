// What clients get without having asked for it at this moment: messages of channels they subscribed
// to.
//
// A push never stands inside a reply. What goes to a client whose command is running waits until that
// reply (of EXEC: the whole transaction's) is complete; everybody else's output is between two
// replies and takes it at once, or when the client's gatherer says so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "server/clients/client.h"
#include "server/clients/push_frame.h"

namespace larder {

class Invalidation;

// Takes what is pushed to one client, and decides when it leaves. It appends to the client's output, as
// ClientSocket::held_output, so that pushes and replies keep their order and limits count both; a push
// that has nothing to tell it leaves out.
class PushGatherer {
 public:
  virtual void add(PushFrame& frame) = 0;
  virtual void add(Invalidation& message) = 0;

 protected:
  ~PushGatherer() = default;
};

class Pushes {
 public:
  // Sends the frame, unless the client is on its way out. A client whose output grows beyond its
  // limit is closed.
  void send(Client& client, PushFrame& frame);
  // The same for the news that keys have changed, of which a gatherer tells each key once.
  void invalidate(Client& client, Invalidation& message);

  // --- For the dispatcher, which sets Client::is_being_answered ---
  // Sends what waited for the end of this client's reply: see Client::waiting_push_bytes.
  void deliver_waiting(Client& client);

 private:
  struct Waiting {
    uint64_t client;
    PushFrame frame;
  };
  static void deliver(Client& client, PushFrame& frame);

  static constexpr size_t kKeptRoom = 1024;  // for how many waiting pushes memory is kept

  std::vector<Waiting> waiting_;
};

// Closes the client if more output was to be queued for it than its limit allows.
void close_if_overflowed(Client& client);

}  // namespace larder
