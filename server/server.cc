#include "server/server.h"

#include <algorithm>
#include <csignal>
#include <utility>

#include "server/base/allocator.h"
#include "server/base/log.h"
#include "server/base/numbers.h"
#include "server/base/text.h"
#include "server/commands/families.h"
#include "server/network/file_limit.h"
#include "server/network/socket_address.h"

namespace larder {
namespace {

// While a backlog grows, the slice of background work (Pace::slice_us) grows with it, up to five times as
// long: nobody can remove large values, or let keys expire, faster than they are freed.
constexpr size_t kBacklogTurns = 64;
constexpr int64_t kMostBacklogSlices = 5;

// How often the limits of the machine and its control groups are read, where maxmemory follows them.
constexpr int64_t kMachineIntervalMs = 10'000;

GateRules::Allowed gate_rule(Allowed allowed) {
  switch (allowed) {
    case Allowed::no: return GateRules::Allowed::no;
    case Allowed::yes: return GateRules::Allowed::yes;
    case Allowed::local: return GateRules::Allowed::local;
  }
  return GateRules::Allowed::no;
}

}  // namespace

Server::Server(Configuration& configuration, const Modules& modules)
    : configuration_(configuration),
      modules_(modules),
      keyspace_(static_cast<size_t>(configuration.keyspace.databases.get())),
      acl_({configuration.acl, commands_, clients_, hooks_}),
      defragmentation_(keyspace_, configuration.defragmentation),
      services_{keyspace_, commands_, clients_, configuration.options, info_, *this, limits_, memory_,
                hooks_, pushes_, work_, defragmentation_, acl_},
      host_(services_, this),
      dispatcher_(services_),
      server_info_({configuration, services_, dispatcher_.stats(), network_stats_}),
      reactor_(*this, network_stats_),
      listener_(reactor_, [this](int fd, ConnectionKind kind) { accept(fd, kind); }),
      tls_acceptor_(
          reactor_, tls_workspace_, configuration.tls, [this](int fd, ConnectionKind kind) { accept(fd, kind); },
          [this](Connection& connection) { welcome(connection); }),
      tick_(reactor_),
      background_(reactor_),
      timeouts_(reactor_),
      slices_(reactor_) {
  work_.add(defragmentation_);
  register_commands();
  register_info();
}

Server::~Server() {
  listener_.close();
  tls_acceptor_.close();
}

void Server::register_commands() {
  for (const CommandFamily& family : core_commands()) commands_.add(family);
  for (const auto& module : modules_) {
    for (CommandFamily family : module->commands()) {
      family.owner = module.get();
      commands_.add(family);
    }
  }
}

void Server::register_info() {
  info_.add(network_stats_);
  info_.add(tls_acceptor_.stats);
  info_.add(dispatcher_.stats());
  info_.add(keyspace_.stats);
  info_.add(acl_.stats);
  info_.add(keyspace_.disposal.stats);
  info_.add(dispatcher_.client_memory_info());
  info_.add(defragmentation_.memory_info);
  info_.add(defragmentation_.stats);
  info_.add(keyspace_.eviction.stats);
  server_info_.add_to(info_);
  for (const auto& module : modules_) {
    if (!module->info.fields().empty()) info_.add(module->info);
  }
}

// --- Start and end ---

Status Server::start() {
  TRY(max_clients_, make_room_for_clients(static_cast<uint32_t>(configuration_.network.maxclients.get())));
  configuration_.network.maxclients.assign(max_clients_);
  TRY(acl_.start(configuration_.dispatch.requirepass.get()));
  take_rules();
  follow_options();
  for (const auto& module : modules_) module->start(host_);
  if (Status listening = listen(); !listening.is_ok()) {
    // What those who start servers wait for, to try another port.
    log::warning("Failed listening on port " + configuration_.network.port.text() + ", aborting.");
    return listening;
  }
  if (Status loaded = tls_acceptor_.load(); !loaded.is_ok()) {
    return Error("Failed to configure TLS: " + loaded.text());
  }
  if (Status listening = listen_for_tls(); !listening.is_ok()) {
    log::warning("Failed listening on port " + configuration_.tls.port.text() + " (tls), aborting.");
    return listening;
  }
  // Where that is not allowed the log has said so; the server runs all the same.
  static_cast<void>(score().is_ok());
  TRY(configuration_.identity.assume());
  TRY(listen_on_unix_socket());
  memory_.sample();
  memory_.mark_startup();
  signals_ = std::make_unique<Signals>(reactor_, [this](int signal) { on_signal(signal); });
  tick_.start_repeating(1000 / static_cast<uint64_t>(configuration_.keyspace.hz.get()), [this] { tick(); });
  const auto ignored = configuration_.compatibility.given_without_effect();
  if (!ignored.empty()) {
    log::notice("These options of Redis have no effect in Larder: " + join(ignored, ", "));
  }
  log::notice("Server initialized");
  if (configuration_.network.port.get() != 0) log::notice("Ready to accept connections tcp");
  if (!configuration_.network.unixsocket.get().empty()) {
    log::notice("Ready to accept connections unix");
  }
  if (configuration_.tls.port.get() != 0) log::notice("Ready to accept connections tls");
  return ok;
}

void Server::run() {
  reactor_.run();
  // From here on a second SIGTERM must not end the process before it has cleaned up.
  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGTERM);
  sigaddset(&ending, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ending, nullptr);
  log::notice("Larder is now ready to exit, bye bye...");
}

