// Measures commands, in runs or one by one (TimedRun says which and why), counts them, and tells
// those who listen.
//
//   joins_run       the next command of the run that goes on: a comparison, and no clock
//   begins_run      another short command: the run before it ends, and one clock read separates
//   them begin_alone     a command to be timed by itself, with end_alone behind it; may nest (EXEC)
//   pause           nothing runs for now: the run ends, and what follows is nobody's time
//
// Within a batch the end of one measurement is the beginning of the next, so that the clock is read
// once for each.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>
#include <string_view>

#include "server/command/hooks.h"
#include "server/dispatch/dispatch_stats.h"

namespace larder {

class CommandTimer {
 public:
  CommandTimer(const Hooks& hooks, DispatchStats& stats) : hooks_(hooks), stats_(stats) {}

  bool joins_run(const Command& command) {
    if (&command != run_command_) [[unlikely]]
      return false;
    run_calls_++;
    return true;
  }
  bool begins_run(const Client& client, const Command& command,
                  std::span<const std::string_view> arguments);
  void end_run();
  bool is_in_run() const { return run_command_ != nullptr; }
  // The command of the run that goes on, and how many of its calls have come since this was last
  // asked; 0: none.
  const Command* run_command() const { return run_command_; }
  uint64_t take_new_calls() {
    return run_command_ == nullptr ? 0 : run_calls_ - std::exchange(taken_calls_, run_calls_);
  }

  // When the last command that was timed by itself, or the last run, was over, if nothing else has begun
  // since; else 0.
  int64_t last_end_ns() const { return last_end_ns_; }

  void begin_alone();
  // Nanoseconds since the begin_alone() that it belongs to.
  int64_t end_alone();
  // Behind end_alone(): how long the client's request had waited when it began.
  int64_t queued_ns(const Client& client) const {
    return queued_ns(client, alone_began_ns_[depth_]);
  }
  // Counts what has been timed, and tells it.
  void count(const TimedRun& run);

  // Returns the clock, in nanoseconds.
  int64_t pause();

  // While one of these lives, every command is timed by itself.
  class Exactly {
   public:
    explicit Exactly(CommandTimer& timer) : timer_(timer) {
      timer_.end_run();
      timer_.exact_depth_++;
    }
    ~Exactly() { timer_.exact_depth_--; }
    Exactly(const Exactly&) = delete;
    Exactly& operator=(const Exactly&) = delete;

   private:
    CommandTimer& timer_;
  };

 private:
  static constexpr size_t kMaxDepth = 4;  // a command in EXEC is the second

  int64_t start_ns();
  static int64_t queued_ns(const Client& client, int64_t began_ns) {
    return client.readable_us == 0 ? 0 : std::max<int64_t>(began_ns - client.readable_us * 1000, 0);
  }

  const Hooks& hooks_;
  DispatchStats& stats_;
  // The run that goes on; no command: there is none.
  const Command* run_command_ = nullptr;
  uint64_t run_calls_ = 0;
  uint64_t taken_calls_ = 0;
  int64_t run_began_ns_ = 0;
  const Client* run_client_ = nullptr;  // of its first call
  std::span<const std::string_view> run_arguments_;
  // Those that are timed alone now, from the outermost in.
  int64_t alone_began_ns_[kMaxDepth] = {};
  size_t depth_ = 0;
  int64_t last_end_ns_ = 0;  // of what was measured last; 0: something else came behind it
  size_t exact_depth_ = 0;
};

}  // namespace larder
