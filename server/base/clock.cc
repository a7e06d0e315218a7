#include "server/base/clock.h"

#include <ctime>

namespace larder {
namespace {

int64_t read_ns(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

int64_t wall_clock_us() { return read_ns(CLOCK_REALTIME) / 1000; }
int64_t wall_clock_ms() { return wall_clock_us() / 1000; }
int64_t monotonic_us() { return monotonic_ns() / 1000; }
int64_t monotonic_ns() { return read_ns(CLOCK_MONOTONIC); }
int64_t thread_cpu_ns() { return read_ns(CLOCK_THREAD_CPUTIME_ID); }

}  // namespace larder
