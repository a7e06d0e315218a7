// A library that a server is started with to have its wall clock set by a test (settable_clock.h):
// what clock_gettime says of CLOCK_REALTIME is off by as many nanoseconds as the file says that
// LARDER_WALL_CLOCK names. The monotonic clock is left alone, as it is when an administrator sets
// the time of a machine. A time namespace of the kernel can do it the other way round only.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <ctime>

namespace {

const volatile int64_t* open_offset() {
  const char* path = std::getenv("LARDER_WALL_CLOCK");
  const int file = path == nullptr ? -1 : ::open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return nullptr;
  void* memory = ::mmap(nullptr, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
  ::close(file);
  return memory == MAP_FAILED ? nullptr : static_cast<const volatile int64_t*>(memory);
}

}  // namespace

extern "C" __attribute__((visibility("default"))) int clock_gettime(clockid_t clock,
                                                                    timespec* now) noexcept {
  static const volatile int64_t* const offset = open_offset();
  const long result = ::syscall(SYS_clock_gettime, clock, now);
  if (result == 0 && clock == CLOCK_REALTIME && offset != nullptr) {
    constexpr int64_t kSecond = 1'000'000'000;
    const int64_t ns = static_cast<int64_t>(now->tv_sec) * kSecond + now->tv_nsec + *offset;
    now->tv_sec = static_cast<time_t>(ns / kSecond);
    now->tv_nsec = static_cast<long>(ns % kSecond);
  }
  return static_cast<int>(result);
}
