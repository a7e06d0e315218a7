#include "server/network/tls_stream.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <ctime>
#include <memory>
#include <random>
#include <utility>

#include "tests/support/test_certificates.h"

namespace larder {
namespace {

using Step = TlsStream::Step;

const TestCertificates& certificates() {
  static const TestCertificates made;
  return made;
}

// Both ends of a connection in one thread; nothing waits.
struct Pair {
  TlsOptions options;
  TlsWorkspace workspace;
  std::unique_ptr<TlsContext> context;
  std::array<int, 2> fds{-1, -1};
  std::unique_ptr<TlsStream> server;
  std::unique_ptr<TlsStream> client;

  explicit Pair(std::string protocols = "", const std::string& client_name = "client") {
    options.cert_file.assign(certificates().server().certificate);
    options.key_file.assign(certificates().server().key);
    const auto own = certificates().client(client_name);
    options.client_cert_file.assign(own.certificate);
    options.client_key_file.assign(own.key);
    options.ca_cert_file.assign(certificates().authority());
    options.protocols.assign(std::move(protocols));
    auto loaded = TlsContext::load(options);
    REQUIRE(loaded.is_ok());
    context = std::make_unique<TlsContext>(std::move(loaded).value());
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()) == 0);
    server =
        std::make_unique<TlsStream>(workspace, context->server(), fds[0], TlsStream::Side::server);
    connect_as_configured();
  }
  ~Pair() {
    for (const int fd : fds) {
      if (fd >= 0) ::close(fd);
    }
  }

  // From now on the client has this certificate.
  void show(const TestCertificates::Pair& certificate) {
    options.client_cert_file.assign(certificate.certificate);
    options.client_key_file.assign(certificate.key);
    connect_as_configured();
  }
  void connect_as_configured() {
    const auto loaded = TlsContext::load_client(options);
    REQUIRE(loaded.is_ok());
    client = std::make_unique<TlsStream>(workspace, loaded.value().get(), fds[1],
                                         TlsStream::Side::client);
  }
  bool connect() {
    Step servers = Step::wants_to_read;
    Step clients = Step::wants_to_read;
    for (int i = 0; i < 20 && (servers != Step::done || clients != Step::done); i++) {
      if (clients != Step::done) clients = client->shake_hands();
      if (servers != Step::done) servers = server->shake_hands();
      if (clients == Step::failed || servers == Step::failed) return false;
    }
    return servers == Step::done && clients == Step::done;
  }
};

ssize_t transmit(TlsStream& stream, std::string_view bytes) {
  const iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
  return stream.transmit({&piece, 1});
}

// All that is there now, read into rooms of this size. `last` is what the last call returned.
std::string receive(TlsStream& stream, size_t room_bytes, ssize_t* last = nullptr) {
  std::string all;
  std::string room(room_bytes, '\0');
  for (;;) {
    const iovec piece{room.data(), room.size()};
    const ssize_t result = stream.receive({&piece, 1});
    if (last != nullptr) *last = result;
    if (result <= 0) return all;
    all.append(room, 0, static_cast<size_t>(result));
  }
}

