// bench_replay --port N --trace FILE [--option value ...]
//
// Replays a trace of requests as a client of a cache does: GET, and on a miss SET. Prints how many
// were hits as one line of JSON, and how many values had no room in the whole cache (-OOM), which a
// client of a cache does without. Exit code 1 when the server answers with another error, closes the
// connection or stops answering.
//
//   --trace FILE      LTR1, little endian: "LTR1", u32 flags (1: has sizes), u64 n, u32 key[n], u32
//   size[n]
//   --pipeline N      requests that may be on their way, default 8. A key that is on its way
//   already ends the
//                     pipeline, so that none is missed twice; what was missed is SET before the
//                     next GETs.
//   --value-size N    bytes of a value where the trace has no sizes, default 64
//   --expire S        gives the keys so many seconds, for policies that look at no others
//   --fill N          SETs N keys that are not in a trace instead, or with a trace of sizes keys of
//   it, picked
//                     at random, until their sizes and 64 bytes for each make N; prints the sum
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "tests/bench/client_socket.h"

namespace larder {
namespace {

constexpr int kSilenceMs = 60'000;
// What the trace's sizes leave out, as the reference counts it.
constexpr uint64_t kPerKey = 64;
constexpr uint32_t kFirstFillKey = 3'000'000'000;

struct Trace {
  std::vector<uint32_t> keys;
  std::vector<uint32_t> sizes;  // empty: none
};

struct Arguments {
  int port = 0;
  std::string trace;
  size_t pipeline = 8;
  size_t value_size = 64;
  std::string expire_seconds;
  uint64_t fill = 0;
};

template <class T>
void read_values(std::ifstream& file, T* values, size_t count) {
  file.read(reinterpret_cast<char*>(values), static_cast<std::streamsize>(count * sizeof(T)));
  if (!file) throw std::runtime_error("the trace is too short");
}

Trace read_trace(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  char magic[4];
  uint32_t flags = 0;
  uint64_t count = 0;
  read_values(file, magic, sizeof(magic));
  read_values(file, &flags, 1);
  read_values(file, &count, 1);
  if (std::memcmp(magic, "LTR1", sizeof(magic)) != 0) throw std::runtime_error("no trace: " + path);
  Trace trace;
  trace.keys.resize(count);
  read_values(file, trace.keys.data(), count);
  if ((flags & 1) != 0) {
    trace.sizes.resize(count);
    read_values(file, trace.sizes.data(), count);
  }
  return trace;
}

// A connection that sends and receives at once, so that neither side waits for the other with full
// buffers.
class Client {
 public:
  Client(int port, const std::string& expire_seconds) : socket_(connect_client(port)) {
    if (socket_ < 0) fail("cannot connect");
    if (expire_seconds.empty()) return;
    set_head_ = "*5\r\n$3\r\nSET\r\n$";
    set_tail_ = "\r\n$2\r\nEX\r\n$" + std::to_string(expire_seconds.size()) + "\r\n" +
                expire_seconds + "\r\n";
  }
  ~Client() { ::close(socket_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void get(uint32_t key) {
    const std::string name = name_of(key);
    output_ += "*2\r\n$3\r\nGET\r\n$" + std::to_string(name.size()) + "\r\n" + name + "\r\n";
  }
  void set(uint32_t key, size_t size) {
    const std::string name = name_of(key);
    output_ += set_head_ + std::to_string(name.size()) + "\r\n" + name + "\r\n$" +
               std::to_string(size) + "\r\n";
    output_.append(size, 'x');
    output_ += set_tail_;
  }
  // Sends what was written, and calls `reply(bool is_there)` for each of `count` replies.
  template <class Reply>
  void exchange(size_t count, Reply&& reply) {
    size_t sent = 0;
    while (count > 0 || sent < output_.size()) {
      pollfd poll{socket_, POLLIN, 0};
      if (sent < output_.size()) poll.events |= POLLOUT;
      if (::poll(&poll, 1, kSilenceMs) == 0)
        throw std::runtime_error("the server stopped answering");
      if ((poll.revents & POLLOUT) != 0) sent += send_some(sent);
      if ((poll.revents & ~POLLOUT) != 0) receive();
      while (count > 0) {
        const std::optional<bool> found = take_reply();
        if (!found) break;
        count--;
        reply(*found);
      }
    }
    output_.clear();
    input_.erase(0, read_);
    read_ = 0;
  }

  // Values that the server had no room for.
  uint64_t refused() const { return refused_; }

 private:
  [[noreturn]] static void fail(const std::string& what) {
    throw std::runtime_error(what + ": " + std::strerror(errno));
  }
  static std::string name_of(uint32_t key) {
    char name[24];
    std::snprintf(name, sizeof(name), "key:%010u", key);
    return name;
  }

  size_t send_some(size_t from) {
    const ssize_t length =
        ::send(socket_, output_.data() + from, output_.size() - from, MSG_NOSIGNAL);
    if (length >= 0) return static_cast<size_t>(length);
    if (errno != EAGAIN && errno != EINTR) fail("send");
    return 0;
  }
  void receive() {
    char bytes[1 << 16];
    const ssize_t length = ::recv(socket_, bytes, sizeof(bytes), 0);
    if (length == 0) throw std::runtime_error("the server closed the connection");
    if (length > 0) {
      input_.append(bytes, static_cast<size_t>(length));
    } else if (errno != EAGAIN && errno != EINTR) {
      fail("recv");
    }
  }
  // Whether the next reply, if it is complete, is something and not null.
  std::optional<bool> take_reply() {
    const size_t end = input_.find("\r\n", read_);
    if (end == std::string::npos) return std::nullopt;
    const char type = input_[read_];
    const bool is_refused = input_.compare(read_, 5, "-OOM ") == 0;
    if (type != '+' && type != '$' && !is_refused) {
      throw std::runtime_error(input_.substr(read_, end - read_));
    }
    refused_ += is_refused ? 1 : 0;
    const long length = type == '$' ? std::atol(input_.data() + read_ + 1) : -1;
    const size_t next = end + 2 + (length >= 0 ? static_cast<size_t>(length) + 2 : 0);
    if (input_.size() < next) return std::nullopt;
    read_ = next;
    return type == '+' || length >= 0;
  }

  int socket_;
  std::string set_head_ = "*3\r\n$3\r\nSET\r\n$";
  std::string set_tail_ = "\r\n";
  std::string output_;
  std::string input_;
  size_t read_ = 0;
  uint64_t refused_ = 0;
};

class Replay {
 public:
  explicit Replay(const Arguments& arguments)
      : arguments_(arguments),
        trace_(read_trace(arguments.trace)),
        client_(arguments.port, arguments.expire_seconds) {}

  void run() {
    const auto start = std::chrono::steady_clock::now();
    uint64_t hits = 0;
    std::vector<size_t> missed;
    for (size_t at = 0; at < trace_.keys.size();) {
      const size_t end = end_of_pipeline(at);
      const size_t sets = missed.size();
      for (const size_t request : missed) client_.set(trace_.keys[request], value_size(request));
      missed.clear();
      for (size_t request = at; request < end; request++) client_.get(trace_.keys[request]);
      size_t replies = 0;
      client_.exchange(sets + end - at, [&](bool found) {
        if (replies++ < sets) return;
        found ? static_cast<void>(hits++) : missed.push_back(at + replies - sets - 1);
      });
      at = end;
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    std::printf("{\"requests\": %zu, \"hits\": %llu, \"refused\": %llu, \"seconds\": %.3f}\n",
                trace_.keys.size(), static_cast<unsigned long long>(hits),
                static_cast<unsigned long long>(client_.refused()), took.count());
  }

  void fill() {
    uint64_t sum = 0;
    std::mt19937_64 random(1);
    std::unordered_set<uint32_t> seen;
    for (uint32_t i = 0; sum < arguments_.fill && (trace_.sizes.empty() || i < trace_.keys.size());
         i++) {
      if (trace_.sizes.empty()) {
        client_.set(kFirstFillKey + i, arguments_.value_size);
        sum++;
      } else {
        const size_t request = random() % trace_.keys.size();
        if (!seen.insert(trace_.keys[request]).second) continue;
        client_.set(trace_.keys[request], value_size(request));
        sum += trace_.sizes[request] + kPerKey;
      }
      client_.exchange(1, [](bool) {});
    }
    std::printf("{\"sum\": %llu}\n", static_cast<unsigned long long>(sum));
  }

 private:
  size_t value_size(size_t request) const {
    if (trace_.sizes.empty()) return arguments_.value_size;
    return std::max<size_t>(trace_.sizes[request], 1);
  }
  size_t end_of_pipeline(size_t at) const {
    const size_t most = std::min(at + arguments_.pipeline, trace_.keys.size());
    for (size_t end = at; end < most; end++) {
      for (size_t before = at; before < end; before++) {
        if (trace_.keys[before] == trace_.keys[end]) return end;
      }
    }
    return most;
  }

  const Arguments& arguments_;
  const Trace trace_;
  Client client_;
};

std::optional<Arguments> read_arguments(int count, char** words) {
  Arguments arguments;
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string_view name = words[i];
    const std::string value = words[i + 1];
    if (name == "--trace")
      arguments.trace = value;
    else if (name == "--port")
      arguments.port = std::stoi(value);
    else if (name == "--pipeline")
      arguments.pipeline = std::stoull(value);
    else if (name == "--value-size")
      arguments.value_size = std::stoull(value);
    else if (name == "--expire")
      arguments.expire_seconds = value;
    else if (name == "--fill")
      arguments.fill = std::stoull(value);
    else
      return std::nullopt;
  }
  const bool is_sound = count % 2 == 1 && arguments.port != 0 && arguments.pipeline > 0;
  return is_sound && !arguments.trace.empty() ? std::optional(arguments) : std::nullopt;
}

}  // namespace
}  // namespace larder

int main(int argc, char** argv) {
  try {
    const auto arguments = larder::read_arguments(argc, argv);
    if (!arguments) {
      std::fputs("usage: bench_replay --port N --trace FILE [--option value ...]\n", stderr);
      return 2;
    }
    larder::Replay replay(*arguments);
    arguments->fill > 0 ? replay.fill() : replay.run();
    return 0;
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "bench_replay: %s\n", failure.what());
    return 1;
  }
}
