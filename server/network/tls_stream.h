// The TLS below one connection: encrypted bytes on the socket's side, plain ones on ours.
//
// OpenSSL works in memory and this class moves the bytes, because the socket then costs as much as
// it does without TLS: one recv brings all records that have arrived, and one send takes all
// records of a reply, where OpenSSL by itself would make two reads and one write for each record.
//
//   recv -> TlsWorkspace::input -> SSL_read -> the caller's memory
//   the caller's pieces -> records of 16 KB -> SSL_write -> TlsWorkspace::output -> send
//
// An idle stream holds no buffers, only OpenSSL's state of the session (kSessionBytes).
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/network/hello_guard.h"
#include "server/network/tls_context.h"

namespace larder {

// What all streams of a thread share, one after the other. Its memory is taken by the first stream.
// Outlives the streams.
class TlsWorkspace {
 public:
  static constexpr size_t kRecordBytes = SSL3_RT_MAX_PLAIN_LENGTH;  // 16 KB
  // The most that one recv takes.
  static constexpr size_t kInputBytes = 64 * 1024;
  // What is encrypted before it is sent: while a client reads slowly, as much waits as ciphertext.
  static constexpr size_t kBatchRecords = 4;
  static constexpr size_t kOutputBytes = kBatchRecords * SSL3_RT_MAX_PACKET_SIZE;

  TlsWorkspace();
  TlsWorkspace(const TlsWorkspace&) = delete;
  TlsWorkspace& operator=(const TlsWorkspace&) = delete;

 private:
  friend class TlsStream;

  void prepare();

  TlsPointer<BIO_METHOD> method_;
  std::unique_ptr<char[]> input_;   // as it came from the socket
  std::unique_ptr<char[]> record_;  // small pieces on their way into one record
  std::unique_ptr<char[]> output_;  // as it goes to the socket
  size_t output_size_ = 0;
};

class TlsStream {
 public:
  enum class Side { server, client };
  enum class Step { done, wants_to_read, wants_to_write, failed };

  // What OpenSSL keeps for an idle connection, as measured; a client certificate adds some more.
  static constexpr size_t kSessionBytes = 14 * 1024;
  // Messages of the protocol itself after the handshake (new keys, attempts to renegotiate) that
  // are free, and how many bytes of data allow for one more. Each costs the server far more than
  // the client.
  static constexpr uint64_t kFreeMessages = 64;
  static constexpr uint64_t kBytesPerMessage = 64 * 1024;

  // Over a non-blocking socket, which others close. Takes what it needs of the context.
  TlsStream(TlsWorkspace& workspace, SSL_CTX* context, int fd, Side side);
  ~TlsStream();
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  // Goes on with the handshake as far as it goes without waiting. Reads nothing beyond it.
  Step shake_hands();
  // Why it failed, for the log.
  const std::string& failure() const { return failure_; }
  bool was_resumed() const { return SSL_session_reused(ssl_.get()) == 1; }

  // As readv and writev, but errors are returned as -errno, -EPROTO for whatever is wrong with the
  // TLS. Both ways a byte counts when it is plain. The end of the stream (0) is that of the TLS or
  // of the socket: replies end where they say they do, so a peer that hangs up without a word hides
  // nothing.
  ssize_t receive(std::span<const iovec> pieces);
  ssize_t transmit(std::span<const iovec> pieces);

  // receive() would return at once, whether or not there is something on the socket.
  bool has_unread() const;
  // Encrypted bytes that the socket has not taken. While there are any, transmit() takes nothing.
  bool has_unsent() const { return unsent_bytes() > 0; }
  size_t unsent_bytes() const { return unsent_.size() - unsent_sent_; }
  // Sends of them what the socket takes: bytes, or -errno.
  ssize_t send_unsent();

  // Says goodbye, if that is possible without waiting. The socket may be closed then.
  void end();

  // The common name of the certificate that the peer has shown and that was found good. Nothing if
  // there is none, or more than one, or one with a zero byte: such names are made to deceive.
  std::optional<std::string> peer_name() const;

  // Without what is shared; an estimate where only OpenSSL knows.
  size_t memory() const {
    return sizeof(*this) + kSessionBytes + unread_.capacity() + unsent_.capacity();
  }

 private:
  friend class TlsWorkspace;

  static int write_bio(BIO* bio, const char* bytes, int size);
  static int read_bio(BIO* bio, char* room, int size);
  static long control_bio(BIO* bio, int command, long number, void* pointer);
  static void note_event(const SSL* ssl, int where, int result);

  void explain_failure();
  bool has_expired_peer() const;
  int take_input(char* room, size_t size);
  bool is_abusive() const { return messages_ > kFreeMessages + received_bytes_ / kBytesPerMessage; }
  bool refill(size_t wanted);
  size_t decrypt_into(std::span<char> room, int& reads_left);
  void judge(int result);
  void put_aside_input();
  std::string_view next_record(std::span<const iovec> pieces, size_t& piece, size_t& offset) const;
  ssize_t send_output();
  void keep_unsent(std::string_view bytes);

  TlsWorkspace& workspace_;
  TlsPointer<SSL> ssl_;
  int fd_;
  bool is_established_ = false;
  std::optional<HelloGuard> guard_;  // of a server, until the handshake is over
  bool socket_is_empty_ = false;  // as far as this receive() knows
  // 1: open; 0: at its end; below: broken, -errno.
  int outcome_ = 1;
  bool outcome_was_told_ = false;
  uint64_t messages_ = 0;
  uint64_t received_bytes_ = 0;
  std::string_view input_;    // encrypted, in the workspace or in unread_
  std::vector<char> unread_;  // what of it waits for the next receive()
  std::vector<char> unsent_;
  size_t unsent_sent_ = 0;
  std::string failure_;
};

}  // namespace larder
