#include "tests/bench/tls_socket.h"

#include <fcntl.h>
#include <openssl/err.h>

#include <cerrno>
#include <csignal>
#include <stdexcept>

namespace larder {

TlsSocket::TlsSocket(int socket) : context_(SSL_CTX_new(TLS_client_method())) {
  // OpenSSL writes without asking for anything else.
  std::signal(SIGPIPE, SIG_IGN);
  SSL_CTX_set_mode(context_.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  ssl_.reset(SSL_new(context_.get()));
  ::fcntl(socket, F_SETFL, 0);
  const bool is_connected = SSL_set_fd(ssl_.get(), socket) == 1 && SSL_connect(ssl_.get()) == 1;
  ::fcntl(socket, F_SETFL, O_NONBLOCK);
  if (!is_connected) throw std::runtime_error("no TLS handshake");
}

ssize_t TlsSocket::send(std::string_view bytes) {
  ERR_clear_error();
  return outcome(SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())));
}

ssize_t TlsSocket::receive(std::span<char> room) {
  ERR_clear_error();
  return outcome(SSL_read(ssl_.get(), room.data(), static_cast<int>(room.size())));
}

ssize_t TlsSocket::outcome(int result) {
  if (result > 0) return result;
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      errno = EAGAIN;
      return -1;
    case SSL_ERROR_ZERO_RETURN:
      return 0;
    default:
      errno = EPROTO;
      return -1;
  }
}

}  // namespace larder
