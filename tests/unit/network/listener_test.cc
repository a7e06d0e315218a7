#include "server/network/listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "tests/unit/network/test_network.h"

namespace larder {
namespace {

// A port that nobody uses now: the kernel's choice, given back at once.
uint16_t free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  REQUIRE(::bind(fd, reinterpret_cast<sockaddr*>(&address), length) == 0);
  REQUIRE(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) == 0);
  ::close(fd);
  return ntohs(address.sin_port);
}

bool has_ipv6() {
  const int fd = ::socket(AF_INET6, SOCK_STREAM, 0);
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  const bool works = ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  ::close(fd);
  return works;
}

int connect_tcp(const std::string& host, uint16_t port) {
  const bool is_v6 = host.find(':') != std::string::npos;
  const int fd = ::socket(is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0);
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  ::inet_pton(AF_INET, host.c_str(), &v4.sin_addr);
  ::inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr);
  const int result = is_v6 ? ::connect(fd, reinterpret_cast<sockaddr*>(&v6), sizeof(v6))
                           : ::connect(fd, reinterpret_cast<sockaddr*>(&v4), sizeof(v4));
  if (result == 0) return fd;
  ::close(fd);
  return -1;
}

int connect_unix(const std::string& path) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.size());
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) return fd;
  ::close(fd);
  return -1;
}

struct ListeningNetwork : TestNetwork {
  std::vector<uint64_t> accepted;
  Listener listener{reactor, [this](int fd, ConnectionKind kind) {
                      auto adopted = reactor.adopt(fd, kind);
                      REQUIRE(adopted.is_ok());
                      accepted.push_back(adopted.value()->id());
                    }};

  bool answers(int fd) {
    if (fd < 0) return false;
    TestClient client(fd, nullptr);
    client.send("hello\n");
    return until([&] {
      client.receive();
      return client.received() == "hello\n";
    });
  }
  Connection& last() { return *reactor.find(accepted.back()); }
};

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "larder-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace

TEST_CASE("clients of a TCP address are served and know their addresses", "[network]") {
  ListeningNetwork network;
  const uint16_t port = free_port();
  REQUIRE(network.listener.listen_tcp({.addresses = {"127.0.0.1"}, .port = port}).is_ok());
  TestClient client(connect_tcp("127.0.0.1", port), nullptr);
  REQUIRE(network.until([&] { return network.accepted.size() == 1; }));
  const Connection& connection = network.last();
  CHECK(connection.local_address() == "127.0.0.1:" + std::to_string(port));
  CHECK(connection.peer_address().starts_with("127.0.0.1:"));
  CHECK(connection.peer_address() != connection.local_address());
  CHECK(connection.is_local());
  CHECK(connection.kind() == ConnectionKind::tcp);
  CHECK((::fcntl(connection.fd(), F_GETFL) & O_NONBLOCK) != 0);
  CHECK((::fcntl(connection.fd(), F_GETFD) & FD_CLOEXEC) != 0);
  CHECK(network.answers(connect_tcp("127.0.0.1", port)));
}

TEST_CASE("all addresses of both families listen on one port", "[network]") {
  ListeningNetwork network;
  const uint16_t port = free_port();
  std::vector<std::string> addresses{"*"};
  if (has_ipv6()) addresses.push_back("::*");
  REQUIRE(network.listener.listen_tcp({.addresses = addresses, .port = port}).is_ok());
  CHECK(network.answers(connect_tcp("127.0.0.1", port)));
  if (!has_ipv6()) return;
  CHECK(network.listener.socket_count() == 2);
  TestClient client(connect_tcp("::1", port), nullptr);
  REQUIRE(network.until([&] { return network.accepted.size() == 2; }));
  CHECK(network.last().local_address() == "[::1]:" + std::to_string(port));
  CHECK(network.last().is_local());
}

TEST_CASE("an optional address may be missing, others may not", "[network]") {
  ListeningNetwork network;
  const uint16_t port = free_port();
  // 192.0.2.0/24 is reserved for documentation.
  const Status missing =
      network.listener.listen_tcp({.addresses = {"127.0.0.1", "192.0.2.1"}, .port = port});
  REQUIRE_FALSE(missing.is_ok());
  CHECK(missing.text().find("192.0.2.1") != std::string::npos);
  CHECK(network.listener.socket_count() == 0);
  CHECK(connect_tcp("127.0.0.1", port) < 0);
  REQUIRE(network.listener.listen_tcp({.addresses = {"127.0.0.1", "-192.0.2.1"}, .port = port})
              .is_ok());
  CHECK(network.answers(connect_tcp("127.0.0.1", port)));
}

