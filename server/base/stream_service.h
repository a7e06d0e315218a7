// A protocol of a module's own over TCP, beside the server's: what the one who speaks it provides,
// and what the network gives it. Nothing here knows of sockets.
//
// Output is asked for, slice by slice, when the socket can take it: a long answer is made while it
// leaves, holds little memory, and never keeps the loop from its clients for longer than a slice.
// While an answer is under way nothing is read from its connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/clock.h"
#include "server/base/result.h"

namespace larder {

// A piece of output, and what comes then.
struct StreamOutput {
  enum class Then : uint8_t {
    more,   // the next piece is asked for when this one has left, an empty one in the next turn
    wait,   // nothing until the peer has sent more
    close,  // the connection ends when this has left
  };
  std::string_view bytes;  // valid until the next call of the handler
  Then then = Then::wait;
};

// One connection.
class StreamHandler {
 public:
  virtual ~StreamHandler() = default;
  // What has come and was not used so far, as a rule more than last time. Returns how many bytes of
  // it are used now; the others are shown again with what follows. Called only while there is no
  // output.
  virtual size_t receive(std::string_view unread) = 0;
  // The next piece. What is costly to make stops at the deadline and goes on in the next call.
  virtual StreamOutput next_output(Deadline deadline) = 0;
};

struct StreamPeer {
  std::string address;    // "127.0.0.1:50312"
  bool is_local = false;  // on this machine
};

class StreamService {
 public:
  // For a new connection. The handler is destroyed when it closes, at the latest with the listener.
  virtual std::unique_ptr<StreamHandler> open(const StreamPeer& peer) = 0;
  // After a turn of the loop in which output was made and sent: how much of the processor's time that took,
  // for which clients had to wait.
  virtual void served_for(int64_t /*us*/) {}

 protected:
  ~StreamService() = default;
};

// What a peer may take. Who exceeds it is disconnected.
struct StreamLimits {
  size_t connections = 32;          // beyond it the one that is idle, or asking, for longest goes
  size_t unread_bytes = 16 * 1024;  // of which the handler can use nothing yet
  int64_t message_ms = 10'000;      // from the first byte of a message to its last
  int64_t output_ms = 60'000;       // for a whole answer to be taken
  int64_t idle_ms = 120'000;        // between two messages
};

// Where a service listens. It belongs to the network and lives as long as the server.
class StreamListener {
 public:
  // Listens on these addresses instead of the former ones; port 0: nowhere, and whoever is
  // connected is disconnected. When it fails, the former ones stay. Errors: an address that cannot
  // be bound.
  virtual Status listen(std::vector<std::string> addresses, uint16_t port) = 0;
  virtual size_t connection_count() const = 0;

 protected:
  ~StreamListener() = default;
};

// Who gives listeners away.
class StreamHost {
 public:
  // The service outlives the server's run; the listener does not listen yet.
  virtual StreamListener& add_stream_service(StreamService& service,
                                             const StreamLimits& limits) = 0;

 protected:
  ~StreamHost() = default;
};

}  // namespace larder
