#include "server/network/tls_acceptor.h"

#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <utility>

#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/network/socket_address.h"

namespace larder {
namespace {

constexpr uint64_t kCheckIntervalMs = 100;
constexpr uint64_t kWarningIntervalMs = 1000;

}  // namespace

// A socket in the loop on its way to become a connection. Outlives its acceptor until libuv has let
// go.
struct TlsAcceptor::Handshake {
  uv_poll_t poll{};
  TlsAcceptor* acceptor = nullptr;
  std::unique_ptr<TlsStream> stream;
  int fd = -1;
  uint64_t began_ms = 0;
  int polled_events = 0;
  bool is_waiting_for_us = false;  // it is readable, but this turn had no time left
  Handshakes::iterator place;

  void poll_for(int events) {
    if (std::exchange(polled_events, events) == events) return;
    uv_poll_start(&poll, events, [](uv_poll_t* handle, int status, int) {
      auto& handshake = *static_cast<Handshake*>(handle->data);
      // libuv does not watch a socket any further that is broken.
      if (status < 0) return handshake.acceptor->fail(handshake, uv_strerror(status));
      handshake.acceptor->go_on(handshake);
    });
  }
};

void TlsAcceptor::Closer::operator()(Handshake* handshake) const {
  handshake->stream.reset();
  uv_close(reinterpret_cast<uv_handle_t*>(&handshake->poll),
           [](uv_handle_t* closed) { delete static_cast<Handshake*>(closed->data); });
  if (handshake->fd >= 0) ::close(handshake->fd);
}

TlsAcceptor::TlsAcceptor(Reactor& reactor, TlsWorkspace& workspace, const TlsOptions& options,
                         Listener::OnAccept on_accept, OnConnected on_connected)
    : reactor_(reactor),
      workspace_(workspace),
      options_(options),
      on_connected_(std::move(on_connected)),
      listener_(reactor, std::move(on_accept)),
      patience_(reactor) {}

TlsAcceptor::~TlsAcceptor() = default;

Status TlsAcceptor::load() {
  if (options_.port.get() == 0) return ok;
  TRY(context_, TlsContext::load(options_));
  log::notice("TLS: certificates and keys loaded");
  return ok;
}

void TlsAcceptor::take_limits() {
  is_full() ? listener_.hold() : listener_.release();
}

Status TlsAcceptor::listen(TcpEndpoints endpoints) {
  endpoints.kind = ConnectionKind::tls;
  return listener_.listen_tcp(std::move(endpoints));
}

void TlsAcceptor::begin(int fd) {
  std::unique_ptr<Handshake, Closer> handshake(new Handshake);
  handshake->acceptor = this;
  handshake->poll.data = handshake.get();
  if (const int error = uv_poll_init(reactor_.loop(), &handshake->poll, fd); error != 0) {
    log::warning(std::string("Cannot watch a client's socket: ") + uv_strerror(error));
    delete handshake.release();
    ::close(fd);
    return;
  }
  handshake->fd = fd;
  handshake->stream =
      std::make_unique<TlsStream>(workspace_, context_->server(), fd, TlsStream::Side::server);
  handshake->began_ms = reactor_.now_ms();
  Handshake& begun = *handshake;
  begun.place = handshakes_.insert(handshakes_.end(), std::move(handshake));
  begun.poll_for(UV_READABLE);
  if (!patience_.is_running())
    patience_.start_repeating(kCheckIntervalMs, [this] { drop_overdue(); });
  if (is_full()) listener_.hold();
}

// The socket stays readable, so that the next turn comes back to those for whom there is no time
// now.
bool TlsAcceptor::may_work_now() {
  if (std::exchange(turn_, reactor_.turn_number()) != reactor_.turn_number()) spent_us_ = 0;
  return spent_us_ < kTurnUs;
}

void TlsAcceptor::go_on(Handshake& handshake) {
  handshake.is_waiting_for_us = !may_work_now();
  if (handshake.is_waiting_for_us) return;
  const int64_t began_us = monotonic_us();
  const TlsStream::Step step = handshake.stream->shake_hands();
  const int64_t us = monotonic_us() - began_us;
  spent_us_ += us;
  reactor_.add_early_time(us);
  switch (step) {
    case TlsStream::Step::wants_to_read:
      return handshake.poll_for(UV_READABLE);
    case TlsStream::Step::wants_to_write:
      return handshake.poll_for(UV_READABLE | UV_WRITABLE);
    case TlsStream::Step::failed:
      return fail(handshake, handshake.stream->failure());
    case TlsStream::Step::done:
      return finish(handshake);
  }
}

void TlsAcceptor::finish(Handshake& handshake) {
  ++stats.finished;
  if (handshake.stream->was_resumed()) ++stats.resumed;
  std::unique_ptr<TlsStream> stream = std::move(handshake.stream);
  const int fd = std::exchange(handshake.fd, -1);
  // The loop knows a descriptor once at a time.
  remove(handshake);
  Result<Connection*> adopted = reactor_.adopt_tls(fd, std::move(stream));
  if (!adopted.is_ok()) return log::warning(adopted.text());
  on_connected_(*adopted.value());
}

void TlsAcceptor::fail(Handshake& handshake, const std::string& reason) {
  ++stats.failed;
  const uint64_t now_ms = reactor_.now_ms();
  if (last_warning_ms_ == 0 || now_ms - last_warning_ms_ >= kWarningIntervalMs) {
    last_warning_ms_ = now_ms;
    const SocketAddresses addresses = addresses_of(handshake.fd);
    std::string text = "Error accepting a client connection: " + reason +
                       " (addr=" + addresses.peer + " laddr=" + addresses.local + ")";
    if (unreported_ > 0)
      text += ", and " + std::to_string(unreported_) + " more since the last such message";
    unreported_ = 0;
    log::warning(text);
  } else {
    ++unreported_;
  }
  remove(handshake);
}

void TlsAcceptor::remove(Handshake& handshake) {
  handshakes_.erase(handshake.place);
  if (!is_full()) listener_.release();
}

// Only those who keep us waiting: a client is not to blame for the time that others take.
void TlsAcceptor::drop_overdue() {
  const auto timeout_ms = static_cast<uint64_t>(options_.handshake_timeout.get()) * 1000;
  const uint64_t patience_ms = is_full() ? std::min(timeout_ms, kPatienceWhenFullMs) : timeout_ms;
  const uint64_t now_ms = reactor_.now_ms();
  for (auto next = handshakes_.begin(); next != handshakes_.end();) {
    Handshake& handshake = **next++;
    if (now_ms - handshake.began_ms < patience_ms) break;
    if (handshake.is_waiting_for_us) continue;
    ++stats.timed_out;
    fail(handshake, "the handshake took too long");
  }
  if (handshakes_.empty()) patience_.stop();
}

}  // namespace larder
