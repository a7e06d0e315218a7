#include "server/structures/bit_kernels.h"

#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace larder {
namespace {

uint64_t load_word(const char* from) {
  uint64_t word;
  std::memcpy(&word, from, sizeof(word));
  return word;
}

// Sums of neighbours, twice as wide with every line; the multiplication adds the eight bytes up.
// (__builtin_popcountll is a call and a table where the compiler may not assume the instruction.)
uint64_t count_word(uint64_t word) {
  word -= (word >> 1) & 0x5555555555555555;
  word = (word & 0x3333333333333333) + ((word >> 2) & 0x3333333333333333);
  word = (word + (word >> 4)) & 0x0f0f0f0f0f0f0f0f;
  return (word * 0x0101010101010101) >> 56;
}

template <class Step>
void for_each_word(char* out, std::string_view in, Step&& step) {
  size_t i = 0;
  for (; i + sizeof(uint64_t) <= in.size(); i += sizeof(uint64_t)) {
    const uint64_t word = step(load_word(out + i), load_word(in.data() + i));
    std::memcpy(out + i, &word, sizeof(word));
  }
  for (; i < in.size(); i++) {
    out[i] = static_cast<char>(
        step(uint64_t{static_cast<uint8_t>(out[i])}, uint64_t{static_cast<uint8_t>(in[i])}));
  }
}

}  // namespace

uint64_t count_ones_portable(std::string_view bytes) {
  uint64_t ones = 0;
  size_t i = 0;
  for (; i + sizeof(uint64_t) <= bytes.size(); i += sizeof(uint64_t)) {
    ones += count_word(load_word(bytes.data() + i));
  }
  uint64_t rest = 0;
  if (i < bytes.size()) std::memcpy(&rest, bytes.data() + i, bytes.size() - i);
  return ones + count_word(rest);
}

void apply_step_portable(BitStep step, char* out, std::string_view in) {
  switch (step) {
    case BitStep::both:
      return for_each_word(out, in, [](uint64_t old, uint64_t other) { return old & other; });
    case BitStep::either:
      return for_each_word(out, in, [](uint64_t old, uint64_t other) { return old | other; });
    case BitStep::differ:
      return for_each_word(out, in, [](uint64_t old, uint64_t other) { return old ^ other; });
    case BitStep::without:
      return for_each_word(out, in, [](uint64_t old, uint64_t other) { return old & ~other; });
  }
}

#if defined(__x86_64__)

namespace {

constexpr size_t kLane = sizeof(__m256i);

[[gnu::target("avx2")]] inline __m256i load_lane(const char* from) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}
[[gnu::target("avx2")]] inline void store_lane(char* to, __m256i lane) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), lane);
}

// How many ones each byte has: a table of 16 answers, looked up for both halves of 32 bytes at once
// (Mula, Kurz and Lemire, "Faster population counts using AVX2 instructions", 2016).
[[gnu::target("avx2")]] inline __m256i ones_per_byte(__m256i lane) {
  const __m256i table = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4,  //
                                         0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
  const __m256i half = _mm256_set1_epi8(0x0f);
  const __m256i low = _mm256_and_si256(lane, half);
  const __m256i high = _mm256_and_si256(_mm256_srli_epi16(lane, 4), half);
  return _mm256_add_epi8(_mm256_shuffle_epi8(table, low), _mm256_shuffle_epi8(table, high));
}

}  // namespace

[[gnu::target("avx2")]] uint64_t count_ones_avx2(std::string_view bytes) {
  const char* at = bytes.data();
  const char* const end = at + bytes.size() / kLane * kLane;
  const __m256i zero = _mm256_setzero_si256();
  __m256i sums = zero;  // four 64-bit sums
  while (at < end) {
    // A byte of the counters has room for 31 lanes of at most 8 ones; four at a time suffice.
    __m256i counters = zero;
    for (int i = 0; i < 28 && at < end; i += 4) {
      if (end - at < static_cast<ptrdiff_t>(4 * kLane)) {
        counters = _mm256_add_epi8(counters, ones_per_byte(load_lane(at)));
        at += kLane;
        continue;
      }
      const __m256i first =
          _mm256_add_epi8(ones_per_byte(load_lane(at)), ones_per_byte(load_lane(at + kLane)));
      const __m256i second = _mm256_add_epi8(ones_per_byte(load_lane(at + 2 * kLane)),
                                             ones_per_byte(load_lane(at + 3 * kLane)));
      counters = _mm256_add_epi8(counters, _mm256_add_epi8(first, second));
      at += 4 * kLane;
    }
    sums = _mm256_add_epi64(sums, _mm256_sad_epu8(counters, zero));
  }
  uint64_t parts[4];
  store_lane(reinterpret_cast<char*>(parts), sums);
  return parts[0] + parts[1] + parts[2] + parts[3] +
         count_ones_portable(bytes.substr(bytes.size() / kLane * kLane));
}

[[gnu::target("avx2")]] void apply_step_avx2(BitStep step, char* out, std::string_view in) {
  const char* from = in.data();
  const size_t size = in.size() / kLane * kLane;
  switch (step) {
    case BitStep::both:
      for (size_t i = 0; i < size; i += kLane) {
        store_lane(out + i, _mm256_and_si256(load_lane(out + i), load_lane(from + i)));
      }
      break;
    case BitStep::either:
      for (size_t i = 0; i < size; i += kLane) {
        store_lane(out + i, _mm256_or_si256(load_lane(out + i), load_lane(from + i)));
      }
      break;
    case BitStep::differ:
      for (size_t i = 0; i < size; i += kLane) {
        store_lane(out + i, _mm256_xor_si256(load_lane(out + i), load_lane(from + i)));
      }
      break;
    case BitStep::without:
      for (size_t i = 0; i < size; i += kLane) {
        store_lane(out + i, _mm256_andnot_si256(load_lane(from + i), load_lane(out + i)));
      }
      break;
  }
  apply_step_portable(step, out + size, in.substr(size));
}

bool has_wide_kernels() {
  return __builtin_cpu_supports("avx2") != 0;
}

#else

bool has_wide_kernels() {
  return false;
}

#endif

}  // namespace larder
