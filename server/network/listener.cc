#include "server/network/listener.h"

#include <sys/socket.h>
#include <uv.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "server/base/log.h"
#include "server/network/reactor.h"

namespace larder {
namespace {

bool is_missing_family(int error_number) {
  return error_number == ENOPROTOOPT || error_number == EPROTONOSUPPORT ||
         error_number == ESOCKTNOSUPPORT || error_number == EPFNOSUPPORT ||
         error_number == EAFNOSUPPORT;
}

// The next client in the queue may be fine. With everything else (EMFILE, ENFILE, ENOMEM ...) it is
// not.
bool concerns_one_client(int error_number) {
  return error_number == EINTR || error_number == ECONNABORTED || error_number == EPROTO ||
         error_number == EPERM || error_number == ENETDOWN || error_number == ENETUNREACH ||
         error_number == EHOSTDOWN || error_number == EHOSTUNREACH;
}

}  // namespace

// A listening socket in the loop. Outlives its Listener until libuv has let go of it.
struct Listener::Watched {
  uv_poll_t poll{};
  Listener* listener = nullptr;
  ListeningSocket socket;
  ConnectionKind kind = ConnectionKind::tcp;

  void start() {
    uv_poll_start(&poll, UV_READABLE, [](uv_poll_t* handle, int, int) {
      auto& watched = *static_cast<Watched*>(handle->data);
      watched.listener->accept_from(watched);
    });
  }
};

void Listener::Closer::operator()(Watched* watched) const {
  uv_close(reinterpret_cast<uv_handle_t*>(&watched->poll),
           [](uv_handle_t* closed) { delete static_cast<Watched*>(closed->data); });
  watched->socket.close();
}

Listener::Listener(Reactor& reactor, OnAccept on_accept)
    : reactor_(reactor), on_accept_(std::move(on_accept)), resume_(reactor) {}

Listener::~Listener() = default;

// The former sockets are closed first: the new addresses may include the old ones ("*").
Status Listener::listen_tcp(TcpEndpoints endpoints) {
  if (listens_on_tcp() && endpoints == endpoints_) return ok;
  close_tcp();
  auto opened = open(endpoints);
  if (!opened.is_ok()) {
    auto former = open(endpoints_);
    if (former.is_ok()) {
      for (auto& socket : former.value()) TRY(watch(std::move(socket), endpoints_.kind));
    }
    return std::move(opened).error();
  }
  endpoints_ = std::move(endpoints);
  for (auto& socket : opened.value()) TRY(watch(std::move(socket), endpoints_.kind));
  return ok;
}

Result<std::vector<ListeningSocket>> Listener::open(const TcpEndpoints& endpoints) {
  std::vector<ListeningSocket> sockets;
  if (endpoints.port == 0) return sockets;
  for (const std::string& entry : endpoints.addresses) {
    const bool is_optional = entry.starts_with('-');
    int reason = 0;
    auto socket = ListeningSocket::tcp(entry.substr(is_optional ? 1 : 0), endpoints.port,
                                       endpoints.backlog, &reason);
    if (socket.is_ok()) {
      sockets.push_back(std::move(socket).value());
      continue;
    }
    log::warning("Warning: " + socket.text());
    if ((is_optional && reason == EADDRNOTAVAIL) || is_missing_family(reason)) continue;
    return std::move(socket).error();
  }
  if (sockets.empty() && !endpoints.addresses.empty()) {
    return Error("None of the addresses of 'bind' exists on this machine");
  }
  return sockets;
}

Status Listener::listen_unix(const std::string& path, mode_t permissions, int backlog) {
  const auto has_path = [&](const auto& watched) { return watched->socket.path() == path; };
  if (std::any_of(sockets_.begin(), sockets_.end(), has_path)) return ok;
  TRY(auto socket, ListeningSocket::unix_socket(path, permissions, backlog));
  std::erase_if(sockets_, [](const auto& watched) { return watched->socket.is_unix(); });
  return watch(std::move(socket), ConnectionKind::unix_socket);
}

Status Listener::watch(ListeningSocket socket, ConnectionKind kind) {
  auto watched = std::make_unique<Watched>();
  watched->listener = this;
  watched->socket = std::move(socket);
  watched->kind = kind;
  watched->poll.data = watched.get();
  if (const int error = uv_poll_init(reactor_.loop(), &watched->poll, watched->socket.fd());
      error != 0) {
    return Error(std::string("Cannot watch a listening socket: ") + uv_strerror(error));
  }
  if (!is_paused() && !is_held_) watched->start();
  sockets_.emplace_back(watched.release());
  return ok;
}

void Listener::close() {
  resume_.stop();
  sockets_.clear();
}

bool Listener::listens_on_tcp() const {
  return std::any_of(sockets_.begin(), sockets_.end(),
                     [](const auto& watched) { return !watched->socket.is_unix(); });
}

void Listener::close_tcp() {
  std::erase_if(sockets_, [](const auto& watched) { return !watched->socket.is_unix(); });
}

void Listener::hold() {
  if (std::exchange(is_held_, true)) return;
  stop_watching();
}

void Listener::release() {
  if (!std::exchange(is_held_, false)) return;
  if (!is_paused()) resume();
}

// on_accept may close the listener: its sockets then have no descriptor any more. Or hold it.
void Listener::accept_from(Watched& watched) {
  for (int i = 0; i < kAcceptsPerTurn && watched.socket.fd() >= 0 && !is_held_; i++) {
    if (!accept_one(watched)) return;
  }
}

// False: there is nobody left, or nobody can be taken now.
bool Listener::accept_one(Watched& watched) {
  const int fd = ::accept4(watched.socket.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0) {
    on_accept_(fd, watched.kind);
    return true;
  }
  const int reason = errno;
  if (reason == EAGAIN || reason == EWOULDBLOCK) return false;
  if (concerns_one_client(reason)) return true;
  pause(reason);
  return false;
}

void Listener::pause(int reason) {
  const uint64_t now_ms = reactor_.now_ms();
  if (last_warning_ms_ == 0 || now_ms - last_warning_ms_ >= 1000) {
    last_warning_ms_ = now_ms;
    log::warning(std::string("Accepting client connection: ") + std::strerror(reason));
  }
  stop_watching();
  resume_.start_once(kPauseMs, [this] { resume(); });
}

void Listener::stop_watching() {
  for (const auto& watched : sockets_) uv_poll_stop(&watched->poll);
}

void Listener::resume() {
  if (is_held_) return;
  for (const auto& watched : sockets_) watched->start();
}

}  // namespace larder
