#include "server/network/stream_server.h"

#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <array>
#include <utility>

#include "server/base/assert.h"
#include "server/base/clock.h"
#include "server/network/reactor.h"
#include "server/network/socket_address.h"
#include "server/network/socket_io.h"
#include "server/network/socket_options.h"

namespace larder {
namespace {

template <class Handle>
uv_handle_t* as_handle(Handle* handle) {
  return reinterpret_cast<uv_handle_t*>(handle);
}

}  // namespace

// One socket with its handler. Outlives the server's pointer to it until libuv has let go of it.
class StreamServer::Connection {
 public:
  Connection(StreamServer& server, uint64_t id, int fd)
      : server_(server), id_(id), fd_(fd), since_ms_(server.reactor_.now_ms()) {}

  bool start() {
    const SocketAddresses addresses = addresses_of(fd_);
    handler_ = server_.service_.open({addresses.peer, addresses.is_local});
    if (uv_poll_init(server_.reactor_.loop(), &poll_, fd_) != 0) return false;
    poll_.data = this;
    poll(UV_READABLE);
    return true;
  }

  uint64_t id() const { return id_; }
  bool is_served() const { return has_output_; }
  // Of two that are not served.
  bool gives_way_before(const Connection& other) const {
    if (unread_.empty() != other.unread_.empty()) return unread_.empty();
    // Within a millisecond, the one that came first.
    return since_ms_ != other.since_ms_ ? since_ms_ < other.since_ms_ : id_ < other.id_;
  }
  bool is_waiting = false;  // in the server's list

  bool is_overdue(uint64_t now_ms) const {
    const StreamLimits& limits = server_.limits_;
    const int64_t allowed_ms = has_output_       ? limits.output_ms
                               : unread_.empty() ? limits.idle_ms
                                                 : limits.message_ms;
    return now_ms >= since_ms_ + static_cast<uint64_t>(allowed_ms);
  }

  // Makes and sends one piece. False: the connection is at its end.
  bool serve(Deadline deadline) {
    if (rest_.empty()) {
      const StreamOutput output = handler_->next_output(deadline);
      rest_ = output.bytes;
      then_ = output.then;
    }
    if (!send()) return false;
    if (!rest_.empty()) {
      poll(UV_WRITABLE);
      return true;
    }
    switch (then_) {
      case StreamOutput::Then::more:
        server_.want_slice(*this);
        // So that the next turn does not wait.
        poll(UV_WRITABLE);
        return true;
      case StreamOutput::Then::close:
        return false;
      case StreamOutput::Then::wait:
        break;
    }
    has_output_ = false;
    since_ms_ = server_.reactor_.now_ms();
    return hand_over();
  }

  // Stops everything but the callback that frees it.
  void close() {
    handler_.reset();
    if (poll_.data == nullptr) {
      ::close(fd_);
      delete this;
      return;
    }
    uv_close(as_handle(&poll_),
             [](uv_handle_t* closed) { delete static_cast<Connection*>(closed->data); });
    ::close(fd_);
  }

 private:
  static void on_poll(uv_poll_t* handle, int status, int events) {
    auto& connection = *static_cast<Connection*>(handle->data);
    const int64_t began_us = monotonic_us();
    Reactor& reactor = connection.server_.reactor_;
    if (status < 0 || !connection.handle(events)) connection.server_.close(connection.id_);
    reactor.add_early_time(monotonic_us() - began_us);
  }

  bool handle(int events) {
    if ((events & UV_WRITABLE) != 0) server_.want_slice(*this);
    if ((events & UV_READABLE) != 0 && !has_output_) return read();
    return true;
  }

  bool read() {
    std::array<char, 8 * 1024> bytes;
    const size_t room = std::min(bytes.size(), server_.limits_.unread_bytes - unread_.size());
    const ssize_t count = receive_some(fd_, bytes.data(), room);
    if (count < 0) return would_block(count);
    // What came before the end is answered already, or is not whole.
    if (count == 0) return false;
    if (unread_.empty()) since_ms_ = server_.reactor_.now_ms();
    unread_.append(bytes.data(), static_cast<size_t>(count));
    return hand_over();
  }

  // Shows the handler what has come, and lets it answer.
  bool hand_over() {
    if (!unread_.empty()) {
      const size_t used = handler_->receive(unread_);
      if (used > 0) {
        unread_.erase(0, used);
        since_ms_ = server_.reactor_.now_ms();
        has_output_ = true;
        server_.want_slice(*this);
        poll(UV_WRITABLE);
        return true;
      }
      if (unread_.size() >= server_.limits_.unread_bytes) return false;
    }
    poll(UV_READABLE);
    return true;
  }

  // False: the peer is gone.
  bool send() {
    if (rest_.empty()) return true;
    const size_t slice = std::min(rest_.size(), kSliceBytes);
    const ssize_t sent = send_some(fd_, rest_.substr(0, slice));
    if (sent < 0) return would_block(sent);
    rest_.remove_prefix(static_cast<size_t>(sent));
    return true;
  }

