// Gives memory back, from what is harmless to what clients may notice, in slices between the turns
// of the loop.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

#include "server/background/background_work.h"
#include "server/memory/memory_level.h"
#include "server/module/host.h"

namespace larder {

// What the steps may do; set before a run.
struct ReliefRules {
  int64_t slice_us = 1000;
  size_t client_bytes = 0;      // what all clients together may take; 0: any amount
  int64_t idle_timeout_ms = 0;  // clients that were silent for longer are dropped; 0: none is
  size_t evict_bytes = 0;       // of keys, ahead of the limit
};

class Relief final : public BackgroundTask {
 public:
  struct Outcome {
    std::string_view name;
    size_t freed_bytes = 0;  // the last time
    int64_t at_ms = 0;       // 0: it has not run yet
    int64_t began_ms = 0;    // the same moment, by the monotonic clock
    uint64_t runs = 0;
    uint64_t total_bytes = 0;
  };
  static constexpr size_t kStepCount = 9;

  explicit Relief(Host& host);

  // Begins a run of the steps up to a level. One that is under way goes on, up to the higher of the
  // two. `repeats_all`: also steps that cost much and were run a moment ago.
  void start(MemoryLevel level, const ReliefRules& rules, bool repeats_all);
  bool is_running() const { return step_ < kStepCount; }
  void run(Deadline deadline) override;
  // Runs to the end at once.
  void finish(Deadline deadline);
  // The same, without what is harmless and slow: for when there is no time for that.
  void hurry(Deadline deadline);

  // The bytes that the run under way, or the last one, has given back.
  size_t freed_bytes() const { return freed_bytes_; }
  uint64_t total_bytes() const { return total_bytes_; }
  // Of each step, in their order.
  const std::array<Outcome, kStepCount>& outcomes() const { return outcomes_; }

  // Called at the end of each run.
  std::function<void()> on_finished;

 private:
  struct Step;
  static const Step kSteps[kStepCount];
  static size_t first_costly_step();

  bool expire(Deadline deadline);
  bool shrink_buffers(Deadline deadline);
  bool compact_tables(Deadline deadline);
  bool purge(Deadline deadline);
  bool defragment(Deadline deadline);
  bool evict_clients(Deadline deadline);
  bool drop_idle_clients(Deadline deadline);
  bool evict_keys(Deadline deadline);

  void begin_step();
  bool is_due(const Step& step) const;
  // What a step gives back elsewhere than in used memory, or later.
  void add_freed(size_t bytes);

  Host& host_;
  MemoryLevel level_ = MemoryLevel::normal;
  ReliefRules rules_;
  bool repeats_all_ = false;
  size_t step_ = kStepCount;  // the one under way
  size_t slices_ = 0;         // of it
  size_t freed_bytes_ = 0;
  uint64_t total_bytes_ = 0;
  std::array<Outcome, kStepCount> outcomes_{};
};

}  // namespace larder
