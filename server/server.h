// The server: owns every part and wires them together. What the parts do is theirs.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/acl/acl.h"
#include "server/background/background_work.h"
#include "server/background/worker.h"
#include "server/base/result.h"
#include "server/command/context.h"
#include "server/command/server_control.h"
#include "server/configuration.h"
#include "server/dispatch/dispatcher.h"
#include "server/info/info.h"
#include "server/keyspace/defragmentation.h"
#include "server/keyspace/keyspace.h"
#include "server/memory/memory_usage.h"
#include "server/module/host.h"
#include "server/module/module.h"
#include "server/network/listener.h"
#include "server/network/reactor.h"
#include "server/network/signals.h"
#include "server/network/stream_server.h"
#include "server/network/timer.h"
#include "server/network/tls_acceptor.h"
#include "server/server_info.h"

namespace larder {

class Server final : private TurnHandler, private ServerControl, private StreamHost {
 public:
  // Both outlive the server; the options of the modules are part of the configuration already.
  Server(Configuration& configuration, const Modules& modules);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Listens, and becomes the user of run-as in between. Errors: the complete message for log and
  // terminal.
  Status start();
  // Serves until it is told to stop.
  void run();

  // The server listens elsewhere: the process title names where.
  Hook<> addresses_changed;

  // For the crash report.
  const std::atomic<const char*>& running_command() const { return dispatcher_.running_command(); }

 private:
  // TurnHandler
  void run_turn(std::span<Connection* const> ready) override;
  void buffers_settled(std::span<Connection* const> read,
                       std::span<Connection* const> written) override;
  bool rest() override;
  void connection_closed(Connection& connection) override;

  // ServerControl
  void shut_down() override;
  bool is_shutting_down() const override { return is_shutting_down_; }
  void pause_clients(PauseMode mode, int64_t for_ms) override { dispatcher_.pause(mode, for_ms); }
  void unpause_clients() override { dispatcher_.unpause(); }
  bool unblock(Client& client, bool with_error) override {
    return dispatcher_.unblock(client, with_error);
  }
  void block(Client& client, std::span<const std::string_view> arguments, Wait wait) override {
    dispatcher_.block(client, arguments, std::move(wait));
  }
  BlockedCounts blocked() const override { return dispatcher_.blocked(); }
  Status run_transaction(Context& ctx) override { return dispatcher_.run_transaction(ctx); }
  void begin_transaction(Client& client) override { dispatcher_.begin_transaction(client); }
  void discard_transaction(Client& client) override { dispatcher_.discard_transaction(client); }
  void watch(Client& client, const Key& key) override { dispatcher_.watch(client, key); }
  void unwatch(Client& client) override { dispatcher_.unwatch(client); }
  size_t watched_keys() const override { return dispatcher_.watched_keys(); }
  std::string config_file() const override { return configuration_.file; }
  int64_t last_save_seconds() const override { return server_info_.started_seconds(); }
  void reset_statistics() override;
  size_t evict_clients(size_t allowed_bytes) override {
    return dispatcher_.evict_clients(allowed_bytes);
  }
  size_t shrink_buffers() override;
  void refuse_clients_from(size_t count) override { refuse_from_ = count; }
  size_t purge_memory() override;
  void set_housekeeping(bool is_on) override { keeps_house_ = is_on; }

  // StreamHost
  StreamListener& add_stream_service(StreamService& service, const StreamLimits& limits) override;

  void register_commands();
  void register_info();
  void follow_options();
  void follow_tls_options();
  void take_rules();
  Status listen();
  Status listen_on_unix_socket();
  Status listen_again(Error failure);
  Status listen_for_tls();
  Status change_tls();
  Status score();
  void accept(int fd, ConnectionKind kind);
  void refuse(Connection& connection, const Error& error);
  void welcome(Connection& connection);
  std::optional<Error> why_refuse(bool is_local, size_t clients) const;
  void on_signal(int signal);
  void tick();
  template <class Work>
  void do_work(std::string_view name, Work&& work);
  void plan_background_work();
  void plan_timeouts();
  void plan_slices();
  void take_memory_limit();
  bool free_and_expire();

  Configuration& configuration_;
  const Modules& modules_;
  Info info_;
  NetworkStats network_stats_;
  Keyspace keyspace_;
  CommandTable commands_;
  ClientList clients_;
  Limits limits_;
  MemoryUsage memory_;
  Hooks hooks_;
  Pushes pushes_;
  Acl acl_;
  BackgroundWork work_;
  Defragmentation defragmentation_;
  Worker worker_;
  Services services_;
  Host host_;
  Dispatcher dispatcher_;
  ServerInfo server_info_;
  TlsWorkspace tls_workspace_;
  Reactor reactor_;
  Listener listener_;
  std::vector<std::unique_ptr<StreamServer>> stream_servers_;
  TlsAcceptor tls_acceptor_;
  Timer tick_;
  Timer background_;
  int64_t background_planned_ms_ = INT64_MAX;
  Timer timeouts_;
  int64_t timeouts_planned_ms_ = INT64_MAX;
  Timer slices_;
  int64_t slices_planned_us_ = INT64_MAX;
  int64_t machine_looked_at_ms_ = 0;
  size_t backlog_turns_ = 0;  // in a row in which not all that was due could be freed and expired
  size_t refuse_from_ = SIZE_MAX;
  OomScore oom_score_;
  std::unique_ptr<Signals> signals_;
  uint32_t max_clients_ = 0;
  bool is_shutting_down_ = false;
  bool keeps_house_ = true;
};

}  // namespace larder
