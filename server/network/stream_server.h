// Serves a StreamService: sockets of its own beside the clients', which see none of it.
//
// What it costs the loop is bounded: in one turn all its connections together make and send output
// for kTurnUs, in slices of at most kSliceBytes, those that have waited longest first. The rest
// follows in the next turns, behind whatever the clients have sent meanwhile.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "server/base/stream_service.h"
#include "server/network/listener.h"
#include "server/network/timer.h"

namespace larder {

class Reactor;

class StreamServer final : public StreamListener {
 public:
  static constexpr int64_t kTurnUs = 250;
  static constexpr size_t kSliceBytes = 64 * 1024;

  // Must go before its reactor; the service outlives it.
  StreamServer(Reactor& reactor, StreamService& service, const StreamLimits& limits);
  ~StreamServer();

  Status listen(std::vector<std::string> addresses, uint16_t port) override;
  size_t connection_count() const override { return connections_.size(); }

  // Takes over a connected socket, as if it had been accepted.
  void adopt(int fd);

 private:
  class Connection;
  struct Turns;
  struct Closer {
    void operator()(Connection* connection) const;
  };
  struct TurnsCloser {
    void operator()(Turns* turns) const;
  };

  bool make_room();
  void want_slice(Connection& connection);
  void serve_waiting();
  void check_times();
  void close(uint64_t id);

  Reactor& reactor_;
  StreamService& service_;
  const StreamLimits limits_;
  Listener listener_;
  Timer timer_;
  // Ids, because a connection may close while it waits.
  std::deque<uint64_t> waiting_;
  std::unordered_map<uint64_t, std::unique_ptr<Connection, Closer>> connections_;
  std::unique_ptr<Turns, TurnsCloser> turns_;
  uint64_t last_id_ = 0;
};

}  // namespace larder
