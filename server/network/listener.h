// Waits for clients: on the TCP addresses of `bind` and `port`, and on a Unix socket.
//
// At most 100 clients are accepted per socket and turn, so that a storm of connects does not starve
// those that are connected. When the process is out of descriptors, accepting pauses for 100 ms and
// the clients wait in the kernel's queue: trying at once would only burn the processor.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "server/base/result.h"
#include "server/network/connection.h"
#include "server/network/listening_socket.h"
#include "server/network/timer.h"

namespace larder {

struct TcpEndpoints {
  // As in the option `bind`: "-" in front of an address allows it not to exist on this machine.
  std::vector<std::string> addresses;
  uint16_t port = 0;  // 0: do not listen
  int backlog = 511;
  ConnectionKind kind = ConnectionKind::tcp;

  bool operator==(const TcpEndpoints&) const = default;
};

class Listener {
 public:
  static constexpr int kAcceptsPerTurn = 100;
  static constexpr uint64_t kPauseMs = 100;

  // Gets a connected descriptor, which it owns from then on, in the poll phase. As a rule it calls
  // Reactor::adopt and refuses by a reply and close_after_flush.
  using OnAccept = std::function<void(int fd, ConnectionKind kind)>;

  // Must go before its reactor.
  Listener(Reactor& reactor, OnAccept on_accept);
  ~Listener();

  // Listens on these endpoints instead of the former ones; clients stay connected. The same again
  // change nothing. When it fails,
  // the former ones listen again. Addresses of families that this machine does not have are left
  // out with a warning. Errors: an address that cannot be bound; its text is also in the log.
  Status listen_tcp(TcpEndpoints endpoints);
  // Listens on this socket instead of the former one; the same path again changes nothing. Errors:
  // see ListeningSocket::unix_socket.
  Status listen_unix(const std::string& path, mode_t permissions, int backlog);
  // Accepts no more; removes the Unix socket.
  void close();
  // Accepts nobody until release(): clients wait in the kernel's queue. Either may be called again.
  void hold();
  void release();

  size_t socket_count() const { return sockets_.size(); }
  bool is_paused() const { return resume_.is_running(); }

 private:
  struct Watched;
  struct Closer {
    void operator()(Watched* watched) const;
  };

  Result<std::vector<ListeningSocket>> open(const TcpEndpoints& endpoints);
  Status watch(ListeningSocket socket, ConnectionKind kind);
  bool listens_on_tcp() const;
  void close_tcp();
  void accept_from(Watched& watched);
  bool accept_one(Watched& watched);
  void pause(int reason);
  void stop_watching();
  void resume();

  Reactor& reactor_;
  OnAccept on_accept_;
  TcpEndpoints endpoints_;
  bool is_held_ = false;
  std::vector<std::unique_ptr<Watched, Closer>> sockets_;
  Timer resume_;
  uint64_t last_warning_ms_ = 0;
};

}  // namespace larder
