// What strangers try on a TLS port: handshakes that never end, too many of them, and messages of
// the protocol that cost the server more than the sender.
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <thread>

#include "tests/support/build.h"
#include "tests/support/server_figures.h"
#include "tests/support/test_server.h"
#include "tests/support/tls_server.h"

namespace larder {
namespace {

using Catch::Contains;

int64_t stat(TestClient& client, const std::string& name) {
  return info_number(client, "stats", name);
}

TEST_CASE("TLS attacks: a handshake that stalls is dropped, wherever it does") {
  TlsServer server({"--tls-handshake-timeout", "1"});
  auto admin = server.connect();
  auto silent = TestClient::connect(server.tls_port());
  auto halting = TestClient::connect(server.tls_port());
  // The beginning of a ClientHello of 512 bytes.
  halting.send_raw(std::string_view("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11));
  CHECK(eventually([&] { return stat(admin, "tls_handshakes_in_progress") == 2; }));
  silent.set_timeout(30s);
  halting.set_timeout(30s);
  CHECK(silent.receive_eof());
  CHECK(halting.receive_eof());
  CHECK(stat(admin, "tls_handshakes_in_progress") == 0);
  CHECK(stat(admin, "tls_handshakes_timed_out") == 2);
  CHECK_THAT(server.log(), Contains("the handshake took too long"));
  CHECK(server.tls_client()("PING") == status("PONG"));
}

TEST_CASE(
    "TLS attacks: a client that feeds its handshake byte by byte has no more time than others") {
  TlsServer server({"--tls-handshake-timeout", "1"});
  auto trickling = TestClient::connect(server.tls_port());
  // A record of 16 KB, of which a byte comes now and then.
  trickling.send_raw(std::string_view("\x16\x03\x01\x40\x00\x01\x00\x3f\xfc\x03\x03", 11));
  const bool was_dropped = eventually(
      [&] {
        if (::send(trickling.socket(), "x", 1, MSG_NOSIGNAL) < 0) return true;
        char byte;
        return ::recv(trickling.socket(), &byte, 1, MSG_DONTWAIT) == 0;
      },
      30s);
  CHECK(was_dropped);
}

TEST_CASE("TLS attacks: a flood of handshakes is bounded, and others are served meanwhile") {
  constexpr int kPlaces = 10;
  constexpr int kSilent = 200;
  TlsServer server(
      {"--tls-handshake-max", std::to_string(kPlaces), "--tls-handshake-timeout", "3600"});
  auto admin = server.connect();
  auto before = server.connect_tls();
  std::vector<TestClient> silent;
  for (int i = 0; i < kSilent; i++) silent.push_back(TestClient::connect(server.tls_port()));
  CHECK(eventually([&] { return stat(admin, "tls_handshakes_in_progress") == kPlaces; }));
  CHECK(admin("PING") == status("PONG"));
  CHECK((*before)("PING") == status("PONG"));
  CHECK(stat(admin, "tls_handshakes_in_progress") <= kPlaces);
  // Whoever keeps quiet for a second has to go while others wait: all of them are through before
  // long, though each alone would have an hour.
  CHECK(eventually([&] { return stat(admin, "tls_handshakes_timed_out") >= 2 * kPlaces; }, 60s));
  // The places are many enough now that nobody waits.
  CHECK(admin("CONFIG", "SET", "tls-handshake-max", 2 * kSilent) == status("OK"));
  auto after = server.connect_tls();
  CHECK((*after)("PING") == status("PONG"));
}

TEST_CASE("TLS attacks: too many clients are told so in clear text, handshakes count as clients") {
  TlsServer server({"--maxclients", "3"});
  auto admin = server.connect();
  CHECK(admin("PING") == status("PONG"));
  auto first = server.connect_tls();
  auto shaking = TestClient::connect(server.tls_port());
  CHECK(eventually([&] { return stat(admin, "tls_handshakes_in_progress") == 1; }));
  auto refused = TestClient::connect(server.tls_port());
  CHECK(refused.receive() == is_error("ERR max number of clients reached"));
  CHECK(refused.receive_eof());
  CHECK(stat(admin, "rejected_connections") == 1);
  shaking.close();
  CHECK(eventually([&] { return stat(admin, "tls_handshakes_in_progress") == 0; }));
  auto second = server.connect_tls();
  CHECK((*second)("PING") == status("PONG"));
}

TEST_CASE("TLS attacks: handshakes under way take no place from those who come without TLS") {
  TlsServer server({"--maxclients", "3", "--tls-handshake-timeout", "3600"});
  auto admin = server.connect();
  CHECK(admin("PING") == status("PONG"));
  auto shaking = TestClient::connect(server.tls_port());
  auto silent = TestClient::connect(server.tls_port());
  CHECK(eventually([&] { return stat(admin, "tls_handshakes_in_progress") == 2; }));
  auto second = server.connect();
  CHECK(second("PING") == status("PONG"));
  auto third = server.connect();
  CHECK(third("PING") == status("PONG"));
  auto fourth = server.connect();
  CHECK(fourth.receive() == is_error("ERR max number of clients reached"));
}

TEST_CASE("TLS attacks: who finishes a handshake when all places are taken is refused") {
  TlsServer server({"--maxclients", "2"});
  auto admin = server.connect();
  CHECK(admin("PING") == status("PONG"));
  TlsTestClient late(
      server.tls_port(), server.certificates(),
      {.certificate = server.certificates().client("client"), .shakes_hands = false});
  CHECK(eventually([&] { return stat(admin, "tls_handshakes_in_progress") == 1; }));
  auto second = server.connect();
  CHECK(second("PING") == status("PONG"));
  late.shake_hands();
  CHECK(late.receive() == is_error("ERR max number of clients reached"));
}

TEST_CASE("TLS attacks: nobody may renegotiate") {
  TlsServer server;
  auto client = server.connect_tls({.highest_version = TLS1_2_VERSION});
  REQUIRE((*client)("PING") == status("PONG"));
  CHECK(SSL_renegotiate(client->ssl()) == 1);
  CHECK(SSL_do_handshake(client->ssl()) != 1);
  CHECK(server.tls_client()("PING") == status("PONG"));
}

TEST_CASE("TLS attacks: who asks for new keys all the time is cut off") {
  TlsServer server;
  auto client = server.connect_tls({.lowest_version = TLS1_3_VERSION});
  // A few are fine.
  for (int i = 0; i < 5; i++) {
    REQUIRE(SSL_key_update(client->ssl(), SSL_KEY_UPDATE_REQUESTED) == 1);
    REQUIRE(client->call({"PING"}) == status("PONG"));
  }
  bool was_cut_off = false;
  for (int i = 0; i < 10'000 && !was_cut_off; i++) {
    was_cut_off = SSL_key_update(client->ssl(), SSL_KEY_UPDATE_REQUESTED) != 1 ||
                  SSL_do_handshake(client->ssl()) != 1;
    if (!was_cut_off && i % 100 == 99) {
      try {
        client->call({"PING"});
      } catch (const std::runtime_error&) {
        was_cut_off = true;
      }
    }
  }
  CHECK(was_cut_off);
  CHECK(server.tls_client()("PING") == status("PONG"));
}

TEST_CASE("TLS attacks: rubbish at any moment ends that connection and nothing else") {
  TlsServer server;
  SECTION("instead of a handshake") {
    for (int i = 0; i < 50; i++) {
      auto client = TestClient::connect(server.tls_port());
      std::string bytes(static_cast<size_t>(1 + i * 37), '\0');
      for (size_t j = 0; j < bytes.size(); j++)
        bytes[j] = static_cast<char>(j * 31 + static_cast<size_t>(i) * 7);
      // A first byte that announces a handshake now and then.
      if (i % 3 == 0)
        bytes.replace(0, std::min<size_t>(bytes.size(), 3), std::string_view("\x16\x03\x01", 3), 0,
                      std::min<size_t>(bytes.size(), 3));
      client.send_raw(bytes);
      client.half_close();
      client.receive_raw();
    }
  }
  SECTION("between the records") {
    auto client = server.connect_tls();
    REQUIRE((*client)("PING") == status("PONG"));
    const std::string rubbish(100, '\x17');
    REQUIRE(::send(client->socket(), rubbish.data(), rubbish.size(), 0) == 100);
    CHECK_THROWS(client->receive());
  }
  SECTION("a connection that ends in the middle of a record") {
    auto client = server.connect_tls();
    REQUIRE((*client)("PING") == status("PONG"));
    REQUIRE(::send(client->socket(), "\x17\x03\x03\x01\x00half", 9, 0) == 9);
    ::shutdown(client->socket(), SHUT_WR);
    CHECK_THROWS(client->receive());
  }
  CHECK(server.tls_client()("PING") == status("PONG"));
  CHECK(server.connect()("PING") == status("PONG"));
}

TEST_CASE("TLS attacks: clients that vanish at every step leave nothing behind") {
  TlsServer server;
  auto admin = server.connect();
  const auto connect = [&] {
    auto client = server.connect_tls();
    (*client)("PING");
    return client;
  };
  for (int i = 0; i < 30; i++) {
    auto client = connect();
    client->send_raw("SET k " + std::string(50'000, 'x') + "\r\nGET k\r\nBLPOP none 0\r\n");
    if (i % 3 == 0) {
      const linger at_once{.l_onoff = 1, .l_linger = 0};
      ::setsockopt(client->socket(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    }
    if (i % 2 == 0) ::shutdown(client->socket(), SHUT_RDWR);
  }
  CHECK(eventually([&] {
    return admin("INFO", "clients").text.find("connected_clients:1\r\n") != std::string::npos;
  }));
  CHECK(stat(admin, "tls_handshakes_in_progress") == 0);
}

TEST_CASE("TLS attacks: clients are killed while the server has more of theirs to decrypt") {
  TlsServer server;
  auto admin = server.connect();
  const std::string address = "127.0.0.1:" + std::to_string(server.tls_port());
  std::string requests;
  for (int i = 0; i < 20'000; i++) requests += "INCR n\r\n";
  for (int round = 0; round < 20; round++) {
    std::vector<std::unique_ptr<TlsTestClient>> victims;
    for (int i = 0; i < 3; i++) victims.push_back(server.connect_tls());
    // One of them kills all in the middle of what they have sent, and so does somebody else.
    for (auto& victim : victims) victim->send_raw(requests);
    victims.front()->send_raw("CLIENT KILL TYPE normal LADDR " + address + " SKIPME no\r\n");
    CHECK(admin("CLIENT", "KILL", "TYPE", "normal", "LADDR", address).type == Reply::Type::integer);
    CHECK(eventually([&] {
      return admin("INFO", "clients").text.find("connected_clients:1\r\n") != std::string::npos;
    }));
  }
}

TEST_CASE("TLS attacks: a hello that announces much is refused before memory is taken for it") {
  TlsServer server({"--tls-handshake-timeout", "3600"});
  auto admin = server.connect();
  // 131,000 bytes, in a first record of four.
  auto liar = TestClient::connect(server.tls_port());
  liar.send_raw(std::string_view("\x16\x03\x01\x00\x04\x01\x01\xff\xb8", 9));
  CHECK(liar.receive_eof());
  CHECK(stat(admin, "tls_handshakes_failed") == 1);
  CHECK_THAT(server.log(), Contains("Message too long"));
  // Those that may still come take little.
  if (kHasSanitizers) return;
  const auto before = used_memory(admin);
  constexpr int kClients = 100;
  std::vector<TestClient> halting;
  for (int i = 0; i < kClients; i++) {
    halting.push_back(TestClient::connect(server.tls_port()));
    halting.back().send_raw(std::string_view("\x16\x03\x01\x00\x04\x01\x00\x40\x00", 9));
  }
  CHECK(eventually([&] { return stat(admin, "tls_handshakes_in_progress") == kClients; }));
  const auto each = (used_memory(admin) - before) / kClients;
  INFO("bytes per handshake: " << each);
  CHECK(each < 96 * 1024);
}

TEST_CASE("TLS attacks: an idle connection costs little") {
  if (kHasSanitizers) return;
  TlsServer server;
  auto admin = server.connect();
  constexpr int kClients = 50;
  auto first = server.connect_tls();
  (*first)("PING");
  const auto before = used_memory(admin);
  std::vector<std::unique_ptr<TlsTestClient>> clients;
  for (int i = 0; i < kClients; i++) {
    clients.push_back(server.connect_tls());
    (*clients.back())("SET", "k", std::string(30'000, 'x'));
  }
  const auto each = (used_memory(admin) - before) / kClients;
  INFO("bytes per connection: " << each);
  CHECK(each < 40'000);
}

}  // namespace
}  // namespace larder
