#include "server/server_info.h"

#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstdio>

#include "server/base/clock.h"
#include "server/base/numbers.h"
#include "server/base/random.h"
#include "server/base/version.h"

namespace larder {
namespace {

std::string operating_system() {
  utsname name{};
  if (uname(&name) != 0) return "unknown";
  return std::string(name.sysname) + ' ' + name.release + ' ' + name.machine;
}

std::string executable_path() {
  std::array<char, PATH_MAX> path;
  const ssize_t length = readlink("/proc/self/exe", path.data(), path.size());
  return length <= 0 ? "" : std::string(path.data(), static_cast<size_t>(length));
}

std::string compiler_version() {
  return std::to_string(__GNUC__) + '.' + std::to_string(__GNUC_MINOR__) + '.' +
         std::to_string(__GNUC_PATCHLEVEL__);
}

// As Redis's: one number for a version built by one compiler. (FNV-1a.)
std::string build_id() {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : std::string(larder_version()) + __VERSION__) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  std::array<char, 17> text;
  std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(hash));
  return text.data();
}

// Data must not look like the structure around it.
std::string safe_name(std::string_view name) {
  std::string safe(name);
  std::ranges::replace_if(
      safe, [](char c) { return c == '#' || c == ':' || c == '\n' || c == '\r'; }, '_');
  return safe;
}

}  // namespace

// --- Server ---

ServerSection::ServerSection(const InfoSources& sources)
    : InfoGroup("Server"),
      configuration_(sources.configuration),
      started_us_(monotonic_us()),
      os_(operating_system()),
      executable_(executable_path()),
      run_id_(random_hex(40)),
      fields_(*this, [this](InfoWriter& writer) {
        write_build(writer);
        write_process(writer);
        write_listeners(writer);
      }) {}

void ServerSection::write_build(InfoWriter& writer) const {
  writer.line("redis_version", redis_version());
  writer.line("redis_git_sha1", "00000000", InfoKind::text);
  writer.line("redis_git_dirty", "0");
  writer.line("redis_build_id", build_id(), InfoKind::text);
  writer.line("larder_version", larder_version());
  writer.line("server_name", "larder");
  writer.line("redis_mode", "standalone");
  writer.line("os", os_);
  writer.line("arch_bits", std::to_string(sizeof(void*) * CHAR_BIT));
  writer.line("monotonic_clock", "POSIX clock_gettime");
  writer.line("multiplexing_api", "epoll");
  writer.line("atomicvar_api", "c11-builtin");
  writer.line("gcc_version", compiler_version());
}

void ServerSection::write_process(InfoWriter& writer) const {
  constexpr int64_t kSecondsPerDay = 24 * 60 * 60;
  const int64_t now_us = wall_clock_us();
  const int64_t uptime_seconds = (monotonic_us() - started_us_) / 1'000'000;
  const std::string hz = configuration_.keyspace.hz.text();
  writer.line("process_id", to_text(getpid()));
  writer.line("process_supervised", configuration_.supervisor);
  writer.line("run_id", run_id_, InfoKind::text);
  writer.line("tcp_port", to_text(configuration_.first_port()));
  writer.line("server_time_usec", to_text(now_us));
  writer.line("uptime_in_seconds", to_text(uptime_seconds));
  writer.line("uptime_in_days", to_text(uptime_seconds / kSecondsPerDay));
  writer.line("hz", hz);
  writer.line("configured_hz", hz);
  // Seconds modulo 2^24, as Redis stamps its objects.
  writer.line("lru_clock", to_text(now_us / 1'000'000 & 0xffffff));
  writer.line("executable", executable_);
  writer.line("config_file", configuration_.file);
  writer.line("io_threads_active", "0");
}

void ServerSection::write_listeners(InfoWriter& writer) const {
  const NetworkOptions& network = configuration_.network;
  std::string addresses;
  for (const std::string& address : network.bind.get()) addresses += ",bind=" + address;
  if (network.port.get() != 0) {
    writer.line("listener0", "name=tcp" + addresses + ",port=" + network.port.text());
  }
  if (!network.unixsocket.get().empty()) {
    writer.line("listener1", "name=unix,bind=" + network.unixsocket.get());
  }
  if (configuration_.tls.port.get() != 0) {
    writer.line("listener2", "name=tls" + addresses + ",port=" + configuration_.tls.port.text());
  }
}

