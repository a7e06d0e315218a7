#include "server/base/clock.h"

#include <ctime>

namespace larder {
namespace {

int64_t read_us(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<int64_t>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000;
}

}  // namespace

int64_t wall_clock_us() { return read_us(CLOCK_REALTIME); }
int64_t wall_clock_ms() { return wall_clock_us() / 1000; }
int64_t monotonic_us() { return read_us(CLOCK_MONOTONIC); }

}  // namespace larder
