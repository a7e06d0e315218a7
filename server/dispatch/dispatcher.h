// From bytes to replies: collects the requests of a turn into batches, looks their keys up ahead, and
// runs them one after the other through the gates.
//
// Fairness: a turn goes in rounds, in each of which ready connections run their shares. A turn that
// reaches its bound (Pace::turn_requests) in the first round ends there, but not before half of the
// connections, and all whom the last turn passed over, have had their share: nobody waits for more
// than one turn besides that of its arrival. To run much of half of the connections in place of little
// of all costs half the writes, and those who are first wait half as long. So a share is the bound by
// half the number of connections, between 1 and kMostShare; it never gets smaller than a
// kFairConnections-th of the bound, which is about the work that is worth the write that carries its
// replies: with more connections than twice that a turn is longer than the bound, and the kernel's part
// of it longer still. A first round that takes kMostTurns times Pace::turn_us ends behind the request
// that took so long, whoever is left. Further rounds follow until all is run, the bound is reached, or
// Pace::turn_us have passed. In the next turn come first those who were passed over, then those who have
// come meanwhile, then those who have had a share and sent more.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "server/command/context.h"
#include "server/command/server_control.h"
#include "server/dispatch/batch.h"
#include "server/dispatch/blocking.h"
#include "server/dispatch/client_memory.h"
#include "server/dispatch/command_timer.h"
#include "server/dispatch/dispatch_stats.h"
#include "server/dispatch/gates.h"
#include "server/dispatch/look_ahead.h"
#include "server/dispatch/served_requests.h"
#include "server/dispatch/request_sampler.h"
#include "server/dispatch/session.h"
#include "server/network/connection.h"
#include "server/network/output_limits.h"

namespace larder {

class Dispatcher {
 public:
  // Limits of parsing and output, from the options of the network.
  struct Rules {
    RequestLimits request_limits;
    size_t max_input_bytes = size_t{1} << 30;  // client-query-buffer-limit
    OutputLimits output_limits;
    // unread-output-limit in bytes; 0: none.
    size_t unread_output_bytes = 0;
    GateRules gates;
  };

  explicit Dispatcher(Services& services)
      : services_(services),
        timer_(services.hooks, stats_),
        served_(services.hooks),
        blocking_(services.keyspace),
        watched_keys_(services.keyspace),
        look_ahead_(services.keyspace) {}
  ~Dispatcher();
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  // A session for a new connection, logged in as a new client is, or as the user that the client's
  // certificate names.
  Session& open(Connection& connection, const std::optional<std::string>& certified_user = std::nullopt);
  void close(Connection& connection);

  // Runs what the connections have sent, as far as the turn's bounds allow. `began_us`: when the turn's
  // work began, by monotonic_us().
  void run_turn(std::span<Connection* const> ready, int64_t began_us);
  // The replies of the turn have been written.
  void replies_written() { served_.tell(); }

  // CLIENT PAUSE.
  void pause(PauseMode mode, int64_t for_ms);
  void unpause();
  bool is_paused() const { return pause_until_ms_ != 0 && has_not_come(pause_until_ms_); }

  // Lets a client wait with the request that it is running: see Context::block.
  void block(Client& client, std::span<const std::string_view> arguments, Wait wait);
  // CLIENT UNBLOCK: whether the client was waiting.
  bool unblock(Client& client, bool with_error);
  // Runs the requests that wait for keys which have changed. To be called after whatever may have
  // changed keys; commands do it themselves.
  void serve_blocked();
  // Answers those whose time is up. To be called when the moment that next_timeout_ms() names has come,
  // by the monotonic clock.
  void end_overdue_waits();
  int64_t next_timeout_ms() const { return blocking_.next_deadline_ms(); }
  BlockedCounts blocked() const;

  // Transactions: see ServerControl.
  void begin_transaction(Client& client);
  void discard_transaction(Client& client);
  Status run_transaction(Context& context);
  void watch(Client& client, const Key& key);
  void unwatch(Client& client);
  size_t watched_keys() const { return watched_keys_.size(); }

  // Closes clients whose output stays above the soft limit or is not read at all, or that were silent
  // for too long (0: any length is fine). For the cron: looks at those who are slow and at a part of the
  // others, and at all in `calls` calls; of a few clients at all each time.
  void check_clients(int64_t idle_seconds, size_t calls);
  // What all clients may take together, 0: any amount; see ClientMemory.
  void set_client_memory_limit(size_t bytes) { client_memory_.set_limit(bytes, sessions_); }
  bool has_client_memory_limit() const { return client_memory_.has_limit(); }
  // While there is a limit, after a turn: the buffers of these may have changed.
  void note_buffers(std::span<Connection* const> changed);
  // Closes the largest clients beyond the limit.
  void enforce_client_memory();
  // Closes the largest clients until the others take at most this much; returns the bytes of the closed.
  size_t evict_clients(size_t allowed_bytes) {
    return client_memory_.evict(allowed_bytes, sessions_, services_.keyspace.now_ms());
  }
  // Frees what is kept between turns to spare allocations.
  void shrink_buffers();
  InfoGroup& client_memory_info() { return client_memory_.info; }
  // After a change of rules(): gives the open sessions their limits again.
  void apply_limits();