// --- Clients and persistence ---

ClientsSection::ClientsSection(const InfoSources& sources)
    : InfoGroup("Clients"), fields_(*this, [sources](InfoWriter& writer) {
        const Services& services = sources.services;
        size_t largest_input = 0;
        size_t largest_output = 0;
        size_t watchers = 0;
        for (const auto& [id, client] : services.clients.all()) {
          const ClientSocket& socket = client->socket;
          watchers += client->watched_keys > 0 ? 1 : 0;
          largest_input = std::max(largest_input, socket.input_bytes() + socket.input_unused());
          largest_output = std::max(largest_output, socket.queued_output().memory());
        }
        writer.line("connected_clients", std::to_string(services.clients.size()));
        writer.line("cluster_connections", "0");
        writer.line("maxclients", sources.configuration.network.maxclients.text());
        writer.line("client_recent_max_input_buffer", std::to_string(largest_input));
        writer.line("client_recent_max_output_buffer", std::to_string(largest_output));
        const BlockedCounts blocked = services.control.blocked();
        writer.line("blocked_clients", std::to_string(blocked.clients));
        writer.line("watching_clients", std::to_string(watchers));
        writer.line("clients_in_timeout_table", std::to_string(blocked.with_timeout));
        writer.line("total_watched_keys", std::to_string(services.control.watched_keys()));
        writer.line("total_blocking_keys", std::to_string(blocked.keys));
        writer.line("total_blocking_keys_on_nokey", std::to_string(blocked.keys_on_removal));
      }) {}

// As in Redis, a server that has not saved yet names its start as the last save.
PersistenceSection::PersistenceSection(const InfoSources& sources)
    : InfoGroup("Persistence"),
      started_seconds_(wall_clock_ms() / 1000),
      changes_(*this, "rdb_changes_since_last_save",
               [&keyspace = sources.services.keyspace] { return keyspace.changes(); }),
      last_save_(*this, "rdb_last_save_time", [this] { return started_seconds_; }) {}

// --- Stats ---

RatesSection::RatesSection(const InfoSources& sources)
    : InfoGroup("Stats"),
      sources_(sources),
      commands_per_second_(*this, "instantaneous_ops_per_sec",
                           [this] { return commands_.per_second(); }),
      input_(*this, "instantaneous_input_kbps",
             [this] { return static_cast<double>(input_bytes_.per_second()) / 1024; }),
      output_(*this, "instantaneous_output_kbps",
              [this] { return static_cast<double>(output_bytes_.per_second()) / 1024; }),
      turns_per_second_(*this, "instantaneous_eventloop_cycles_per_sec",
                        [this] { return turns_.per_second(); }),
      mean_turn_us_(*this, "instantaneous_eventloop_duration_usec", [this] {
        return turns_.per_second() == 0 ? 0 : turn_us_.per_second() / turns_.per_second();
      }) {
  on_reset([this] {
    for (Rate* rate : {&commands_, &input_bytes_, &output_bytes_, &turns_, &turn_us_}) rate->reset();
  });
}

void RatesSection::sample(int64_t now_us) {
  commands_.sample(now_us, sources_.dispatch.commands_processed);
  input_bytes_.sample(now_us, sources_.network.input_bytes);
  output_bytes_.sample(now_us, sources_.network.output_bytes);
  turns_.sample(now_us, sources_.network.turns);
  turn_us_.sample(now_us, sources_.network.turns_us);
}

// --- Replication ---

ReplicationSection::ReplicationSection(const InfoSources& sources)
    : InfoGroup("Replication"),
      replication_id_(random_hex(40)),
      fields_(*this, [this, &options = sources.services.options](InfoWriter& writer) {
        const OptionBase* backlog = options.find("repl-backlog-size");
        writer.line("role", "master");
        writer.line("connected_slaves", "0");
        writer.line("master_failover_state", "no-failover");
        writer.line("master_replid", replication_id_, InfoKind::text);
        writer.line("master_replid2", std::string(40, '0'), InfoKind::text);
        writer.line("master_repl_offset", "0");
        writer.line("second_repl_offset", "-1");
        writer.line("repl_backlog_active", "0");
        if (backlog != nullptr) writer.line("repl_backlog_size", backlog->text());
        writer.line("repl_backlog_first_byte_offset", "0");
        writer.line("repl_backlog_histlen", "0");
      }) {}

