// bench_load [--option value ...] COMMAND...
//
// Sends commands (see request_template.h) to a server over many connections, each with a pipeline
// of requests on its way, and prints what came of it as one line of JSON. Exit code 1 when the
// server closed a connection or stopped answering; error replies are counted, and whoever started
// this judges them.
//
//   --port N          the server's, on this machine
//   --tls-port N      speak TLS, and on this port; whose certificate it is does not matter
//   --connections N   default 50
//   --pipeline N      requests on their way per connection, default 1: the next ones leave when all
//                     of these are answered
//   --keys N          default 1000000
//   --order NAME      uniform (default), zipf, sequential, shuffled: see index_sequence.h
//   --value-size N    bytes, default 64
//   --seconds S       how long, or:
//   --requests N      how many
//   --warm-up S       seconds of the same load beforehand, which do not count
//   --wait            print "ready" after connecting and warming up, and begin at the next line of
//                     standard input, so that the caller can read the server's CPU time at that
//                     moment
//   --seed N
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/client_socket.h"
#include "tests/bench/index_sequence.h"
#include "tests/bench/latency_histogram.h"
#include "tests/bench/reply_scanner.h"
#include "tests/bench/request_template.h"
#include "tests/bench/tls_socket.h"

namespace larder {
namespace {

constexpr int kSilenceMs = 60'000;
constexpr uint64_t kNoEnd = std::numeric_limits<uint64_t>::max();

int64_t now_ns() {
  return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
}

struct Arguments {
  int port = 0;
  int tls_port = 0;
  size_t connections = 50;
  size_t pipeline = 1;
  uint64_t keys = 1'000'000;
  IndexOrder order = IndexOrder::kUniform;
  size_t value_size = 64;
  double seconds = 0;
  uint64_t requests = 0;
  double warm_up_seconds = 0;
  bool waits = false;
  uint64_t seed = 1;
  std::vector<std::string> commands;
};

struct Connection {
  int socket = -1;
  std::unique_ptr<TlsSocket> tls;
  ReplyScanner scanner;
  std::string output;
  size_t sent = 0;        // bytes of output
  size_t unanswered = 0;  // requests
  int64_t sent_at_ns = 0;
  bool awaits_room = false;
};

struct Outcome {
  uint64_t requests = 0;
  int64_t time_ns = 0;
  ReplyTally replies;
  LatencyHistogram latencies;
};

class Load {
 public:
  explicit Load(const Arguments& arguments)
      : pipeline_(arguments.pipeline),
        indexes_(arguments.order, arguments.keys, arguments.seed),
        input_(size_t{256} * 1024, '\0'),
        epoll_(::epoll_create1(EPOLL_CLOEXEC)),
        connections_(arguments.connections) {
    for (const std::string& command : arguments.commands) {
      templates_.emplace_back(command, arguments.value_size);
      total_weight_ += templates_.back().weight();
    }
    for (Connection& connection : connections_) {
      const bool speaks_tls = arguments.tls_port != 0;
      connection.socket = connect_client(speaks_tls ? arguments.tls_port : arguments.port);
      if (connection.socket < 0) fail("cannot connect");
      if (speaks_tls) connection.tls = std::make_unique<TlsSocket>(connection.socket);
      set_interest(connection, EPOLL_CTL_ADD, EPOLLIN);
    }
  }
  ~Load() {
    for (const Connection& connection : connections_) {
      if (connection.socket >= 0) ::close(connection.socket);
    }
    ::close(epoll_);
  }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  // Until both ends are reached, whichever comes first; every request that was sent is answered
  // then.
  Outcome run(double seconds, uint64_t requests) {
    outcome_ = {};
    unsent_ = requests;
    const int64_t start_ns = now_ns();
    end_ns_ = start_ns + static_cast<int64_t>(seconds * 1e9);
    for (Connection& connection : connections_) begin_batch(connection, start_ns);
    while (active_ > 0) turn();
    outcome_.time_ns = now_ns() - start_ns;
    return outcome_;
  }

