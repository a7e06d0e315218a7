#include "server/base/hash.h"

#include <catch2/catch.hpp>
#include <string>
#include <utility>

namespace larder {
namespace {

// Key 00 01 .. 0f, message 00 01 .. n-1, as in the SipHash paper; the values are from an
// independent implementation that also gives the paper's vector for SipHash-2-4 and Python's hash
// for key 0.
TEST_CASE("SipHash-1-3 gives the known values") {
  const HashSecret key{0x0706050403020100, 0x0f0e0d0c0b0a0908};
  std::string message;
  for (int i = 0; i < 64; i++) message += static_cast<char>(i);
  const std::pair<size_t, uint64_t> expected[] = {
      {0, 0xabac0158050fc4dc},  {1, 0xc9f49bf37d57ca93},  {7, 0xd3927d989bb11140},
      {8, 0x369095118d299a8e},  {9, 0x25a48eb36c063de4},  {15, 0xd320d86d2a519956},
      {16, 0xcc4fdd1a7d908b66}, {63, 0x9d199062b7bbb3a8},
  };
  for (const auto& [length, hash] : expected) {
    INFO(length);
    CHECK(siphash13(std::string_view(message).substr(0, length), key) == hash);
  }
}

TEST_CASE("the hash of the process depends on its secret") {
  const HashSecret before = hash_secret();
  const uint64_t hash = hash_bytes("key");
  CHECK(hash_bytes("key") == hash);
  CHECK(hash == siphash13("key", before));
  set_hash_secret({before.low + 1, before.high});
  CHECK(hash_bytes("key") != hash);
  set_hash_secret(before);
  CHECK(hash_bytes("key") == hash);
}

}  // namespace
}  // namespace larder
