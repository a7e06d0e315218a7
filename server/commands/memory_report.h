// Where the memory goes, for INFO memory, MEMORY STATS and MEMORY DOCTOR.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "server/command/context.h"

namespace larder {

// A relation of two sizes of the process, as Redis's reports name them: how much more one is.
struct MemoryOverhang {
  double ratio = 0;
  int64_t bytes = 0;
};

// All sizes in bytes.
struct MemoryReport {
  struct DatabaseTables {
    int index;
    size_t keys;
    size_t main;     // the table of keys
    size_t expires;  // the index of expiries
  };

  size_t used = 0;
  size_t peak = 0;
  size_t startup = 0;
  size_t resident = 0;
  MemoryFigures allocator{};
  size_t client_count = 0;   // replicas are none
  size_t clients = 0;        // their buffers and sessions
  size_t largest_client = 0;
  uint64_t largest_client_id = 0;
  size_t replica_count = 0;
  size_t replicas = 0;
  size_t keys = 0;
  std::vector<DatabaseTables> databases;  // those that hold keys

  size_t overhead = 0;         // what is not keys and values
  size_t dataset = 0;          // what is
  double dataset_percent = 0;  // of what is used beyond startup
  double peak_percent = 0;
  size_t bytes_per_key = 0;

  MemoryOverhang allocator_fragmentation;  // pages in use over bytes in use
  MemoryOverhang allocator_resident;       // pages backed by memory over pages in use
  MemoryOverhang process;                  // the process over the allocator
  MemoryOverhang total;                    // the process over bytes in use
};

// Cost: a look at each client and each database.
MemoryReport make_memory_report(const Services& services);

}  // namespace larder
