// A client that speaks TLS, for tests: a blocking socket with a bound on every wait, and OpenSSL on
// it.
#pragma once

#include <openssl/ssl.h>

#include <chrono>
#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/reply_reader.h"
#include "tests/support/test_certificates.h"

namespace larder {

class TlsTestClient {
 public:
  struct Options {
    std::optional<TestCertificates::Pair> certificate = {};  // what the client shows
    int lowest_version = TLS1_2_VERSION;
    int highest_version = TLS1_3_VERSION;
    std::string ciphers = {};        // up to TLSv1.2
    SSL_SESSION* session = nullptr;  // to resume
    bool shakes_hands = true;        // false: that is for shake_hands(), later
    std::chrono::milliseconds bound = std::chrono::seconds(20);
  };

  // Trusts what the authority has signed. Throws std::runtime_error, with OpenSSL's reason, when
  // there is no handshake.
  TlsTestClient(int port, const TestCertificates& certificates, const Options& options);
  ~TlsTestClient();
  TlsTestClient(const TlsTestClient&) = delete;
  TlsTestClient& operator=(const TlsTestClient&) = delete;

  // As the constructor does; once.
  void shake_hands();

  template <class... Values>
  Reply operator()(const Values&... values) {
    return call({argument(values)...});
  }
  Reply call(const std::vector<std::string>& request);
  void send(const std::vector<std::string>& request);
  void send_raw(std::string_view bytes);
  Reply receive();
  // Whether the server says goodbye in the way of TLS, and nothing before.
  bool receive_goodbye();
  // No more requests will come: close_notify, and the socket stays open.
  void end_sending();

  SSL* ssl() { return ssl_.get(); }
  int socket() const { return socket_; }
  std::string version() const { return SSL_get_version(ssl_.get()); }
  bool was_resumed() const { return SSL_session_reused(ssl_.get()) == 1; }

 private:
  struct Deleter {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };

  template <class Value>
  static std::string argument(const Value& value) {
    if constexpr (std::integral<Value>) {
      return std::to_string(value);
    } else {
      return std::string(value);
    }
  }
  [[noreturn]] void fail(const std::string& what) const;

  int socket_ = -1;
  std::unique_ptr<SSL_CTX, Deleter> context_;
  std::unique_ptr<SSL, Deleter> ssl_;
  ReplyReader reader_;
};

}  // namespace larder
