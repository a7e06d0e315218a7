#include "server/network/tls_stream.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "server/base/assert.h"
#include "server/network/socket_io.h"

namespace larder {
namespace {

// How often one receive() may ask the socket: records that carry no data must not keep it for long.
constexpr int kRefills = 6;
// How many records one receive() may decrypt: each costs about as much whether it carries a byte or
// 16 KB, and 64 KB of input hold thousands of the former.
constexpr int kReads = 256;

// Not always: forgetting costs a walk over the whole list.
void forget_old_errors() {
  if (ERR_peek_error() != 0) ERR_clear_error();
}

TlsStream* stream_of(BIO* bio) {
  return static_cast<TlsStream*>(BIO_get_data(bio));
}

}  // namespace

// --- What the streams share ---

TlsWorkspace::TlsWorkspace() = default;

void TlsWorkspace::prepare() {
  if (method_ != nullptr) return;
  method_.reset(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "larder"));
  LARDER_ASSERT(method_ != nullptr);
  BIO_meth_set_write(method_.get(), TlsStream::write_bio);
  BIO_meth_set_read(method_.get(), TlsStream::read_bio);
  BIO_meth_set_ctrl(method_.get(), TlsStream::control_bio);
  input_.reset(new char[kInputBytes]);
  record_.reset(new char[kRecordBytes]);
  output_.reset(new char[kOutputBytes]);
}

TlsStream::TlsStream(TlsWorkspace& workspace, SSL_CTX* context, int fd, Side side)
    : workspace_(workspace), ssl_(SSL_new(context)), fd_(fd) {
  workspace_.prepare();
  BIO* const bio = BIO_new(workspace_.method_.get());
  LARDER_ASSERT(ssl_ != nullptr && bio != nullptr);
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_app_data(ssl_.get(), reinterpret_cast<char*>(this));
  SSL_set_info_callback(ssl_.get(), note_event);
  if (side == Side::server) guard_.emplace();
  side == Side::server ? SSL_set_accept_state(ssl_.get()) : SSL_set_connect_state(ssl_.get());
}

TlsStream::~TlsStream() = default;

// --- What OpenSSL sees as its socket ---

// Refuses nothing while the socket works: what does not leave now is kept.
int TlsStream::write_bio(BIO* bio, const char* bytes, int size) {
  TlsStream& stream = *stream_of(bio);
  TlsWorkspace& workspace = stream.workspace_;
  BIO_clear_retry_flags(bio);
  const auto count = static_cast<size_t>(size);
  if (count > TlsWorkspace::kOutputBytes - workspace.output_size_) {
    if (const ssize_t sent = stream.send_output(); sent < 0) {
      // There is a gap now: nothing that comes behind it could be decrypted.
      if (stream.outcome_ > 0) stream.outcome_ = static_cast<int>(sent);
      return -1;
    }
  }
  if (count > TlsWorkspace::kOutputBytes) {
    stream.keep_unsent({bytes, count});
  } else {
    std::memcpy(workspace.output_.get() + workspace.output_size_, bytes, count);
    workspace.output_size_ += count;
  }
  return size;
}

int TlsStream::read_bio(BIO* bio, char* room, int size) {
  BIO_clear_retry_flags(bio);
  TlsStream& stream = *stream_of(bio);
  if (stream.is_abusive()) return -1;
  const int count = stream.take_input(room, static_cast<size_t>(size));
  if (count < 0) BIO_set_retry_read(bio);
  return count;
}

// Within a handshake OpenSSL asks for exactly what it needs, so that nothing of what follows is
// taken from the socket. -1: there is nothing now.
int TlsStream::take_input(char* room, size_t size) {
  if (is_established_) {
    if (input_.empty()) return -1;
    const size_t count = std::min(size, input_.size());
    std::memcpy(room, input_.data(), count);
    input_.remove_prefix(count);
    return static_cast<int>(count);
  }
  const ssize_t result = receive_some(fd_, room, size);
  if (would_block(result)) return -1;
  if (result <= 0) {
    outcome_ = static_cast<int>(result);
    return 0;
  }
  const bool is_older = SSL_version(ssl_.get()) < TLS1_3_VERSION;
  if (guard_ && !guard_->pass({room, static_cast<size_t>(result)}, is_older)) {
    outcome_ = -EMSGSIZE;
    return 0;
  }
  return static_cast<int>(result);
}

