#include "server/base/hash.h"

#include <cstring>

#include "server/base/random.h"

namespace larder {
namespace {

struct SipState {
  uint64_t v0, v1, v2, v3;

  static uint64_t rotate(uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }
  void round() {
    v0 += v1;
    v2 += v3;
    v1 = rotate(v1, 13) ^ v0;
    v3 = rotate(v3, 16) ^ v2;
    v0 = rotate(v0, 32);
    v2 += v1;
    v0 += v3;
    v1 = rotate(v1, 17) ^ v2;
    v3 = rotate(v3, 21) ^ v0;
    v2 = rotate(v2, 32);
  }
  void absorb(uint64_t word) {
    v3 ^= word;
    round();
    v0 ^= word;
  }
};

template <class Integer>
uint64_t load(const char* at) {
  Integer value;
  std::memcpy(&value, at, sizeof(value));
  return value;
}

// The up to seven bytes behind the last whole word, little endian. Loads that overlap spare a loop.
uint64_t last_bytes(std::string_view bytes) {
  const size_t count = bytes.size() % 8;
  const char* const end = bytes.data() + bytes.size();
  if (count == 0) return 0;
  if (bytes.size() >= 8) return load<uint64_t>(end - 8) >> (8 * (8 - count));
  const char* const begin = bytes.data();
  if (count >= 4) return load<uint32_t>(begin) | (load<uint32_t>(end - 4) << (8 * (count - 4)));
  // The first, the middle and the last of one to three bytes.
  return load<uint8_t>(begin) | (load<uint8_t>(begin + count / 2) << (8 * (count / 2))) |
         (load<uint8_t>(end - 1) << (8 * (count - 1)));
}

// The one piece of mutable state outside Server: containers at any depth need it, and it is
// constant from the first hash on.
HashSecret secret{};
bool secret_is_set = false;

}  // namespace

uint64_t siphash13(std::string_view bytes, HashSecret key) {
  SipState state{0x736f6d6570736575 ^ key.low, 0x646f72616e646f6d ^ key.high,
                 0x6c7967656e657261 ^ key.low, 0x7465646279746573 ^ key.high};
  const char* at = bytes.data();
  const char* const words_end = at + bytes.size() / 8 * 8;
  for (; at != words_end; at += 8) state.absorb(load<uint64_t>(at));
  state.absorb((static_cast<uint64_t>(bytes.size()) << 56) | last_bytes(bytes));
  state.v2 ^= 0xff;
  state.round();
  state.round();
  state.round();
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

HashSecret hash_secret() {
  if (!secret_is_set) set_hash_secret({random_seed(), random_seed()});
  return secret;
}

void set_hash_secret(HashSecret value) {
  secret = value;
  secret_is_set = true;
}

uint64_t hash_bytes(std::string_view bytes) {
  if (!secret_is_set) [[unlikely]]
    hash_secret();
  return siphash13(bytes, secret);
}

}  // namespace larder