TEST_CASE("port 0 does not listen", "[network]") {
  ListeningNetwork network;
  REQUIRE(network.listener.listen_tcp({.addresses = {"*"}, .port = 0}).is_ok());
  CHECK(network.listener.socket_count() == 0);
}

TEST_CASE("listening elsewhere keeps clients, and a failure keeps the former port", "[network]") {
  ListeningNetwork network;
  const uint16_t first = free_port();
  REQUIRE(network.listener.listen_tcp({.addresses = {"127.0.0.1"}, .port = first}).is_ok());
  TestClient client(connect_tcp("127.0.0.1", first), nullptr);
  REQUIRE(network.until([&] { return network.accepted.size() == 1; }));

  const uint16_t second = free_port();
  REQUIRE(network.listener.listen_tcp({.addresses = {"127.0.0.1"}, .port = second}).is_ok());
  CHECK(connect_tcp("127.0.0.1", first) < 0);
  CHECK(network.answers(connect_tcp("127.0.0.1", second)));
  client.send("still here\n");
  CHECK(network.until([&] {
    client.receive();
    return client.received() == "still here\n";
  }));

  auto blocker = ListeningSocket::tcp("127.0.0.1", first, 1);
  REQUIRE(blocker.is_ok());
  CHECK_FALSE(network.listener.listen_tcp({.addresses = {"127.0.0.1"}, .port = first}).is_ok());
  CHECK(network.answers(connect_tcp("127.0.0.1", second)));
  // The same port with a wider address: only possible because the former socket goes first.
  REQUIRE(network.listener.listen_tcp({.addresses = {"*"}, .port = second}).is_ok());
  CHECK(network.answers(connect_tcp("127.0.0.1", second)));
}

