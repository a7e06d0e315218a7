// INFO and what it counts.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "tests/support/test_server.h"

namespace larder {
namespace {

struct Report {
  std::vector<std::string> sections;
  std::map<std::string, std::string> fields;
};

// Fails the test unless every line is a section, a field, or empty in front of a section.
Report parse(const std::string& text) {
  Report report;
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find("\r\n", at);
    REQUIRE(end != std::string::npos);
    const std::string line = text.substr(at, end - at);
    at = end + 2;
    if (line.starts_with("# ")) {
      report.sections.push_back(line.substr(2));
    } else if (!line.empty()) {
      const size_t colon = line.find(':');
      INFO(line);
      REQUIRE(colon != std::string::npos);
      CHECK(report.fields.emplace(line.substr(0, colon), line.substr(colon + 1)).second);
    }
  }
  return report;
}

Report info(TestClient& client, const std::string& section = "everything") {
  return parse(client("INFO", section).text);
}

int64_t number(const Report& report, const std::string& name) {
  const auto found = report.fields.find(name);
  INFO(name);
  REQUIRE(found != report.fields.end());
  return std::atoll(found->second.c_str());
}

// Builds for sanitizers have an allocator that does not count.
bool counts_memory(TestClient& client) {
  return info(client, "memory").fields.at("mem_allocator").starts_with("jemalloc");
}

// Those that monitors of Redis read.
const std::vector<std::string> kExpected = {"redis_version",
                                            "redis_git_sha1",
                                            "redis_git_dirty",
                                            "redis_build_id",
                                            "larder_version",
                                            "server_name",
                                            "redis_mode",
                                            "os",
                                            "arch_bits",
                                            "multiplexing_api",
                                            "gcc_version",
                                            "process_id",
                                            "process_supervised",
                                            "run_id",
                                            "tcp_port",
                                            "server_time_usec",
                                            "uptime_in_seconds",
                                            "uptime_in_days",
                                            "hz",
                                            "configured_hz",
                                            "lru_clock",
                                            "executable",
                                            "config_file",
                                            "io_threads_active",
                                            "listener0",
                                            "connected_clients",
                                            "cluster_connections",
                                            "maxclients",
                                            "client_recent_max_input_buffer",
                                            "client_recent_max_output_buffer",
                                            "blocked_clients",
                                            "tracking_clients",
                                            "watching_clients",
                                            "clients_in_timeout_table",
                                            "total_watched_keys",
                                            "total_blocking_keys",
                                            "used_memory",
                                            "used_memory_human",
                                            "used_memory_rss",
                                            "used_memory_rss_human",
                                            "used_memory_peak",
                                            "used_memory_peak_human",
                                            "used_memory_peak_perc",
                                            "used_memory_overhead",
                                            "used_memory_startup",
                                            "used_memory_dataset",
                                            "used_memory_dataset_perc",
                                            "allocator_allocated",
                                            "allocator_active",
                                            "allocator_resident",
                                            "total_system_memory",
                                            "total_system_memory_human",
                                            "used_memory_lua",
                                            "used_memory_scripts",
                                            "maxmemory",
                                            "maxmemory_human",
                                            "maxmemory_policy",
                                            "allocator_frag_ratio",
                                            "allocator_frag_bytes",
                                            "allocator_rss_ratio",
                                            "allocator_rss_bytes",
                                            "rss_overhead_ratio",
                                            "rss_overhead_bytes",
                                            "mem_fragmentation_ratio",
                                            "mem_fragmentation_bytes",
                                            "mem_not_counted_for_evict",
                                            "mem_replication_backlog",
                                            "mem_clients_slaves",
                                            "mem_clients_normal",
                                            "mem_aof_buffer",
                                            "mem_allocator",
                                            "active_defrag_running",
                                            "lazyfree_pending_objects",
                                            "lazyfreed_objects",
                                            "loading",
                                            "rdb_changes_since_last_save",
                                            "rdb_bgsave_in_progress",
                                            "rdb_last_save_time",
                                            "rdb_last_bgsave_status",
                                            "aof_enabled",
                                            "aof_last_write_status",
                                            "total_connections_received",
                                            "total_commands_processed",
                                            "instantaneous_ops_per_sec",
                                            "total_net_input_bytes",
                                            "total_net_output_bytes",
                                            "instantaneous_input_kbps",
                                            "instantaneous_output_kbps",
                                            "rejected_connections",
                                            "sync_full",
                                            "expired_keys",
                                            "expired_time_cap_reached_count",
                                            "expire_cycle_cpu_milliseconds",
                                            "client_query_buffer_limit_disconnections",
                                            "client_output_buffer_limit_disconnections",
                                            "evicted_keys",
                                            "evicted_clients",
                                            "keyspace_hits",
                                            "keyspace_misses",
                                            "pubsub_channels",
                                            "pubsub_patterns",
                                            "latest_fork_usec",
                                            "unexpected_error_replies",
                                            "total_error_replies",
                                            "total_reads_processed",
                                            "total_writes_processed",
                                            "acl_access_denied_auth",
                                            "acl_access_denied_cmd",
                                            "acl_access_denied_key",
                                            "acl_access_denied_channel",
                                            "role",
                                            "connected_slaves",
                                            "master_replid",
                                            "master_replid2",
                                            "master_repl_offset",
                                            "second_repl_offset",
                                            "repl_backlog_active",
                                            "repl_backlog_size",
                                            "used_cpu_sys",
                                            "used_cpu_user",
                                            "used_cpu_sys_main_thread",
                                            "cluster_enabled",
                                            "db0"};

TEST_CASE("INFO has the sections and fields of Redis 7.2, and each field once") {
  TestServer server;
  auto client = server.connect();
  client("SET", "key", "value");
  const Report report = info(client);
  const std::vector<std::string> expected{"Server",       "Clients",     "Memory", "Persistence",
                                          "Stats",        "Replication", "CPU",    "Modules",
                                          "Commandstats", "Errorstats",  "Latencystats",
                                          "Cluster",      "Keyspace"};
  REQUIRE(report.sections.size() >= expected.size());
  // Those of modules stand behind them.
  CHECK(std::equal(expected.begin(), expected.end(), report.sections.begin()));
  for (const std::string& name : kExpected) {
    INFO(name);
    CHECK(report.fields.contains(name));
  }
}

TEST_CASE("INFO tells the truth about the server") {
  TestServer server;
  auto client = server.connect();
  auto other = server.connect();
  other("PING");
  const Report report = info(client);
  CHECK(report.fields.at("redis_version") == "7.2.4");
  CHECK(report.fields.at("server_name") == "larder");
  CHECK(number(report, "process_id") == server.pid());
  CHECK(number(report, "tcp_port") == server.port());
  CHECK(number(report, "connected_clients") == 2);
  CHECK(number(report, "maxclients") == 10000);
  CHECK(report.fields.at("run_id").size() == 40);
  CHECK(report.fields.at("listener0") ==
        "name=tcp,bind=127.0.0.1,port=" + std::to_string(server.port()));
  CHECK(report.fields.at("executable") == larder_server_path());
  server.restart();
  auto again = server.connect();
  CHECK(info(again).fields.at("run_id") != report.fields.at("run_id"));
}

TEST_CASE("INFO counts commands, errors, hits and bytes, and CONFIG RESETSTAT forgets them") {
  TestServer server;
  auto client = server.connect();
  client("SET", "key", "value");
  client("GET", "key");
  client("GET", "missing");
  CHECK(client("INCR", "key").is_error());
  CHECK(client("GET").is_error());
  CHECK(client("AUTH", "nobody", "wrong").is_error());
  Report report = info(client);
  CHECK(number(report, "keyspace_hits") == 1);
  CHECK(number(report, "keyspace_misses") == 1);
  CHECK(number(report, "total_error_replies") == 3);
  CHECK(number(report, "acl_access_denied_auth") == 1);
  CHECK(number(report, "total_net_input_bytes") > 100);
  CHECK(number(report, "total_net_output_bytes") > 30);
  CHECK(number(report, "rdb_changes_since_last_save") == 1);
  CHECK(report.fields.at("errorstat_ERR") == "count=2");
  CHECK(report.fields.at("errorstat_WRONGPASS") == "count=1");
  CHECK(report.fields.at("cmdstat_get").starts_with("calls=2,usec="));
  CHECK(report.fields.at("cmdstat_get").ends_with(",rejected_calls=1,failed_calls=0"));
  CHECK(report.fields.at("cmdstat_incr").ends_with(",rejected_calls=0,failed_calls=1"));
  CHECK(client("CONFIG", "RESETSTAT") == status("OK"));
  report = info(client);
  CHECK(number(report, "keyspace_hits") == 0);
  CHECK(number(report, "total_error_replies") == 0);
  CHECK(number(report, "total_commands_processed") <= 2);
  CHECK_FALSE(report.fields.contains("errorstat_ERR"));
  CHECK_FALSE(report.fields.contains("cmdstat_get"));
  CHECK(number(report, "rdb_changes_since_last_save") == 1);
}

TEST_CASE("INFO counts changes as Redis does") {
  TestServer server;
  auto client = server.connect(), waiting = server.connect();
  const auto changes = [&] { return number(info(client, "persistence"), "rdb_changes_since_last_save"); };
  client("RPUSH", "list", "a", "b", "c");
  CHECK(changes() == 3);
  client("LMOVE", "list", "other", "LEFT", "LEFT");
  CHECK(changes() == 4);
  client("LPOP", "other");  // and the list is gone
  CHECK(changes() == 5);
  client("SADD", "set", "a", "a", "b");
  CHECK(changes() == 7);
  client("DEL", "set", "list", "missing");
  CHECK(changes() == 9);
  client("HSET", "hash", "a", 1, "b", 2);
  client("RPUSH", "list", "a", "b");
  client("LPOP", "list", 2);
  CHECK(changes() == 15);
  client("PSETEX", "brief", 1, "x");
  CHECK(eventually([&] { return client("EXISTS", "brief") == 0; }));
  CHECK(changes() == 16);
  waiting.send({"BLPOP", "queue", "0"});
  CHECK(eventually([&] { return number(info(client, "clients"), "blocked_clients") == 1; }));
  client("RPUSH", "queue", "a");
  waiting.receive();
  CHECK(changes() == 18);
}

TEST_CASE("INFO counts refused connections") {
  TestServer server({"--maxclients", "2"});
  auto first = server.connect();
  // The connection by which the server was found ready has to be gone.
  REQUIRE(eventually([&] { return number(info(first), "connected_clients") == 1; }));
  auto second = server.connect();
  CHECK(second("PING") == status("PONG"));
  auto third = server.connect();
  CHECK(third.receive() == is_error("ERR max number of clients reached"));
  CHECK(number(info(first), "rejected_connections") == 1);
}

TEST_CASE("INFO shows a rate while commands come, and none afterwards") {
  TestServer server({"--hz", "100"});
  auto client = server.connect();
  CHECK(eventually([&] {
    for (int i = 0; i < 200; i++) client("PING");
    return number(info(client, "stats"), "instantaneous_ops_per_sec") > 50;
  }));
}

TEST_CASE("INFO keyspace describes every database in use") {
  TestServer server;
  auto client = server.connect();
  client("SET", "a", "1");
  client("SET", "b", "1", "PX", "100000");
  client("SELECT", "3");
  client("SET", "c", "1");
  const Report report = info(client, "keyspace");
  CHECK(report.fields.size() == 2);
  CHECK(report.fields.at("db0").starts_with("keys=2,expires=1,avg_ttl="));
  CHECK(report.fields.at("db0") != "keys=2,expires=1,avg_ttl=0");
  CHECK(report.fields.at("db3") == "keys=1,expires=0,avg_ttl=0");
}

TEST_CASE("used memory follows the data, and the peak stays") {
  TestServer server({"--enable-debug-command", "yes"});
  auto client = server.connect();
  if (!counts_memory(client)) return;
  const int64_t before = number(info(client, "memory"), "used_memory");
  client("DEBUG", "POPULATE", "2000", "key", "5000");
  const Report full = info(client, "memory");
  CHECK(number(full, "used_memory") > before + 2000 * 5000);
  CHECK(number(full, "used_memory") < before + 2000 * 6000);
  CHECK(number(full, "used_memory_dataset") > 2000 * 5000);
  client("FLUSHALL");
  CHECK(eventually(
      [&] { return number(info(client, "memory"), "used_memory") < before + 1'000'000; }));
  CHECK(number(info(client, "memory"), "used_memory_peak") >= number(full, "used_memory"));
}

TEST_CASE("MEMORY USAGE of all keys is what the allocator handed out, within a tenth") {
  struct Kind {
    const char* prefix;
    int count;
    int size;
  };
  for (const Kind& kind : {Kind{"a", 5000, 8}, Kind{"b", 3000, 100}, Kind{"c", 300, 50000}}) {
    // What the server keeps about keys is no part of them.
    TestServer server({"--enable-debug-command", "yes", "--cache-stats", "no", "--hotspots", "no",
                       "--latency-tracking", "no"});
    auto client = server.connect();
    if (!counts_memory(client)) return;
    const int64_t before = number(info(client, "memory"), "used_memory");
    client("DEBUG", "POPULATE", kind.count, kind.prefix, kind.size);
    const int64_t handed_out = number(info(client, "memory"), "used_memory") - before;
    int64_t sum = 0;
    for (int i = 0; i < kind.count; i++) {
      client.send({"MEMORY", "USAGE", kind.prefix + (":" + std::to_string(i))});
    }
    for (int i = 0; i < kind.count; i++) sum += client.receive().integer;
    INFO(kind.count << " of " << kind.size << " bytes: " << sum << " of " << handed_out);
    CHECK(sum > handed_out * 9 / 10);
    CHECK(sum < handed_out * 11 / 10);
  }
}

}  // namespace
}  // namespace larder
