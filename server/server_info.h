// The fields of INFO for which several parts are needed. Those that one part knows alone are
// members of that part (NetworkStats, DispatchStats, KeyspaceStats).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "server/command/context.h"
#include "server/configuration.h"
#include "server/dispatch/dispatch_stats.h"
#include "server/info/info.h"
#include "server/info/rate.h"
#include "server/network/network_stats.h"

namespace larder {

// All of them outlive the ServerInfo.
struct InfoSources {
  const Configuration& configuration;
  const Services& services;
  DispatchStats& dispatch;
  NetworkStats& network;
};

// A section, or the part of one, of features that Larder does not have yet: their fields with what
// Redis says where they are not in use, so that monitors find them.
class UnusedFeatures final : public InfoGroup {
 public:
  explicit UnusedFeatures(std::string_view section, InfoScope scope = InfoScope::by_default);

 private:
  Fields fields_;
};

class ServerSection final : public InfoGroup {
 public:
  explicit ServerSection(const InfoSources& sources);

 private:
  void write_build(InfoWriter& writer) const;
  void write_process(InfoWriter& writer) const;
  void write_listeners(InfoWriter& writer) const;

  const Configuration& configuration_;
  const int64_t started_us_;
  const std::string os_;
  const std::string executable_;
  const std::string run_id_;
  Fields fields_;
};

class ClientsSection final : public InfoGroup {
 public:
  explicit ClientsSection(const InfoSources& sources);

 private:
  Fields fields_;
};

class MemorySection final : public InfoGroup {
 public:
  explicit MemorySection(const InfoSources& sources);

 private:
  Fields fields_;
};

class PersistenceSection final : public InfoGroup {
 public:
  explicit PersistenceSection(const InfoSources& sources);
  int64_t started_seconds() const { return started_seconds_; }

 private:
  const int64_t started_seconds_;
  Field changes_;
  Field last_save_;
};

// The instantaneous_* fields.
class RatesSection final : public InfoGroup {
 public:
  explicit RatesSection(const InfoSources& sources);
  void sample(int64_t now_us);

 private:
  const InfoSources sources_;
  Rate commands_;
  Rate input_bytes_;
  Rate output_bytes_;
  Rate turns_;
  Rate turn_us_;
  Field commands_per_second_;
  Field input_;
  Field output_;
  Field turns_per_second_;
  Field mean_turn_us_;
};

class ReplicationSection final : public InfoGroup {
 public:
  explicit ReplicationSection(const InfoSources& sources);

 private:
  const std::string replication_id_;
  Fields fields_;
};

class CpuSection final : public InfoGroup {
 public:
  CpuSection();

 private:
  Fields fields_;
};

class CommandsSection final : public InfoGroup {
 public:
  explicit CommandsSection(const InfoSources& sources);

 private:
  Fields fields_;
};

class ErrorsSection final : public InfoGroup {
 public:
  explicit ErrorsSection(const InfoSources& sources);

 private:
  Fields fields_;
};

class KeyspaceSection final : public InfoGroup {
 public:
  explicit KeyspaceSection(const InfoSources& sources);

 private:
  Fields fields_;
};

class ServerInfo {
 public:
  explicit ServerInfo(const InfoSources& sources);
  void add_to(Info& info);
  // For the tick.
  void sample() { rates_.sample(monotonic_us()); }
  // Seconds since 1970.
  int64_t started_seconds() const { return persistence_.started_seconds(); }

 private:
  ServerSection server_;
  ClientsSection clients_;
  UnusedFeatures unused_clients_{"Clients"};
  MemorySection memory_;
  UnusedFeatures unused_memory_{"Memory"};
  PersistenceSection persistence_;
  UnusedFeatures unused_persistence_{"Persistence"};
  RatesSection rates_;
  UnusedFeatures unused_stats_{"Stats"};
  ReplicationSection replication_;
  CpuSection cpu_;
  UnusedFeatures modules_{"Modules"};
  CommandsSection commands_;
  ErrorsSection errors_;
  UnusedFeatures latencies_{"Latencystats", InfoScope::on_request};
  UnusedFeatures cluster_{"Cluster"};
  KeyspaceSection keyspace_;
};

}  // namespace larder
