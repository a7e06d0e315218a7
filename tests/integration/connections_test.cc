// Many clients, clients that come and go in unusual ways, and those that are not let in.
#include <sys/resource.h>
#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <thread>

#include "tests/support/build.h"
#include "tests/support/outside_address.h"
#include "tests/support/reply_text.h"
#include "tests/support/server_figures.h"
#include "tests/support/test_server.h"

namespace larder {
namespace {

std::string repeat(std::string_view text, int times) {
  std::string repeated;
  repeated.reserve(text.size() * static_cast<size_t>(times));
  for (int i = 0; i < times; i++) repeated += text;
  return repeated;
}

// The clients of a test need descriptors too.
void allow_descriptors(rlim_t wanted) {
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  limit.rlim_cur = std::max(limit.rlim_cur, std::min(wanted, limit.rlim_max));
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

TEST_CASE("a thousand clients work at the same time") {
  constexpr int kClients = 1000;
  allow_descriptors(kClients + 100);
  TestServer server;
  std::vector<TestClient> clients;
  for (int i = 0; i < kClients; i++) clients.push_back(server.connect());
  for (int round = 0; round < 5; round++) {
    for (int i = 0; i < kClients; i++) {
      const std::string key = "of:" + std::to_string(i);
      clients[static_cast<size_t>(i)].send_raw(encode_request({"INCR", key}) +
                                               encode_request({"INCR", "of:all"}));
    }
    int64_t highest = 0;
    for (TestClient& client : clients) {
      CHECK(client.receive() == round + 1);
      highest = std::max(highest, client.receive().integer);
    }
    CHECK(highest == (round + 1) * kClients);
  }
  CHECK(clients.front()("DBSIZE") == kClients + 1);
  clients.clear();
  // All of them are gone, and nothing with them.
  auto last = server.connect();
  CHECK(eventually([&] {
    const std::string list = last("CLIENT", "LIST").text;
    return std::ranges::count(list, '\n') == 1;
  }));
}

TEST_CASE("a client that has finished sending gets all its replies") {
  TestServer server;
  SECTION("a pipeline") {
    constexpr int kRequests = 50'000;
    auto client = server.connect();
    client.send_raw(repeat(encode_request({"INCR", "n"}), kRequests));
    client.half_close();
    for (int i = 1; i < kRequests; i++) client.receive();
    CHECK(client.receive() == kRequests);
    CHECK(client.receive_eof());
  }
  SECTION("replies that the socket cannot hold") {
    constexpr int kReplies = 30;
    const std::string value(1'000'000, 'x');
    auto client = server.connect();
    client("SET", "big", value);
    client.send_raw(repeat(encode_request({"GET", "big"}), kReplies));
    client.half_close();
    for (int i = 0; i < kReplies; i++) CHECK(client.receive() == value);
    CHECK(client.receive_eof());
  }
  SECTION("the last request is not whole") {
    auto client = server.connect();
    client.send_raw("PING\r\nPING\r\n*2\r\n$3\r\nGET\r\n$5\r\nab");
    client.half_close();
    CHECK(client.receive() == status("PONG"));
    CHECK(client.receive() == status("PONG"));
    CHECK(client.receive_eof());
  }
  SECTION("a large argument is not whole") {
    auto client = server.connect();
    client.send_raw("PING\r\n*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$1000000\r\nabc");
    client.half_close();
    CHECK(client.receive() == status("PONG"));
    CHECK(client.receive_eof());
    CHECK(server.connect()("EXISTS", "key") == 0);
  }
}

TEST_CASE("a request may arrive in any pieces") {
  TestServer server;
  const std::string value(300, 'v');
  // A plain request, an inline one with quotes, and an empty line and array between them.
  const std::string bytes = encode_request({"SET", "key", value}) +
                            "\r\nAPPEND key \"\\x41 b\"\r\n" + "*0\r\n" +
                            encode_request({"GET", "key"});
  auto client = server.connect();
  const auto check_replies = [&] {
    CHECK(client.receive() == status("OK"));
    CHECK(client.receive() == 303);
    CHECK(client.receive() == value + "A b");
  };
  // An answer from another client means that the server has read the first piece.
  auto other = server.connect();
  for (size_t split = 1; split < bytes.size(); split++) {
    client.send_raw(std::string_view(bytes).substr(0, split));
    REQUIRE(other("PING") == status("PONG"));
    client.send_raw(std::string_view(bytes).substr(split));
    check_replies();
  }
  for (const char byte : bytes) {
    client.send_raw(std::string_view(&byte, 1));
    REQUIRE(other("PING") == status("PONG"));
  }
  check_replies();
}

TEST_CASE("a large argument may arrive in any pieces") {
  TestServer server;
  auto client = server.connect(), other = server.connect();
  const std::string value(100'000, 'v');
  const std::string bytes = encode_request({"PING"}) + encode_request({"SET", "key", value}) +
                            encode_request({"STRLEN", "key"});
  // Each place near the ends, some of the thousands between them.
  const auto step = [&](size_t split) -> size_t {
    return split > 60 && split < bytes.size() - 60 ? 9973 : 1;
  };
  for (size_t split = 1; split < bytes.size(); split += step(split)) {
    client.send_raw(std::string_view(bytes).substr(0, split));
    REQUIRE(other("PING") == status("PONG"));
    client.send_raw(std::string_view(bytes).substr(split));
    CHECK(client.receive() == status("PONG"));
    CHECK(client.receive() == status("OK"));
    CHECK(client.receive() == 100'000);
  }
}

TEST_CASE("an endless pipeline does not starve other clients") {
  constexpr auto kBound = kHasSanitizers ? 2s : 500ms;
  TestServer server;
  auto flooding = server.connect(), other = server.connect();
  std::atomic<bool> is_over = false;
  std::thread flood([&] {
    const std::string requests = repeat(encode_request({"INCR", "n"}), 10'000);
    flooding.send({"CLIENT", "REPLY", "OFF"});
    while (!is_over) flooding.send_raw(requests);
  });
  CHECK(eventually([&] { return other("EXISTS", "n") == 1; }));
  auto longest = 0ns;
  for (int i = 0; i < 100; i++) {
    const auto start = std::chrono::steady_clock::now();
    CHECK(other("PING") == status("PONG"));
    longest = std::max(longest, std::chrono::nanoseconds(std::chrono::steady_clock::now() - start));
  }
  is_over = true;
  flood.join();
  CHECK(longest < kBound);
  CHECK(other("GET", "n").text.size() >= 4);  // there was something to wait for
}

TEST_CASE("maxclients stays as it is when the system does not have as many descriptors") {
  TestServer server({"--maxclients", "100"});
  auto client = server.connect();
  // More than the kernel lets anybody have.
  CHECK(client("CONFIG", "SET", "maxclients", "4000000000") ==
        error_starting("ERR CONFIG SET failed (possibly related to argument 'maxclients') - The operating system is "
                       "not able to handle the specified number of clients, try with "));
  CHECK(client("CONFIG", "GET", "maxclients").children[1] == bulk("100"));
  CHECK_THAT(client("INFO", "clients").text, Catch::Contains("maxclients:100\r\n"));
}

TEST_CASE("no more clients than maxclients are let in") {
  TestServer server({"--maxclients", "3"});
  std::vector<TestClient> clients;
  // The one with which the start was checked may not be gone yet.
  const auto connect_one = [&] {
    TestClient client = server.connect();
    if (client("PING") != status("PONG")) return false;
    clients.push_back(std::move(client));
    return true;
  };
  for (int i = 0; i < 3; i++) REQUIRE(eventually(connect_one));
  for (int i = 0; i < 20; i++) {
    auto refused = server.connect();
    CHECK(refused.receive() == is_error("ERR max number of clients reached"));
    CHECK(refused.receive_eof());
  }
  for (TestClient& client : clients) CHECK(client("PING") == status("PONG"));
  clients.pop_back();
  CHECK(eventually(connect_one));
}

TEST_CASE("idle clients are disconnected, busy ones are not") {
  TestServer server({"--timeout", "1"});
  auto idle = server.connect(), busy = server.connect();
  idle.set_timeout(0ms);
  CHECK(eventually([&] { return busy("PING") == status("PONG") && idle.receive_eof(); }));
  CHECK(busy("PING") == status("PONG"));
}

TEST_CASE("who has not logged in gets little of the server") {
  TestServer server({"--requirepass", "secret"});
  auto client = server.connect();
  SECTION("few arguments") {
    const std::vector<std::string> request(10, "DEL");
    CHECK(client.call(request) == error_starting("NOAUTH"));
    client.send_raw("*11\r\n");
    CHECK(client.receive() == is_error("ERR Protocol error: unauthenticated multibulk length"));
    CHECK(client.receive_eof());
  }
  SECTION("short arguments") {
    CHECK(client("GET", std::string(16384, 'x')) == error_starting("NOAUTH"));
    client.send_raw("*2\r\n$3\r\nGET\r\n$16385\r\n");
    CHECK(client.receive() == is_error("ERR Protocol error: unauthenticated bulk length"));
    CHECK(client.receive_eof());
  }
  SECTION("short replies") {
    // Nobody reads the errors: the server must not keep them.
    const std::string requests = repeat("GET k\r\n", 10'000);
    CHECK_THROWS([&] {
      for (int i = 0; i < 10'000; i++) client.send_raw(requests);
    }());
    auto admin = server.connect();
    CHECK(admin("AUTH", "secret") == status("OK"));
    CHECK(info_number(admin, "stats", "client_output_buffer_limit_disconnections") == 1);
    // Nor is the log theirs to fill.
    CHECK(server.log().find("overcoming of output buffer limits") == std::string::npos);
  }
  SECTION("all of it after the login, also in one go") {
    const std::string value(100'000, 'v');
    client.send_raw(encode_request({"AUTH", "secret"}) + encode_request({"SET", "k", value}) +
                    encode_request({"GET", "k"}));
    CHECK(client.receive() == status("OK"));
    CHECK(client.receive() == status("OK"));
    CHECK(client.receive() == value);
    CHECK(client.call(std::vector<std::string>(12, "DEL")) == 0);
  }
  SECTION("none of it after a wrong password") {
    client.send_raw(encode_request({"AUTH", "wrong"}) + "*11\r\n");
    CHECK(client.receive() == error_starting("WRONGPASS"));
    CHECK(client.receive() == error_starting("ERR Protocol error"));
    CHECK(client.receive_eof());
  }
  CHECK(server.connect()("PING") == error_starting("NOAUTH"));
}

TEST_CASE("protected mode lets in nobody from outside unless there is a password") {
  const std::string outside = outside_address();
  if (outside.empty()) {
    WARN("this machine has loopback addresses only");
    return;
  }
  SECTION("without a password") {
    TestServer server({"--bind", "127.0.0.1", outside});
    auto refused = TestClient::connect(server.port(), outside);
    CHECK(refused.receive() == error_starting("DENIED Larder is running in protected mode"));
    CHECK(refused.receive_eof());
    auto local = server.connect();
    CHECK(local("CONFIG", "SET", "protected-mode", "no") == status("OK"));
    CHECK(TestClient::connect(server.port(), outside)("PING") == status("PONG"));
  }
  SECTION("with a password") {
    TestServer server({"--bind", "127.0.0.1", outside, "--requirepass", "secret"});
    auto client = TestClient::connect(server.port(), outside);
    CHECK(client("PING") == error_starting("NOAUTH"));
    CHECK(client("AUTH", "secret") == status("OK"));
    CHECK(client("PING") == status("PONG"));
  }
}

TEST_CASE("a unix socket has its permissions and is removed at the end") {
  namespace fs = std::filesystem;
  TestServer server({"--unixsocket", "larder.sock", "--unixsocketperm", "700"});
  const std::string path = server.folder().path("larder.sock");
  CHECK((fs::status(path).permissions() & fs::perms::mask) == fs::perms::owner_all);
  auto client = TestClient::connect_unix(path);
  CHECK(client("SET", "k", "v") == status("OK"));
  CHECK(server.connect()("GET", "k") == "v");
  CHECK(client("CLIENT", "LIST").text.find("addr=larder.sock:0") != std::string::npos);

  CHECK(server.stop() == 0);
  CHECK(client.receive_eof());
  CHECK_FALSE(fs::exists(path));

  // What a killed server leaves behind is in nobody's way.
  server.start();
  server.signal(SIGKILL);
  server.wait_exit();
  CHECK(fs::exists(path));
  server.start();
  CHECK(TestClient::connect_unix(path)("PING") == status("PONG"));
}

TEST_CASE("a unix socket takes nobody else's place") {
  TestServer server({"--unixsocket", "larder.sock"});
  const std::string path = server.folder().path("larder.sock");
  CHECK_THROWS_WITH(TestServer({"--unixsocket", path}),
                    Catch::Contains("another server listens there"));
  CHECK(TestClient::connect_unix(path)("PING") == status("PONG"));
  const std::string file = server.folder().write("precious", "data");
  CHECK_THROWS_WITH(TestServer({"--unixsocket", file}), Catch::Contains("not a socket"));
  CHECK(server.folder().read("precious") == "data");
}

TEST_CASE("a server on no port at all serves its unix socket") {
  TestServer server({"--port", "0", "--unixsocket", "larder.sock"});
  CHECK_THROWS(server.connect());
  CHECK(TestClient::connect_unix(server.folder().path("larder.sock"))("PING") == status("PONG"));
}

}  // namespace
}  // namespace larder
