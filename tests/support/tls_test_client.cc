#include "tests/support/tls_test_client.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <stdexcept>

#include "tests/support/reply_text.h"

namespace larder {
namespace {

int connect_socket(int port, std::chrono::milliseconds bound) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval limit{.tv_sec = bound.count() / 1000, .tv_usec = bound.count() % 1000 * 1000};
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0)
    return socket;
  ::close(socket);
  throw std::runtime_error("cannot connect to port " + std::to_string(port));
}

}  // namespace

TlsTestClient::TlsTestClient(int port, const TestCertificates& certificates, const Options& options)
    : socket_(connect_socket(port, options.bound)), context_(SSL_CTX_new(TLS_client_method())) {
  // OpenSSL writes without asking for anything else.
  std::signal(SIGPIPE, SIG_IGN);
  ERR_clear_error();
  SSL_CTX* const context = context_.get();
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  bool is_set_up = SSL_CTX_load_verify_file(context, certificates.authority().c_str()) == 1 &&
                   SSL_CTX_set_min_proto_version(context, options.lowest_version) == 1 &&
                   SSL_CTX_set_max_proto_version(context, options.highest_version) == 1;
  if (!options.ciphers.empty())
    is_set_up &= SSL_CTX_set_cipher_list(context, options.ciphers.c_str()) == 1;
  if (options.certificate) {
    is_set_up &= SSL_CTX_use_certificate_chain_file(
                     context, options.certificate->certificate.c_str()) == 1 &&
                 SSL_CTX_use_PrivateKey_file(context, options.certificate->key.c_str(),
                                             SSL_FILETYPE_PEM) == 1;
  }
  ssl_.reset(SSL_new(context));
  is_set_up &= SSL_set1_host(ssl_.get(), "localhost") == 1 && SSL_set_fd(ssl_.get(), socket_) == 1;
  if (options.session != nullptr) is_set_up &= SSL_set_session(ssl_.get(), options.session) == 1;
  const bool is_connected = is_set_up && (!options.shakes_hands || SSL_connect(ssl_.get()) == 1);
  if (is_connected) return;
  ::close(socket_);
  fail(is_set_up ? "no handshake" : "cannot set up TLS");
}

void TlsTestClient::shake_hands() {
  if (SSL_connect(ssl_.get()) != 1) fail("no handshake");
}

TlsTestClient::~TlsTestClient() {
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
  ::close(socket_);
}

void TlsTestClient::fail(const std::string& what) const {
  const unsigned long reason = ERR_get_error();
  ERR_clear_error();
  const char* text = reason == 0 ? nullptr : ERR_reason_error_string(reason);
  throw std::runtime_error(what + ": " + (text == nullptr ? "the connection was closed" : text));
}

Reply TlsTestClient::call(const std::vector<std::string>& request) {
  send(request);
  return receive();
}

void TlsTestClient::send(const std::vector<std::string>& request) {
  send_raw(encode_request(request));
}

void TlsTestClient::send_raw(std::string_view bytes) {
  size_t written = 0;
  if (SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &written) != 1) fail("cannot send");
}

Reply TlsTestClient::receive() {
  std::array<char, 65536> buffer;
  Reply reply;
  for (;;) {
    const auto state = reader_.next(reply);
    if (state == ReplyReader::State::ready) return reply;
    if (state == ReplyReader::State::malformed) throw std::runtime_error("malformed reply");
    const int got = SSL_read(ssl_.get(), buffer.data(), static_cast<int>(buffer.size()));
    if (got <= 0) fail("no reply");
    reader_.feed({buffer.data(), static_cast<size_t>(got)});
  }
}

bool TlsTestClient::receive_goodbye() {
  char byte = 0;
  const int got = SSL_read(ssl_.get(), &byte, 1);
  const bool was_said = got <= 0 && (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0 &&
                        SSL_get_error(ssl_.get(), got) == SSL_ERROR_ZERO_RETURN;
  ERR_clear_error();
  return was_said;
}

void TlsTestClient::end_sending() {
  SSL_shutdown(ssl_.get());
}

}  // namespace larder
