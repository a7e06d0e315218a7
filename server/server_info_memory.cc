// INFO memory.
#include <string>

#include "server/base/numbers.h"
#include "server/commands/memory_report.h"
#include "server/server_info.h"

namespace larder {
namespace {

class MemoryWriter {
 public:
  explicit MemoryWriter(InfoWriter& writer) : writer_(writer) {}
  void bytes(const std::string& name, size_t value) { writer_.line(name, std::to_string(value)); }
  // With a second line for people.
  void bytes_human(const std::string& name, size_t value) {
    bytes(name, value);
    writer_.line(name + "_human", format_bytes_human(value));
  }
  void percent(const std::string& name, double value) {
    writer_.line(name, format_fixed(value, 2) + '%');
  }
  void overhang(const std::string& ratio_name, const std::string& bytes_name,
                const MemoryOverhang& overhang) {
    writer_.line(ratio_name, format_fixed(overhang.ratio, 2));
    writer_.line(bytes_name, to_text(overhang.bytes));
  }
  void text(const std::string& name, std::string_view value) { writer_.line(name, value); }

 private:
  InfoWriter& writer_;
};

void write_use(MemoryWriter& writer, const MemoryReport& report) {
  writer.bytes_human("used_memory", report.used);
  writer.bytes_human("used_memory_rss", report.resident);
  writer.bytes_human("used_memory_peak", report.peak);
  writer.percent("used_memory_peak_perc", report.peak_percent);
  writer.bytes("used_memory_overhead", report.overhead);
  writer.bytes("used_memory_startup", report.startup);
  writer.bytes("used_memory_dataset", report.dataset);
  writer.percent("used_memory_dataset_perc", report.dataset_percent);
  writer.bytes("allocator_allocated", report.allocator.allocated);
  writer.bytes("allocator_active", report.allocator.active);
  writer.bytes("allocator_resident", report.allocator.resident);
}

void write_overhangs(MemoryWriter& writer, const MemoryReport& report) {
  writer.overhang("allocator_frag_ratio", "allocator_frag_bytes", report.allocator_fragmentation);
  writer.overhang("allocator_rss_ratio", "allocator_rss_bytes", report.allocator_resident);
  writer.overhang("rss_overhead_ratio", "rss_overhead_bytes", report.process);
  writer.overhang("mem_fragmentation_ratio", "mem_fragmentation_bytes", report.total);
}

}  // namespace

MemorySection::MemorySection(const InfoSources& sources)
    : InfoGroup("Memory"), fields_(*this, [sources](InfoWriter& out) {
        MemoryWriter writer(out);
        const MemoryReport report = make_memory_report(sources.services);
        write_use(writer, report);
        writer.bytes_human("total_system_memory", machine_memory());
        writer.bytes_human("maxmemory", sources.services.memory.limit());
        writer.text("maxmemory_policy", sources.configuration.eviction.maxmemory_policy.text());
        write_overhangs(writer, report);
        writer.bytes("mem_not_counted_for_evict", sources.services.keyspace.eviction.uncounted());
        writer.bytes("mem_clients_slaves", report.replicas);
        writer.bytes("mem_clients_normal", report.clients);
        writer.text("mem_allocator", allocator_name());
        writer.bytes("lazyfree_pending_objects", sources.services.keyspace.pending_disposal());
      }) {}

}  // namespace larder