  void poll(int events) {
    if (events == std::exchange(polled_, events)) return;
    uv_poll_start(&poll_, events, on_poll);
  }

  StreamServer& server_;
  uint64_t id_;
  int fd_;
  uv_poll_t poll_{};
  int polled_ = 0;
  std::unique_ptr<StreamHandler> handler_;
  std::string unread_;
  std::string_view rest_;  // of the piece that is being sent
  StreamOutput::Then then_ = StreamOutput::Then::wait;
  bool has_output_ = false;
  uint64_t since_ms_;  // the beginning of what is_overdue looks at
};

// The call behind the poll phase of each turn, in which slices are due.
struct StreamServer::Turns {
  uv_check_t check{};
  StreamServer* server = nullptr;
};

void StreamServer::Closer::operator()(Connection* connection) const {
  connection->close();
}

void StreamServer::TurnsCloser::operator()(Turns* turns) const {
  turns->server = nullptr;
  uv_close(as_handle(&turns->check),
           [](uv_handle_t* closed) { delete static_cast<Turns*>(closed->data); });
}

StreamServer::StreamServer(Reactor& reactor, StreamService& service, const StreamLimits& limits)
    : reactor_(reactor),
      service_(service),
      limits_(limits),
      listener_(reactor, [this](int fd, ConnectionKind) { adopt(fd); }),
      timer_(reactor),
      turns_(new Turns) {
  LARDER_ASSERT(uv_check_init(reactor.loop(), &turns_->check) == 0);
  turns_->check.data = turns_.get();
  turns_->server = this;
}

StreamServer::~StreamServer() = default;

Status StreamServer::listen(std::vector<std::string> addresses, uint16_t port) {
  TRY(listener_.listen_tcp({.addresses = std::move(addresses), .port = port}));
  if (port != 0) return ok;
  connections_.clear();
  waiting_.clear();
  timer_.stop();
  uv_check_stop(&turns_->check);
  return ok;
}

void StreamServer::adopt(int fd) {
  if (!make_room()) {
    ::close(fd);
    return;
  }
  prepare_client_socket(fd, ConnectionKind::tcp, 0);
  std::unique_ptr<Connection, Closer> connection(new Connection(*this, ++last_id_, fd));
  if (!connection->start()) return;
  connections_.emplace(last_id_, std::move(connection));
  if (timer_.is_running()) return;
  const int64_t shortest_ms = std::min({limits_.message_ms, limits_.output_ms, limits_.idle_ms});
  const int64_t every_ms = std::clamp<int64_t>(shortest_ms / 4, 1, 1000);
  timer_.start_repeating(static_cast<uint64_t>(every_ms), [this] { check_times(); });
}

// A connection that is kept only for the next message gives way, or else the one that has been
// sending its message for longest; those that are being served do not.
bool StreamServer::make_room() {
  if (connections_.size() < limits_.connections) return true;
  const Connection* found = nullptr;
  for (const auto& [id, connection] : connections_) {
    if (connection->is_served()) continue;
    if (found == nullptr || connection->gives_way_before(*found)) found = connection.get();
  }
  if (found == nullptr) return false;
  close(found->id());
  return true;
}

void StreamServer::want_slice(Connection& connection) {
  if (std::exchange(connection.is_waiting, true)) return;
  if (waiting_.empty()) {
    uv_check_start(&turns_->check, [](uv_check_t* check) {
      static_cast<Turns*>(check->data)->server->serve_waiting();
    });
  }
  waiting_.push_back(connection.id());
}

// Each of those that waited when it began gets at most one slice.
void StreamServer::serve_waiting() {
  const int64_t began_us = monotonic_us();
  const int64_t began_busy_ns = thread_cpu_ns();
  const Deadline deadline = Deadline::at_us(began_us + kTurnUs);
  for (size_t left = waiting_.size(); left > 0; left--) {
    const uint64_t id = waiting_.front();
    waiting_.pop_front();
    const auto found = connections_.find(id);
    if (found == connections_.end()) continue;
    found->second->is_waiting = false;
    if (!found->second->serve(deadline)) close(id);
    if (deadline.has_passed()) break;
  }
  if (waiting_.empty()) uv_check_stop(&turns_->check);
  reactor_.add_early_time(monotonic_us() - began_us);
  service_.served_for((thread_cpu_ns() - began_busy_ns) / 1000);
}

void StreamServer::check_times() {
  const uint64_t now_ms = reactor_.now_ms();
  std::erase_if(connections_,
                [now_ms](const auto& entry) { return entry.second->is_overdue(now_ms); });
  if (connections_.empty()) timer_.stop();
}

void StreamServer::close(uint64_t id) {
  connections_.erase(id);
}

}  // namespace larder
