// Work that is done in slices between the turns of the loop, and never all at once.
//
// A task says when it wants its next slice. The loop runs those that are due after the replies of a turn
// have left, and wakes up for the next one when nothing else does; a task that is at rest costs a
// comparison a turn.
#pragma once

#include <cstdint>
#include <vector>

#include "server/base/clock.h"

namespace larder {

class BackgroundTask {
 public:
  static constexpr int64_t kNever = INT64_MAX;

  // When the next slice is due, by monotonic_us(); 0: at once, kNever: not before something changes.
  int64_t next_us() const { return next_us_; }
  // How long a slice may take.
  int64_t slice_us() const { return slice_us_; }
  // One slice: works until the deadline passes, and says with plan() when the next is due.
  virtual void run(Deadline deadline) = 0;

 protected:
  ~BackgroundTask() = default;
  void plan(int64_t at_us) { next_us_ = at_us; }
  void set_slice_us(int64_t slice_us) { slice_us_ = slice_us; }

 private:
  int64_t next_us_ = kNever;
  int64_t slice_us_ = 500;
};

class BackgroundWork {
 public:
  // The task outlives this.
  void add(BackgroundTask& task) { tasks_.push_back(&task); }

  // Runs one slice of each task that is due. To be called after each turn; reads the clock only while
  // some task is not at rest.
  void run() {
    if (next_us() == BackgroundTask::kNever) [[likely]] return;
    const int64_t now_us = monotonic_us();
    for (BackgroundTask* task : tasks_) {
      if (task->next_us() <= now_us) task->run(Deadline::in_us(task->slice_us()));
    }
  }
  // The earliest moment at which run() has something to do.
  int64_t next_us() const {
    int64_t next = BackgroundTask::kNever;
    for (const BackgroundTask* task : tasks_) {
      if (task->next_us() < next) next = task->next_us();
    }
    return next;
  }

 private:
  std::vector<BackgroundTask*> tasks_;
};

}  // namespace larder
