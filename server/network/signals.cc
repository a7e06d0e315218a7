#include "server/network/signals.h"

#include <uv.h>

#include <csignal>
#include <utility>

#include "server/base/assert.h"
#include "server/network/reactor.h"

namespace larder {
namespace {

constexpr int kSignals[] = {SIGTERM, SIGINT, SIGHUP};

}  // namespace

// Outlives its Signals until libuv has let go of it. The function is shared, so that one that
// destroys the Signals still finishes.
struct Signals::Handle {
  uv_signal_t signal{};
  std::shared_ptr<const std::function<void(int)>> function;
};

void Signals::Closer::operator()(Handle* handle) const {
  uv_close(reinterpret_cast<uv_handle_t*>(&handle->signal),
           [](uv_handle_t* closed) { delete static_cast<Handle*>(closed->data); });
}

Signals::Signals(Reactor& reactor, std::function<void(int)> function) {
  const auto shared = std::make_shared<const std::function<void(int)>>(std::move(function));
  const auto on_signal = [](uv_signal_t* signal, int number) {
    const auto running = static_cast<Handle*>(signal->data)->function;
    (*running)(number);
  };
  for (const int number : kSignals) {
    handles_.emplace_back(new Handle{.signal = {}, .function = shared});
    uv_signal_t& signal = handles_.back()->signal;
    LARDER_ASSERT(uv_signal_init(reactor.loop(), &signal) == 0);
    signal.data = handles_.back().get();
    LARDER_ASSERT(uv_signal_start(&signal, on_signal, number) == 0);
  }
}

}  // namespace larder
