// How much memory the process may take before the kernel ends it, and the option that is written in
// terms of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "server/base/result.h"
#include "server/config/option.h"

namespace larder {

// The least of the machine's memory and the limits of all control groups that the process is in.
struct MachineLimit {
  size_t bytes = 0;    // 0: unknown
  std::string source;  // "machine", or the file that says it: "/sys/fs/cgroup/memory.max"
};

// Reads the limits of cgroup v2 (memory.max, memory.high) and v1 (memory.limit_in_bytes), of the
// process's own group and of all above it that can be seen, and the size of the machine. `root` stands in
// front of every path, for tests. Costs some file reads: at the start, and every few seconds later.
MachineLimit find_machine_limit(const std::string& root = "");

// What all processes of the group whose limit was found take and the kernel cannot drop: anonymous
// memory, and in v2 sockets and the kernel's own. 0 where the machine is the limit.
size_t group_memory(const MachineLimit& limit, const std::string& root = "");

// The percentage of the last ten seconds in which some process waited for memory (the kernel's pressure
// stall information), of the group whose limit was found or of the machine; 0 where the kernel does not
// tell.
double memory_stall_percent(const MachineLimit& limit, const std::string& root = "");

// The value of maxmemory: bytes (with a unit), a percentage of the limit that was found, or "auto", which
// is kAutoPercent of it. CONFIG GET and REWRITE show a relative value as it was written.
class MemoryLimit {
 public:
  // The process takes more than its data: pages that are not full, buffers, the program itself.
  static constexpr uint64_t kAutoPercent = 80;

  // In bytes, 0: no limit. A relative value without a known limit is none.
  size_t bytes(size_t machine_bytes) const;
  // Whether it follows the limit that was found.
  bool is_relative() const { return kind_ != Kind::bytes; }

  // The four that the option kit asks for.
  Status read(WordsView words, Reading reading);
  std::string text() const;
  std::vector<Words> lines() const;
  bool operator==(const MemoryLimit&) const = default;

 private:
  enum class Kind : uint8_t { bytes, percent, automatic };

  Kind kind_ = Kind::bytes;
  uint64_t amount_ = 0;  // bytes or percent
};

}  // namespace larder
