#include "server/network/timer.h"

#include <uv.h>

#include <algorithm>
#include <utility>

#include "server/base/assert.h"
#include "server/base/clock.h"
#include "server/network/reactor.h"

namespace larder {

// Outlives its Timer until libuv has let go of it.
struct Timer::Handle {
  uv_timer_t timer{};
  std::function<void()> function;
  bool is_closed = false;

  // The function is moved out while it runs, because it may start the timer anew or destroy it.
  static void on_timer(uv_timer_t* timer) {
    auto& handle = *static_cast<Handle*>(timer->data);
    std::function<void()> running = std::exchange(handle.function, nullptr);
    const int64_t began_us = monotonic_us();
    running();
    static_cast<Reactor*>(timer->loop->data)->add_early_time(monotonic_us() - began_us);
    if (!handle.is_closed && !handle.function && uv_is_active(as_handle(timer)) != 0) {
      handle.function = std::move(running);
    }
  }
  static uv_handle_t* as_handle(uv_timer_t* timer) { return reinterpret_cast<uv_handle_t*>(timer); }
};

void Timer::Closer::operator()(Handle* handle) const {
  handle->is_closed = true;
  handle->function = nullptr;
  uv_close(Handle::as_handle(&handle->timer),
           [](uv_handle_t* closed) { delete static_cast<Handle*>(closed->data); });
}

Timer::Timer(Reactor& reactor) : handle_(new Handle) {
  LARDER_ASSERT(uv_timer_init(reactor.loop(), &handle_->timer) == 0);
  handle_->timer.data = handle_.get();
}

void Timer::start_once(uint64_t after_ms, std::function<void()> function) {
  start(after_ms, 0, std::move(function));
}

// libuv takes 0 for "once".
void Timer::start_repeating(uint64_t every_ms, std::function<void()> function) {
  every_ms = std::max<uint64_t>(1, every_ms);
  start(every_ms, every_ms, std::move(function));
}

void Timer::start(uint64_t after_ms, uint64_t every_ms, std::function<void()> function) {
  LARDER_ASSERT(handle_ != nullptr && function != nullptr);
  handle_->function = std::move(function);
  uv_timer_start(&handle_->timer, Handle::on_timer, after_ms, every_ms);
}

void Timer::set_interval(uint64_t every_ms) {
  uv_timer_set_repeat(&handle_->timer, std::max<uint64_t>(1, every_ms));
}

void Timer::stop() {
  if (handle_ == nullptr) return;
  uv_timer_stop(&handle_->timer);
  handle_->function = nullptr;
}

bool Timer::is_running() const {
  return handle_ != nullptr && uv_is_active(Handle::as_handle(&handle_->timer)) != 0;
}

}  // namespace larder
