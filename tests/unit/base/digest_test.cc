#include "server/base/digest.h"

#include <catch2/catch.hpp>
#include <string>

namespace larder {
namespace {

std::string hex(const Sha256& digest) {
  std::string text;
  for (const uint8_t byte : digest) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 0xf];
  }
  return text;
}

TEST_CASE("digests are those of SHA-256") {
  // FIPS 180-2, appendix B, and the empty text.
  CHECK(hex(sha256("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(hex(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")) ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(hex(sha256("")) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_CASE("digests are equal when all of their bits are") {
  const Sha256 digest = sha256("password");
  CHECK(equal_in_constant_time(digest, sha256("password")));
  for (size_t bit = 0; bit < 8 * digest.size(); bit++) {
    Sha256 other = digest;
    other[bit / 8] = static_cast<uint8_t>(other[bit / 8] ^ (1u << (bit % 8)));
    REQUIRE_FALSE(equal_in_constant_time(digest, other));
  }
}

}  // namespace
}  // namespace larder
