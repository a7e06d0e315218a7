// Values as large as the protocol allows, streamed so that the test itself holds none of them.
#include <catch2/catch.hpp>

#include "tests/support/build.h"
#include "tests/support/test_server.h"

namespace larder {
namespace {

constexpr size_t kMegabyte = 1024 * 1024;
constexpr size_t kLargest = 512 * kMegabyte;

// A stretch of bytes without an end: its period is no divisor of any buffer's size, so that a piece
// in the wrong place is seen.
class Bytes {
 public:
  Bytes() : period_(1'000'003, '\0') {
    uint32_t state = 1;
    for (char& byte : period_) {
      state = state * 1'664'525 + 1'013'904'223;
      byte = static_cast<char>(state >> 24);
    }
  }
  // What comes at `position`, at most `bytes` of it.
  std::string_view at(size_t position, size_t bytes) const {
    return std::string_view(period_).substr(position % period_.size(), bytes);
  }

 private:
  std::string period_;
};

// Calls `between` about every 16 MB.
template <class Function>
void send_value(TestClient& client, const Bytes& bytes, size_t size, Function between) {
  client.send_raw("*3\r\n$3\r\nSET\r\n$3\r\nbig\r\n$" + std::to_string(size) + "\r\n");
  size_t asked = 0;
  for (size_t sent = 0; sent < size;) {
    const std::string_view piece = bytes.at(sent, size - sent);
    client.send_raw(piece);
    sent += piece.size();
    if (sent - asked > 16 * kMegabyte) {
      asked = sent;
      between();
    }
  }
  client.send_raw("\r\n");
}

// The position of the first wrong byte; the size if all are right.
template <class Function>
size_t receive_value(TestClient& client, const Bytes& bytes, size_t size, Function between) {
  client.send({"GET", "big"});
  const std::string header = "$" + std::to_string(size) + "\r\n";
  std::string received;
  while (received.size() < header.size()) received += client.receive_raw();
  if (!received.starts_with(header)) return 0;
  received.erase(0, header.size());
  size_t position = 0, asked = 0;
  for (;;) {
    std::string_view rest = received;
    while (!rest.empty() && position < size) {
      const std::string_view expected = bytes.at(position, std::min(rest.size(), size - position));
      if (!rest.starts_with(expected)) return position;
      position += expected.size();
      rest.remove_prefix(expected.size());
    }
    if (position == size) {
      std::string end(rest);
      while (end.size() < 2) end += client.receive_raw();
      return end == "\r\n" ? size : size - 1;
    }
    if (position - asked > 16 * kMegabyte) {
      asked = position;
      between();
    }
    received = client.receive_raw();
    if (received.empty()) return position;
  }
}

TEST_CASE("the largest value is set and read back, while others are served") {
  constexpr size_t kSize = kHasSanitizers ? 100 * kMegabyte : kLargest;
  constexpr auto kBound = 1s;
  TestServer server;
  auto client = server.connect(), other = server.connect();
  auto longest = 0ns;
  const auto ask_other = [&] {
    const auto start = std::chrono::steady_clock::now();
    REQUIRE(other("PING") == status("PONG"));
    longest = std::max(longest, std::chrono::nanoseconds(std::chrono::steady_clock::now() - start));
  };
  const Bytes bytes;
  send_value(client, bytes, kSize, ask_other);
  CHECK(client.receive() == status("OK"));
  CHECK(other("STRLEN", "big") == kSize);
  CHECK(receive_value(client, bytes, kSize, ask_other) == kSize);
  CHECK(other("GETRANGE", "big", kSize - 3, -1) == bytes.at(kSize - 3, 3));
  if (kSize == kLargest) {
    CHECK(other("APPEND", "big", "x") ==
          is_error("ERR string exceeds maximum allowed size (proto-max-bulk-len)"));
    CHECK(other("SETRANGE", "big", kLargest, "x") ==
          is_error("ERR string exceeds maximum allowed size (proto-max-bulk-len)"));
  }
  CHECK(other("DEL", "big") == 1);
  ask_other();
  CHECK(longest < kBound);
}

TEST_CASE("a value beyond the largest is refused before it is sent") {
  TestServer server;
  auto client = server.connect();
  client.send_raw("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$" + std::to_string(kLargest + 1) + "\r\n");
  CHECK(client.receive() == is_error("ERR Protocol error: invalid bulk length"));
  CHECK(client.receive_eof());
}

TEST_CASE("proto-max-bulk-len is exact and changes while the server runs") {
  TestServer server({"--proto-max-bulk-len", "1mb"});
  auto client = server.connect();
  CHECK(client("SET", "k", std::string(kMegabyte, 'x')) == status("OK"));
  CHECK(client("APPEND", "k", "x") ==
        is_error("ERR string exceeds maximum allowed size (proto-max-bulk-len)"));
  client.send_raw("*2\r\n$4\r\nECHO\r\n$" + std::to_string(kMegabyte + 1) + "\r\n");
  CHECK(client.receive() == is_error("ERR Protocol error: invalid bulk length"));
  CHECK(client.receive_eof());
  auto later = server.connect();
  CHECK(later("CONFIG", "SET", "proto-max-bulk-len", "2mb") == status("OK"));
  CHECK(later("APPEND", "k", "x") == kMegabyte + 1);
  CHECK(later("SET", "k", std::string(2 * kMegabyte, 'x')) == status("OK"));
}

TEST_CASE("a client that announces much and sends little costs little") {
  TestServer server;
  auto admin = server.connect();
  const auto used_memory = [&admin] {
    const std::string info = admin("INFO", "memory").text;
    return std::stoull(info.substr(info.find("used_memory:") + 12));
  };
  const auto before = used_memory();
  std::vector<TestClient> clients;
  for (int i = 0; i < 50; i++) {
    clients.push_back(server.connect());
    clients.back().send_raw("*1000000\r\n$3\r\nSET\r\n$500000000\r\nx");
  }
  CHECK(admin("PING") == status("PONG"));
  // The first piece of memory that a large argument gets, and not what was announced.
  CHECK(used_memory() - before < clients.size() * 512 * 1024);
}

}  // namespace
}  // namespace larder