  Rules& rules() { return rules_; }
  DispatchStats& stats() { return stats_; }
  // The name of the command that runs, for a crash report.
  const std::atomic<const char*>& running_command() const { return running_command_; }

 private:
  static constexpr size_t kMostShare = 32;
  static constexpr size_t kFairConnections = 128;
  static constexpr int64_t kMostTurns = 10;
  static constexpr size_t kFewestChecked = 500;

  // What this turn may do, and what it has done.
  struct Turn {
    size_t share;        // of each connection in a round
    size_t bound;        // requests
    size_t served_first; // so many connections have a share before the bound counts
    int64_t began_ns;    // when its requests began
    int64_t end_ns;      // of further rounds
    int64_t latest_ns;   // of the first round
    size_t requests = 0;
    size_t prefetched_keys = 0;
    size_t passed_over = 0;  // connections that were ready and had no share
    int64_t now_ns = 0;
  };

  Session& session_of(Connection& connection) { return *static_cast<Session*>(connection.owner); }
  void begin_turn(std::span<Connection* const> ready, int64_t began_us);
  void run_round(bool is_first);
  void finish_turn();
  void collect(Session& session);
  bool collect_one(Session& session, const RequestLimits& limits, std::string_view& unread);
  void start_large_read(Session& session);
  bool check_input(Session& session, size_t bytes);
  void finish_large_read(Session& session);
  void prepare();
  int64_t run_batch();
  bool has_to_come_later(const Session& session) const;
  void run(BatchedRequest& request, Context& context);
  void execute(Context& context, const Command* command,
               std::span<const std::string_view> arguments, std::span<const uint64_t> hashes);
  // Runs a command that has passed the gates.
  void call(Context& context, const Command& command, std::span<const std::string_view> arguments,
            std::span<const uint64_t> hashes, std::span<SharedBytes> large);
  void call_alone(Context& context);
  void note_served(const Client& client);
  void report_large_reply(const BatchedRequest& request, const Context& context, size_t bytes);
  void report_transfer(const CommandTransfer& transfer);
  void report_measured(MeasuredRequest measured) const;
  bool handle_mode(Context& context, const Command& command,
                   std::span<const std::string_view> arguments);
  void refuse(Context& context, const Command* command, std::string text);
  void enqueue(Context& context, const Command& command,
               std::span<const std::string_view> arguments);
  static Session& session_of(Client& client) { return *static_cast<Session*>(&client.socket); }
  static Transaction& transaction_of(Client& client);
  void reject_malformed(Session& session);
  void cut_off_http(Session& session);
  bool has_to_wait(const Command* command, const Session& session) const;
  void end_pauses();
  void run_held_again();
  void keep(Session& session, std::span<const std::string_view> arguments);
  std::unique_ptr<KeptRequest> set_kept(Session& session, std::unique_ptr<KeptRequest> kept);
  void run_kept(Session& session);
  template <class Write>
  void answer_waiting(Session& session, Write&& write);
  void end_wait(Session& session);
  void fail(Context& context, const Command* command, const std::string& text, bool was_rejected);
  void set_limits(Session& session);
  void check_client(Session& session, int64_t idle_seconds, int64_t now_ms);
  const OutputLimit* output_limit_of(const Client& client) const;
  void check_output(Session& session, int64_t now_ms);
  void cut_off(Session& session, std::string_view reason);
  // Of a moment by the monotonic clock, as check_output's is.
  static bool has_not_come(int64_t moment_ms);

  Services& services_;
  Rules rules_;
  DispatchStats stats_;
  CommandTimer timer_;
  ServedRequests served_;
  size_t large_request_bytes_ = 0;  // from so many on a request is measured by itself
  RequestSampler sampler_;
  uint32_t weight_ = 0;  // of the request that runs next, as MeasuredRequest has it; 0: it is not picked
  Blocking blocking_;
  WatchedKeys watched_keys_;
  Sessions sessions_;
  size_t kept_count_ = 0;  // sessions with a kept request
  uint64_t checked_id_ = 0;  // of the client that check_clients looked at last
  ClientMemory client_memory_;
  Batch batch_;
  LookAhead look_ahead_;
  Turn turn_{};
  std::vector<Session*> active_;  // sessions of the turn that may have more to run
  // Of a round that was cut short those that had their share, and those whose requests were collected
  // without one having run; where a turn begins, the same of the last turn.
  std::vector<Session*> had_share_;
  std::vector<Session*> unserved_;
  bool is_in_turn_ = false;
  bool shrinks_after_turn_ = false;  // shrink_buffers() was called in the middle of one
  bool runs_transaction_ = false;  // nobody else's request runs meanwhile
  int64_t http_warned_at_ms_ = 0;  // 0: never yet
  // CLIENT PAUSE: until when the requests that may write wait, and until when all others wait too; the
  // latter never ends later. By the monotonic clock: whoever sets the other one does not mean clients.
  // 0: there is no pause.
  int64_t pause_until_ms_ = 0;
  int64_t pause_all_until_ms_ = 0;
  std::atomic<const char*> running_command_{nullptr};
};

}  // namespace larder
