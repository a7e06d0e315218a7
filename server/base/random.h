// Random numbers. random_seed() is from the kernel and fit for secrets; Random is fast, not secret, and
// repeats for the same seed, so that a failed random test can be run again.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace larder {

void fill_random(std::span<uint8_t> out);  // from the kernel
uint64_t random_seed();
// `length` hexadecimal digits from the kernel: run ids, generated passwords.
std::string random_hex(size_t length);

// xoshiro256** (Blackman and Vigna, https://prng.di.unimi.it), seeded through splitmix64.
class Random {
 public:
  explicit Random(uint64_t seed = random_seed());
  uint64_t next();
  // Uniform in [0, bound); bound > 0. Lemire's multiplication, bias below 2^-32 for bounds < 2^32.
  uint64_t below(uint64_t bound) {
    return static_cast<uint64_t>((static_cast<unsigned __int128>(next()) * bound) >> 64);
  }

 private:
  uint64_t state_[4];
};

}  // namespace larder