TEST_CASE("a Unix socket has its permissions and goes away with the listener", "[network]") {
  TemporaryFolder folder;
  const std::string path = folder.file("larder.sock");
  {
    ListeningNetwork network;
    REQUIRE(network.listener.listen_unix(path, 0600, 511).is_ok());
    struct stat file {};
    REQUIRE(::lstat(path.c_str(), &file) == 0);
    CHECK(S_ISSOCK(file.st_mode));
    CHECK((file.st_mode & 0777) == 0600);
    CHECK(network.answers(connect_unix(path)));
    TestClient client(connect_unix(path), nullptr);
    REQUIRE(network.until([&] { return network.accepted.size() == 2; }));
    CHECK(network.last().peer_address() == path + ":0");
    CHECK(network.last().local_address() == path + ":0");
    CHECK(network.last().is_local());
    CHECK(network.last().kind() == ConnectionKind::unix_socket);

    REQUIRE(network.listener.listen_unix(path, 0600, 511).is_ok());
    CHECK(network.answers(connect_unix(path)));
    const std::string other = folder.file("other.sock");
    REQUIRE(network.listener.listen_unix(other, 0600, 511).is_ok());
    CHECK(network.answers(connect_unix(other)));
    CHECK_FALSE(std::filesystem::exists(path));
  }
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("a stale Unix socket is replaced, anything else is left alone", "[network]") {
  TemporaryFolder folder;
  const std::string path = folder.file("larder.sock");
  ListeningNetwork network;
  SECTION("a socket that nobody listens on") {
    const int dead = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), path.size());
    REQUIRE(::bind(dead, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
    ::close(dead);
    REQUIRE(network.listener.listen_unix(path, 0, 511).is_ok());
    CHECK(network.answers(connect_unix(path)));
  }
  SECTION("a file") {
    std::ofstream(path) << "precious";
    CHECK_FALSE(network.listener.listen_unix(path, 0, 511).is_ok());
    CHECK(std::filesystem::file_size(path) == 8);
  }
  SECTION("a living server") {
    ListeningNetwork other;
    REQUIRE(other.listener.listen_unix(path, 0, 511).is_ok());
    CHECK_FALSE(network.listener.listen_unix(path, 0, 511).is_ok());
    CHECK(other.answers(connect_unix(path)));
  }
  SECTION("the file of a successor stays when the listener closes") {
    REQUIRE(network.listener.listen_unix(path, 0, 511).is_ok());
    REQUIRE(::unlink(path.c_str()) == 0);
    ListeningNetwork successor;
    REQUIRE(successor.listener.listen_unix(path, 0, 511).is_ok());
    network.listener.close();
    CHECK(successor.answers(connect_unix(path)));
  }
  SECTION("a path that is too long") {
    CHECK_FALSE(network.listener.listen_unix(std::string(200, 'x'), 0, 511).is_ok());
  }
}

TEST_CASE("what a client sent before it reset the connection is still run", "[network]") {
  ListeningNetwork network;
  std::string seen;
  network.owner.on_ready = [&](Connection& connection) {
    seen += connection.unread();
    connection.consume(connection.unread().size());
    connection.output().append("to nobody");
  };
  const uint16_t port = free_port();
  REQUIRE(network.listener.listen_tcp({.addresses = {"127.0.0.1"}, .port = port}).is_ok());
  TestClient client(connect_tcp("127.0.0.1", port), nullptr);
  REQUIRE(network.until([&] { return network.accepted.size() == 1; }));
  client.send("last words");
  const linger reset{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(client.fd(), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
  client.close();
  REQUIRE(network.until([&] { return network.owner.closed.size() == 1; }));
  CHECK(seen == "last words");
  CHECK(network.reactor.connection_count() == 0);
}

TEST_CASE("a storm of connects is taken in portions", "[network]") {
  ListeningNetwork network;
  const uint16_t port = free_port();
  REQUIRE(network.listener.listen_tcp({.addresses = {"127.0.0.1"}, .port = port}).is_ok());
  std::vector<TestClient> clients;
  for (int i = 0; i < 250; i++) clients.emplace_back(connect_tcp("127.0.0.1", port), nullptr);
  network.reactor.turn();
  CHECK(network.accepted.size() == Listener::kAcceptsPerTurn);
  REQUIRE(network.until([&] { return network.accepted.size() == 250; }));
}

TEST_CASE("while a listener is held, clients wait", "[network]") {
  ListeningNetwork network;
  const uint16_t port = free_port();
  REQUIRE(network.listener.listen_tcp({.addresses = {"127.0.0.1"}, .port = port}).is_ok());
  network.listener.hold();
  network.listener.hold();
  TestClient waiting(connect_tcp("127.0.0.1", port), nullptr);
  network.settle();
  CHECK(network.accepted.empty());
  // Elsewhere as well.
  const uint16_t next = free_port();
  REQUIRE(network.listener.listen_tcp({.addresses = {"127.0.0.1"}, .port = next}).is_ok());
  TestClient second(connect_tcp("127.0.0.1", next), nullptr);
  network.settle();
  CHECK(network.accepted.empty());
  network.listener.release();
  network.listener.release();
  REQUIRE(network.until([&] { return network.accepted.size() == 1; }));
}

TEST_CASE("a listener that is held while it accepts takes nobody more", "[network]") {
  TestNetwork network;
  int accepted = 0;
  Listener listener(network.reactor, [&](int fd, ConnectionKind) {
    ::close(fd);
    if (++accepted == 2) listener.hold();
  });
  const uint16_t port = free_port();
  REQUIRE(listener.listen_tcp({.addresses = {"127.0.0.1"}, .port = port}).is_ok());
  std::vector<TestClient> clients;
  for (int i = 0; i < 5; i++) clients.emplace_back(connect_tcp("127.0.0.1", port), nullptr);
  network.settle();
  CHECK(accepted == 2);
  listener.release();
  REQUIRE(network.until([&] { return accepted == 5; }));
}

namespace {

// In a process of its own, because the limit holds for all of it. The result is an exit code: the
// test framework's macros mean nothing here.
int serve_without_descriptors() {
  TestNetwork network;
  std::vector<Connection*> accepted;
  Listener listener(network.reactor, [&](int fd, ConnectionKind kind) {
    accepted.push_back(network.reactor.adopt(fd, kind).value());
  });
  const uint16_t port = free_port();
  if (!listener.listen_tcp({.addresses = {"127.0.0.1"}, .port = port}).is_ok()) return 1;
  TestClient first(connect_tcp("127.0.0.1", port), nullptr);
  TestClient second(connect_tcp("127.0.0.1", port), nullptr);
  // Room for exactly one more descriptor: the lowest free one.
  const int lowest_free = ::dup(0);
  ::close(lowest_free);
  const rlimit limit{.rlim_cur = static_cast<rlim_t>(lowest_free) + 1,
                     .rlim_max = static_cast<rlim_t>(lowest_free) + 1};
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) return 2;
  if (!network.until([&] { return listener.is_paused(); })) return 3;
  if (accepted.size() != 1) return 4;
  first.send("served\n");
  if (!network.until([&] { return first.receive() && first.received() == "served\n"; })) return 5;
  if (accepted.size() != 1 || !listener.is_paused()) return 6;
  accepted[0]->close_now();
  second.send("at last\n");
  if (!network.until([&] { return second.receive() && second.received() == "at last\n"; }))
    return 7;
  return accepted.size() == 2 ? 0 : 8;
}

}  // namespace

TEST_CASE("without free descriptors accepting pauses, and clients are served", "[network]") {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) ::_exit(serve_without_descriptors());
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

}  // namespace larder