 private:
  [[noreturn]] static void fail(const std::string& what) {
    throw std::runtime_error(what + ": " + std::strerror(errno));
  }

  void set_interest(Connection& connection, int operation, uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.ptr = &connection;
    if (::epoll_ctl(epoll_, operation, connection.socket, &event) != 0) fail("epoll_ctl");
  }

  void turn() {
    std::array<epoll_event, 256> events;
    const int count =
        ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), kSilenceMs);
    if (count < 0 && errno == EINTR) return;
    if (count < 0) fail("epoll_wait");
    if (count == 0) throw std::runtime_error("the server stopped answering");
    for (int i = 0; i < count; i++) {
      const epoll_event& event = events[static_cast<size_t>(i)];
      auto& connection = *static_cast<Connection*>(event.data.ptr);
      if (event.events & EPOLLOUT) flush(connection);
      if (event.events & ~EPOLLOUT) receive(connection);
    }
  }

  // Sends the next pipeline of requests, or none when the load is over.
  void begin_batch(Connection& connection, int64_t time_ns) {
    const size_t count = time_ns < end_ns_ ? std::min<uint64_t>(pipeline_, unsent_) : 0;
    if (count == 0) return;
    unsent_ -= count;
    connection.output.clear();
    connection.sent = 0;
    for (size_t i = 0; i < count; i++) pick_template().append_to(connection.output, indexes_);
    connection.unanswered = count;
    connection.sent_at_ns = now_ns();
    active_++;
    flush(connection);
  }

  const RequestTemplate& pick_template() {
    if (templates_.size() == 1) return templates_.front();
    uint64_t point = indexes_.random() % total_weight_;
    size_t i = 0;
    while (point >= templates_[i].weight()) point -= templates_[i++].weight();
    return templates_[i];
  }

  void flush(Connection& connection) {
    while (connection.sent < connection.output.size()) {
      const std::string_view rest = std::string_view(connection.output).substr(connection.sent);
      const ssize_t length = connection.tls != nullptr ? connection.tls->send(rest)
                                                       : ::send(connection.socket, rest.data(),
                                                                rest.size(), MSG_NOSIGNAL);
      if (length < 0 && errno == EINTR) continue;
      if (length < 0 && errno == EAGAIN) break;
      if (length < 0) fail("send");
      connection.sent += static_cast<size_t>(length);
    }
    const bool awaits_room = connection.sent < connection.output.size();
    if (awaits_room == connection.awaits_room) return;
    connection.awaits_room = awaits_room;
    set_interest(connection, EPOLL_CTL_MOD, awaits_room ? EPOLLIN | EPOLLOUT : EPOLLIN);
  }

  // What TLS has read and not handed out makes no socket readable.
  void receive(Connection& connection) {
    do {
      receive_once(connection);
    } while (connection.tls != nullptr && connection.tls->has_more());
  }

  void receive_once(Connection& connection) {
    const ssize_t length = connection.tls != nullptr
                               ? connection.tls->receive(input_)
                               : ::recv(connection.socket, input_.data(), input_.size(), 0);
    if (length < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (length < 0) fail("recv");
    if (length == 0) throw std::runtime_error("the server closed a connection");
    const std::string_view bytes(input_.data(), static_cast<size_t>(length));
    const size_t replies = connection.scanner.feed(bytes, outcome_.replies);
    if (replies == 0) return;
    if (replies > connection.unanswered) throw std::runtime_error("more replies than requests");
    const int64_t time_ns = now_ns();
    outcome_.requests += replies;
    outcome_.latencies.record(time_ns - connection.sent_at_ns, replies);
    connection.unanswered -= replies;
    if (connection.unanswered > 0) return;
    active_--;
    begin_batch(connection, time_ns);
  }

  size_t pipeline_;
  std::vector<RequestTemplate> templates_;
  uint64_t total_weight_ = 0;
  IndexSequence indexes_;
  std::string input_;
  int epoll_;
  std::vector<Connection> connections_;
  size_t active_ = 0;  // connections with unanswered requests
  uint64_t unsent_ = 0;
  int64_t end_ns_ = 0;
  Outcome outcome_;
};

std::string quoted(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '"' || c == '\\' || c < ' '; }, ' ');
  return '"' + text + '"';
}

