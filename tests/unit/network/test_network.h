// A reactor with a scripted owner, and clients that live in the test's own thread: everything
// happens in the order in which the test says so, and nothing waits for time to pass.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cerrno>
#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/network/reactor.h"

namespace larder {

// Without a script it echoes lines: "text\n" is a request, and its own reply.
class ScriptedOwner : public TurnHandler {
 public:
  std::function<void(Connection&)> on_ready = echo_lines;
  std::function<bool()> on_rest = [] { return false; };
  std::function<void(Connection&)> on_closed = [](Connection&) {};
  std::vector<uint64_t> closed;
  std::vector<uint64_t> drained;
  std::vector<size_t> ready_counts;

  void run_turn(std::span<Connection* const> ready) override {
    ready_counts.push_back(ready.size());
    for (Connection* connection : ready) {
      if (!connection->is_closing()) on_ready(*connection);
    }
  }
  bool rest() override { return on_rest(); }
  void output_drained(Connection& connection) override { drained.push_back(connection.id()); }
  void connection_closed(Connection& connection) override {
    closed.push_back(connection.id());
    on_closed(connection);
  }

  static bool echo_line(Connection& connection) {
    const size_t end = connection.unread().find('\n');
    if (end == std::string_view::npos) return false;
    connection.output().append(connection.unread().substr(0, end + 1));
    connection.consume(end + 1);
    return true;
  }
  static void echo_lines(Connection& connection) {
    while (echo_line(connection)) {
    }
  }
};

// The other end of a connection; non-blocking.
class TestClient {
 public:
  TestClient(int fd, Connection* connection) : fd_(fd), connection_(connection) {
    ::fcntl(fd, F_SETFL, O_NONBLOCK);
  }
  TestClient(TestClient&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), connection_(other.connection_) {}
  ~TestClient() { close(); }

  int fd() const { return fd_; }
  // The server's side; null where the test reached it through a listener.
  Connection* connection() const { return connection_; }
  // What the socket takes of it.
  size_t send(std::string_view bytes) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    return sent < 0 ? 0 : static_cast<size_t>(sent);
  }
  // Adds what has arrived to received(); false at the end of the stream.
  bool receive(size_t at_most = 1 << 20) {
    static std::vector<char> part;  // kept, because making it would take longer than receiving
    part.resize(std::max(part.size(), at_most));
    const ssize_t count = ::recv(fd_, part.data(), at_most, 0);
    if (count > 0) received_.append(part.data(), static_cast<size_t>(count));
    if (count == 0 || (count < 0 && errno != EAGAIN)) at_end_ = true;
    return !at_end_;
  }
  const std::string& received() const { return received_; }
  bool at_end() const { return at_end_; }
  void end_sending() { ::shutdown(fd_, SHUT_WR); }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_;
  Connection* connection_;
  bool at_end_ = false;
  std::string received_;
};

struct TestNetwork {
  ScriptedOwner owner;
  NetworkStats stats;
  Reactor reactor{owner, stats};

  TestClient connect(int buffer_bytes = 0) {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    if (buffer_bytes > 0) {
      for (const int end : ends) {
        ::setsockopt(end, SOL_SOCKET, SO_SNDBUF, &buffer_bytes, sizeof(buffer_bytes));
      }
    }
    auto adopted = reactor.adopt(ends[0], ConnectionKind::unix_socket);
    REQUIRE(adopted.is_ok());
    return TestClient(ends[1], adopted.value());
  }

  // Turns until the condition holds; false after ten seconds, which only a failing test sees.
  bool until(const std::function<bool()>& condition) {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > give_up) return false;
      reactor.turn(false);
    }
    return true;
  }
  // As many turns as anything pending needs to come to rest.
  void settle() {
    for (int i = 0; i < 5; i++) reactor.turn(false);
  }
};

}  // namespace larder
