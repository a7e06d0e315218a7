#include "server/commands/memory_doctor.h"

#include <string_view>

#include "server/base/numbers.h"

namespace larder {
namespace {

// The least data about which anything can be said.
constexpr size_t kNotableUse = 5 << 20;
// Below this an overhang is no matter, whatever its ratio.
constexpr int64_t kNotableBytes = 10 << 20;
constexpr size_t kLargeClient = 200 << 10;
constexpr size_t kLargeReplica = 10 << 20;

// What a finding looks at.
struct Case {
  const MemoryReport& report;
  const Services& services;

  std::string option(std::string_view name) const {
    const OptionBase* found = services.options.find(name);
    return found == nullptr ? "" : found->text();
  }
  bool evicts() const { return option("maxmemory-policy") != "noeviction"; }
};

bool is_high(const MemoryOverhang& overhang, double ratio) {
  return overhang.ratio > ratio && overhang.bytes > kNotableBytes;
}

std::string people(size_t bytes) {
  return format_bytes_human(bytes);
}

// --- Findings: a sentence or more, or nothing ---

std::string beyond_machine(const Case& given) {
  const MachineLimit& machine = given.services.memory.machine();
  const size_t limit = given.services.memory.limit();
  if (machine.bytes == 0) return "";
  const std::string place = people(machine.bytes) + " (" + machine.source + ")";
  if (limit > machine.bytes / 20 * 19) {
    return "Limit: maxmemory is " + people(limit) + ", but the process may take no more than " +
           place +
           ", and it takes more than its data. The kernel will end it before maxmemory is reached: "
           "set "
           "maxmemory to auto, or to four fifths of that.";
  }
  if (limit == 0 && given.report.resident > machine.bytes / 4 * 3) {
    return "Limit: the process takes " + people(given.report.resident) + " of the " + place +
           " that it may, and maxmemory sets no limit. Set maxmemory to auto, and maxmemory-policy "
           "to "
           "what may be evicted.";
  }
  return "";
}

std::string nearly_full(const Case& given) {
  const size_t limit = given.services.memory.limit();
  if (limit == 0 || given.evicts() || given.report.used < limit / 10 * 9) return "";
  return "Full: " + people(given.report.used) + " of the " + people(limit) +
         " that maxmemory allows are used, and maxmemory-policy evicts nothing: commands that need "
         "memory are, or will soon be, refused.";
}

std::string big_peak(const Case& given) {
  if (given.report.peak <= given.report.used / 2 * 3) return "";
  return "Peak: at some time the server used " + people(given.report.peak) +
         ", more than one and a half times what it uses now. The allocator may keep some of that, "
         "which "
         "makes the fragmentation look high; MEMORY PURGE gives it back.";
}

std::string fragmented(const Case& given) {
  if (!is_high(given.report.total, 1.4)) return "";
  const std::string advice =
      given.option("activedefrag") == "yes"
          ? "Active defragmentation is on and works at it."
          : "CONFIG SET activedefrag yes packs the data again while the server runs.";
  return "Fragmentation: the process takes more than 1.4 times what its data needs. If the peak "
         "was not "
         "much higher, sizes of values have changed a lot. " +
         advice;
}

std::string sparse_pages(const Case& given) {
  if (!is_high(given.report.allocator_fragmentation, 1.1)) return "";
  return "Allocator: its pages are " +
         people(static_cast<size_t>(given.report.allocator_fragmentation.bytes)) +
         " larger than what lies in them, more than 10 %. Values that went have left holes; active "
         "defragmentation (activedefrag) closes them, or new values of the same sizes do.";
}

std::string unused_pages(const Case& given) {
  if (!is_high(given.report.allocator_resident, 1.1)) return "";
  return "Unused pages: the allocator keeps more than 10 % of its memory for later. It gives it "
         "back by "
         "itself within seconds; MEMORY PURGE does so at once.";
}

std::string outside_allocator(const Case& given) {
  if (!is_high(given.report.process, 1.1)) return "";
  return "Process: it takes more than 10 % beyond what the allocator knows of: libraries, stacks "
         "of "
         "threads, or huge pages. Look whether transparent huge pages are set to always.";
}

std::string big_clients(const Case& given) {
  const MemoryReport& report = given.report;
  const bool is_one =
      report.largest_client > kNotableUse && report.largest_client > report.clients / 2;
  const bool are_many =
      report.client_count > 0 && report.clients / report.client_count > kLargeClient;
  if (is_one) {
    return "Clients: client id=" + std::to_string(report.largest_client_id) + " alone takes " +
           people(report.largest_client) +
           ". It does not read its replies, or sends a very large request: see its line of CLIENT "
           "LIST. "
           "client-output-buffer-limit and maxmemory-clients bound this.";
  }
  if (!are_many) return "";
  return "Clients: they take more than 200 kB each in the mean, " + people(report.clients) +
         " together. CLIENT LIST shows (tot-mem) which of them do not read their replies; "
         "maxmemory-clients bounds what all of them take.";
}

std::string big_replicas(const Case& given) {
  const MemoryReport& report = given.report;
  if (report.replica_count == 0 || report.replicas / report.replica_count <= kLargeReplica)
    return "";
  return "Replicas: their output waits, more than 10 MB for each in the mean. They, or the network "
         "to "
         "them, are too slow for what is written here.";
}

constexpr std::string (*kFindings[])(const Case&) = {
    beyond_machine, nearly_full,       big_peak,    fragmented,   sparse_pages,
    unused_pages,   outside_allocator, big_clients, big_replicas,
};

}  // namespace

std::string memory_advice(const MemoryReport& report, const Services& services) {
  const Case given{report, services};
  std::string advice;
  for (const auto finding : kFindings) {
    const std::string found = finding(given);
    // What stands out without data is what the clients do.
    const bool is_small = report.used < kNotableUse && finding != big_clients;
    if (!found.empty() && !is_small) advice += found + '\n';
  }
  if (!advice.empty()) return advice;
  if (report.used < kNotableUse) {
    return "There is too little data for an opinion: fill the server first.\n";
  }
  return "Nothing is wrong with the memory of this server.\n";
}

}  // namespace larder
