#include "server/network/reactor.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <string>
#include <utility>

#include "server/base/assert.h"
#include "server/base/clock.h"
#include "server/network/socket_options.h"
#include "server/network/tls_stream.h"

namespace larder {
namespace {

// After a turn of so long, what has come meanwhile is asked for its age. The kernel tells it in
// milliseconds.
constexpr int64_t kStallUs = 5'000;

}  // namespace

Reactor::Reactor(TurnHandler& handler, NetworkStats& stats) : handler_(handler), stats_(stats) {
  std::signal(SIGPIPE, SIG_IGN);
  LARDER_ASSERT(uv_loop_init(&loop_) == 0);
  LARDER_ASSERT(uv_async_init(&loop_, &async_, on_posted) == 0);
  async_.data = this;
  loop_.data = this;
}

Reactor::~Reactor() {
  for (auto& [id, connection] : connections_) connection->close_now();
  close_marked();
  uv_close(reinterpret_cast<uv_handle_t*>(&async_), nullptr);
  uv_run(&loop_, UV_RUN_NOWAIT);  // the callbacks of what was closed
  LARDER_ASSERT(uv_loop_close(&loop_) == 0);
}

void Reactor::run() {
  while (!is_stopping_) turn();
  is_stopping_ = false;
}

void Reactor::turn(bool may_wait) {
  turn_++;
  ++stats_.turns;
  arena_.reset(postponed_.size());
  const bool has_work = has_more_rest_ || is_stopping_ || !postponed_.empty() ||
                        !to_run_again_.empty() || !to_flush_.empty();
  turn_began_us_ = 0;
  if (has_work) begin_work();
  collect_run_again();
  read_postponed();
  uv_run(&loop_, may_wait && !has_work ? UV_RUN_ONCE : UV_RUN_NOWAIT);
  begin_work();
  collect_run_again();
  drop_closed_from_ready();
  handler_.run_turn(ready_);
  flush_all();
  settle_ready();
  has_more_rest_ = handler_.rest();
  close_marked();
  end_turn();
}

void Reactor::begin_work() {
  if (turn_began_us_ == 0) turn_began_us_ = monotonic_us();
}

void Reactor::end_turn() {
  const int64_t us = monotonic_us() - turn_began_us_ + std::exchange(early_us_, 0);
  stats_.turns_us += static_cast<uint64_t>(us);
  stats_.longest_turn_us = std::max(stats_.longest_turn_us, us);
  stalled_since_us_ = observes_requests_ && us >= kStallUs ? turn_began_us_ : 0;
}

void Reactor::post(std::function<void()> function) {
  {
    const std::lock_guard lock(posted_mutex_);
    posted_.push_back(std::move(function));
  }
  uv_async_send(&async_);
}

void Reactor::on_posted(uv_async_t* handle) {
  auto& reactor = *static_cast<Reactor*>(handle->data);
  reactor.begin_work();
  reactor.run_posted();
}

void Reactor::run_posted() {
  std::vector<std::function<void()>> functions;
  {
    const std::lock_guard lock(posted_mutex_);
    functions.swap(posted_);
  }
  for (const auto& function : functions) function();
}

Result<Connection*> Reactor::adopt(int fd, ConnectionKind kind) {
  return take_over(
      std::unique_ptr<Connection>(new Connection(*this, last_id_ + 1, fd, kind, nullptr)));
}

Result<Connection*> Reactor::adopt_tls(int fd, std::unique_ptr<TlsStream> tls) {
  return take_over(std::unique_ptr<Connection>(
      new Connection(*this, last_id_ + 1, fd, ConnectionKind::tls, std::move(tls))));
}

Result<Connection*> Reactor::take_over(std::unique_ptr<Connection> connection) {
  prepare_client_socket(connection->fd_, connection->kind_, keepalive_seconds_);
  if (const int error = uv_poll_init(&loop_, &connection->poll_, connection->fd_); error != 0) {
    ::close(connection->fd_);
    return Error(std::string("Cannot watch a client's socket: ") + uv_strerror(error));
  }
  connection->poll_.data = connection.get();
  connection->last_transfer_ms_ = now_ms();
  connection->update_poll();
  Connection* adopted = connection.get();
  connections_.emplace(++last_id_, std::move(connection));
  ++stats_.connections_received;
  return adopted;
}

Connection* Reactor::find(uint64_t id) const {
  const auto found = connections_.find(id);
  if (found == connections_.end() || found->second->closing_) return nullptr;
  return found->second.get();
}

// Writable sockets are flushed with the others after run_turn, so that nothing leaves before it.
void Reactor::on_poll(uv_poll_t* handle, int status, int events) {
  auto& connection = *static_cast<Connection*>(handle->data);
  Reactor& reactor = connection.reactor_;
  reactor.begin_work();
  if (status < 0) {
    reactor.socket_failed(connection);
    return;
  }
  if ((events & UV_WRITABLE) != 0) reactor.schedule_flush(connection);
  if ((events & UV_READABLE) != 0) reactor.read(connection);
  if ((events & UV_DISCONNECT) != 0 && connection.held_ && !connection.wants_to_read()) {
    connection.close_now();
  }
}

// A reset connection can still hold requests that arrived before the reset. They are run, as far as
// one read brings them, as if the client had closed in the usual way. libuv has stopped the handle.
void Reactor::socket_failed(Connection& connection) {
  connection.polled_events_ = 0;
  if (connection.closing_) return;
  if (connection.wants_to_read() && arena_.has_room() && connection.read_turn_ != turn_ &&
      connection.read(arena_) == Connection::ReadOutcome::ready) {
    add_ready(connection);
    connection.at_end_ = true;
    connection.update_poll();
  } else {
    connection.close_now();
  }
}

void Reactor::read(Connection& connection) {
  if (!connection.wants_to_read() || connection.read_turn_ == turn_) return;
  // The loop comes back to these without waiting, so the socket may stay readable meanwhile.
  if (connection.in_ready_ && connection.unread().size() >= TurnArena::kReadBytes) {
    if (connection.has_unread_tls()) [[unlikely]]
      postpone(connection);
    return;
  }
  if (!arena_.has_room()) return postpone(connection);
  connection.read_turn_ = turn_;
  connection.came_us_ = 0;
  if (stalled_since_us_ != 0) [[unlikely]] note_age(connection);
  if (connection.read(arena_) == Connection::ReadOutcome::ready) add_ready(connection);
  if (connection.reads_little()) connection.update_poll();
}

// Requests that came while a long turn kept the loop from reading them have waited already.
void Reactor::note_age(Connection& connection) {
  const int64_t age_ms = age_of_last_data_ms(connection.fd_);
  if (age_ms > 0) {
    connection.came_us_ = std::max(turn_began_us_ - age_ms * 1000, stalled_since_us_);
  }
}

void Reactor::postpone(Connection& connection) {
  if (!std::exchange(connection.in_postponed_, true)) postponed_.push_back(&connection);
}

void Reactor::read_postponed() {
  if (postponed_.empty()) return;
  scratch_.swap(postponed_);
  for (Connection* connection : scratch_) {
    connection->in_postponed_ = false;
    read(*connection);
  }
  scratch_.clear();
}

// Those whose output is backed up leave the list; the flush that relieves them puts them back.
void Reactor::collect_run_again() {
  for (Connection* connection : to_run_again_) {
    connection->in_run_again_ = false;
    if (connection->is_closing()) continue;
    if (connection->paused_by_output_ || connection->output_is_backed_up()) continue;
    add_ready(*connection);
  }
  to_run_again_.clear();
}

void Reactor::add_ready(Connection& connection) {
  connection.wants_run_ = false;
  if (!std::exchange(connection.in_ready_, true)) ready_.push_back(&connection);
}

void Reactor::drop_closed_from_ready() {
  std::erase_if(ready_, [](Connection* connection) {
    if (!connection->is_closing()) return false;
    connection->in_ready_ = false;
    return true;
  });
}

// What is queued while others are flushed waits for the next turn, whose run_turn comes first.
void Reactor::flush_all() {
  for (Connection* connection : ready_) {
    if (connection->at_end_ && !connection->wants_run_) connection->close_after_flush();
    if (!connection->output_.empty()) schedule_flush(*connection);
  }
  // What is held for a better moment has none any more.
  if (is_stopping_) {
    for (auto& [id, connection] : connections_) {
      if (!connection->output_.empty()) schedule_flush(*connection);
    }
  }
  scratch_.swap(to_flush_);
  for (Connection* connection : scratch_) {
    connection->in_flush_ = false;
    flush(*connection);
  }
  for (Connection* connection : to_count_) {
    connection->in_count_ = false;
    count_output(*connection);
  }
  to_count_.clear();
}

void Reactor::flush(Connection& connection) {
  if (connection.closing_) return;
  const bool was_blocked = connection.write_blocked_;
  connection.flush();
  if (observes_requests_) connection.flushed_ns_ = monotonic_ns();
  count_output(connection);
  if (connection.closing_) return;
  if (!connection.write_blocked_) {
    if (connection.close_after_flush_) return connection.close_now();
    if (was_blocked) handler_.output_drained(connection);
  }
  if (connection.wants_run_ && !connection.paused_by_output_) schedule_run(connection);
}

void Reactor::count_output(Connection& connection) {
  const size_t queued = connection.output_.block_memory() + connection.unsent_tls_bytes();
  queued_output_ += queued - std::exchange(connection.counted_output_, queued);
}

void Reactor::settle_ready() {
  for (Connection* connection : ready_) {
    connection->in_ready_ = false;
    connection->input_.settle();
    if (connection->reads_little()) [[unlikely]] connection->update_poll();
  }
  handler_.buffers_settled(ready_, scratch_);
  ready_.clear();
  scratch_.clear();
}

// By index, because connection_closed may close further connections.
void Reactor::close_marked() {
  if (closing_.empty()) return;
  for (size_t i = 0; i < closing_.size(); i++) handler_.connection_closed(*closing_[i]);
  for (auto* list : {&ready_, &to_flush_, &to_count_, &to_run_again_, &postponed_}) {
    std::erase_if(*list, [](const Connection* connection) { return connection->closing_; });
  }
  for (Connection* connection : closing_) close_handle(*connection);
  closing_.clear();
}

// libuv may still hold the handle in the list of events that it is going through, so the memory is
// freed only in its callback.
void Reactor::close_handle(Connection& connection) {
  connection.output_.clear();
  queued_output_ -= connection.counted_output_;
  const auto found = connections_.find(connection.id_);
  LARDER_ASSERT(found != connections_.end());
  found->second.release();
  connections_.erase(found);
  uv_close(reinterpret_cast<uv_handle_t*>(&connection.poll_),
           [](uv_handle_t* handle) { delete static_cast<Connection*>(handle->data); });
  if (connection.tls_ != nullptr) connection.tls_->end();
  ::close(connection.fd_);
}

void Reactor::schedule_flush(Connection& connection) {
  if (connection.closing_ || std::exchange(connection.in_flush_, true)) return;
  to_flush_.push_back(&connection);
}

void Reactor::schedule_count(Connection& connection) {
  if (connection.closing_ || std::exchange(connection.in_count_, true)) return;
  to_count_.push_back(&connection);
}

void Reactor::schedule_run(Connection& connection) {
  if (connection.is_closing() || std::exchange(connection.in_run_again_, true)) return;
  to_run_again_.push_back(&connection);
}

}  // namespace larder
