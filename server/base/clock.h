// Time as the server uses it. Commands take the time of their batch from the Context; only the loop
// and the parts that measure read these clocks.
#pragma once

#include <cstdint>

namespace larder {

// Milliseconds / microseconds since 1970-01-01 UTC; jumps when the administrator sets the clock.
int64_t wall_clock_ms();
int64_t wall_clock_us();

// Milliseconds / microseconds / nanoseconds since some moment before the process started; never goes
// back.
int64_t monotonic_us();
inline int64_t monotonic_ms() {
  return monotonic_us() / 1000;
}
int64_t monotonic_ns();

// Nanoseconds that this thread has used of a processor. Costs a system call, ten times what the others do.
int64_t thread_cpu_ns();

// The moment by which a slice of background work has to hand control back.
class Deadline {
 public:
  static Deadline in_us(int64_t microseconds) { return Deadline(monotonic_us() + microseconds); }
  static Deadline at_us(int64_t moment_us) { return Deadline(moment_us); }
  static Deadline never() { return Deadline(INT64_MAX); }

  bool has_passed() const { return at_us_ != INT64_MAX && monotonic_us() >= at_us_; }

 private:
  explicit Deadline(int64_t at_us) : at_us_(at_us) {}
  int64_t at_us_;
};

}  // namespace larder
