// How a server starts and how it ends: signals, daemon, supervisor, log.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "tests/support/program.h"
#include "tests/support/reply_text.h"
#include "tests/support/test_server.h"

namespace larder {
namespace {

namespace fs = std::filesystem;

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::string many(const std::string& request, int times) {
  std::string requests;
  for (int i = 0; i < times; i++) requests += request;
  return requests;
}

TEST_CASE("a killed server's port can be used again at once") {
  TestServer server;
  const int port = server.port();
  std::vector<TestClient> clients;
  for (int i = 0; i < 20; i++) {
    clients.push_back(server.connect());
    clients.back()("SET", "k", "v");
  }
  server.signal(SIGKILL);
  CHECK(server.wait_exit() == -SIGKILL);
  for (TestClient& client : clients) CHECK(client.receive_eof());
  server.start();
  CHECK(server.port() == port);
  CHECK(server.connect()("GET", "k") == nil);
  // Here it is the server that closes first, and has connections in TIME_WAIT.
  auto client = server.connect();
  client("PING");
  server.restart();
  CHECK(server.port() == port);
  CHECK(server.connect()("PING") == status("PONG"));
}

TEST_CASE("SIGTERM and SIGINT end the server cleanly") {
  const int signal = GENERATE(SIGTERM, SIGINT);
  TestServer server({"--pidfile", "larder.pid", "--unixsocket", "larder.sock"});
  CHECK(server.folder().read("larder.pid") == std::to_string(server.pid()) + "\n");
  auto client = server.connect();
  CHECK(client("PING") == status("PONG"));  // accepted
  {
    const Stopped stopped(server);
    client.send_raw(many(encode_request({"INCR", "n"}), 20));
    server.signal(signal);
  }
  CHECK(server.wait_exit() == 0);
  for (int i = 1; i <= 20; i++) CHECK(client.receive() == i);  // what was read was answered
  CHECK(client.receive_eof());
  CHECK_FALSE(fs::exists(server.folder().path("larder.pid")));
  CHECK_FALSE(fs::exists(server.folder().path("larder.sock")));
  CHECK(contains(server.log(), signal == SIGTERM ? "Received SIGTERM scheduling shutdown..."
                                                 : "Received SIGINT scheduling shutdown..."));
  CHECK(contains(server.log(), "bye bye..."));
}

TEST_CASE("SIGTERM does not wait for clients that are slow or busy") {
  TestServer server;
  auto slow = server.connect(), half_sent = server.connect();
  slow("SET", "big", std::string(1'000'000, 'x'));
  slow.send_raw(many(encode_request({"GET", "big"}), 50));
  half_sent.send_raw("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1000000\r\nx");
  CHECK(server.connect()("PING") == status("PONG"));
  server.signal(SIGTERM);
  server.signal(SIGTERM);
  CHECK(server.wait_exit() == 0);
}

TEST_CASE("the log has Redis's line form and the lines that tools wait for") {
  TestServer server;
  const std::string log = server.log();
  CHECK(contains(log, "Server initialized"));
  CHECK(contains(log, "Ready to accept connections tcp"));
  // PID:ROLE DATE LEVEL MESSAGE
  const std::string line = log.substr(0, log.find('\n'));
  CHECK(line.starts_with(std::to_string(server.pid()) + ":M "));
  CHECK(contains(line, " * "));
}

TEST_CASE("SIGHUP opens the log file again") {
  TestServer server({"--logfile", "larder.log"});
  CHECK(contains(server.folder().read("larder.log"), "Ready to accept connections tcp"));
  fs::rename(server.folder().path("larder.log"), server.folder().path("larder.log.1"));
  server.signal(SIGHUP);
  CHECK(eventually([&] { return fs::exists(server.folder().path("larder.log")); }));
  const std::string rotated = server.folder().read("larder.log.1");
  CHECK(server.connect()("PING") == status("PONG"));
  CHECK(server.stop() == 0);
  CHECK(contains(server.folder().read("larder.log"), "bye bye..."));
  CHECK(server.folder().read("larder.log.1") == rotated);
}

// A server that is no child of the test.
class Daemon {
 public:
  explicit Daemon(std::vector<std::string> more) : port_(free_port()) {
    std::vector<std::string> line = {fs::absolute(larder_server_path()),
                                     "--bind",
                                     "127.0.0.1",
                                     "--port",
                                     std::to_string(port_),
                                     "--daemonize",
                                     "yes",
                                     "--pidfile",
                                     folder_.path("larder.pid"),
                                     "--logfile",
                                     "larder.log",
                                     "--dir",
                                     folder_.path("")};
    line.insert(line.end(), more.begin(), more.end());
    start_ = run_program(line);
    pid_ = std::atoi(folder_.read("larder.pid").c_str());
  }
  ~Daemon() {
    // Only a server that is still there has its file: the number may be another's by now.
    if (is_there() && pid_ > 1) ::kill(pid_, SIGKILL);
  }
  const ProgramResult& start() const { return start_; }
  const TemporaryFolder& folder() const { return folder_; }
  int port() const { return port_; }
  pid_t pid() const { return pid_; }
  bool is_there() const { return fs::exists(folder_.path("larder.pid")); }

