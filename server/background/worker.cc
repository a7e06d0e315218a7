#include "server/background/worker.h"

#include <csignal>
#include <utility>

namespace larder {

Worker::~Worker() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
    waiting_.clear();
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Worker::post(std::function<void()> function) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(function));
  }
  if (!thread_.joinable()) {
    // Signals are for the loop's thread: the new one inherits a mask that blocks them all.
    sigset_t all;
    sigset_t former;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &former);
    thread_ = std::thread([this] { run(); });
    pthread_sigmask(SIG_SETMASK, &former, nullptr);
  }
  changed_.notify_one();
}

size_t Worker::pending() {
  const std::lock_guard lock(mutex_);
  return waiting_.size() + running_;
}

void Worker::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return is_ending_ || !waiting_.empty(); });
    if (is_ending_) return;
    const std::function<void()> function = std::move(waiting_.front());
    waiting_.pop_front();
    running_++;
    lock.unlock();
    function();
    lock.lock();
    running_--;
  }
}

}  // namespace larder
