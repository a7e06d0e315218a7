// What memory pressure is measured by.
#pragma once

#include <cstddef>

#include "server/module/host.h"

namespace larder {

// Sizes in bytes; a limit of 0: there is none.
struct PressureReading {
  size_t used = 0;
  size_t used_limit = 0;
  size_t resident = 0;
  size_t resident_limit = 0;
  double stall_percent = 0;  // of the last ten seconds, in which a process waited for memory
};

class PressureMeter {
 public:
  virtual ~PressureMeter() = default;
  virtual PressureReading read() = 0;
};

// Measures the server.
//
// Used memory counts against maxmemory where nothing is evicted: what comes at that limit are
// errors. Where keys are evicted a full cache is the normal state, and eviction keeps it at
// maxmemory; there it counts against what the machine allows, as does what is resident.
class ServerMeter final : public PressureMeter {
 public:
  explicit ServerMeter(Host& host) : host_(host) {}
  // A look at the allocator's counters and two or three small files: some 50 microseconds.
  PressureReading read() override;

 private:
  bool evicts() const;

  Host& host_;
};

}  // namespace larder
