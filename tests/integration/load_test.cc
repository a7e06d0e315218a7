// More of everything than a server usually sees: connections, storms of them, clients that are slow
// in either direction, no descriptors left, a full disk, an end in the middle of it.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <csignal>
#include <thread>

#include "tests/support/build.h"
#include "tests/support/server_figures.h"
#include "tests/support/test_server.h"
#include "tests/support/tls_server.h"

namespace larder {
namespace {

// As many files as the system allows this process; the servers that it starts inherit that.
rlim_t allow_many_files() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

TEST_CASE("load: ten thousand clients are served, and an idle one costs little") {
  // Where the system does not allow so many files, as many as it does.
  constexpr rlim_t kReserve = 200;
  const size_t count = std::min<size_t>(allow_many_files() - kReserve, 9'900);
  TestServer server;
  auto admin = server.connect();
  const int64_t before = info_number(admin, "memory", "used_memory");
  const int64_t resident_before = resident_bytes(server.pid());
  std::vector<TestClient> clients;
  for (size_t i = 0; i < count; i++) clients.push_back(server.connect());
  CHECK(eventually(
      [&] {
        return info_number(admin, "clients", "connected_clients") ==
               static_cast<int64_t>(count + 1);
      },
      60s));
  if (!kHasSanitizers) {
    const int64_t each =
        (resident_bytes(server.pid()) - resident_before) / static_cast<int64_t>(count);
    INFO("resident bytes per client: " << each);
    CHECK(each <= 6 * 1024);
  }
  for (int round = 0; round < 2; round++) {
    for (TestClient& client : clients) client.send({"INCR", "n"});
    size_t answered = 0;
    for (TestClient& client : clients) answered += client.receive().integer > 0 ? 1u : 0u;
    REQUIRE(answered == count);
  }
  CHECK(admin("GET", "n") == std::to_string(2 * count));
  if (!kHasSanitizers) {
    const int64_t each =
        (info_number(admin, "memory", "used_memory") - before) / static_cast<int64_t>(count);
    INFO("bytes per client: " << each);
    CHECK(each <= 6 * 1024);
  }
  clients.clear();
  CHECK(eventually([&] { return info_number(admin, "clients", "connected_clients") == 1; }, 60s));
}

TEST_CASE("load: storms of clients leave the others served and nothing behind") {
  allow_many_files();
  TlsServer server;
  auto admin = server.connect();
  REQUIRE(admin("PING") == status("PONG"));
  // Once, so that what stays open for good is open.
  server.connect_tls()->call({"PING"});
  const size_t files_before = open_files(server.server().pid());
  std::atomic<int> served = 0;
  std::vector<std::thread> storms;
  for (int i = 0; i < 4; i++) {
    storms.emplace_back([&] {
      try {
        for (int round = 0; round < 5; round++) {
          std::vector<TestClient> clients;
          for (int j = 0; j < 100; j++) clients.push_back(server.connect());
          for (TestClient& client : clients) served += client("PING") == status("PONG") ? 1 : 0;
        }
      } catch (const std::runtime_error&) {
        served = -1'000'000;
      }
    });
  }
  // Those who come to the TLS port and leave in the middle of the handshake are part of the
  // weather.
  storms.emplace_back([&] {
    for (int i = 0; i < 300; i++)
      TestClient::connect(server.tls_port()).send_raw(std::string_view("\x16\x03\x01\x02\x00", 5));
  });
  int pings = 0;
  while (served >= 0 && served < 2000 && pings < 1'000'000) {
    REQUIRE(admin("PING") == status("PONG"));
    pings++;
  }
  for (std::thread& storm : storms) storm.join();
  CHECK(served == 2000);
  CHECK(eventually([&] { return info_number(admin, "clients", "connected_clients") == 1; }, 30s));
  CHECK(eventually([&] { return info_number(admin, "stats", "tls_handshakes_in_progress") == 0; },
                   30s));
  CHECK(eventually([&] { return open_files(server.server().pid()) <= files_before + 1; }, 30s));
}

TEST_CASE("load: clients that send or read a byte at a time do not hold up others") {
  TestServer server;
  auto admin = server.connect();
  REQUIRE(admin("SET", "large", std::string(1'000'000, 'x')) == status("OK"));
  std::vector<TestClient> readers;
  for (int i = 0; i < 20; i++) {
    readers.push_back(server.connect());
    for (int j = 0; j < 10; j++) readers.back().send({"GET", "large"});
  }
  std::vector<TestClient> writers;
  for (int i = 0; i < 20; i++) writers.push_back(server.connect());
  const std::string request = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nvalue\r\n";
  for (const char byte : request) {
    for (TestClient& writer : writers) writer.send_raw({&byte, 1});
    char read = 0;
    for (TestClient& reader : readers)
      static_cast<void>(::recv(reader.socket(), &read, 1, MSG_DONTWAIT));
    REQUIRE(admin("PING") == status("PONG"));
  }
  for (TestClient& writer : writers) CHECK(writer.receive() == status("OK"));
  CHECK(admin("GET", "k") == "value");
}

TEST_CASE("load: without descriptors the clients that are there are served, and others wait") {
  TestServer server;
  auto admin = server.connect();
  REQUIRE(admin("PING") == status("PONG"));
  const size_t open = open_files(server.pid());
  rlimit limit{.rlim_cur = open + 5, .rlim_max = open + 5};
  rlimit former{};
  REQUIRE(::prlimit(server.pid(), RLIMIT_NOFILE, nullptr, &former) == 0);
  limit.rlim_max = former.rlim_max;
  REQUIRE(::prlimit(server.pid(), RLIMIT_NOFILE, &limit, nullptr) == 0);
  std::vector<TestClient> clients;
  // The kernel accepts them all.
  for (int i = 0; i < 15; i++) {
    clients.push_back(server.connect());
    clients.back().send({"INCR", "n"});
  }
  CHECK(eventually([&] { return server.log().find("Too many open files") != std::string::npos; }));
  // As many as there were numbers left below the limit.
  const int64_t served = std::stoll(admin("GET", "n").text);
  REQUIRE(served >= 5);
  REQUIRE(served < 15);
  CHECK(admin("CONFIG", "GET", "port").children.size() == 2);
  // Each that leaves makes room for another.
  for (int64_t i = 0; i < served; i++) CHECK(clients[static_cast<size_t>(i)].receive() == i + 1);
  clients.erase(clients.begin(), clients.begin() + served);
  const int64_t next = std::min<int64_t>(2 * served, 15);
  CHECK(eventually([&] { return admin("GET", "n") == std::to_string(next); }, 30s));
  REQUIRE(::prlimit(server.pid(), RLIMIT_NOFILE, &former, nullptr) == 0);
  CHECK(eventually([&] { return admin("GET", "n") == "15"; }, 30s));
}

TEST_CASE("load: SIGTERM ends a busy server at once, and TLS clients are told goodbye") {
  TlsServer server;
  std::atomic<int> working = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; i++) {
    threads.emplace_back([&] {
      try {
        auto client = server.connect();
        const std::string requests(25 * 1000, 'x');
        for (int round = 0; round < 1'000'000; round++) {
          for (int j = 0; j < 100; j++)
            client.send({"SET", "k" + std::to_string(j), requests.substr(0, 100)});
          for (int j = 0; j < 100; j++) client.receive();
          if (round == 0) working++;
        }
      } catch (const std::runtime_error&) {
        // The server is gone, which is what this waits for.
      }
    });
  }
  auto idle = server.connect_tls();
  CHECK((*idle)("PING") == status("PONG"));
  auto shaking = TestClient::connect(server.tls_port());
  CHECK(eventually([&] { return working == 4; }, 30s));
  server.signal(SIGTERM);
  CHECK(server.server().wait_exit(10s) == 0);
  for (std::thread& thread : threads) thread.join();
  CHECK(idle->receive_goodbye());
}

size_t count_of(std::string_view text, std::string_view part) {
  size_t count = 0;
  for (size_t at = 0; (at = text.find(part, at)) != std::string_view::npos; at++) count++;
  return count;
}

TEST_CASE("load: a disk that is full while logging costs log lines and nothing else") {
  TestServer server({"--logfile", "/dev/full", "--loglevel", "debug"});
  auto client = server.connect();
  for (int i = 0; i < 100; i++) {
    REQUIRE(client("SET", "k", i) == status("OK"));
    server.connect().send_raw("*x\r\n");
  }
  // Also where it has just been opened again.
  server.signal(SIGHUP);
  CHECK(eventually([&] {
    server.connect().send_raw("*x\r\n");
    return count_of(server.log(), "cannot write to the log file") == 2;
  }));
  CHECK(client("GET", "k") == "99");
  CHECK(count_of(server.log(), "cannot write to the log file /dev/full: No space left on device") ==
        2);
}

TEST_CASE("load: a log that has reached its limit goes on when there is room again") {
  TestServer server({"--logfile", "larder.log", "--loglevel", "verbose"});
  auto client = server.connect();
  REQUIRE(client("SET", "k", "v") == status("OK"));
  rlimit former{};
  REQUIRE(::prlimit(server.pid(), RLIMIT_FSIZE, nullptr, &former) == 0);
  const rlimit limit{.rlim_cur = server.folder().read("larder.log").size() + 30,
                     .rlim_max = former.rlim_max};
  REQUIRE(::prlimit(server.pid(), RLIMIT_FSIZE, &limit, nullptr) == 0);
  const auto malformed = [&] {
    auto other = server.connect();
    other.send_raw("*x\r\n");
    CHECK(other.receive() == error_starting("ERR Protocol error"));
  };
  for (int i = 0; i < 50; i++) malformed();
  CHECK(client("GET", "k") == "v");
  CHECK(count_of(server.log(), "cannot write to the log file") == 1);
  REQUIRE(::prlimit(server.pid(), RLIMIT_FSIZE, &former, nullptr) == 0);
  malformed();
  CHECK(eventually([&] {
    return server.folder().read("larder.log").find(" lines of the log could not be written") !=
           std::string::npos;
  }));
  CHECK(client("GET", "k") == "v");
}

}  // namespace
}  // namespace larder
