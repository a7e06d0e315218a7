#include "server/base/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "server/base/assert.h"

namespace larder {

Sha256 sha256(std::string_view bytes) {
  Sha256 digest{};
  unsigned length = 0;
  const int done = EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_sha256(), nullptr);
  LARDER_ASSERT(done == 1 && length == digest.size());
  return digest;
}

bool equal_in_constant_time(const Sha256& left, const Sha256& right) {
  return CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace larder
