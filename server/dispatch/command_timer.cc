#include "server/dispatch/command_timer.h"

#include <utility>

#include "server/base/assert.h"
#include "server/base/clock.h"

namespace larder {

int64_t CommandTimer::start_ns() {
  const int64_t last = std::exchange(last_end_ns_, 0);
  return last != 0 ? last : monotonic_ns();
}

bool CommandTimer::begins_run(const Client& client, const Command& command,
                              std::span<const std::string_view> arguments) {
  end_run();
  if (exact_depth_ != 0 || hooks_.exact_timing != 0 || hooks_.command_finished.is_used() ||
      !command.is_timed_in_runs()) {
    return false;
  }
  run_command_ = &command;
  run_calls_ = 1;
  taken_calls_ = 0;
  run_client_ = &client;
  run_arguments_ = arguments;
  run_began_ns_ = start_ns();
  return true;
}

void CommandTimer::end_run() {
  if (run_command_ == nullptr) return;
  last_end_ns_ = monotonic_ns();
  const int64_t elapsed_ns = last_end_ns_ - run_began_ns_;
  stats_.command_ns += elapsed_ns;
  TimedRun run{*std::exchange(run_command_, nullptr), run_calls_, elapsed_ns};
  run.queued_ns = queued_ns(*run_client_, run_began_ns_);
  if (run_calls_ == 1) {
    run.client = run_client_;
    run.arguments = run_arguments_;
  }
  count(run);
}

void CommandTimer::begin_alone() {
  LARDER_ASSERT(depth_ < kMaxDepth);
  end_run();
  alone_began_ns_[depth_++] = start_ns();
}

int64_t CommandTimer::end_alone() {
  // A command may have let others run, in a run of their own.
  end_run();
  last_end_ns_ = monotonic_ns();
  const int64_t elapsed_ns = last_end_ns_ - alone_began_ns_[--depth_];
  if (depth_ == 0) stats_.command_ns += elapsed_ns;
  return elapsed_ns;
}

void CommandTimer::count(const TimedRun& run) {
  stats_.commands_processed += run.calls;
  run.command.stats.calls += run.calls;
  run.command.stats.nanoseconds += static_cast<uint64_t>(run.nanoseconds);
  hooks_.commands_timed(run);
}

int64_t CommandTimer::pause() {
  end_run();
  return start_ns();
}

}  // namespace larder
