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

// The one piece of mutable state outside Server: containers at any depth need it, and it is constant
// from the first hash on.
HashSecret secret{};
bool secret_is_set = false;

}  // namespace

uint64_t siphash13(std::string_view bytes, HashSecret key) {
  SipState state{0x736f6d6570736575 ^ key.low, 0x646f72616e646f6d ^ key.high,
                 0x6c7967656e657261 ^ key.low, 0x7465646279746573 ^ key.high};
  const char* at = bytes.data();
  size_t left = bytes.size();
  for (; left >= 8; left -= 8, at += 8) {
    uint64_t word;
    std::memcpy(&word, at, 8);
    state.absorb(word);
  }
  uint64_t last = static_cast<uint64_t>(bytes.size()) << 56;
  for (size_t i = 0; i < left; i++) {
    last |= static_cast<uint64_t>(static_cast<uint8_t>(at[i])) << (8 * i);
  }
  state.absorb(last);
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
  if (!secret_is_set) [[unlikely]] hash_secret();
  return siphash13(bytes, secret);
}

}  // namespace larder
