// The hash of keys and members: SipHash-1-3 (Aumasson and Bernstein, "SipHash: a fast short-input PRF",
// 2012; the reduced-round form that Rust's and Python's tables use), keyed with a secret of the process,
// so that nobody outside can choose keys that collide. About 15 ns for 16 bytes.
#pragma once

#include <cstdint>
#include <string_view>

namespace larder {

struct HashSecret {
  uint64_t low;
  uint64_t high;
};

uint64_t siphash13(std::string_view bytes, HashSecret secret);

// The process's secret: random, unless a test set it before the first use.
HashSecret hash_secret();
// For tests that need the same table twice. Everything hashed before is lost.
void set_hash_secret(HashSecret secret);

uint64_t hash_bytes(std::string_view bytes);

}  // namespace larder
