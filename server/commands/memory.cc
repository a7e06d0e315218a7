// MEMORY: what keys and the server take.
#include <string>

#include "server/command/arg_reader.h"
#include "server/commands/families.h"
#include "server/commands/memory_doctor.h"
#include "server/commands/memory_report.h"
#include "server/command/reply_help.h"

namespace larder {
namespace {

constexpr int64_t kDefaultSamples = 5;

// A key's memory: its entry, what its value keeps elsewhere, and its share of the tables.
size_t key_memory(const Database& database, const Entry& entry, size_t samples) {
  const size_t share = database.table_memory() / database.size();
  const size_t expiry_share =
      entry.has_expiry() ? database.expiry_memory() / database.expiring() : 0;
  return allocation_size(entry.allocated_bytes()) + value_memory(entry.value(), samples) + share +
         expiry_share;
}

// MEMORY USAGE key [SAMPLES count]
Status usage(Context& ctx) {
  ArgReader args(ctx, 3);
  int64_t samples = kDefaultSamples;
  while (args.has_more()) {
    if (args.option("SAMPLES")) {
      samples = args.integer();
      if (samples < 0) args.fail(errors::syntax());
    } else {
      args.fail(errors::syntax());
    }
  }
  TRY(args.finish());
  const Entry* entry = ctx.find_entry(ctx.key(2), Lookup::silent);
  if (entry == nullptr) {
    ctx.reply.null();
  } else {
    ctx.reply.integer(
        static_cast<int64_t>(key_memory(ctx.database(), *entry, static_cast<size_t>(samples))));
  }
  return ok;
}

class MapWriter {
 public:
  explicit MapWriter(ReplyWriter& reply) : reply_(reply) {}
  void add(std::string_view name, size_t value) { add(name, static_cast<int64_t>(value)); }
  void add(std::string_view name, int64_t value) {
    reply_.bulk(name);
    reply_.integer(value);
  }
  void add(std::string_view name, double value) {
    reply_.bulk(name);
    reply_.number(value);
  }

 private:
  ReplyWriter& reply_;
};

void write_databases(ReplyWriter& reply, const MemoryReport& report) {
  MapWriter map(reply);
  for (const MemoryReport::DatabaseTables& tables : report.databases) {
    reply.bulk("db." + std::to_string(tables.index));
    reply.map(3);
    map.add("overhead.hashtable.main", tables.main);
    map.add("overhead.hashtable.expires", tables.expires);
    map.add("overhead.hashtable.slot-to-keys", size_t{0});
  }
}

void write_overhead(MapWriter& map, const MemoryReport& report) {
  map.add("peak.allocated", report.peak);
  map.add("total.allocated", report.used);
  map.add("startup.allocated", report.startup);
  map.add("replication.backlog", size_t{0});
  map.add("clients.slaves", report.replicas);
  map.add("clients.normal", report.clients);
  map.add("cluster.links", size_t{0});
  map.add("aof.buffer", size_t{0});
  map.add("lua.caches", size_t{0});
  map.add("functions.caches", size_t{0});
}

void write_totals(MapWriter& map, const MemoryReport& report) {
  map.add("overhead.total", report.overhead);
  map.add("keys.count", report.keys);
  map.add("keys.bytes-per-key", report.bytes_per_key);
  map.add("dataset.bytes", report.dataset);
  map.add("dataset.percentage", report.dataset_percent);
  map.add("peak.percentage", report.peak_percent);
  map.add("allocator.allocated", report.allocator.allocated);
  map.add("allocator.active", report.allocator.active);
  map.add("allocator.resident", report.allocator.resident);
  map.add("allocator-fragmentation.ratio", report.allocator_fragmentation.ratio);
  map.add("allocator-fragmentation.bytes", report.allocator_fragmentation.bytes);
  map.add("allocator-rss.ratio", report.allocator_resident.ratio);
  map.add("allocator-rss.bytes", report.allocator_resident.bytes);
  map.add("rss-overhead.ratio", report.process.ratio);
  map.add("rss-overhead.bytes", report.process.bytes);
  map.add("fragmentation", report.total.ratio);
  map.add("fragmentation.bytes", report.total.bytes);
}

// MEMORY STATS
Status stats(Context& ctx) {
  constexpr size_t kFixedFields = 27;
  const MemoryReport report = make_memory_report(ctx.services);
  ctx.reply.map(kFixedFields + report.databases.size());
  MapWriter map(ctx.reply);
  write_overhead(map, report);
  write_databases(ctx.reply, report);
  write_totals(map, report);
  return ok;
}

// MEMORY DOCTOR
Status doctor(Context& ctx) {
  ctx.reply.verbatim("txt", memory_advice(make_memory_report(ctx.services), ctx.services));
  return ok;
}

// MEMORY MALLOC-STATS
Status malloc_stats(Context& ctx) {
  ctx.reply.verbatim("txt", allocator_report());
  return ok;
}

// MEMORY PURGE
Status purge(Context& ctx) {
  purge_allocator();
  ctx.reply.ok();
  return ok;
}

constexpr std::string_view kHelp[] = {
    "DOCTOR",
    "    Say what is wrong with the use of memory, if anything.",
    "MALLOC-STATS",
    "    The allocator's own report.",
    "PURGE",
    "    Give the allocator's unused pages back to the system.",
    "STATS",
    "    Where the memory goes, in numbers.",
    "USAGE <key> [SAMPLES <count>]",
    "    The bytes that a key and its value take. Of a collection, <count> elements are",
    "    measured (default: 5, 0: all).",
};

// MEMORY HELP
Status help(Context& ctx) {
  reply_help(ctx, kHelp);
  return ok;
}

constexpr uint64_t kReport = kNondeterministic | kAllShards | kSpecialResponse;

constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"memory", nullptr, -2, 0, no_keys(), "4.0.0", "",
        "",
        "Commands about the use of memory."},
    {"memory|doctor", doctor, 2, kReport, no_keys(), "4.0.0", "O(1)",
        "",
        "Says what is wrong with the use of memory."},
    {"memory|help", help, 2, kLoading | kStale, no_keys(), "4.0.0", "O(1)",
        "",
        "Lists the subcommands."},
    {"memory|malloc-stats", malloc_stats, 2, kLoading | kReport, no_keys(), "4.0.0", "depends on the allocator",
        "",
        "Returns the allocator's report."},
    {"memory|purge", purge, 2, kLoading | kAllShards | kAllSucceeded, no_keys(), "4.0.0", "depends on the allocator",
        "",
        "Gives unused memory back to the system."},
    {"memory|stats", stats, 2, kReport, no_keys(), "4.0.0", "O(N) where N is the number of clients",
        "",
        "Returns where the memory goes."},
    {"memory|usage", usage, -3, kRead, one_key(2, kLook), "4.0.0", "O(N) where N is the number of samples",
        "key [SAMPLES count]",
        "Returns the bytes that a key and its value take."},
};

}  // namespace

CommandFamily memory_commands() { return {"server", kCommands}; }

}  // namespace larder
