// Certificates, keys and rules of TLS as they were loaded from the options: what new connections
// begin with. Connections keep theirs, so that another context can take its place at any time.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "server/base/result.h"
#include "server/network/tls_options.h"

namespace larder {

struct TlsDeleter {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(BIO* bio) const { BIO_free_all(bio); }
  void operator()(BIO_METHOD* method) const { BIO_meth_free(method); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
template <class T>
using TlsPointer = std::unique_ptr<T, TlsDeleter>;

class TlsContext {
 public:
  // Reads the files. Error: what is wrong with which of them, for the log.
  static Result<TlsContext> load(const TlsOptions& options);
  // For connections that we make: with the tls-client-* files, or without them with the server's.
  static Result<TlsPointer<SSL_CTX>> load_client(const TlsOptions& options);

  // For those who connect to us.
  SSL_CTX* server() const { return server_.get(); }

 private:
  explicit TlsContext(TlsPointer<SSL_CTX> server) : server_(std::move(server)) {}

  TlsPointer<SSL_CTX> server_;
};

// What OpenSSL has complained about in this thread; its list is empty afterwards. Of a file the first
// complaint tells most, of a handshake the last. "unknown error" if there is none.
enum class TlsComplaint { first, last };
std::string take_tls_error(TlsComplaint which);

}  // namespace larder