Status Server::listen() {
  const NetworkOptions& network = configuration_.network;
  reactor_.set_keepalive_seconds(network.tcp_keepalive.get());
  warn_about_short_backlog(network.tcp_backlog.get());
  return listener_.listen_tcp({.addresses = network.bind.get(),
                               .port = static_cast<uint16_t>(network.port.get()),
                               .backlog = network.tcp_backlog.get()});
}

Status Server::listen_on_unix_socket() {
  const NetworkOptions& network = configuration_.network;
  if (network.unixsocket.get().empty()) return ok;
  return listener_.listen_unix(network.unixsocket.get(),
                               static_cast<mode_t>(network.unixsocketperm.get()),
                               network.tcp_backlog.get());
}

Status Server::score() {
  const ProcessOptions& process = configuration_.process;
  return oom_score_.apply(process.oom_score_adj.get(), process.oom_score_adj_values.get());
}

Status Server::listen_for_tls() {
  const NetworkOptions& network = configuration_.network;
  return tls_acceptor_.listen({.addresses = network.bind.get(),
                               .port = static_cast<uint16_t>(configuration_.tls.port.get()),
                               .backlog = network.tcp_backlog.get()});
}

// After a change of port or addresses. The log has the reason of a failure.
Status Server::listen_again(Error failure) {
  if (!listen().is_ok() || !listen_for_tls().is_ok()) return failure;
  addresses_changed();
  return ok;
}

// After a change of what TLS is made of: all of it holds for those who come from now on, or nothing
// does.
Status Server::change_tls() {
  if (Status loaded = tls_acceptor_.load(); !loaded.is_ok()) {
    log::warning(loaded.text());
    return errors::cannot_update_tls();
  }
  if (!listen_for_tls().is_ok()) return errors::cannot_listen_on_port();
  addresses_changed();
  return ok;
}

void Server::shut_down() {
  if (is_shutting_down_) return;
  is_shutting_down_ = true;
  listener_.close();
  tls_acceptor_.close();
  reactor_.stop();
}

void Server::on_signal(int signal) {
  if (signal == SIGHUP) {
    if (Status reopened = log::reopen(); !reopened.is_ok()) log::warning(reopened.text());
    if (Status loaded = tls_acceptor_.load(); !loaded.is_ok()) {
      log::warning("The certificates stay as they were: " + loaded.text());
    }
    return;
  }
  log::warning(signal == SIGINT ? "Received SIGINT scheduling shutdown..."
                                : "Received SIGTERM scheduling shutdown...");
  shut_down();
}

// --- The turn ---

void Server::run_turn(std::span<Connection* const> ready) {
  reactor_.observe_requests(hooks_.requests_served.is_used());
  dispatcher_.run_turn(ready, reactor_.turn_began_us());
  hooks_.before_flush();
}

