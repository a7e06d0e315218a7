// How much memory the process uses, has used, and takes from the machine.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>

#include "server/base/allocator.h"
#include "server/memory/memory_level.h"
#include "server/memory/memory_limit.h"

namespace larder {

class MemoryUsage {
 public:
  // Reads the allocator's counters and the kernel's. Some 10 microseconds; once a tick.
  void sample();
  // What is used now is the server itself, before there is any data.
  void mark_startup() { startup_ = used_memory(); }

  // What `maxmemory` comes to in bytes, 0: no limit; and the least of what the machine and the control
  // groups allow, 0: unknown.
  size_t limit() const { return limit_; }
  void set_limit(size_t bytes) { limit_ = bytes; }
  const MachineLimit& machine() const { return machine_; }
  void find_machine() { machine_ = find_machine_limit(); }

  // How short of memory the server is, as whoever watches it has found; normal while nobody does.
  MemoryLevel level() const { return level_; }
  void set_level(MemoryLevel level) { level_ = level; }

  // Calls `function` once after a turn in which used memory has reached `bytes`; it may set another
  // alarm. SIZE_MAX: never. One alarm at a time.
  void set_alarm(size_t bytes, std::function<void()> function) {
    alarm_bytes_ = bytes;
    on_alarm_ = std::move(function);
  }
  // For the loop, once a turn. A few loads.
  void check_alarm() {
    if (used_memory() < alarm_bytes_) [[likely]] return;
    alarm_bytes_ = SIZE_MAX;
    const std::function<void()> function = std::move(on_alarm_);
    function();
  }

  // All in bytes. The peak is the largest of the samples and of the moments at which it was asked
  // for.
  size_t used() const { return used_memory(); }
  size_t peak() { return peak_ = std::max(peak_, used_memory()); }
  size_t startup() const { return startup_; }

  // At the last sample, so that they can be compared with each other.
  size_t sampled_used() const { return sampled_used_; }
  size_t resident() const { return resident_; }
  const MemoryFigures& allocator() const { return allocator_; }

 private:
  size_t startup_ = 0;
  size_t peak_ = 0;
  size_t sampled_used_ = 0;
  size_t resident_ = 0;
  MemoryFigures allocator_{};
  size_t limit_ = 0;
  MachineLimit machine_;
  MemoryLevel level_ = MemoryLevel::normal;
  size_t alarm_bytes_ = SIZE_MAX;
  std::function<void()> on_alarm_;
};

// The memory of the machine; 0: unknown.
size_t machine_memory();

}  // namespace larder
