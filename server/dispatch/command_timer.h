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

#include <cstdint>
#include <span>
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

  void begin_alone();
  // Nanoseconds since the begin_alone() that it belongs to.
  int64_t end_alone();
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

  const Hooks& hooks_;
  DispatchStats& stats_;
  // The run that goes on; no command: there is none.
  const Command* run_command_ = nullptr;
  uint64_t run_calls_ = 0;
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
