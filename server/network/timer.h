// Calls a function later, on the reactor's thread, in the poll phase of a turn.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

namespace larder {

class Reactor;

// Destroying a timer stops it, also from within its own function. It must go before its reactor.
class Timer {
 public:
  Timer() = default;
  explicit Timer(Reactor& reactor);

  // Milliseconds count from now_ms() of the reactor. Starting a running timer starts it anew.
  void start_once(uint64_t after_ms, std::function<void()> function);
  void start_repeating(uint64_t every_ms, std::function<void()> function);
  // For a repeating timer: another distance, from the next call on.
  void set_interval(uint64_t every_ms);
  void stop();
  bool is_running() const;

 private:
  struct Handle;
  struct Closer {
    void operator()(Handle* handle) const;
  };
  void start(uint64_t after_ms, uint64_t every_ms, std::function<void()> function);

  std::unique_ptr<Handle, Closer> handle_;
};

}  // namespace larder
