// How much memory the process uses, has used, and takes from the machine.
#pragma once

#include <algorithm>
#include <cstddef>

#include "server/base/allocator.h"

namespace larder {

class MemoryUsage {
 public:
  // Reads the allocator's counters and the kernel's. Some 10 microseconds; once a tick.
  void sample();
  // What is used now is the server itself, before there is any data.
  void mark_startup() { startup_ = used_memory(); }

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
};

// The memory of the machine; 0: unknown.
size_t machine_memory();

}  // namespace larder