void print_outcome(const Outcome& outcome) {
  const LatencyHistogram& latencies = outcome.latencies;
  std::printf(
      "{\"requests\": %llu, \"seconds\": %.6f, \"errors\": %llu, \"first_error\": %s, "
      "\"nulls\": %llu, \"zeros\": %llu, "
      "\"latency_us\": {\"p50\": %.1f, \"p99\": %.1f, \"p99.9\": %.1f, \"max\": %.1f}}\n",
      static_cast<unsigned long long>(outcome.requests), static_cast<double>(outcome.time_ns) / 1e9,
      static_cast<unsigned long long>(outcome.replies.errors),
      quoted(outcome.replies.first_error).c_str(),
      static_cast<unsigned long long>(outcome.replies.nulls),
      static_cast<unsigned long long>(outcome.replies.zeros), latencies.percentile_us(0.5),
      latencies.percentile_us(0.99), latencies.percentile_us(0.999), latencies.longest_us());
}

bool set_option(Arguments& arguments, std::string_view name, const std::string& value) {
  const auto whole = [&value] { return std::stoull(value); };
  if (name == "--port")
    arguments.port = std::stoi(value);
  else if (name == "--tls-port")
    arguments.tls_port = std::stoi(value);
  else if (name == "--connections")
    arguments.connections = whole();
  else if (name == "--pipeline")
    arguments.pipeline = whole();
  else if (name == "--keys")
    arguments.keys = whole();
  else if (name == "--value-size")
    arguments.value_size = whole();
  else if (name == "--seconds")
    arguments.seconds = std::stod(value);
  else if (name == "--requests")
    arguments.requests = whole();
  else if (name == "--warm-up")
    arguments.warm_up_seconds = std::stod(value);
  else if (name == "--seed")
    arguments.seed = whole();
  else if (name == "--order" && index_order_of(value))
    arguments.order = *index_order_of(value);
  else
    return false;
  return true;
}

std::optional<Arguments> read_arguments(const std::vector<std::string>& words) {
  Arguments arguments;
  for (size_t i = 0; i < words.size(); i++) {
    if (words[i] == "--wait") {
      arguments.waits = true;
    } else if (!words[i].starts_with("--")) {
      arguments.commands.push_back(words[i]);
    } else if (i + 1 == words.size() || !set_option(arguments, words[i], words[i + 1])) {
      return std::nullopt;
    } else {
      i++;
    }
  }
  const bool has_end = arguments.seconds > 0 || arguments.requests > 0;
  const bool is_sound = arguments.connections > 0 && arguments.pipeline > 0 && arguments.keys > 0;
  if (arguments.commands.empty() || !has_end || !is_sound) return std::nullopt;
  return arguments;
}

void run(const Arguments& arguments) {
  Load load(arguments);
  if (arguments.warm_up_seconds > 0) load.run(arguments.warm_up_seconds, kNoEnd);
  if (arguments.waits) {
    std::puts("ready");
    std::fflush(stdout);
    std::getchar();
  }
  const double for_ever = 1e9;
  print_outcome(load.run(arguments.seconds > 0 ? arguments.seconds : for_ever,
                         arguments.requests > 0 ? arguments.requests : kNoEnd));
}

}  // namespace
}  // namespace larder

int main(int argc, char** argv) {
  try {
    const auto arguments = larder::read_arguments(std::vector<std::string>(argv + 1, argv + argc));
    if (!arguments) {
      std::fputs(
          "usage: bench_load --port N (--seconds S | --requests N) [--option value ...] "
          "COMMAND...\n",
          stderr);
      return 2;
    }
    larder::run(*arguments);
    return 0;
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "bench_load: %s\n", failure.what());
    return 1;
  }
}