// Work that clients have to wait for, measured for whoever listens.
template <class Work>
void Server::do_work(std::string_view name, Work&& work) {
  if (!hooks_.slow_event.is_used()) [[likely]] return work();
  const int64_t began_ns = monotonic_ns();
  work();
  hooks_.slow_event(name, monotonic_ns() - began_ns);
}

void Server::buffers_settled(std::span<Connection* const> read, std::span<Connection* const> written) {
  dispatcher_.replies_written();
  if (!dispatcher_.has_client_memory_limit()) [[likely]] return;
  dispatcher_.note_buffers(read);
  dispatcher_.note_buffers(written);
  dispatcher_.enforce_client_memory();
}

bool Server::rest() {
  keyspace_.eviction.set_uncounted(reactor_.queued_output());
  bool has_more = false;
  do_work("expire-cycle", [&] { has_more = free_and_expire(); });
  if (!has_more) plan_background_work();
  memory_.check_alarm();
  // Keys that went because their time had come.
  dispatcher_.serve_blocked();
  plan_timeouts();
  if (hooks_.rest.is_used()) [[unlikely]] {
    Rest rest{Deadline::in_us(hooks_.pace.slice_us)};
    hooks_.rest(rest);
    has_more |= rest.has_more;
  }
  // Last, because what ran before may have given tasks to do.
  if (work_.next_us() != BackgroundTask::kNever) [[unlikely]] {
    work_.run();
    plan_slices();
  }
  return has_more;
}

bool Server::free_and_expire() {
  const auto growth = static_cast<int64_t>(1 + backlog_turns_ / kBacklogTurns);
  const int64_t slice_us = hooks_.pace.slice_us * std::min(growth, kMostBacklogSlices);
  const int64_t began_us = monotonic_us();
  const bool has_more = keyspace_.do_background_work(Deadline::at_us(began_us + slice_us));
  const bool is_rest = std::exchange(backlog_turns_, has_more ? backlog_turns_ + 1 : 0) != 0;
  if ((has_more || is_rest) && hooks_.slice_finished.is_used()) [[unlikely]] {
    hooks_.slice_finished({slice_us, (monotonic_us() - began_us) * 1000, has_more});
  }
  return has_more;
}

// Wakes the loop for the next slice of background tasks.
void Server::plan_slices() {
  const int64_t next_us = work_.next_us();
  if (next_us >= slices_planned_us_) [[likely]] return;
  slices_planned_us_ = next_us;
  const int64_t wait_ms = std::max<int64_t>((next_us - monotonic_us() + 999) / 1000, 1);
  slices_.start_once(static_cast<uint64_t>(wait_ms), [this] { slices_planned_us_ = INT64_MAX; });
}

void Server::plan_background_work() {
  const int64_t next_ms = keyspace_.next_background_ms();
  if (next_ms >= background_planned_ms_) return;
  background_planned_ms_ = next_ms;
  const int64_t wait_ms = std::max<int64_t>(next_ms - keyspace_.now_ms(), 1);
  background_.start_once(static_cast<uint64_t>(wait_ms), [this] { background_planned_ms_ = INT64_MAX; });
}

// One timer for all clients that wait, set to the one that is due first.
void Server::plan_timeouts() {
  const int64_t next_ms = dispatcher_.next_timeout_ms();
  if (next_ms >= timeouts_planned_ms_) [[likely]] return;
  timeouts_planned_ms_ = next_ms;
  const int64_t wait_ms = std::max<int64_t>(next_ms - monotonic_ms(), 1);
  timeouts_.start_once(static_cast<uint64_t>(wait_ms), [this] {
    timeouts_planned_ms_ = INT64_MAX;
    dispatcher_.end_overdue_waits();
  });
}

