// bench_pinger PORT PID
//
// Sends PING at fixed moments, 1000 times a second, whether or not the one before was answered, and
// notes the times between PONGs: the longest is what one client sees of a server's worst pause.
// Prints "ready" after the first PONG, ends at the next line (or the end) of standard input, and
// prints one line of JSON, times in microseconds. "late" is by how much the pinger itself came too
// late at most: where that is large, the machine was busy and the pause may not be the server's.
// "busiest" is the most CPU time that the server (process PID, all threads) has used between two
// PONGs: unlike "longest" it holds nothing of what other processes took away from it.
// "busiest_main" is the same of its main thread alone, as the scheduler accounts for it.
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <stdexcept>
#include <string>
#include <string_view>

#include "tests/bench/client_socket.h"
#include "tests/bench/latency_histogram.h"

namespace larder {
namespace {

constexpr int64_t kIntervalNs = 1'000'000;
constexpr std::string_view kPing = "*1\r\n$4\r\nPING\r\n";

int64_t now_ns() {
  return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
}

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error(what + ": " + std::strerror(errno));
}

class Pinger {
 public:
  Pinger(int port, pid_t server) {
    if (::clock_getcpuclockid(server, &server_clock_) != 0) fail("clock_getcpuclockid");
    const std::string id = std::to_string(server);
    main_thread_ =
        ::open(("/proc/" + id + "/task/" + id + "/schedstat").c_str(), O_RDONLY | O_CLOEXEC);
    if (main_thread_ < 0) fail("cannot read the server's schedstat");
    // The load must not keep the pinger from its moment; where this is not allowed, "late" tells.
    ::setpriority(PRIO_PROCESS, 0, -20);
    socket_ = connect_client(port);
    if (socket_ < 0) fail("cannot connect");
    timer_ = ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (timer_ < 0) fail("timerfd_create");
  }
  ~Pinger() {
    ::close(timer_);
    ::close(socket_);
    ::close(main_thread_);
  }
  Pinger(const Pinger&) = delete;
  Pinger& operator=(const Pinger&) = delete;

  void run() {
    start_timer();
    std::array<pollfd, 3> entries = {
        {{timer_, POLLIN, 0}, {socket_, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}}};
    while (entries[2].revents == 0) {
      if (::poll(entries.data(), entries.size(), -1) < 0 && errno != EINTR) fail("poll");
      if (entries[1].revents != 0) receive();
      if (entries[0].revents != 0) send_due();
    }
    // A server that has been silent until the end is not let off.
    if (last_pong_ns_ > 0) gaps_.record(now_ns() - last_pong_ns_, 1);
  }

  void print() const {
    std::printf(
        "{\"pongs\": %llu, \"p50\": %.1f, \"p99.9\": %.1f, \"longest\": %.1f, \"busiest\": %.1f, "
        "\"busiest_main\": %.1f, \"late\": %.1f}\n",
        static_cast<unsigned long long>(pongs_), gaps_.percentile_us(0.5),
        gaps_.percentile_us(0.999), gaps_.longest_us(), static_cast<double>(busiest_ns_) / 1000,
        static_cast<double>(busiest_main_ns_) / 1000, static_cast<double>(latest_ns_) / 1000);
  }

 private:
  int64_t server_cpu_ns() const {
    timespec time{};
    ::clock_gettime(server_clock_, &time);
    return time.tv_sec * 1'000'000'000 + time.tv_nsec;
  }

  // Of the thread that serves. The kernel has no clock of another process's thread, but this file.
  int64_t main_cpu_ns() const {
    std::array<char, 128> text{};
    if (::pread(main_thread_, text.data(), text.size() - 1, 0) <= 0) fail("schedstat");
    return std::atoll(text.data());
  }

  void start_timer() {
    itimerspec times{};
    times.it_interval.tv_nsec = kIntervalNs;
    times.it_value.tv_nsec = kIntervalNs;
    due_ns_ = now_ns() + kIntervalNs;
    if (::timerfd_settime(timer_, 0, &times, nullptr) != 0) fail("timerfd_settime");
  }

  // One PING for each moment that has passed.
  void send_due() {
    uint64_t expirations = 0;
    if (::read(timer_, &expirations, sizeof(expirations)) < 0) return;
    latest_ns_ = std::max(latest_ns_, now_ns() - due_ns_);
    for (; expirations > 0; expirations--) {
      due_ns_ += kIntervalNs;
      if (::send(socket_, kPing.data(), kPing.size(), MSG_NOSIGNAL) < 0) fail("send");
    }
  }

  void receive() {
    std::array<char, 4096> bytes;
    const ssize_t length = ::recv(socket_, bytes.data(), bytes.size(), 0);
    if (length < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (length < 0) fail("recv");
    if (length == 0) throw std::runtime_error("the server closed the connection");
    const auto end = bytes.begin() + length;
    if (std::find(bytes.begin(), end, '-') != end) throw std::runtime_error("PING was refused");
    const int64_t time_ns = now_ns();
    const int64_t cpu_ns = server_cpu_ns();
    const int64_t main_ns = main_cpu_ns();
    if (last_pong_ns_ > 0) {
      gaps_.record(time_ns - last_pong_ns_, 1);
      busiest_ns_ = std::max(busiest_ns_, cpu_ns - last_cpu_ns_);
      busiest_main_ns_ = std::max(busiest_main_ns_, main_ns - last_main_ns_);
    } else {
      std::puts("ready");
      std::fflush(stdout);
    }
    last_cpu_ns_ = cpu_ns;
    last_main_ns_ = main_ns;
    last_pong_ns_ = time_ns;
    pongs_ += static_cast<uint64_t>(std::count(bytes.begin(), end, '\n'));
  }

  clockid_t server_clock_{};
  int main_thread_ = -1;
  int socket_ = -1;
  int timer_ = -1;
  int64_t due_ns_ = 0;
  int64_t last_pong_ns_ = 0;
  int64_t last_cpu_ns_ = 0;
  int64_t last_main_ns_ = 0;
  int64_t latest_ns_ = 0;
  int64_t busiest_ns_ = 0;
  int64_t busiest_main_ns_ = 0;
  uint64_t pongs_ = 0;
  LatencyHistogram gaps_;
};

}  // namespace
}  // namespace larder

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: bench_pinger PORT PID\n", stderr);
    return 2;
  }
  try {
    larder::Pinger pinger(std::atoi(argv[1]), std::atoi(argv[2]));
    pinger.run();
    pinger.print();
    return 0;
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "bench_pinger: %s\n", failure.what());
    return 1;
  }
}
