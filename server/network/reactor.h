// The loop that the server lives in, and the one thread that touches connections. One turn:
//
//   poll    libuv reports readable sockets; each is read once, into the turn's arena. Timers,
//   signals
//           and posted functions run here too.
//   run     TurnHandler::run_turn with all connections that have something to look at
//   flush   one write for each connection with output
//   settle  what was not consumed leaves the arena for the connection's own buffer
//   rest    TurnHandler::rest: background work
//   close   connections marked for closing are reported and closed; libuv frees them in the next
//   turn
//
// A turn reads at most 64 KB from one connection and 1 MB in all (128 KB from one in a large read);
// connections for which the arena had no room are first in the next turn, in which up to 256 of them have
// room.
#pragma once

#include <uv.h>

#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_map>
#include <vector>

#include "server/base/result.h"
#include "server/network/connection.h"
#include "server/network/network_stats.h"
#include "server/network/turn_arena.h"
#include "server/network/turn_handler.h"

namespace larder {

class Reactor {
 public:
  // Both outlive the reactor. SIGPIPE is ignored for the whole process from here on.
  Reactor(TurnHandler& handler, NetworkStats& stats);
  // Closes the connections that are left (and reports them). Timers, signals and listeners of this
  // reactor are gone before; this is asserted.
  ~Reactor();
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  // Turns until stop().
  void run();
  // One turn; waits for the network only if `may_wait` and nothing else is to be done.
  void turn(bool may_wait = true);
  // Ends run() after the current turn, whose replies still leave. From the reactor's thread; others
  // post it. Safe to call before run().
  void stop() { is_stopping_ = true; }
  // Runs `function` on the reactor's thread, in the poll phase of a coming turn. From any thread.
  void post(std::function<void()> function);

  // Takes over a connected socket, whatever the result. Errors: libuv cannot watch it.
  Result<Connection*> adopt(int fd, ConnectionKind kind);
  // The same with the TLS on it, which has finished its handshake.
  Result<Connection*> adopt_tls(int fd, std::unique_ptr<TlsStream> tls);
  // nullptr: there is none, or it is being closed. Cost: one look-up in a hash table.
  Connection* find(uint64_t id) const;
  // Of the current turn; they count up.
  uint64_t turn_number() const { return turn_; }
  // When this turn's work began, by monotonic_us(): the moment of the first thing that it found to do.
  int64_t turn_began_us() const { return turn_began_us_; }
  // Whether connections are to know when their requests came and their output left: readable_us() and
  // flushed_ns(). Costs a clock read for each connection with output.
  void observe_requests(bool is_on) { observes_requests_ = is_on; }
  // Something that is not a client's request, a timer or a handshake, has run for so long.
  void add_early_time(int64_t us) {
    if (turn_began_us_ == 0) early_us_ += us;
  }
  size_t connection_count() const { return connections_.size(); }
  // Seconds of silence before TCP asks whether the peer is there; 0: never. For coming connections.
  void set_keepalive_seconds(int seconds) { keepalive_seconds_ = seconds; }

  // The loop's own monotonic clock as of this turn's poll; costs a load.
  uint64_t now_ms() const { return uv_now(&loop_); }
  // For timers, signals and listeners.
  uv_loop_t* loop() { return &loop_; }
  NetworkStats& stats() { return stats_; }
  // Memory of output that clients have not taken yet, as of the last flush; without large values and
  // messages, which others hold as well.
  size_t queued_output() const { return queued_output_; }

 private:
  friend class Connection;

  Result<Connection*> take_over(std::unique_ptr<Connection> connection);
  void begin_work();
  void end_turn();
  static void on_poll(uv_poll_t* handle, int status, int events);
  static void on_posted(uv_async_t* handle);

  void read(Connection& connection);
  void note_age(Connection& connection);
  void socket_failed(Connection& connection);
  void read_postponed();
  void collect_run_again();
  void add_ready(Connection& connection);
  void drop_closed_from_ready();
  void flush_all();
  void flush(Connection& connection);
  void count_output(Connection& connection);
  void settle_ready();
  void close_marked();
  void close_handle(Connection& connection);
  void run_posted();

  // Read again in the next turn, which does not wait.
  void postpone(Connection& connection);
  void schedule_flush(Connection& connection);
  void schedule_count(Connection& connection);
  void schedule_run(Connection& connection);
  void schedule_close(Connection& connection) { closing_.push_back(&connection); }

  TurnHandler& handler_;
  NetworkStats& stats_;
  uv_loop_t loop_{};
  uv_async_t async_{};
  bool is_stopping_ = false;
  bool has_more_rest_ = false;
  int keepalive_seconds_ = 0;
  size_t queued_output_ = 0;
  uint64_t turn_ = 0;
  int64_t turn_began_us_ = 0;  // 0: it has not found anything to do yet
  int64_t early_us_ = 0;       // of timers that ran before that
  bool observes_requests_ = false;
  int64_t stalled_since_us_ = 0;  // when the last turn began, if it was a long one; else 0
  uint64_t last_id_ = 0;
  TurnArena arena_;
  std::unordered_map<uint64_t, std::unique_ptr<Connection>> connections_;
  // Lists of this turn and the next; close_marked() takes closed connections out of all of them.
  std::vector<Connection*> ready_;
  std::vector<Connection*> to_flush_;
  std::vector<Connection*> to_count_;  // whose output has grown and is not flushed
  std::vector<Connection*> to_run_again_;
  std::vector<Connection*> postponed_;
  std::vector<Connection*> closing_;
  std::vector<Connection*> scratch_;
  std::mutex posted_mutex_;
  std::vector<std::function<void()>> posted_;
};

}  // namespace larder
