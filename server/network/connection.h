// One client's socket: bytes in, bytes out, and its end. Knows nothing of requests.
//
// Reads and writes happen once per turn, made by the Reactor (reactor.h tells the turn). Failures
// of the socket are never reported to the caller of a function here: the connection is closed, and
// TurnHandler::connection_closed says so at the end of the turn. Keep ids across turns, not
// pointers: a pointer is valid until connection_closed has returned.
#pragma once

#include <sys/uio.h>
#include <uv.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "protocol/output_chain.h"
#include "server/base/shared_bytes.h"
#include "server/network/input_buffer.h"
#include "server/network/large_read.h"
#include "server/network/socket_address.h"
#include "server/network/turn_arena.h"

namespace larder {

class Reactor;
class TlsStream;

enum class ConnectionKind : uint8_t { tcp, unix_socket, tls };

class Connection {
 public:
  // Output beyond this stops reading from the client until half of it has left; see relent_if_stuck.
  static constexpr size_t kBackedUpBytes = 1024 * 1024;
  // The most that is read ahead from a client that waits, but for one read more.
  static constexpr size_t kHeldBytes = 1024 * 1024;
  // The most that one flush writes, so that one client's large reply does not hold up the others.
  static constexpr size_t kFlushBytes = 1024 * 1024;

  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Who it is. Ids count from 1 and are never used again.
  uint64_t id() const { return id_; }
  int fd() const { return fd_; }
  ConnectionKind kind() const { return kind_; }
  const std::string& peer_address() const { return addresses_.peer; }
  const std::string& local_address() const { return addresses_.local; }
  bool is_local() const { return addresses_.is_local; }
  // See TlsStream::peer_name.
  std::optional<std::string> certified_name() const;

  // For the owner: what belongs to this connection. The reactor never looks at it.
  void* owner = nullptr;

  // What was read and not consumed. Views stay valid until run_turn returns, also those of bytes
  // consumed meanwhile. A view taken outside of run_turn lasts only until control goes back.
  std::string_view unread() const { return input_.unread(); }
  void consume(size_t bytes) { input_.consume(bytes); }
  // Complete requests are left over (the turn's time is up, or a blocked client was served): the
  // connection is in the next ready list, and that turn does not wait. While output_is_backed_up()
  // it has to wait until enough of it has left. Nothing is read beyond 64 KB meanwhile.
  void run_again();
  // The client has ended its side: no more bytes will come. What was read may still be answered;
  // the connection closes by itself after the turn that leaves no run_again(), once its output has
  // left.
  bool at_end() const { return at_end_; }

  // A payload of `bytes` bytes begins at `offset` of unread(): takes what is there of it out of
  // unread() and reads the rest straight into its own memory. unread() then is the bytes before the
  // payload, and behind them those that follow it as they come, as if the payload were not there.
  // What has arrived meanwhile is read at once. Returns whether the payload is complete; if not, the
  // connection is not ready until it is. Offsets are as RequestParser gives them. Requires that no
  // large read is going on, bytes > 0, and no views beyond `offset`.
  [[nodiscard]] bool begin_large_read(size_t offset, size_t bytes);
  bool is_in_large_read() const { return large_.is_active(); }
  bool large_read_done() const { return large_.is_done(); }
  // Requires large_read_done().
  SharedBytes take_large_read() { return large_.take(); }

  // At most so many bytes are unread() at any time: nothing more is read until some are consumed, and of a
  // pipeline until half of them are. Whoever sets it must be able to do something with as many, or the
  // client waits for ever. No limit at first.
  void limit_unread(size_t bytes);
  // While the owner lets the client wait: little is read ahead, and when the client goes away the
  // connection closes, whatever it sent before. (Not so soon when what it sent before is more than that
  // and more than the kernel keeps.) Costs nothing while the client keeps quiet.
  void hold();
  void release();

  // Where replies go. The connection is flushed in this turn after run_turn, or without delay in
  // the next when called later; who keeps the reference calls this again in each turn that adds to
  // it.
  OutputChain& output();
  const OutputChain& queued_output() const { return output_; }
  // For what can wait: it leaves when the connection is flushed for another reason, at the latest in the
  // next turn in which its client sends something. A call of output() lets it leave now.
  OutputChain& held_output();
  // The client does not read fast enough: nothing is read from it, and the owner should run no more
  // of its requests now, but call run_again().
  bool output_is_backed_up() const { return output_.bytes() > backed_up_bytes_; }
  // To be called now and then, ten times a second or so. Many clients send a whole pipeline before
  // they read the first reply: to wait until they read would be to wait for each other forever. So
  // when nothing has left since the last call, twice as much output may wait as before.
  void relent_if_stuck();

