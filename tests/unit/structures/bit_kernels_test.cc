#include "server/structures/bit_kernels.h"

#include <bit>
#include <catch2/catch.hpp>
#include <string>

#include "server/base/random.h"

namespace larder {
namespace {

std::string random_bytes(Random& random, size_t size) {
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random.next());
  return bytes;
}

// Bit by bit, as nobody would write it for speed.
uint64_t count_slowly(std::string_view bytes) {
  uint64_t ones = 0;
  for (const char c : bytes) {
    for (unsigned bit = 0; bit < 8; bit++) ones += (static_cast<uint8_t>(c) >> bit) & 1u;
  }
  return ones;
}

char combine_slowly(BitStep step, char out, char in) {
  switch (step) {
    case BitStep::both:
      return static_cast<char>(out & in);
    case BitStep::either:
      return static_cast<char>(out | in);
    case BitStep::differ:
      return static_cast<char>(out ^ in);
    case BitStep::without:
      return static_cast<char>(out & ~in);
  }
  return 0;
}

constexpr BitStep kSteps[] = {BitStep::both, BitStep::either, BitStep::differ, BitStep::without};

// Sizes around words, lanes of 32 bytes, and as many lanes as a byte can count before it overflows.
size_t random_size(Random& random) {
  constexpr size_t kBorders[] = {0, 8, 32, 128, 896, 1024, 8192, 20'000};
  const size_t border = kBorders[random.below(std::size(kBorders))];
  return border + random.below(40);
}

}  // namespace

TEST_CASE("both forms of counting ones count every bit") {
  Random random(11);
  for (int round = 0; round < 300; round++) {
    const std::string all = random_bytes(random, random_size(random) + 8);
    // Any alignment.
    const std::string_view bytes = std::string_view(all).substr(random.below(8));
    const uint64_t expected = count_slowly(bytes);
    REQUIRE(count_ones_portable(bytes) == expected);
#if defined(__x86_64__)
    if (has_wide_kernels()) REQUIRE(count_ones_avx2(bytes) == expected);
#endif
  }
}

TEST_CASE("counters do not overflow when every bit is a one") {
  for (const size_t size : {31u, 32u, 896u, 897u, 928u, 1023u, 100'000u}) {
    const std::string bytes(size, '\xff');
    CHECK(count_ones_portable(bytes) == size * 8);
#if defined(__x86_64__)
    if (has_wide_kernels()) CHECK(count_ones_avx2(bytes) == size * 8);
#endif
  }
}

TEST_CASE("both forms of every step do what it says, and leave what is behind") {
  Random random(12);
  for (int round = 0; round < 300; round++) {
    const size_t size = random_size(random);
    const size_t shift = random.below(8);
    const std::string in = random_bytes(random, size);
    const std::string old = random_bytes(random, size + 16);
    for (const BitStep step : kSteps) {
      std::string expected = old;
      for (size_t i = 0; i < size; i++) {
        expected[i + shift] = combine_slowly(step, old[i + shift], in[i]);
      }
      std::string out = old;
      apply_step_portable(step, out.data() + shift, in);
      REQUIRE(out == expected);
#if defined(__x86_64__)
      if (!has_wide_kernels()) continue;
      out = old;
      apply_step_avx2(step, out.data() + shift, in);
      REQUIRE(out == expected);
#endif
    }
  }
}

}  // namespace larder
