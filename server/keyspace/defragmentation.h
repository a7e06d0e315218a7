// Active defragmentation: moves entries, tables and the parts of large values out of slabs that are
// nearly empty, so that the allocator can give their pages back.
//
// A round is a walk over all databases in slices. It begins when the allocator's pages are much larger
// than what lies in them (`activedefrag` and its thresholds, as in Redis), and goes on until they are
// not; the worse it is, the larger the share of the processor. Memory pressure may ask for a round too.
// Off and at rest it costs nothing.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "server/background/background_work.h"
#include "server/base/allocation_mover.h"
#include "server/base/allocator.h"
#include "server/info/info.h"
#include "server/keyspace/defragmentation_options.h"
#include "server/keyspace/keyspace.h"

namespace larder {

// How far the allocator's pages are from full.
struct Fragmentation {
  double percent = 0;  // by which the pages are larger than what lies in them
  size_t bytes = 0;
};
Fragmentation fragmentation_of(const MemoryFigures& figures);

class Defragmentation final : public BackgroundTask {
 public:
  // The percentage of one processor that the work may take; 0: there is nothing worth it.
  static int effort(const Fragmentation& fragmentation, const DefragmentationOptions& options);

  // Both outlive this.
  Defragmentation(Keyspace& keyspace, const DefragmentationOptions& options);

  // Looks whether a round is due, from the tick. `figures`: those of the tick.
  void check(const MemoryFigures& figures);
  // Begins a round with the largest share of the processor that the options allow, as far as there is
  // anything to gain, unless one is under way.
  void start_round();
  bool is_running() const { return effort_ > 0; }
  // Whether this allocator can tell what sits in a sparse slab.
  static bool is_supported() { return AllocationMover::is_supported(); }

  void run(Deadline deadline) override;

  InfoGroup memory_info{"Memory"};
  InfoGroup stats{"Stats"};

 private:
  // A value too large for one step: the walk comes back to it by its name.
  struct Unfinished {
    size_t database;
    std::string key;
    uint64_t position;
  };
  static constexpr int64_t kSliceUs = 500;
  // The least that lies idle in pages for which start_round bothers.
  static constexpr size_t kWorthwhileBytes = 2 << 20;

  void begin(int percent);
  void end();
  void step();
  void step_table();
  void move_entries();
  void move_parts_of(Database::Slot& slot);
  void go_on_with(Unfinished& unfinished);

  Keyspace& keyspace_;
  const DefragmentationOptions& options_;
  AllocationMover mover_;
  int effort_ = 0;  // percent of the processor; 0: at rest
  size_t database_ = 0;
  uint64_t position_ = 0;
  std::deque<Unfinished> unfinished_;
  // Of the segment that is being looked at; kept for their memory.
  std::vector<Database::Slot*> slots_;
  std::vector<void*> entries_;
  int64_t round_started_us_ = 0;
  int64_t finished_rounds_us_ = 0;

  Field running_{memory_info, "active_defrag_running", [this] { return effort_; }};
  Counter hits_{stats, "active_defrag_hits"};
  Counter misses_{stats, "active_defrag_misses"};
  Counter key_hits_{stats, "active_defrag_key_hits"};
  Counter key_misses_{stats, "active_defrag_key_misses"};
  Field total_time_{stats, "total_active_defrag_time", InfoKind::count,
                    [this] { return (finished_rounds_us_ + current_us()) / 1000; }};
  Field current_time_{stats, "current_active_defrag_time", [this] { return current_us() / 1000; }};
  int64_t current_us() const { return effort_ == 0 ? 0 : monotonic_us() - round_started_us_; }
};

}  // namespace larder
