// One connection to a server under test: a blocking socket with a bound on every wait.
#pragma once

#include <chrono>
#include <concepts>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/reply_reader.h"
#include "tests/support/eventually.h"
#include "tests/support/expected.h"

namespace larder {

// What goes wrong with the connection itself (no reply in time, closed, no protocol) is thrown as
// std::runtime_error and so ends the test; what the server answers is a Reply.
class TestClient {
 public:
  static TestClient connect(int port, const std::string& host = "127.0.0.1");
  static TestClient connect_unix(const std::string& path);
  TestClient(TestClient&& other) noexcept;
  TestClient& operator=(TestClient&& other) noexcept;
  ~TestClient() { close(); }

  // Sends a request and waits for its reply: client("SET", "k", 1). Pushes that come before the
  // reply are kept for receive(), unless the request is one whose replies are pushes (SUBSCRIBE
  // ...).
  template <class... Values>
  Reply operator()(const Values&... values) {
    return call({argument(values)...});
  }
  Reply call(const std::vector<std::string>& request);

  // Send only. `send_raw` sends the bytes as they are, and all of them within the bound.
  void send(const std::vector<std::string>& request);
  void send_raw(std::string_view bytes);

  // The next value from the server, kept pushes first.
  Reply receive();
  // The same, or nothing if none came in time. With 0 ms it looks without waiting.
  std::optional<Reply> receive_within(std::chrono::milliseconds bound);
  // The next bytes as they come, for tests of the wire itself; "" at the end of the stream.
  std::string receive_raw();
  // True when the server closed the connection and sent nothing before; waits up to the bound.
  bool receive_eof();

  // From now on the bytes of each reply are kept, and last_wire() has those of the last one read.
  void record_wire() { records_wire_ = true; }
  const std::string& last_wire() const { return last_wire_; }

  // From now on replies are RESP3. Throws if HELLO 3 fails.
  void use_resp3();
  void half_close();  // no more requests will come; replies can
  void close();
  bool is_open() const { return socket_ >= 0; }
  int socket() const { return socket_; }
  void set_timeout(std::chrono::milliseconds bound) { timeout_ = bound; }

 private:
  explicit TestClient(int socket) : socket_(socket) {}

  template <class Value>
  static std::string argument(const Value& value) {
    if constexpr (std::integral<Value> || std::floating_point<Value>) {
      return std::to_string(value);
    } else {
      return std::string(value);
    }
  }
  // False at the end of the stream or, with `timed_out`, when nothing came within the bound.
  bool fill(std::chrono::milliseconds bound, bool& timed_out);
  std::optional<Reply> read(std::chrono::milliseconds bound);

  int socket_ = -1;
  std::chrono::milliseconds timeout_ = 10s;
  ReplyReader reader_;
  std::deque<Reply> kept_pushes_;
  bool records_wire_ = false;
  std::string wire_ = {};  // received and not yet part of a reply that was read
  std::string last_wire_ = {};
};

}  // namespace larder