  // Reads no more, and closes when the output has left.
  void close_after_flush();
  // Closes at the end of the turn; output that has not left is lost.
  void close_now();
  // No replies are expected any more: either of the two was called.
  bool is_closing() const { return closing_ || close_after_flush_; }

  // How long no byte has come or gone, by the loop's clock: a client in the middle of a long transfer
  // is not idle, and setting the machine's clock makes nobody so.
  int64_t idle_ms() const;
  // While Reactor::observe_requests is on: when what was read last had come, which is the beginning of
  // the turn unless a long one went before; and when it was last flushed, monotonic_ns().
  int64_t readable_us(int64_t turn_began_us) const {
    return came_us_ == 0 ? turn_began_us : came_us_;
  }
  int64_t flushed_ns() const { return flushed_ns_; }
  // Since it was opened.
  uint64_t received_bytes() const { return received_bytes_; }
  uint64_t sent_bytes() const { return sent_bytes_; }
  // Buffers for input: bytes held, and bytes of those that are free.
  size_t input_memory() const { return input_.memory() + large_.memory(); }
  size_t input_unused() const { return input_.unused(); }
  size_t memory() const;

 private:
  friend class Reactor;

  enum class ReadOutcome { nothing, unfinished, ready };

  Connection(Reactor& reactor, uint64_t id, int fd, ConnectionKind kind,
             std::unique_ptr<TlsStream> tls);

  bool wants_to_read() const;
  // Whether it wants to read depends on what is unread.
  bool reads_little() const { return held_ || most_unread_ != SIZE_MAX; }
  ReadOutcome read(TurnArena& arena);
  ReadOutcome read_large(TurnArena& arena);
  ReadOutcome end_of_input(ssize_t result);
  // The only two places that touch the socket's data: bytes moved, 0 at the end, or -errno.
  ssize_t receive(std::span<iovec> pieces);
  ssize_t transmit(std::span<iovec> pieces);
  ssize_t receive_tls(std::span<iovec> pieces);
  // Bytes that a read would bring although the socket may have none; that the socket has not taken.
  bool has_unread_tls() const { return tls_ != nullptr && unread_in(*tls_); }
  size_t unsent_tls_bytes() const { return tls_ == nullptr ? 0 : unsent_in(*tls_); }
  static bool unread_in(const TlsStream& tls);
  static size_t unsent_in(const TlsStream& tls);
  void count_received(uint64_t bytes);
  void count_sent(uint64_t bytes);
  // Returns the bytes written.
  size_t flush();
  void send_rest_of_tls();
  // Asks libuv for what is needed now; costs two system calls when that changes, else nothing.
  void update_poll();

  Reactor& reactor_;
  uint64_t id_;
  int fd_;
  ConnectionKind kind_;
  std::unique_ptr<TlsStream> tls_;  // null: what is sent and received goes as it is
  // Bits, because a flag in each list spares searching the lists.
  bool at_end_ = false;
  bool closing_ = false;
  bool close_after_flush_ = false;
  bool held_ = false;
  bool paused_by_output_ = false;
  bool write_blocked_ = false;
  bool sends_large_ = false;  // its last request had a large argument
  bool last_read_was_full_ = false;
  bool in_ready_ = false;
  bool in_flush_ = false;
  bool in_count_ = false;
  bool in_run_again_ = false;
  bool in_postponed_ = false;
  bool wants_run_ = false;
  int polled_events_ = 0;
  size_t most_unread_ = SIZE_MAX;
  uint64_t read_turn_ = 0;
  uint64_t last_transfer_ms_ = 0;
  int64_t came_us_ = 0;  // 0: in the turn that read it
  int64_t flushed_ns_ = 0;
  uint64_t received_bytes_ = 0;
  uint64_t sent_bytes_ = 0;
  InputBuffer input_;
  OutputChain output_;
  size_t counted_output_ = 0;  // what it adds to Reactor::queued_output
  size_t backed_up_bytes_ = kBackedUpBytes;
  size_t bytes_when_asked_ = 0;  // of output that waited at the last relent_if_stuck, if backed up
  LargeRead large_;
  SocketAddresses addresses_;
  uv_poll_t poll_{};
};

}  // namespace larder