long TlsStream::control_bio(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

void TlsStream::note_event(const SSL* ssl, int where, int /*result*/) {
  auto& stream = *reinterpret_cast<TlsStream*>(SSL_get_app_data(ssl));
  if (stream.is_established_ && (where & (SSL_CB_LOOP | SSL_CB_ALERT)) != 0) ++stream.messages_;
}

// --- The handshake ---

TlsStream::Step TlsStream::shake_hands() {
  if (has_unsent()) {
    const ssize_t sent = send_unsent();
    if (sent < 0 && !would_block(sent)) {
      failure_ = std::strerror(static_cast<int>(-sent));
      return Step::failed;
    }
  }
  forget_old_errors();
  const int result = SSL_do_handshake(ssl_.get());
  const int reason = result == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl_.get(), result);
  if (reason != SSL_ERROR_NONE && reason != SSL_ERROR_WANT_READ) {
    explain_failure();
    send_output();  // the alert that tells the peer why
    return Step::failed;
  }
  send_output();
  if (reason == SSL_ERROR_WANT_READ) {
    return has_unsent() ? Step::wants_to_write : Step::wants_to_read;
  }
  if (was_resumed() && has_expired_peer()) {
    failure_ = "the certificate of a resumed session has expired";
    outcome_ = -EPROTO;
    return Step::failed;
  }
  is_established_ = true;
  guard_.reset();
  return Step::done;
}

// A session outlives the moment in which its certificate was judged.
bool TlsStream::has_expired_peer() const {
  const TlsPointer<X509> certificate(SSL_get1_peer_certificate(ssl_.get()));
  return certificate != nullptr && X509_cmp_current_time(X509_get0_notAfter(certificate.get())) < 0;
}

void TlsStream::explain_failure() {
  if (outcome_ == 0) {
    failure_ = "the peer closed the connection";
    ERR_clear_error();
  } else if (outcome_ < 0) {
    failure_ = std::strerror(-outcome_);
    ERR_clear_error();
  } else {
    failure_ = take_tls_error(TlsComplaint::last);
    const long verdict = SSL_get_verify_result(ssl_.get());
    if (verdict != X509_V_OK) {
      failure_ += std::string(": ") + X509_verify_cert_error_string(verdict);
    }
    outcome_ = -EPROTO;
  }
}

std::optional<std::string> TlsStream::peer_name() const {
  const TlsPointer<X509> certificate(SSL_get1_peer_certificate(ssl_.get()));
  if (certificate == nullptr || SSL_get_verify_result(ssl_.get()) != X509_V_OK) return std::nullopt;
  const X509_NAME* subject = X509_get_subject_name(certificate.get());
  const int first = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  const bool is_only_one =
      first >= 0 && X509_NAME_get_index_by_NID(subject, NID_commonName, first) < 0;
  if (!is_only_one) return std::nullopt;
  unsigned char* text = nullptr;
  const int size =
      ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, first)));
  if (size < 0) {
    ERR_clear_error();
    return std::nullopt;
  }
  std::string name(reinterpret_cast<const char*>(text), static_cast<size_t>(size));
  OPENSSL_free(text);
  if (name.empty() || name.find('\0') != std::string::npos) return std::nullopt;
  return name;
}

// --- Reading ---

bool TlsStream::has_unread() const {
  if (outcome_ <= 0) return !outcome_was_told_;
  return !input_.empty() || SSL_pending(ssl_.get()) > 0;
}

ssize_t TlsStream::receive(std::span<const iovec> pieces) {
  forget_old_errors();
  socket_is_empty_ = false;
  size_t received = 0;
  int reads_left = kReads;
  for (const iovec& piece : pieces) {
    const size_t count =
        decrypt_into({static_cast<char*>(piece.iov_base), piece.iov_len}, reads_left);
    received += count;
    if (count < piece.iov_len) break;
  }
  received_bytes_ += received;
  put_aside_input();
  if (workspace_.output_size_ > 0) {
    const ssize_t sent = send_output();  // answers of the protocol itself
    if (sent < 0 && outcome_ > 0) outcome_ = static_cast<int>(sent);
  }
  // What came before the end is worth more than the news of it, which keeps.
  if (received > 0) return static_cast<ssize_t>(received);
  if (outcome_ > 0) return -EAGAIN;
  outcome_was_told_ = true;
  return outcome_;
}

size_t TlsStream::decrypt_into(std::span<char> room, int& reads_left) {
  size_t filled = 0;
  int refills = 0;
  while (filled < room.size() && outcome_ > 0 && reads_left > 0) {
    if (input_.empty() && SSL_pending(ssl_.get()) == 0) {
      if (socket_is_empty_ || refills++ == kRefills || !refill(room.size() - filled)) break;
    }
    reads_left--;
    const size_t wanted = std::min(room.size() - filled, TlsWorkspace::kInputBytes);
    const int result = SSL_read(ssl_.get(), room.data() + filled, static_cast<int>(wanted));
    if (result > 0) {
      filled += static_cast<size_t>(result);
    } else {
      judge(result);
    }
  }
  return filled;
}

