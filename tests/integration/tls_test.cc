// TLS: who gets in, what an established connection can do, and what happens when certificates
// change. Attacks on the port are in tls_attacks_test.cc, other programs as peers in
// tls_peers_test.cc.
#include <sys/socket.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <thread>

#include "tests/support/build.h"
#include "tests/support/test_server.h"
#include "tests/support/tls_server.h"

namespace larder {
namespace {

using Catch::Contains;
using Client = TlsTestClient;

std::string common_name_of_server(Client& client) {
  X509* certificate = SSL_get1_peer_certificate(client.ssl());
  const std::string name = std::to_string(ASN1_INTEGER_get(X509_get0_serialNumber(certificate)));
  X509_free(certificate);
  return name;
}

TEST_CASE("TLS: clients with a good certificate are served, in both versions of the protocol") {
  TlsServer server;
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  Client client(server.tls_port(), server.certificates(),
                {.certificate = server.certificates().client("anna"),
                 .lowest_version = version,
                 .highest_version = version});
  CHECK(client("PING") == status("PONG"));
  CHECK(client("SET", "k", "v") == status("OK"));
  CHECK(server.connect()("GET", "k") == "v");
  CHECK(client("ACL", "WHOAMI") == "default");
  const std::string info = client("CLIENT", "INFO").text;
  CHECK_THAT(info, Contains("addr=127.0.0.1:"));
  CHECK_THAT(info, Contains("laddr=127.0.0.1:" + std::to_string(server.tls_port())));
  CHECK_THAT(client("INFO", "server").text, Contains("listener2:name=tls,bind=127.0.0.1,port=" +
                                                     std::to_string(server.tls_port()) + "\r\n"));
  CHECK_THAT(client("INFO", "stats").text, Contains("tls_handshakes:1\r\n"));
  CHECK(client("QUIT") == status("OK"));
  CHECK(client.receive_goodbye());
}

TEST_CASE("TLS: whom tls-auth-clients lets in") {
  const std::string asks = GENERATE(std::string("yes"), std::string("optional"), std::string("no"));
  TlsServer server({"--tls-auth-clients", asks});
  const TestCertificates& certificates = server.certificates();
  const TestCertificates strangers;
  // A client learns that its certificate was refused only when it waits for the first reply.
  const auto is_served = [&](std::optional<TestCertificates::Pair> pair) {
    try {
      Client client(server.tls_port(), certificates, {.certificate = std::move(pair)});
      return client("PING") == status("PONG");
    } catch (const std::runtime_error&) {
      return false;
    }
  };
  CHECK(is_served(certificates.client("anna")));
  CHECK(is_served(std::nullopt) == (asks != "yes"));
  // Who is not asked cannot be wrong.
  const bool is_not_asked = asks == "no";
  CHECK(is_served(strangers.client("anna")) == is_not_asked);
  CHECK(is_served(certificates.make("expired", {.begins_in_s = -7200, .ends_in_s = -3600})) ==
        is_not_asked);
  CHECK(is_served(certificates.make("future", {.begins_in_s = 3600, .ends_in_s = 7200})) ==
        is_not_asked);
  // A certificate for servers is none for clients.
  CHECK(is_served(certificates.server()) == is_not_asked);
  auto plain = server.connect();
  CHECK(plain("PING") == status("PONG"));
  CHECK_THAT(plain("INFO", "stats").text,
             Contains(is_not_asked ? "tls_handshakes_failed:0\r\n" : "tls_handshakes_failed:"));
}

TEST_CASE(
    "TLS: clear text on the TLS port and TLS on the other lead to nothing, and hurt nobody else") {
  TlsServer server;
  auto plain = TestClient::connect(server.tls_port());
  plain.send({"PING"});
  // What comes back, if anything does, is an alert and no reply.
  const std::string answer = plain.receive_raw();
  CHECK((answer.empty() || answer[0] == '\x15'));
  CHECK_THROWS(Client(server.port(), server.certificates(), {}));
  CHECK(server.tls_client()("PING") == status("PONG"));
  CHECK(server.connect()("PING") == status("PONG"));
}

TEST_CASE("TLS: it can be the only way in") {
  TlsServer server({"--port", "0"});
  CHECK(server.tls_client()("PING") == status("PONG"));
  CHECK_THAT(server.tls_client()("INFO", "server").text,
             Contains("tcp_port:" + std::to_string(server.tls_port()) + "\r\n"));
}

TEST_CASE("TLS: values of many records go both ways") {
  TlsServer server;
  Client& client = server.tls_client();
  for (const size_t size :
       {size_t{1}, size_t{16 * 1024}, size_t{16 * 1024 + 1}, size_t{100'000}, size_t{20'000'000}}) {
    std::string value(size, 'x');
    for (size_t i = 0; i < size; i += 4096) value[i] = static_cast<char>('a' + i / 4096 % 26);
    REQUIRE(client("SET", "k", value) == status("OK"));
    REQUIRE(client("STRLEN", "k") == size);
    REQUIRE((client("GET", "k").text == value));
  }
  CHECK(client("PING") == status("PONG"));
}

TEST_CASE("TLS: a pipeline is answered in order, however it is cut into records") {
  TlsServer server;
  Client& client = server.tls_client();
  constexpr int kRequests = 5000;
  std::string requests;
  for (int i = 0; i < kRequests; i++) {
    const std::string text = std::to_string(i);
    requests += "*2\r\n$4\r\nECHO\r\n$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
  }
  const size_t part = GENERATE(size_t{7}, size_t{1000}, size_t{1'000'000});
  for (size_t at = 0; at < requests.size(); at += part)
    client.send_raw(std::string_view(requests).substr(at, part));
  int in_order = 0;
  for (int i = 0; i < kRequests; i++) in_order += client.receive() == std::to_string(i) ? 1 : 0;
  CHECK(in_order == kRequests);
}

TEST_CASE("TLS: who says goodbye still gets the replies to what was sent before") {
  TlsServer server;
  Client& client = server.tls_client();
  client.send_raw("SET k v\r\nGET k\r\n");
  client.end_sending();
  CHECK(client.receive() == status("OK"));
  CHECK(client.receive() == "v");
  CHECK(client.receive_goodbye());
}

TEST_CASE(
    "TLS: a client that closes its half of the socket without a goodbye is answered as well") {
  TlsServer server;
  Client& client = server.tls_client();
  client.send_raw("SET k v\r\nGET k\r\n");
  ::shutdown(client.socket(), SHUT_WR);
  CHECK(client.receive() == status("OK"));
  CHECK(client.receive() == "v");
}

TEST_CASE("TLS: a slow reader gets everything, and others do not wait for it") {
  TlsServer server;
  Client& slow = server.tls_client();
  constexpr int kReplies = 300;
  REQUIRE(slow("SET", "k", std::string(100'000, 'x')) == status("OK"));
  std::string requests;
  for (int i = 0; i < kReplies; i++) requests += "GET k\r\n";
  slow.send_raw(requests);
  // More than the socket takes is on its way now.
  CHECK(server.connect()("PING") == status("PONG"));
  Client other(server.tls_port(), server.certificates(),
               {.certificate = server.certificates().client("other")});
  CHECK(other("PING") == status("PONG"));
  int whole = 0;
  for (int i = 0; i < kReplies; i++) whole += slow.receive().text.size() == 100'000 ? 1 : 0;
  CHECK(whole == kReplies);
}

TEST_CASE("TLS: blocked clients are served and messages are pushed") {
  TlsServer server;
  Client& client = server.tls_client();
  auto other = server.connect();
  client.send({"BLPOP", "queue", "0"});
  CHECK(eventually([&] {
    return other("INFO", "clients").text.find("blocked_clients:1") != std::string::npos;
  }));
  CHECK(other("RPUSH", "queue", "job") == 1);
  CHECK(client.receive() == array("queue", "job"));
  CHECK(client("SUBSCRIBE", "news") == array("subscribe", "news", 1));
  CHECK(other("PUBLISH", "news", "today") == 1);
  CHECK(client.receive() == array("message", "news", "today"));
}

// --- Users ---

TEST_CASE("TLS: the user is the one whose name the certificate has") {
  TlsServer server({"--tls-auth-clients-user", "CN", "--requirepass", "secret", "--user", "anna",
                    "on", "+@all", "~a:*", "--user", "bob", "off", "+@all", "~*"});
  const TestCertificates& certificates = server.certificates();
  const auto connect = [&](const TestCertificates::Pair& pair) {
    return std::make_unique<Client>(server.tls_port(), certificates,
                                    Client::Options{.certificate = pair});
  };
  const auto anna = connect(certificates.client("anna"));
  CHECK((*anna)("ACL", "WHOAMI") == "anna");
  CHECK((*anna)("SET", "a:1", "x") == status("OK"));
  CHECK((*anna)("SET", "b:1", "x") == error_starting("NOPERM"));
  // More than a client without a login may have waiting for it.
  CHECK((*anna)("SETRANGE", "a:2", 200'000, "x") == 200'001);
  CHECK((*anna)("GET", "a:2").text.size() == 200'001);

  const std::vector<std::vector<std::string>> nobodies = {
      {"nobody"}, {"bob"}, {std::string("anna\0.example", 13)}, {"anna", "anna"}, {"ANNA"}};
  for (const auto& names : nobodies) {
    const auto client = connect(certificates.make("nobody", {.common_names = names}));
    CHECK((*client)("ACL", "WHOAMI") == error_starting("NOAUTH"));
    CHECK((*client)("AUTH", "secret") == status("OK"));
    CHECK((*client)("ACL", "WHOAMI") == "default");
  }
  auto admin = server.connect();
  CHECK(admin("AUTH", "secret") == status("OK"));
  CHECK_THAT(admin("INFO", "stats").text, Contains("acl_access_denied_tls_cert:3\r\n"));
  const Reply log = admin("ACL", "LOG");
  // And what anna was refused.
  REQUIRE(log.children.size() == 4);
  CHECK(log.children[0].children[3] == "tls-cert");

  CHECK(admin("CONFIG", "SET", "tls-auth-clients-user", "off") == status("OK"));
  const auto later = connect(certificates.client("anna"));
  CHECK((*later)("ACL", "WHOAMI") == error_starting("NOAUTH"));
  CHECK((*anna)("ACL", "WHOAMI") == "anna");
}

TEST_CASE(
    "TLS: the certificate of a user who is switched off is no way to become the default one") {
  TlsServer server({"--tls-auth-clients-user", "CN", "--user", "bob", "off", "+@all", "~*"});
  const TestCertificates& certificates = server.certificates();
  Client bob(server.tls_port(), certificates, {.certificate = certificates.client("bob")});
  CHECK(bob("SET", "k", "x") == error_starting("NOAUTH"));
  Client nobody(server.tls_port(), certificates, {.certificate = certificates.client("nobody")});
  CHECK(nobody("ACL", "WHOAMI") == "default");
  CHECK(nobody("ACL", "SETUSER", "bob", "on", ">secret") == status("OK"));
  CHECK(bob("SET", "k", "x") == error_starting("NOAUTH"));
  CHECK(bob("AUTH", "bob", "secret") == status("OK"));
  CHECK(bob("SET", "k", "x") == status("OK"));
}

// --- Changes while the server runs ---

TEST_CASE("TLS: the port can be opened, moved and closed") {
  const TestCertificates certificates;
  TestServer server;
  auto client = server.connect();
  const int first = free_port();
  CHECK(
      client("CONFIG", "SET", "tls-port", first) ==
      is_error(
          "ERR CONFIG SET failed (possibly related to argument 'tls-port') - Unable to update TLS "
          "configuration. Check server logs."));
  CHECK(client("CONFIG", "GET", "tls-port") == array("tls-port", "0"));
  CHECK_THAT(server.log(), Contains("No tls-cert-file configured!"));
  CHECK(client("CONFIG", "SET", "tls-port", first, "tls-cert-file",
               certificates.server().certificate, "tls-key-file", certificates.server().key,
               "tls-auth-clients", "no") == status("OK"));
  const TlsTestClient::Options anyone;
  Client before(first, certificates, anyone);
  const int second = free_port();
  CHECK(client("CONFIG", "SET", "tls-port", second) == status("OK"));
  CHECK(Client(second, certificates, anyone)("PING") == status("PONG"));
  CHECK_THROWS(Client(first, certificates, anyone));
  CHECK(before("PING") == status("PONG"));
  // A port that is taken: the former stays open.
  CHECK(client("CONFIG", "SET", "tls-port", server.port()) ==
        error_starting("ERR CONFIG SET failed"));
  CHECK(Client(second, certificates, anyone)("PING") == status("PONG"));
  CHECK(client("CONFIG", "SET", "tls-port", 0) == status("OK"));
  CHECK_THROWS(Client(second, certificates, anyone));
  CHECK(before("PING") == status("PONG"));
}

TEST_CASE("TLS: new certificates hold for those who come, all of them or none") {
  TlsServer server;
  const TestCertificates& certificates = server.certificates();
  Client& before = server.tls_client();
  const std::string first = common_name_of_server(before);
  auto admin = server.connect();
  const auto serial_now = [&] {
    Client client(server.tls_port(), certificates, {.certificate = certificates.client("anna")});
    return common_name_of_server(client);
  };
  SECTION("by CONFIG SET, under other names") {
    const auto next =
        certificates.make("next", {.common_names = {"localhost"}, .is_for_server = true});
    // One without the other does not fit.
    CHECK(admin("CONFIG", "SET", "tls-cert-file", next.certificate) ==
          is_error("ERR CONFIG SET failed (possibly related to argument 'tls-cert-file') - Unable "
                   "to update TLS "
                   "configuration. Check server logs."));
    CHECK(admin("CONFIG", "GET", "tls-cert-file") ==
          array("tls-cert-file", certificates.server().certificate));
    CHECK(serial_now() == first);
    CHECK(admin("CONFIG", "SET", "tls-cert-file", next.certificate, "tls-key-file", next.key) ==
          status("OK"));
    CHECK(serial_now() != first);
  }
  SECTION("by CONFIG SET, under the same name") {
    certificates.make("server", {.common_names = {"localhost"}, .is_for_server = true});
    CHECK(serial_now() == first);
    CHECK(admin("CONFIG", "SET", "tls-cert-file", certificates.server().certificate) ==
          status("OK"));
    CHECK(serial_now() != first);
  }
  SECTION("by SIGHUP") {
    certificates.make("server", {.common_names = {"localhost"}, .is_for_server = true});
    server.signal(SIGHUP);
    CHECK(eventually([&] { return serial_now() != first; }));
  }
  SECTION("by CONFIG SET, with a key of another kind") {
    const auto rsa = certificates.make(
        "rsa", {.common_names = {"localhost"}, .is_for_server = true, .has_rsa_key = true});
    CHECK(admin("CONFIG", "SET", "tls-cert-file", rsa.certificate) ==
          error_starting("ERR CONFIG SET failed"));
    CHECK(serial_now() == first);
    CHECK(admin("CONFIG", "SET", "tls-cert-file", rsa.certificate, "tls-key-file", rsa.key) ==
          status("OK"));
    CHECK(serial_now() != first);
  }
  SECTION("by SIGHUP, with a key that does not fit") {
    std::filesystem::copy_file(certificates.client("anna").key, certificates.server().key,
                               std::filesystem::copy_options::overwrite_existing);
    server.signal(SIGHUP);
    CHECK(eventually([&] {
      return server.log().find("The certificates stay as they were") != std::string::npos;
    }));
    CHECK(serial_now() == first);
  }
  CHECK(before("PING") == status("PONG"));
  CHECK(common_name_of_server(before) == first);
}

TEST_CASE("TLS: limits of handshakes change without the certificates being read again") {
  TlsServer server;
  auto admin = server.connect();
  std::filesystem::remove(server.certificates().server().key);
  for (const std::string option : {"tls-handshake-max", "tls-handshake-timeout"}) {
    CHECK(admin("CONFIG", "SET", option, "7") == status("OK"));
  }
  CHECK(admin("CONFIG", "SET", "tls-auth-clients-user", "CN") == status("OK"));
  CHECK(admin("CONFIG", "SET", "tls-session-caching", "no") ==
        error_starting("ERR CONFIG SET failed"));
  CHECK(server.connect_tls()->call({"PING"}) == status("PONG"));
}

TEST_CASE("TLS: certificates change under load, and nobody notices") {
  TlsServer server;
  const TestCertificates& certificates = server.certificates();
  const auto own = certificates.client("anna");
  std::atomic<bool> is_over = false;
  std::atomic<int> served = 0;
  std::atomic<int> failures = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; i++) {
    threads.emplace_back([&, stays = i == 0] {
      try {
        std::unique_ptr<Client> client;
        while (!is_over) {
          if (client == nullptr || !stays) {
            client = std::make_unique<Client>(server.tls_port(), certificates,
                                              Client::Options{.certificate = own});
          }
          (*client)("INCR", "n") == nil ? ++failures : ++served;
        }
      } catch (const std::runtime_error&) {
        ++failures;
      }
    });
  }
  auto admin = server.connect();
  int changes = 0;
  for (int i = 0; i < 20; i++) {
    const int target = served + 5;
    changes +=
        admin("CONFIG", "SET", "tls-cert-file", certificates.server().certificate) == status("OK")
            ? 1
            : 0;
    CHECK(eventually([&] { return served >= target || failures > 0; }, 30s));
  }
  is_over = true;
  for (std::thread& thread : threads) thread.join();
  CHECK(changes == 20);
  CHECK(failures == 0);
  CHECK(admin("GET", "n") == std::to_string(served));
}

TEST_CASE("TLS: protocols and ciphers are those of the options") {
  TlsServer server(
      {"--tls-protocols", "TLSv1.2", "--tls-ciphers", "ECDHE-ECDSA-AES256-GCM-SHA384"});
  const TestCertificates& certificates = server.certificates();
  const auto own = certificates.client("anna");
  Client client(server.tls_port(), certificates, {.certificate = own});
  CHECK(client.version() == "TLSv1.2");
  CHECK(std::string(SSL_get_cipher(client.ssl())) == "ECDHE-ECDSA-AES256-GCM-SHA384");
  CHECK_THROWS(Client(server.tls_port(), certificates,
                      {.certificate = own, .lowest_version = TLS1_3_VERSION}));
  CHECK_THROWS(Client(server.tls_port(), certificates,
                      {.certificate = own,
                       .highest_version = TLS1_2_VERSION,
                       .ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256"}));
  auto admin = server.connect();
  CHECK(admin("CONFIG", "SET", "tls-protocols", "TLSv1.9") ==
        error_starting("ERR CONFIG SET failed"));
  CHECK(admin("CONFIG", "SET", "tls-protocols", "TLSv1.3", "tls-ciphersuites",
              "TLS_CHACHA20_POLY1305_SHA256") == status("OK"));
  Client later(server.tls_port(), certificates, {.certificate = own});
  CHECK(later.version() == "TLSv1.3");
  CHECK(std::string(SSL_get_cipher(later.ssl())) == "TLS_CHACHA20_POLY1305_SHA256");
}

TEST_CASE(
    "TLS: sessions are resumed, until the certificates change or where that is switched off") {
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  TlsServer server({"--tls-auth-clients-user", "CN", "--user", "anna", "on", "+@all", "~*"});
  const TestCertificates& certificates = server.certificates();
  const auto own = certificates.client("anna");
  const auto connect = [&](SSL_SESSION* session) {
    return std::make_unique<Client>(server.tls_port(), certificates,
                                    Client::Options{.certificate = own,
                                                    .lowest_version = version,
                                                    .highest_version = version,
                                                    .session = session});
  };
  struct Freer {
    void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
  };
  std::unique_ptr<SSL_SESSION, Freer> session;
  {
    const auto first = connect(nullptr);
    CHECK_FALSE(first->was_resumed());
    // The tickets of TLS 1.3 come with the first reply.
    REQUIRE((*first)("PING") == status("PONG"));
    session.reset(SSL_get1_session(first->ssl()));
  }
  {
    const auto second = connect(session.get());
    CHECK(second->was_resumed());
    // Who it is was found out in the first handshake.
    CHECK((*second)("ACL", "WHOAMI") == "anna");
    session.reset(SSL_get1_session(second->ssl()));
  }
  auto admin = server.connect();
  CHECK_THAT(admin("INFO", "stats").text, Contains("tls_handshakes_resumed:1\r\n"));
  CHECK(admin("CONFIG", "SET", "tls-session-caching", GENERATE("yes", "no"), "tls-cert-file",
              certificates.server().certificate) == status("OK"));
  const auto third = connect(session.get());
  CHECK_FALSE(third->was_resumed());
  CHECK((*third)("ACL", "WHOAMI") == "anna");
}

TEST_CASE("TLS: a mistake in the configuration keeps the server from starting, with the reason") {
  const TestCertificates certificates;
  TestServer::Options options;
  options.arguments = certificates.server_arguments();
  options.arguments.insert(options.arguments.end(),
                           {"--tls-port", std::to_string(free_port()), "--tls-key-file", "none"});
  try {
    TestServer server(options);
    FAIL("it has started");
  } catch (const std::runtime_error& failure) {
    CHECK_THAT(failure.what(),
               Contains("Failed to load private key: none: No such file or directory"));
  }
}

}  // namespace
}  // namespace larder
