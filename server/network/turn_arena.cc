#include "server/network/turn_arena.h"

#include <algorithm>

#if defined(__SANITIZE_ADDRESS__)
#define LARDER_ADDRESS_SANITIZER
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LARDER_ADDRESS_SANITIZER
#endif
#endif
#ifdef LARDER_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#endif

namespace larder {
namespace {

void forbid([[maybe_unused]] const char* begin, [[maybe_unused]] size_t bytes) {
#ifdef LARDER_ADDRESS_SANITIZER
  __asan_poison_memory_region(begin, bytes);
#endif
}

void allow([[maybe_unused]] const char* begin, [[maybe_unused]] size_t bytes) {
#ifdef LARDER_ADDRESS_SANITIZER
  __asan_unpoison_memory_region(begin, bytes);
#endif
}

}  // namespace

// Not zeroed: pages that no turn ever reaches are never touched.
TurnArena::TurnArena() : bytes_(new char[kBytes]) {
  forbid(bytes_.get(), kBytes);
}
TurnArena::~TurnArena() {
  allow(bytes_.get(), kBytes);
}

std::span<char> TurnArena::room() {
  LARDER_ASSERT(has_room());
  allow(bytes_.get() + used_, read_bytes_);
  return {bytes_.get() + used_, read_bytes_};
}

void TurnArena::keep(size_t bytes) {
  LARDER_ASSERT(bytes <= kBytes - used_);
  used_ += bytes;
  forbid(bytes_.get() + used_, kBytes - used_);
}

void TurnArena::reset(size_t waiting) {
  used_ = 0;
  read_bytes_ = std::clamp(kBytes / std::max<size_t>(waiting, 1), kLeastReadBytes, kReadBytes);
  forbid(bytes_.get(), kBytes);
}

}  // namespace larder