// Whether there is something to decrypt now. Of a little that is wanted no more than a record is
// taken, so that not much has to be put aside.
bool TlsStream::refill(size_t wanted) {
  const size_t size =
      std::clamp<size_t>(wanted, SSL3_RT_MAX_PACKET_SIZE, TlsWorkspace::kInputBytes);
  const ssize_t result = receive_some(fd_, workspace_.input_.get(), size);
  socket_is_empty_ = result < static_cast<ssize_t>(size);
  if (result <= 0) {
    if (!would_block(result)) outcome_ = static_cast<int>(result);
    return false;
  }
  input_ = {workspace_.input_.get(), static_cast<size_t>(result)};
  return true;
}

// After an SSL_read that brought nothing.
void TlsStream::judge(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return;  // a part of a record, which OpenSSL keeps
    case SSL_ERROR_ZERO_RETURN:
      outcome_ = 0;
      break;
    default:
      if (outcome_ > 0) outcome_ = -EPROTO;
      break;
  }
  input_ = {};
  ERR_clear_error();
}

// The workspace is the next stream's: what of it did not fit into the caller's memory moves.
void TlsStream::put_aside_input() {
  if (input_.empty()) {
    if (!unread_.empty()) std::vector<char>().swap(unread_);
    return;
  }
  std::vector<char> rest(input_.begin(), input_.end());
  unread_.swap(rest);
  input_ = {unread_.data(), unread_.size()};
}

// --- Writing ---

ssize_t TlsStream::transmit(std::span<const iovec> pieces) {
  if (outcome_ < 0) return outcome_;
  if (has_unsent()) {
    const ssize_t sent = send_unsent();
    if (sent < 0) return sent;
    if (has_unsent()) return -EAGAIN;
  }
  forget_old_errors();
  constexpr size_t kBatchBytes = TlsWorkspace::kBatchRecords * TlsWorkspace::kRecordBytes;
  size_t accepted = 0;
  size_t piece = 0;
  size_t offset = 0;
  while (accepted + TlsWorkspace::kRecordBytes <= kBatchBytes) {
    const std::string_view record = next_record(pieces, piece, offset);
    if (record.empty()) break;
    if (SSL_write(ssl_.get(), record.data(), static_cast<int>(record.size())) <= 0) {
      ERR_clear_error();
      if (outcome_ > 0) outcome_ = -EPROTO;
      // The workspace is the next stream's: what is in it already is sent to this one's peer, or
      // lost.
      send_output();
      return outcome_;
    }
    accepted += record.size();
  }
  const ssize_t sent = send_output();
  return sent < 0 ? sent : static_cast<ssize_t>(accepted);
}

// At most a record's worth of the pieces from here on, in one piece, and steps behind it. Only what
// is in several is copied: many small replies make one record, and a large value is encrypted where
// it lies.
std::string_view TlsStream::next_record(std::span<const iovec> pieces, size_t& piece,
                                        size_t& offset) const {
  while (piece < pieces.size() && offset == pieces[piece].iov_len) {
    piece++;
    offset = 0;
  }
  size_t gathered = 0;
  while (piece < pieces.size() && gathered < TlsWorkspace::kRecordBytes) {
    const iovec& from = pieces[piece];
    const size_t count = std::min(from.iov_len - offset, TlsWorkspace::kRecordBytes - gathered);
    const char* const bytes = static_cast<const char*>(from.iov_base) + offset;
    const bool is_last = piece + 1 == pieces.size();
    offset += count;
    if (gathered == 0 && (is_last || count == TlsWorkspace::kRecordBytes)) return {bytes, count};
    std::memcpy(workspace_.record_.get() + gathered, bytes, count);
    gathered += count;
    if (offset < from.iov_len) break;
    piece++;
    offset = 0;
  }
  return {workspace_.record_.get(), gathered};
}

// What the socket does not take is kept. 0, or -errno.
ssize_t TlsStream::send_output() {
  const std::string_view output(workspace_.output_.get(),
                                std::exchange(workspace_.output_size_, 0));
  if (output.empty()) return 0;
  ssize_t sent = has_unsent() ? 0 : send_some(fd_, output);
  if (would_block(sent)) sent = 0;
  if (sent < 0) return sent;
  keep_unsent(output.substr(static_cast<size_t>(sent)));
  return 0;
}

void TlsStream::keep_unsent(std::string_view bytes) {
  unsent_.insert(unsent_.end(), bytes.begin(), bytes.end());
}

ssize_t TlsStream::send_unsent() {
  const ssize_t sent =
      send_some(fd_, std::string_view(unsent_.data(), unsent_.size()).substr(unsent_sent_));
  if (sent < 0) return sent;
  unsent_sent_ += static_cast<size_t>(sent);
  if (!has_unsent()) {
    std::vector<char>().swap(unsent_);
    unsent_sent_ = 0;
  }
  return sent;
}

void TlsStream::end() {
  if (!is_established_ || outcome_ < 0 || has_unsent()) return;
  forget_old_errors();
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
  send_output();
}

}  // namespace larder