std::string random_text(std::minstd_rand& random, size_t size) {
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

TEST_CASE("TLS stream: both sides can talk after the handshake") {
  Pair pair(GENERATE(std::string("TLSv1.2"), std::string("TLSv1.3")));
  REQUIRE(pair.connect());
  CHECK(transmit(*pair.client, "question") == 8);
  CHECK(receive(*pair.server, 100) == "question");
  CHECK(transmit(*pair.server, "answer") == 6);
  CHECK(receive(*pair.client, 100) == "answer");
  CHECK_FALSE(pair.server->has_unread());
  CHECK_FALSE(pair.server->has_unsent());
}

TEST_CASE("TLS stream: the certified name is the client's common name") {
  SECTION("one that is good") {
    Pair pair("", "anna");
    REQUIRE(pair.connect());
    CHECK(pair.server->peer_name() == "anna");
    CHECK(pair.client->peer_name() == "localhost");
  }
  const auto name_of = [](const std::vector<std::string>& names) {
    Pair pair;
    const auto made = certificates().make("special", {.common_names = names});
    pair.show(made);
    REQUIRE(pair.connect());
    return pair.server->peer_name();
  };
  CHECK(name_of({"J\xc3\xb8rgen"}) == "J\xc3\xb8rgen");
  CHECK(name_of({std::string("admin\0.example.org", 18)}) == std::nullopt);
  CHECK(name_of({"guest", "admin"}) == std::nullopt);
  CHECK(name_of({}) == std::nullopt);
}

TEST_CASE(
    "TLS stream: many small pieces leave as one record, large ones without being copied together") {
  Pair pair;
  REQUIRE(pair.connect());
  REQUIRE(receive(*pair.client, 100).empty());  // the tickets of its session
  const std::string text(500, 'x');
  std::vector<iovec> pieces;
  for (size_t i = 0; i < 30; i++) pieces.push_back({const_cast<char*>(text.data()), text.size()});
  const size_t bytes = 30 * text.size();
  CHECK(pair.server->transmit(pieces) == static_cast<ssize_t>(bytes));
  std::string wire(2 * bytes, '\0');
  const ssize_t sent = ::recv(pair.fds[1], wire.data(), wire.size(), MSG_PEEK);
  CHECK(sent > static_cast<ssize_t>(bytes));
  CHECK(sent < static_cast<ssize_t>(bytes + 64));
  CHECK(receive(*pair.client, 1 << 20) == std::string(bytes, 'x'));
}

TEST_CASE("TLS stream: whatever the sizes of pieces and rooms, the bytes arrive in their order") {
  std::minstd_rand random(GENERATE(1u, 2u, 3u, 4u, 5u, 6u));
  Pair pair(random() % 2 == 0 ? "TLSv1.2" : "TLSv1.3");
  REQUIRE(pair.connect());
  const auto size = [&](size_t most) {
    return 1 + random() % (random() % 2 == 0 ? most : 1 + most / 100);
  };
  std::string sent;
  std::string received;
  for (int i = 0; i < 400; i++) {
    if (random() % 2 == 0) {
      std::vector<std::string> texts;
      std::vector<iovec> pieces;
      const size_t count = 1 + random() % 8;
      for (size_t j = 0; j < count; j++) texts.push_back(random_text(random, size(40'000)));
      for (std::string& text : texts) pieces.push_back({text.data(), text.size()});
      const ssize_t accepted = pair.client->transmit(pieces);
      REQUIRE((accepted > 0 || accepted == -EAGAIN));
      std::string all;
      for (const std::string& text : texts) all += text;
      if (accepted > 0) sent.append(all, 0, static_cast<size_t>(accepted));
    } else {
      std::string first(size(70'000), '\0');
      std::string second(size(70'000), '\0');
      const std::array<iovec, 2> rooms{
          {{first.data(), first.size()}, {second.data(), second.size()}}};
      const ssize_t count = pair.server->receive(rooms);
      REQUIRE((count > 0 || count == -EAGAIN));
      if (count <= 0) {
        CHECK_FALSE(pair.server->has_unread());
        continue;
      }
      const std::string both = first + second;
      received.append(both, 0, static_cast<size_t>(count));
    }
  }
  while (pair.client->has_unsent() || received.size() < sent.size()) {
    if (pair.client->has_unsent()) REQUIRE(pair.client->send_unsent() >= -EAGAIN);
    const std::string more = receive(*pair.server, 50'000);
    if (more.empty() && !pair.client->has_unsent()) break;
    received += more;
  }
  // As a whole, because Catch would print megabytes.
  CHECK(received.size() == sent.size());
  CHECK((received == sent));
}

TEST_CASE("TLS stream: tiny records are decrypted some at a time, and none is forgotten") {
  Pair pair;
  REQUIRE(pair.connect());
  std::string sent;
  // All of them at once on the socket, which holds fewer when each comes by itself.
  std::string wire;
  for (int i = 0; i < 1000; i++) {
    sent += static_cast<char>('a' + i % 26);
    REQUIRE(transmit(*pair.client, std::string_view(sent).substr(sent.size() - 1)) == 1);
    std::array<char, 100> record;
    const ssize_t size = ::recv(pair.fds[0], record.data(), record.size(), 0);
    REQUIRE(size > 0);
    wire.append(record.data(), static_cast<size_t>(size));
  }
  REQUIRE(::send(pair.fds[1], wire.data(), wire.size(), 0) == static_cast<ssize_t>(wire.size()));
  std::string room(65536, '\0');
  std::string received;
  int calls = 0;
  do {
    const iovec piece{room.data(), room.size()};
    const ssize_t result = pair.server->receive({&piece, 1});
    REQUIRE(result > 0);
    REQUIRE(result <= 256);
    received.append(room, 0, static_cast<size_t>(result));
    calls++;
  } while (pair.server->has_unread());
  CHECK(received == sent);
  CHECK(calls == 4);
}

// A client that offers the session of an earlier connection, if it has one.
class ResumingClient {
 public:
  explicit ResumingClient(SSL_CTX* context) : context_(context) {}
  ~ResumingClient() { SSL_SESSION_free(session_); }
  ResumingClient(const ResumingClient&) = delete;
  ResumingClient& operator=(const ResumingClient&) = delete;

  // How far the server got.
  Step connect(TlsStream& server, int fd) {
    const TlsPointer<SSL> ssl(SSL_new(context_));
    SSL_set_fd(ssl.get(), fd);
    if (session_ != nullptr) SSL_set_session(ssl.get(), session_);
    Step step = Step::wants_to_read;
    for (int i = 0; i < 10 && step != Step::done && step != Step::failed; i++) {
      SSL_connect(ssl.get());
      step = server.shake_hands();
    }
    char byte;
    SSL_connect(ssl.get());
    SSL_read(ssl.get(), &byte, 1);  // takes the tickets
    SSL_SESSION_free(std::exchange(session_, SSL_get1_session(ssl.get())));
    // Otherwise OpenSSL takes it for broken.
    SSL_set_shutdown(ssl.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    ERR_clear_error();
    return step;
  }

 private:
  SSL_CTX* context_;
  SSL_SESSION* session_ = nullptr;
};

TEST_CASE("TLS stream: a session is worth nothing when the certificate behind it has expired") {
  Pair pair(GENERATE(std::string("TLSv1.2"), std::string("TLSv1.3")));
  const bool is_expired = GENERATE(false, true);
  const auto own =
      certificates().make("fleeting", {.begins_in_s = -3600, .ends_in_s = is_expired ? -60 : 3600});
  pair.options.client_cert_file.assign(own.certificate);
  pair.options.client_key_file.assign(own.key);
  auto loaded = TlsContext::load(pair.options);
  REQUIRE(loaded.is_ok());
  // To whoever judges it in full, it is half an hour ago.
  SSL_CTX* const context = loaded.value().server();
  X509_VERIFY_PARAM_set_time(SSL_CTX_get0_param(context), ::time(nullptr) - 1800);
  const auto own_context = TlsContext::load_client(pair.options);
  REQUIRE(own_context.is_ok());
  ResumingClient client(own_context.value().get());
  TlsStream first(pair.workspace, context, pair.fds[0], TlsStream::Side::server);
  REQUIRE(client.connect(first, pair.fds[1]) == Step::done);
  REQUIRE_FALSE(first.was_resumed());

  Pair again(pair.options.protocols.get());
  TlsStream second(again.workspace, context, again.fds[0], TlsStream::Side::server);
  const Step step = client.connect(second, again.fds[1]);
  CHECK(second.was_resumed());
  CHECK(step == (is_expired ? Step::failed : Step::done));
  if (is_expired) CHECK_THAT(second.failure(), Catch::Contains("has expired"));
}

TEST_CASE("TLS stream: what a slow reader does not take is bounded, and nothing is lost") {
  Pair pair;
  REQUIRE(pair.connect());
  const std::string text(1 << 20, 'y');
  size_t sent = 0;
  ssize_t result = 0;
  while ((result = transmit(*pair.server, text)) > 0) sent += static_cast<size_t>(result);
  CHECK(result == -EAGAIN);
  CHECK(pair.server->has_unsent());
  CHECK(pair.server->unsent_bytes() <= TlsWorkspace::kOutputBytes);
  size_t received = 0;
  while (received < sent) {
    const std::string part = receive(*pair.client, 65536);
    received += part.size();
    if (pair.server->has_unsent()) {
      REQUIRE(pair.server->send_unsent() > 0);
    } else if (part.empty()) {
      break;
    }
  }
  CHECK(received == sent);
  CHECK(pair.server->unsent_bytes() == 0);
}

TEST_CASE("TLS stream: the end comes after what was sent before it") {
  Pair pair;
  REQUIRE(pair.connect());
  CHECK(transmit(*pair.client, "last words") == 10);
  const bool says_goodbye = GENERATE(true, false);
  if (says_goodbye) {
    pair.client->end();
  } else {
    ::shutdown(pair.fds[1], SHUT_WR);
  }
  std::array<char, 100> room;
  const iovec piece{room.data(), room.size()};
  CHECK(pair.server->receive({&piece, 1}) == 10);
  // Nothing is on the socket any more after a goodbye, so somebody has to know that there is news.
  if (pair.server->receive({&piece, 1}) != 0) FAIL("no end");
  CHECK_FALSE(pair.server->has_unread());
  // The other direction is still open.
  CHECK(transmit(*pair.server, "farewell") == 8);
  CHECK(receive(*pair.client, 100) == "farewell");
}

TEST_CASE("TLS stream: news of an end that came with data is kept") {
  Pair pair;
  REQUIRE(pair.connect());
  CHECK(transmit(*pair.client, "last words") == 10);
  pair.client->end();
  std::array<char, 100> room;
  const iovec piece{room.data(), room.size()};
  CHECK(pair.server->receive({&piece, 1}) == 10);
  CHECK(pair.server->has_unread());
  CHECK(pair.server->receive({&piece, 1}) == 0);
  CHECK_FALSE(pair.server->has_unread());
}

TEST_CASE("TLS stream: a record that somebody changed on its way ends the stream") {
  Pair pair;
  REQUIRE(pair.connect());
  CHECK(transmit(*pair.client, "good") == 4);
  std::string record(1000, '\0');
  // The client's record, and once more with another last byte.
  const ssize_t size = ::recv(pair.fds[0], record.data(), record.size(), 0);
  REQUIRE(size > 0);
  record.resize(static_cast<size_t>(size));
  record.back() = static_cast<char>(record.back() ^ 1);
  REQUIRE(::send(pair.fds[1], record.data(), record.size(), 0) == size);
  ssize_t last = 0;
  CHECK(receive(*pair.server, 100, &last).empty());
  CHECK(last == -EPROTO);
  CHECK(transmit(*pair.server, "x") == -EPROTO);
  pair.server->end();
}

TEST_CASE("TLS stream: a handshake that is none fails with a reason") {
  Pair pair;
  SECTION("another protocol") {
    const std::string_view text = "*1\r\n$4\r\nPING\r\n";
    REQUIRE(::send(pair.fds[1], text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
    CHECK(pair.server->shake_hands() == Step::failed);
    CHECK(pair.server->failure() == "wrong version number");
  }
  SECTION("nothing at all") {
    CHECK(pair.server->shake_hands() == Step::wants_to_read);
    ::close(std::exchange(pair.fds[1], -1));
    CHECK(pair.server->shake_hands() == Step::failed);
    CHECK_FALSE(pair.server->failure().empty());
  }
  SECTION("a stranger's certificate") {
    const TestCertificates others;
    const auto made = others.client("client");
    pair.show(made);
    CHECK_FALSE(pair.connect());
    CHECK_THAT(pair.server->failure(), Catch::StartsWith("certificate verify failed: "));
  }
}

}  // namespace
}  // namespace larder
