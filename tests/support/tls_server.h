// A server with a TLS port beside the other one, and with certificates of its own.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/test_certificates.h"
#include "tests/support/test_server.h"
#include "tests/support/tls_test_client.h"

namespace larder {

class TlsServer {
 public:
  // The arguments override those that switch TLS on.
  explicit TlsServer(std::vector<std::string> arguments = {})
      : tls_port_(free_port()), server_(with_tls(std::move(arguments))) {}

  const TestCertificates& certificates() const { return certificates_; }
  int tls_port() const { return tls_port_; }
  // A client whose certificate is good, made when it is first asked for.
  TlsTestClient& tls_client() {
    if (client_ == nullptr) client_ = connect_tls();
    return *client_;
  }
  std::unique_ptr<TlsTestClient> connect_tls(TlsTestClient::Options options = {}) const {
    if (!options.certificate) options.certificate = certificates_.client("client");
    return std::make_unique<TlsTestClient>(tls_port_, certificates_, options);
  }

  // The server's other port, and the rest of it.
  TestClient connect() const { return server_.connect(); }
  int port() const { return server_.port(); }
  std::string log() const { return server_.log(); }
  void signal(int number) const { server_.signal(number); }
  TestServer& server() { return server_; }

 private:
  std::vector<std::string> with_tls(std::vector<std::string> arguments) const {
    std::vector<std::string> all = certificates_.server_arguments();
    all.insert(all.end(), {"--tls-port", std::to_string(tls_port_)});
    all.insert(all.end(), arguments.begin(), arguments.end());
    return all;
  }

  TestCertificates certificates_;
  int tls_port_;
  TestServer server_;
  std::unique_ptr<TlsTestClient> client_;
};

}  // namespace larder
