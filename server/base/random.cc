#include "server/base/random.h"

#include <sys/random.h>

#include <cerrno>
#include <vector>

#include "server/base/assert.h"

namespace larder {

void fill_random(std::span<uint8_t> out) {
  size_t filled = 0;
  while (filled < out.size()) {
    const ssize_t got = getrandom(out.data() + filled, out.size() - filled, 0);
    if (got < 0 && errno == EINTR) continue;
    LARDER_ASSERT(got > 0);
    filled += static_cast<size_t>(got);
  }
}

uint64_t random_seed() {
  uint64_t seed = 0;
  fill_random({reinterpret_cast<uint8_t*>(&seed), sizeof(seed)});
  return seed;
}

std::string random_hex(size_t length) {
  std::vector<uint8_t> bytes(length);
  fill_random(bytes);
  std::string hex;
  for (const uint8_t byte : bytes) hex += "0123456789abcdef"[byte & 15];
  return hex;
}

Random::Random(uint64_t seed) {
  for (uint64_t& word : state_) {
    seed += 0x9e3779b97f4a7c15;
    uint64_t mixed = seed;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    word = mixed ^ (mixed >> 31);
  }
}

uint64_t Random::next() {
  const auto rotate = [](uint64_t x, int k) { return (x << k) | (x >> (64 - k)); };
  const uint64_t result = rotate(state_[1] * 5, 7) * 9;
  const uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = rotate(state_[3], 45);
  return result;
}

}  // namespace larder