// --- CPU ---

CpuSection::CpuSection()
    : InfoGroup("CPU"), fields_(*this, [](InfoWriter& writer) {
        const auto line = [&writer](const char* name, const timeval& time) {
          writer.line(
              name,
              format_fixed(static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6, 6));
        };
        rusage process{};
        rusage children{};
        rusage thread{};
        getrusage(RUSAGE_SELF, &process);
        getrusage(RUSAGE_CHILDREN, &children);
        getrusage(RUSAGE_THREAD, &thread);
        line("used_cpu_sys", process.ru_stime);
        line("used_cpu_user", process.ru_utime);
        line("used_cpu_sys_children", children.ru_stime);
        line("used_cpu_user_children", children.ru_utime);
        // Commands run on this thread, which is the main one.
        line("used_cpu_sys_main_thread", thread.ru_stime);
        line("used_cpu_user_main_thread", thread.ru_utime);
      }) {}

// --- Commands and errors ---

CommandsSection::CommandsSection(const InfoSources& sources)
    : InfoGroup("Commandstats", InfoScope::on_request),
      fields_(*this, [&table = sources.services.commands](InfoWriter& writer) {
        for (const Command& command : table.rows()) {
          const CommandStats& stats = command.stats;
          if (stats.calls + stats.rejected + stats.failed == 0) continue;
          const double usec = static_cast<double>(stats.nanoseconds) / 1000;
          const double mean = stats.calls == 0 ? 0 : usec / static_cast<double>(stats.calls);
          writer.line("cmdstat_" + std::string(command.full_name()),
                      "calls=" + std::to_string(stats.calls) +
                          ",usec=" + std::to_string(stats.nanoseconds / 1000) + ",usec_per_call=" +
                          format_fixed(mean, 2) + ",rejected_calls=" + std::to_string(stats.rejected) +
                          ",failed_calls=" + std::to_string(stats.failed));
        }
      }) {}

ErrorsSection::ErrorsSection(const InfoSources& sources)
    : InfoGroup("Errorstats"), fields_(*this, [&stats = sources.dispatch](InfoWriter& writer) {
        for (const auto& [code, count] : stats.errors_by_code) {
          writer.line("errorstat_" + safe_name(code), "count=" + std::to_string(count));
        }
      }) {}

// --- Keyspace ---

KeyspaceSection::KeyspaceSection(const InfoSources& sources)
    : InfoGroup("Keyspace"),
      fields_(*this, [&keyspace = sources.services.keyspace](InfoWriter& writer) {
        for (size_t i = 0; i < keyspace.database_count(); i++) {
          const Database& database = keyspace.database(i);
          if (database.size() == 0) continue;
          std::string text = "keys=" + std::to_string(database.size()) +
                             ",expires=" + std::to_string(database.expiring()) + ",avg_ttl=" +
                             to_text(database.expiring() == 0 ? 0 : database.average_ttl_ms());
          // As Redis 7.4 names it; where no fields end, the line is that of 7.2.
          if (const size_t hashes = database.hashes_with_expiry(); hashes > 0) {
            text += ",subexpiry=" + std::to_string(hashes);
          }
          writer.line("db" + std::to_string(i), text);
        }
      }) {}

// --- All of them ---

ServerInfo::ServerInfo(const InfoSources& sources)
    : server_(sources),
      clients_(sources),
      memory_(sources),
      persistence_(sources),
      rates_(sources),
      replication_(sources),
      commands_(sources),
      errors_(sources),
      keyspace_(sources) {}

void ServerInfo::add_to(Info& info) {
  for (InfoGroup* group : std::initializer_list<InfoGroup*>{
           &server_, &clients_, &unused_clients_, &memory_, &unused_memory_, &persistence_,
           &unused_persistence_, &rates_, &unused_stats_, &replication_, &cpu_, &modules_,
           &commands_, &errors_, &latencies_, &cluster_, &keyspace_}) {
    info.add(*group);
  }
}

}  // namespace larder
