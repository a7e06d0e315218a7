#include "server/commands/memory_report.h"

#include <algorithm>

namespace larder {
namespace {

MemoryOverhang compare(size_t larger, size_t smaller) {
  return {smaller == 0 ? 0 : static_cast<double>(larger) / static_cast<double>(smaller),
          static_cast<int64_t>(larger) - static_cast<int64_t>(smaller)};
}

double percent(size_t part, size_t whole) {
  return whole == 0 ? 0 : 100 * static_cast<double>(part) / static_cast<double>(whole);
}

void add_clients(MemoryReport& report, const ClientList& clients) {
  for (const auto& [id, client] : clients.all()) {
    const size_t bytes = client->socket.memory();
    if (client->type == ClientType::replica) {
      report.replica_count++;
      report.replicas += bytes;
      continue;
    }
    report.client_count++;
    report.clients += bytes;
    if (bytes > report.largest_client) {
      report.largest_client = bytes;
      report.largest_client_id = id;
    }
  }
}

void add_databases(MemoryReport& report, Keyspace& keyspace) {
  for (size_t i = 0; i < keyspace.database_count(); i++) {
    const Database& database = keyspace.database(i);
    if (database.size() == 0) continue;
    report.keys += database.size();
    report.databases.push_back(
        {static_cast<int>(i), database.size(), database.table_memory(), database.expiry_memory()});
  }
}

}  // namespace

MemoryReport make_memory_report(const Services& services) {
  MemoryUsage& memory = services.memory;
  MemoryReport report;
  report.used = memory.used();
  report.peak = memory.peak();
  report.startup = memory.startup();
  report.resident = memory.resident();
  report.allocator = memory.allocator();
  add_clients(report, services.clients);
  add_databases(report, services.keyspace);

  report.overhead = report.startup + report.clients + report.replicas;
  for (const auto& tables : report.databases) report.overhead += tables.main + tables.expires;
  report.dataset = report.used > report.overhead ? report.used - report.overhead : 0;
  const size_t beyond_startup = report.used > report.startup ? report.used - report.startup : 0;
  report.dataset_percent = percent(report.dataset, beyond_startup);
  report.peak_percent = percent(report.used, report.peak);
  report.bytes_per_key = report.keys == 0 ? 0 : beyond_startup / report.keys;

  report.allocator_fragmentation = compare(report.allocator.active, report.allocator.allocated);
  report.allocator_resident = compare(report.allocator.resident, report.allocator.active);
  report.process = compare(report.resident, report.allocator.resident);
  report.total = compare(report.resident, memory.sampled_used());
  return report;
}

}  // namespace larder
