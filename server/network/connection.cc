#include "server/network/connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "server/base/assert.h"
#include "server/network/reactor.h"
#include "server/network/socket_io.h"
#include "server/network/tls_stream.h"

namespace larder {
namespace {

constexpr size_t kPiecesPerWrite = 64;
// Name and key of a request and the length of its argument, as a rule.
constexpr size_t kReadBeforeLarge = 1024;

size_t total_bytes(std::span<const iovec> pieces) {
  size_t bytes = 0;
  for (const iovec& piece : pieces) bytes += piece.iov_len;
  return bytes;
}

}  // namespace

Connection::Connection(Reactor& reactor, uint64_t id, int fd, ConnectionKind kind,
                       std::unique_ptr<TlsStream> tls)
    : reactor_(reactor),
      id_(id),
      fd_(fd),
      kind_(kind),
      tls_(std::move(tls)),
      write_blocked_(unsent_tls_bytes() > 0),
      addresses_(addresses_of(fd)) {}

Connection::~Connection() = default;

std::optional<std::string> Connection::certified_name() const {
  return tls_ == nullptr ? std::nullopt : tls_->peer_name();
}

bool Connection::unread_in(const TlsStream& tls) { return tls.has_unread(); }
size_t Connection::unsent_in(const TlsStream& tls) { return tls.unsent_bytes(); }

size_t Connection::memory() const {
  return sizeof(*this) + input_memory() + output_.memory() + addresses_.peer.capacity() +
         addresses_.local.capacity() + (tls_ == nullptr ? 0 : tls_->memory());
}

int64_t Connection::idle_ms() const {
  return static_cast<int64_t>(reactor_.now_ms() - last_transfer_ms_);
}

void Connection::run_again() {
  wants_run_ = true;
  reactor_.schedule_run(*this);
}

bool Connection::begin_large_read(size_t offset, size_t bytes) {
  const std::string_view present = input_.unread().substr(offset, bytes);
  sends_large_ = true;
  large_.begin(bytes);
  large_.add(present);
  input_.cut(offset, present.size());
  // Where a read was filled there is more, as a rule: it need not wait for another turn.
  const bool has_more = last_read_was_full_ && wants_to_read() && reactor_.arena_.has_room();
  if (has_more && !large_.is_done()) read_large(reactor_.arena_);
  return large_.is_done();
}

void Connection::limit_unread(size_t bytes) {
  most_unread_ = bytes;
  update_poll();
}

void Connection::hold() {
  held_ = true;
  update_poll();
}

void Connection::release() {
  held_ = false;
  update_poll();
}

OutputChain& Connection::output() {
  reactor_.schedule_flush(*this);
  return output_;
}

OutputChain& Connection::held_output() {
  reactor_.schedule_count(*this);
  return output_;
}

void Connection::close_after_flush() {
  if (is_closing()) return;
  close_after_flush_ = true;
  update_poll();
  reactor_.schedule_flush(*this);
}

void Connection::close_now() {
  if (closing_) return;
  closing_ = true;
  update_poll();
  reactor_.schedule_close(*this);
}

bool Connection::wants_to_read() const {
  const size_t unread = input_.unread().size();
  if (held_ && unread >= kHeldBytes) return false;
  if (unread >= (wants_run_ ? most_unread_ / 2 : most_unread_)) return false;
  return !paused_by_output_ && !at_end_ && !is_closing();
}

Connection::ReadOutcome Connection::read(TurnArena& arena) {
  last_transfer_ms_ = reactor_.now_ms();
  if (large_.is_active() && !large_.is_done()) return read_large(arena);
  const std::span<char> room = arena.room();
  // Who sent a large argument will send another: what is read of it here has to be copied, so read
  // little more than what stands before it.
  const bool expects_large = std::exchange(sends_large_, false);
  const size_t wanted = expects_large ? kReadBeforeLarge : room.size();
  iovec piece{room.data(), std::min(wanted, most_unread_ - input_.unread().size())};
  const ssize_t result = receive({&piece, 1});
  if (result <= 0) {
    arena.keep(0);
    return end_of_input(result);
  }
  const size_t bytes = static_cast<size_t>(result);
  last_read_was_full_ = bytes == piece.iov_len;
  if (input_.is_empty()) {
    input_.borrow(room.data(), bytes);
    arena.keep(bytes);
  } else {
    input_.append({room.data(), bytes});
    arena.keep(0);
  }
  return ReadOutcome::ready;
}

// The last read of a payload also takes what follows it: usually the end of the request, which
// would otherwise cost a turn of its own.
Connection::ReadOutcome Connection::read_large(TurnArena& arena) {
  const std::span<char> payload = large_.room();
  const bool is_last = payload.size() == large_.missing();
  const std::span<char> rest = arena.room();
  std::array<iovec, 2> pieces{{{payload.data(), payload.size()}, {rest.data(), rest.size()}}};
  const ssize_t result = receive(std::span(pieces).first(is_last ? 2 : 1));
  if (result > 0) {
    const size_t bytes = static_cast<size_t>(result);
    large_.keep(std::min(bytes, payload.size()));
    if (bytes > payload.size()) input_.append({rest.data(), bytes - payload.size()});
  }
  arena.keep(0);
  if (result <= 0) return end_of_input(result);
  return large_.is_done() ? ReadOutcome::ready : ReadOutcome::unfinished;
}

Connection::ReadOutcome Connection::end_of_input(ssize_t result) {
  if (would_block(result)) return ReadOutcome::nothing;
  if (result < 0) {
    close_now();
    return ReadOutcome::nothing;
  }
  at_end_ = true;
  update_poll();
  return ReadOutcome::ready;
}

ssize_t Connection::receive(std::span<iovec> pieces) {
  if (tls_ != nullptr) [[unlikely]] return receive_tls(pieces);
  ssize_t result;
  do {
    result = pieces.size() == 1 ? ::recv(fd_, pieces[0].iov_base, pieces[0].iov_len, 0)
                                : ::readv(fd_, pieces.data(), static_cast<int>(pieces.size()));
  } while (result < 0 && errno == EINTR);
  if (result < 0) return -errno;
  count_received(static_cast<uint64_t>(result));
  return result;
}

// Of a record that did not fit the socket knows nothing any more, so the reactor has to remember.
ssize_t Connection::receive_tls(std::span<iovec> pieces) {
  const ssize_t result = tls_->receive(pieces);
  if (result >= 0) count_received(static_cast<uint64_t>(result));
  if (tls_->has_unread()) reactor_.postpone(*this);
  if (tls_->has_unsent() && !write_blocked_) {
    write_blocked_ = true;
    update_poll();
  }
  return result;
}

void Connection::count_received(uint64_t bytes) {
  received_bytes_ += bytes;
  reactor_.stats().input_bytes += bytes;
  ++reactor_.stats().reads;
}

// A plain send spares the kernel copying and checking a message header: most replies are one piece.
ssize_t Connection::transmit(std::span<iovec> pieces) {
  if (tls_ != nullptr) [[unlikely]] {
    const ssize_t accepted = tls_->transmit(pieces);
    if (accepted > 0) count_sent(static_cast<uint64_t>(accepted));
    return accepted;
  }
  ssize_t result;
  do {
    if (pieces.size() == 1) {
      result = ::send(fd_, pieces[0].iov_base, pieces[0].iov_len, MSG_NOSIGNAL);
    } else {
      msghdr message{};
      message.msg_iov = pieces.data();
      message.msg_iovlen = pieces.size();
      result = ::sendmsg(fd_, &message, MSG_NOSIGNAL);
    }
  } while (result < 0 && errno == EINTR);
  if (result < 0) return -errno;
  count_sent(static_cast<uint64_t>(result));
  return result;
}

void Connection::count_sent(uint64_t bytes) {
  sent_bytes_ += bytes;
  reactor_.stats().output_bytes += bytes;
  ++reactor_.stats().writes;
}

size_t Connection::flush() {
  size_t written = 0;
  if (unsent_tls_bytes() > 0) [[unlikely]] send_rest_of_tls();
  // A kilobyte that is written before it is read: clearing it would cost more than the rest of this.
  __attribute__((uninitialized)) std::array<iovec, kPiecesPerWrite> storage;
  while (!output_.empty() && written < kFlushBytes) {
    const std::span<iovec> pieces = std::span(storage).first(output_.fill(storage));
    const size_t offered = total_bytes(pieces);
    if (offered == 0) return written;  // the front of the queue is a header that is not known yet
    const ssize_t result = transmit(pieces);
    if (result < 0) {
      if (!would_block(result)) close_now();
      break;
    }
    output_.drop_front(static_cast<size_t>(result));
    written += static_cast<size_t>(result);
    // TLS takes less than all when it has had enough for one time, and says so when the socket has.
    const bool is_blocked =
        tls_ == nullptr ? static_cast<size_t>(result) < offered : tls_->has_unsent();
    if (is_blocked) break;
  }
  write_blocked_ = !output_.empty() || unsent_tls_bytes() > 0;
  if (output_.empty()) backed_up_bytes_ = kBackedUpBytes;
  if (written > 0) {
    last_transfer_ms_ = reactor_.now_ms();
    bytes_when_asked_ = 0;
  }
  paused_by_output_ =
      output_.bytes() > (paused_by_output_ ? backed_up_bytes_ / 2 : backed_up_bytes_);
  update_poll();
  return written;
}

void Connection::send_rest_of_tls() {
  const ssize_t result = tls_->send_unsent();
  if (result > 0) last_transfer_ms_ = reactor_.now_ms();
  if (result < 0 && !would_block(result)) close_now();
}

void Connection::relent_if_stuck() {
  if (!paused_by_output_) return;
  if (bytes_when_asked_ != output_.bytes()) {
    bytes_when_asked_ = output_.bytes();
    return;
  }
  backed_up_bytes_ = 2 * output_.bytes();
  paused_by_output_ = false;
  update_poll();
  if (wants_run_) reactor_.schedule_run(*this);
}

void Connection::update_poll() {
  const bool reads = wants_to_read();
  // Who is held and has sent too much is not read from, but its end is still of interest.
  const bool watches_end = held_ && !reads && !at_end_;
  const int events = closing_ ? 0
                              : (reads ? UV_READABLE : 0) | (watches_end ? UV_DISCONNECT : 0) |
                                    (write_blocked_ ? UV_WRITABLE : 0);
  if (events == polled_events_) return;
  // What waits in the TLS makes no socket readable.
  if (reads && (polled_events_ & UV_READABLE) == 0 && has_unread_tls()) reactor_.postpone(*this);
  polled_events_ = events;
  if (events == 0) {
    uv_poll_stop(&poll_);
  } else {
    uv_poll_start(&poll_, events, Reactor::on_poll);
  }
}

}  // namespace larder
