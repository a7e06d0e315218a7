#include "tests/support/test_client.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "tests/support/reply_text.h"

namespace larder {
namespace {

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error(what);
}
[[noreturn]] void fail_with_errno(const std::string& what) {
  fail(what + ": " + std::strerror(errno));
}

int connect_socket(int family, const sockaddr* address, socklen_t length, const std::string& name) {
  const int socket = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) fail_with_errno("socket");
  if (::connect(socket, address, length) != 0) {
    const int reason = errno;
    ::close(socket);
    errno = reason;
    fail_with_errno("cannot connect to " + name);
  }
  // Sends must not block for ever when the server stops reading.
  ::fcntl(socket, F_SETFL, O_NONBLOCK);
  return socket;
}

bool wait_for(int socket, short events, std::chrono::milliseconds bound) {
  pollfd entry{.fd = socket, .events = events, .revents = 0};
  int outcome = 0;
  do {
    outcome = ::poll(&entry, 1, static_cast<int>(bound.count()));
  } while (outcome < 0 && errno == EINTR);
  return outcome > 0;
}

// Commands that answer with pushes in RESP3.
bool is_answered_by_pushes(std::string_view name) {
  std::string upper(name);
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return upper.ends_with("SUBSCRIBE");
}

}  // namespace

TestClient TestClient::connect(int port, const std::string& host) {
  const std::string name = host + ':' + std::to_string(port);
  TestClient client(-1);
  sockaddr_in6 address6{};
  address6.sin6_family = AF_INET6;
  address6.sin6_port = htons(static_cast<uint16_t>(port));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  if (inet_pton(AF_INET, host.c_str(), &address.sin_addr) == 1) {
    client.socket_ =
        connect_socket(AF_INET, reinterpret_cast<const sockaddr*>(&address), sizeof(address), name);
  } else if (inet_pton(AF_INET6, host.c_str(), &address6.sin6_addr) == 1) {
    client.socket_ = connect_socket(AF_INET6, reinterpret_cast<const sockaddr*>(&address6),
                                    sizeof(address6), name);
  } else {
    fail("no IP address: " + host);
  }
  const int on = 1;
  ::setsockopt(client.socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return client;
}

TestClient TestClient::connect_unix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) fail("path too long: " + path);
  path.copy(address.sun_path, path.size());
  return TestClient(
      connect_socket(AF_UNIX, reinterpret_cast<const sockaddr*>(&address), sizeof(address), path));
}

TestClient::TestClient(TestClient&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)),
      timeout_(other.timeout_),
      reader_(std::move(other.reader_)),
      kept_pushes_(std::move(other.kept_pushes_)),
      records_wire_(other.records_wire_),
      wire_(std::move(other.wire_)),
      last_wire_(std::move(other.last_wire_)) {}

TestClient& TestClient::operator=(TestClient&& other) noexcept {
  std::swap(socket_, other.socket_);
  std::swap(timeout_, other.timeout_);
  std::swap(reader_, other.reader_);
  std::swap(kept_pushes_, other.kept_pushes_);
  std::swap(records_wire_, other.records_wire_);
  std::swap(wire_, other.wire_);
  std::swap(last_wire_, other.last_wire_);
  return *this;
}

Reply TestClient::call(const std::vector<std::string>& request) {
  send(request);
  const bool takes_pushes = !request.empty() && is_answered_by_pushes(request[0]);
  for (;;) {
    auto reply = read(timeout_);
    if (!reply) fail("no reply to " + (request.empty() ? "an empty request" : request[0]));
    if (takes_pushes || reply->type != Reply::Type::push) return std::move(*reply);
    kept_pushes_.push_back(std::move(*reply));
  }
}

void TestClient::send(const std::vector<std::string>& request) {
  send_raw(encode_request(request));
}

void TestClient::send_raw(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
    } else if (errno != EAGAIN && errno != EINTR) {
      fail_with_errno("cannot send");
    } else if (!wait_for(socket_, POLLOUT, timeout_)) {
      fail("the server does not read what is sent");
    }
  }
}

Reply TestClient::receive() {
  auto reply = receive_within(timeout_);
  if (!reply) fail("no reply in time");
  return std::move(*reply);
}

std::optional<Reply> TestClient::receive_within(std::chrono::milliseconds bound) {
  if (kept_pushes_.empty()) return read(bound);
  Reply reply = std::move(kept_pushes_.front());
  kept_pushes_.pop_front();
  return reply;
}

std::optional<Reply> TestClient::read(std::chrono::milliseconds bound) {
  const auto end = std::chrono::steady_clock::now() + bound;
  Reply reply;
  for (;;) {
    const auto state = reader_.next(reply);
    if (state == ReplyReader::State::ready) {
      if (records_wire_) {
        last_wire_ = wire_.substr(0, wire_.size() - reader_.unread_bytes());
        wire_.erase(0, last_wire_.size());
      }
      return reply;
    }
    if (state == ReplyReader::State::malformed) {
      fail("malformed reply: " + std::string(reader_.error()));
    }
    const auto left = std::max(std::chrono::milliseconds(0),
                               std::chrono::duration_cast<std::chrono::milliseconds>(
                                   end - std::chrono::steady_clock::now()));
    bool timed_out = false;
    if (!fill(left, timed_out)) {
      if (timed_out) return std::nullopt;
      fail("the server closed the connection");
    }
  }
}

bool TestClient::fill(std::chrono::milliseconds bound, bool& timed_out) {
  std::array<char, 65536> buffer;
  for (;;) {
    const ssize_t got = ::recv(socket_, buffer.data(), buffer.size(), 0);
    if (got > 0) {
      const std::string_view bytes(buffer.data(), static_cast<size_t>(got));
      if (records_wire_) wire_ += bytes;
      reader_.feed(bytes);
      return true;
    }
    if (got == 0 || errno == ECONNRESET) return false;
    if (errno != EAGAIN && errno != EINTR) fail_with_errno("cannot receive");
    if (!wait_for(socket_, POLLIN, bound)) {
      timed_out = true;
      return false;
    }
  }
}

std::string TestClient::receive_raw() {
  if (!wait_for(socket_, POLLIN, timeout_)) fail("no bytes in time");
  std::array<char, 65536> buffer;
  const ssize_t got = ::recv(socket_, buffer.data(), buffer.size(), 0);
  if (got < 0 && errno != ECONNRESET) fail_with_errno("cannot receive");
  return got <= 0 ? "" : std::string(buffer.data(), static_cast<size_t>(got));
}

bool TestClient::receive_eof() {
  bool timed_out = false;
  return kept_pushes_.empty() && reader_.unread_bytes() == 0 && !fill(timeout_, timed_out) &&
         !timed_out;
}

void TestClient::use_resp3() {
  const Reply reply = call({"HELLO", "3"});
  if (reply.type != Reply::Type::map) fail("HELLO 3 failed: " + to_text(reply));
}

void TestClient::half_close() {
  ::shutdown(socket_, SHUT_WR);
}

void TestClient::close() {
  if (socket_ >= 0) ::close(std::exchange(socket_, -1));
}

}  // namespace larder