void Server::tick() {
  if (!keeps_house_) return;
  do_work("cron", [this] {
    memory_.sample();
    server_info_.sample();
    // Each of them once a second.
    dispatcher_.check_clients(configuration_.network.timeout.get(),
                              static_cast<size_t>(configuration_.keyspace.hz.get()));
    defragmentation_.check(memory_.allocator());
    if (configuration_.keyspace.maxmemory->is_relative() &&
        monotonic_ms() - machine_looked_at_ms_ >= kMachineIntervalMs) {
      take_memory_limit();
    }
  });
  hooks_.tick(wall_clock_ms());
}

// --- Memory ---

// maxmemory in bytes, which follows the limits of the machine where it is written in terms of them.
void Server::take_memory_limit() {
  machine_looked_at_ms_ = monotonic_ms();
  memory_.find_machine();
  const size_t former = memory_.limit();
  const MemoryLimit& option = *configuration_.keyspace.maxmemory;
  const size_t limit = option.bytes(memory_.machine().bytes);
  memory_.set_limit(limit);
  keyspace_.eviction.set_limit(limit);
  dispatcher_.rules().unread_output_bytes =
      configuration_.network.unread_output_bytes(limit, memory_.machine().bytes);
  dispatcher_.set_client_memory_limit(
      bytes_of(*configuration_.network.maxmemory_clients, limit));
  if (!option.is_relative() || limit == former) return;
  log::notice("maxmemory " + option.text() + " is " + format_bytes_human(limit) + " of the " +
              format_bytes_human(memory_.machine().bytes) + " that the process may take (" +
              memory_.machine().source + ")");
}

size_t Server::shrink_buffers() {
  const size_t before = used_memory();
  dispatcher_.shrink_buffers();
  const size_t after = used_memory();
  return before > after ? before - after : 0;
}

size_t Server::purge_memory() {
  if (worker_.pending() > 0) return 0;
  refresh_memory_figures();
  const size_t unused_bytes = memory_figures().dirty;
  worker_.post([] { purge_allocator(); });
  return unused_bytes;
}

// --- Clients ---

// Who does not speak TLS yet is refused in clear text, as Redis does: a handshake would cost too
// much. Handshakes under way count for those who come to make one only: strangers who go no further
// must not take the places of clients that come without TLS.
void Server::accept(int fd, ConnectionKind kind) {
  std::optional<Error> refusal;
  if (kind == ConnectionKind::tls) {
    refusal = why_refuse(addresses_of(fd).is_local, clients_.size() + tls_acceptor_.under_way());
    if (!refusal) return tls_acceptor_.begin(fd);
  }
  Result<Connection*> adopted = reactor_.adopt(fd, kind);
  if (!adopted.is_ok()) return log::warning(adopted.text());
  if (refusal) return refuse(*adopted.value(), *refusal);
  welcome(*adopted.value());
}

// Whether somebody may come in where there are so many clients; nullopt: yes.
std::optional<Error> Server::why_refuse(bool is_local, size_t clients) const {
  if (clients >= max_clients_ || (clients >= refuse_from_ && !is_local)) {
    return errors::too_many_clients();
  }
  if (configuration_.network.protected_mode.get() && !acl_.needs_password() && !is_local) {
    return errors::protected_mode();
  }
  return std::nullopt;
}

void Server::refuse(Connection& connection, const Error& error) {
  ++network_stats_.connections_rejected;
  ReplyWriter(connection.output()).error(error.text());
  connection.close_after_flush();
}

// Asks again those who had to shake hands, because others may have come meanwhile.
void Server::welcome(Connection& connection) {
  if (const auto refusal = why_refuse(connection.is_local(), clients_.size())) {
    return refuse(connection, *refusal);
  }
  const bool names_user = configuration_.tls.auth_clients_user.get() == TlsUserField::common_name;
  dispatcher_.open(connection, names_user ? connection.certified_name() : std::nullopt);
}

StreamListener& Server::add_stream_service(StreamService& service, const StreamLimits& limits) {
  stream_servers_.push_back(std::make_unique<StreamServer>(reactor_, service, limits));
  return *stream_servers_.back();
}

void Server::connection_closed(Connection& connection) { dispatcher_.close(connection); }

void Server::reset_statistics() {
  info_.reset();
  keyspace_.stats.expiry_us = 0;
  commands_.reset_stats();
}

