// A thread for what would stall the loop and touches nothing that the loop touches: giving the
// allocator's unused pages back to the kernel.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace larder {

class Worker {
 public:
  Worker() = default;
  // Finishes what was begun; what has not begun is dropped.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Runs the function on the thread, which starts with the first one: not before the process has gone
  // to the background, because a fork leaves threads behind.
  void post(std::function<void()> function);
  // How many functions wait or run.
  size_t pending();

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> waiting_;
  size_t running_ = 0;
  bool is_ending_ = false;
  std::thread thread_;
};

}  // namespace larder
