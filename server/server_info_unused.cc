// What INFO says of the features that Larder does not have yet.
#include "server/base/text.h"
#include "server/server_info.h"

namespace larder {
namespace {

struct UnusedField {
  std::string_view section;
  std::string_view name;
  std::string_view value = "0";
  InfoKind kind = InfoKind::plain;
};

// A part that brings one of these features takes its rows out and has fields of its own.
constexpr UnusedField kUnusedFields[] = {
    {"Memory", "used_memory_lua"},
    {"Memory", "used_memory_vm_eval"},
    {"Memory", "used_memory_lua_human", "0B"},
    {"Memory", "used_memory_scripts_eval"},
    {"Memory", "number_of_cached_scripts"},
    {"Memory", "number_of_functions"},
    {"Memory", "number_of_libraries"},
    {"Memory", "used_memory_vm_functions"},
    {"Memory", "used_memory_vm_total"},
    {"Memory", "used_memory_vm_total_human", "0B"},
    {"Memory", "used_memory_functions"},
    {"Memory", "used_memory_scripts"},
    {"Memory", "used_memory_scripts_human", "0B"},
    {"Memory", "mem_replication_backlog"},
    {"Memory", "mem_total_replication_buffers"},
    {"Memory", "mem_cluster_links"},
    {"Memory", "mem_aof_buffer"},

    {"Persistence", "loading"},
    {"Persistence", "async_loading"},
    {"Persistence", "current_cow_peak"},
    {"Persistence", "current_cow_size"},
    {"Persistence", "current_cow_size_age"},
    {"Persistence", "current_fork_perc", "0.00"},
    {"Persistence", "current_save_keys_processed"},
    {"Persistence", "current_save_keys_total"},
    {"Persistence", "rdb_bgsave_in_progress"},
    {"Persistence", "rdb_last_bgsave_status", "ok"},
    {"Persistence", "rdb_last_bgsave_time_sec", "-1"},
    {"Persistence", "rdb_current_bgsave_time_sec", "-1"},
    {"Persistence", "rdb_saves"},
    {"Persistence", "rdb_last_cow_size"},
    {"Persistence", "rdb_last_load_keys_expired"},
    {"Persistence", "rdb_last_load_keys_loaded"},
    {"Persistence", "aof_enabled"},
    {"Persistence", "aof_rewrite_in_progress"},
    {"Persistence", "aof_rewrite_scheduled"},
    {"Persistence", "aof_last_rewrite_time_sec", "-1"},
    {"Persistence", "aof_current_rewrite_time_sec", "-1"},
    {"Persistence", "aof_last_bgrewrite_status", "ok"},
    {"Persistence", "aof_rewrites", "0", InfoKind::count},
    {"Persistence", "aof_rewrites_consecutive_failures"},
    {"Persistence", "aof_last_write_status", "ok"},
    {"Persistence", "aof_last_cow_size"},
    {"Persistence", "module_fork_in_progress"},
    {"Persistence", "module_fork_last_cow_size"},

    {"Stats", "total_net_repl_input_bytes"},
    {"Stats", "total_net_repl_output_bytes"},
    {"Stats", "instantaneous_input_repl_kbps", "0.00"},
    {"Stats", "instantaneous_output_repl_kbps", "0.00"},
    {"Stats", "sync_full"},
    {"Stats", "sync_partial_ok"},
    {"Stats", "sync_partial_err"},
    {"Stats", "expired_stale_perc", "0.00"},
    {"Stats", "latest_fork_usec"},
    {"Stats", "total_forks", "0", InfoKind::count},
    {"Stats", "migrate_cached_sockets"},
    {"Stats", "slave_expires_tracked_keys"},
    {"Stats", "unexpected_error_replies"},
    {"Stats", "dump_payload_sanitizations"},
    {"Stats", "reply_buffer_shrinks"},
    {"Stats", "reply_buffer_expands"},
    {"Stats", "io_threaded_reads_processed"},
    {"Stats", "io_threaded_writes_processed"},

    {"Cluster", "cluster_enabled"},
};

}  // namespace

UnusedFeatures::UnusedFeatures(std::string_view section, InfoScope scope)
    : InfoGroup(section, scope), fields_(*this, [section](InfoWriter& writer) {
        for (const UnusedField& field : kUnusedFields) {
          if (field.section == section) writer.line(field.name, field.value, field.kind);
        }
      }) {}

}  // namespace larder