 private:
  TemporaryFolder folder_;
  int port_;
  ProgramResult start_;
  pid_t pid_ = 0;
};

TEST_CASE("a daemon is ready when its starter returns, and ends on SIGTERM") {
  const Daemon daemon({});
  INFO(daemon.start().errors << daemon.folder().read("larder.log"));
  REQUIRE(daemon.start().exit_code == 0);
  CHECK(daemon.start().output == "");
  CHECK(daemon.start().errors == "");
  REQUIRE(daemon.pid() > 1);
  auto client = TestClient::connect(daemon.port());
  CHECK(client("PING") == status("PONG"));
  CHECK(::getsid(daemon.pid()) == daemon.pid());  // out of reach of the terminal
  ::kill(daemon.pid(), SIGTERM);
  CHECK(client.receive_eof());
  CHECK(eventually([&] { return !daemon.is_there(); }));
  CHECK(contains(daemon.folder().read("larder.log"), "bye bye..."));
}

TEST_CASE("a daemon that cannot start says so where it was started") {
  TestServer other;
  const Daemon daemon({"--port", std::to_string(other.port())});
  CHECK(daemon.start().exit_code == 1);
  CHECK(contains(daemon.start().errors, "did not start"));
  CHECK(contains(daemon.folder().read("larder.log"), "Address already in use"));
  CHECK_FALSE(daemon.is_there());
}

TEST_CASE("a port that is taken is named") {
  TestServer other;
  const std::string port = std::to_string(other.port());
  const ProgramResult refused =
      run_program({fs::absolute(larder_server_path()), "--bind", "127.0.0.1", "--port", port});
  CHECK(refused.exit_code == 1);
  CHECK(contains(refused.errors, "127.0.0.1:" + port + ": bind: Address already in use"));
  CHECK(contains(refused.output, "Failed listening on port " + port));
  CHECK(other.connect()("PING") == status("PONG"));
}

// systemd's end of the protocol.
class NotifySocket {
 public:
  explicit NotifySocket(const std::string& path)
      : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    REQUIRE(::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
    ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
  }
  ~NotifySocket() {
    ::unsetenv("NOTIFY_SOCKET");
    ::close(socket_);
  }
  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;

  // The next message, or "" if none came in time.
  std::string receive() {
    char buffer[512];
    ssize_t bytes = -1;
    eventually([&] {
      bytes = ::recv(socket_, buffer, sizeof(buffer), MSG_DONTWAIT);
      return bytes >= 0;
    });
    return bytes < 0 ? "" : std::string(buffer, static_cast<size_t>(bytes));
  }

 private:
  int socket_;
};

TEST_CASE("systemd is told of the start and of the end") {
  const std::string mode = GENERATE("systemd", "auto");
  TemporaryFolder folder;
  NotifySocket systemd(folder.path("notify"));
  TestServer server({"--supervised", mode});
  CHECK(systemd.receive().starts_with("READY=1\n"));
  CHECK(server.stop() == 0);
  CHECK(systemd.receive() == "STOPPING=1");
}

TEST_CASE("a supervised server does not leave its supervisor") {
  TemporaryFolder folder;
  NotifySocket systemd(folder.path("notify"));
  TestServer server({"--supervised", "systemd", "--daemonize", "yes"});
  CHECK(server.is_running());
  CHECK(server.connect()("PING") == status("PONG"));
}

}  // namespace
}  // namespace larder