// --- Options ---

void Server::take_rules() {
  const NetworkOptions& network = configuration_.network;
  Dispatcher::Rules& rules = dispatcher_.rules();
  rules.request_limits.max_bulk_bytes = static_cast<size_t>(network.proto_max_bulk_len.get());
  rules.max_input_bytes = static_cast<size_t>(network.client_query_buffer_limit.get());
  rules.gates.debug_command = gate_rule(configuration_.process.enable_debug_command.get());
  keyspace_.usage.configure(configuration_.eviction.settings());
  keyspace_.eviction.configure(configuration_.eviction.settings());
  limits_.max_bulk_bytes = rules.request_limits.max_bulk_bytes;
  rules.output_limits = network.client_output_buffer_limit.get();
  keyspace_.type_limits = configuration_.types.limits();
  dispatcher_.apply_limits();
  take_memory_limit();
}

// Certificates are read again only for options that say how: the limits of handshakes have to
// change under an attack too, whatever has become of the files meanwhile.
void Server::follow_tls_options() {
  TlsOptions& tls = configuration_.tls;
  std::vector<OptionBase*> of_certificates;
  for (OptionBase* option : tls.options()) {
    const bool is_asked_when_it_matters = option == &tls.handshake_max ||
                                          option == &tls.handshake_timeout ||
                                          option == &tls.auth_clients_user;
    if (!is_asked_when_it_matters) of_certificates.push_back(option);
  }
  on_change(of_certificates, [this] { return change_tls(); });
  tls.handshake_max.on_change([this]() -> Status {
    tls_acceptor_.take_limits();
    return ok;
  });
}

void Server::follow_options() {
  NetworkOptions& network = configuration_.network;
  ProcessOptions& process = configuration_.process;
  const auto rules_changed = [this]() -> Status {
    take_rules();
    return ok;
  };
  for (OptionBase* option : std::initializer_list<OptionBase*>{
           &network.proto_max_bulk_len, &network.client_query_buffer_limit,
           &network.client_output_buffer_limit, &network.unread_output_limit,
           &configuration_.keyspace.maxmemory, &network.maxmemory_clients}) {
    option->on_change(rules_changed);
  }
  configuration_.dispatch.requirepass.on_change([this]() -> Status {
    acl_.set_default_password(configuration_.dispatch.requirepass.get());
    return ok;
  });
  for (const OptionGroup* group :
       std::initializer_list<const OptionGroup*>{&configuration_.eviction, &configuration_.types}) {
    for (OptionBase* option : group->options()) option->on_change(rules_changed);
  }
  network.port.on_change([this] { return listen_again(errors::cannot_listen_on_port()); });
  network.bind.on_change([this] { return listen_again(errors::cannot_bind()); });
  network.maxclients.on_change([this]() -> Status {
    const auto wanted = static_cast<uint32_t>(configuration_.network.maxclients.get());
    uint32_t possible = 0;
    TRY(possible, make_room_for_clients(wanted));
    if (possible < wanted) {
      return Error("The operating system is not able to handle the specified number of clients, try with " +
                   std::to_string(possible));
    }
    max_clients_ = possible;
    return ok;
  });
  follow_tls_options();
  configuration_.process.loglevel.on_change([this]() -> Status {
    log::set_level(configuration_.process.loglevel.get());
    return ok;
  });
  on_change({&process.oom_score_adj, &process.oom_score_adj_values}, [this] { return score(); });
  configuration_.process.dir.on_change(
      [this] { return enter_working_directory(configuration_.process); });
  // Here and not when the process starts: a server in the background is a child, which has no threads.
  purge_in_background(configuration_.keyspace.jemalloc_bg_thread.get());
  configuration_.keyspace.jemalloc_bg_thread.on_change([this]() -> Status {
    purge_in_background(configuration_.keyspace.jemalloc_bg_thread.get());
    return ok;
  });
  configuration_.keyspace.hz.on_change([this]() -> Status {
    tick_.set_interval(1000 / static_cast<uint64_t>(configuration_.keyspace.hz.get()));
    return ok;
  });
}

}  // namespace larder
