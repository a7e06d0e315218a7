// TLS on a client's socket of bench_load.
#pragma once

#include <openssl/ssl.h>
#include <sys/types.h>

#include <memory>
#include <span>
#include <string_view>

namespace larder {

class TlsSocket {
 public:
  // Makes the handshake on a connected socket, and leaves it non-blocking. Throws
  // std::runtime_error.
  explicit TlsSocket(int socket);

  // As the functions of the system: bytes, 0 at the end, -1 and errno.
  ssize_t send(std::string_view bytes);
  ssize_t receive(std::span<char> room);
  // A receive would bring something that the socket does not know of any more.
  bool has_more() const { return SSL_pending(ssl_.get()) > 0; }

 private:
  struct Deleter {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };

  ssize_t outcome(int result);

  std::unique_ptr<SSL_CTX, Deleter> context_;
  std::unique_ptr<SSL, Deleter> ssl_;
};

}  // namespace larder
