// The TLS port: takes clients through their handshakes, and hands over those that have finished.
//
// A handshake costs the server a millisecond of computing and the client next to nothing, so this
// is where strangers could keep it busy. Handshakes get kTurnUs of a turn, and the others go on in
// the next; at most `tls-handshake-max` are under way, and whoever comes beyond waits in the
// kernel's queue; and each has `tls-handshake-timeout`, or a second while all places are taken.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "server/base/result.h"
#include "server/info/info.h"
#include "server/network/listener.h"
#include "server/network/reactor.h"
#include "server/network/timer.h"
#include "server/network/tls_context.h"
#include "server/network/tls_options.h"
#include "server/network/tls_stream.h"

namespace larder {

struct TlsStats : InfoGroup {
  TlsStats() : InfoGroup("Stats") {}

  Counter finished{*this, "tls_handshakes"};
  Counter resumed{*this, "tls_handshakes_resumed"};
  Counter failed{*this, "tls_handshakes_failed"};
  Counter timed_out{*this, "tls_handshakes_timed_out"};
};

class TlsAcceptor {
 public:
  // Handshakes of one turn take about this long, though at least one is made.
  static constexpr int64_t kTurnUs = 1000;
  static constexpr uint64_t kPatienceWhenFullMs = 1000;

  // Gets the connection of a client whose handshake has succeeded, in the poll phase of a turn.
  using OnConnected = std::function<void(Connection& connection)>;

  // `on_accept` gets the descriptors of those who come, as a Listener's does: it refuses them, or
  // calls begin(). The options, and the workspace, outlive this; it must go before the reactor.
  TlsAcceptor(Reactor& reactor, TlsWorkspace& workspace, const TlsOptions& options,
              Listener::OnAccept on_accept, OnConnected on_connected);
  ~TlsAcceptor();
  TlsAcceptor(const TlsAcceptor&) = delete;
  TlsAcceptor& operator=(const TlsAcceptor&) = delete;

  // Reads certificates and rules for those who come from now on, if there is a TLS port. Error: for
  // the log; everything stays as it was.
  Status load();
  // tls-handshake-max is another one now. Who is under way goes on.
  void take_limits();
  // As Listener::listen_tcp, after load().
  Status listen(TcpEndpoints endpoints);
  void close() { listener_.close(); }

  // Starts the handshake of a connected socket, which this owns now. Requires a successful load().
  void begin(int fd);
  size_t under_way() const { return handshakes_.size(); }

  TlsStats stats;

 private:
  struct Handshake;
  struct Closer {
    void operator()(Handshake* handshake) const;
  };
  using Handshakes = std::list<std::unique_ptr<Handshake, Closer>>;

  void go_on(Handshake& handshake);
  void finish(Handshake& handshake);
  void fail(Handshake& handshake, const std::string& reason);
  void remove(Handshake& handshake);
  void drop_overdue();
  bool is_full() const { return handshakes_.size() >= options_.handshake_max.get(); }
  bool may_work_now();

  Reactor& reactor_;
  TlsWorkspace& workspace_;
  const TlsOptions& options_;
  OnConnected on_connected_;
  std::optional<TlsContext> context_;
  Listener listener_;
  Handshakes handshakes_;  // in the order in which they began
  Field under_way_{stats, "tls_handshakes_in_progress", [this] { return handshakes_.size(); }};
  Timer patience_;
  uint64_t turn_ = 0;  // in which spent_us_ was spent
  int64_t spent_us_ = 0;
  uint64_t last_warning_ms_ = 0;
  uint64_t unreported_ = 0;  // failures since that warning
};

}  // namespace larder
