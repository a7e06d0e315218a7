#include "modules/stats/removed_keys.h"

#include <catch2/catch.hpp>
#include <unordered_map>
#include <vector>

#include "server/base/random.h"

namespace larder {
namespace {

TEST_CASE("removed keys: the last cause of each is remembered") {
  Random random(3);
  RemovedKeys removed;
  std::unordered_map<uint64_t, RemovalCause> exact;
  for (int i = 0; i < 20'000; i++) {
    const uint64_t hash =
        random.below(8) == 0 && !exact.empty() ? exact.begin()->first : random.next();
    const auto cause = static_cast<RemovalCause>(random.below(3));
    removed.put(hash, cause);
    exact[hash] = cause;
  }
  // The tables grew several times; the last two of them have most of the keys.
  size_t known = 0;
  size_t right = 0;
  for (const auto& [hash, cause] : exact) {
    const auto found = removed.find(hash);
    known += found.has_value();
    right += found == cause;
  }
  CHECK(known > exact.size() * 6 / 10);
  CHECK(right >= known * 99 / 100);
}

TEST_CASE("removed keys: the newest are known, in bounded memory, and strangers are not") {
  constexpr size_t kLines = 256;
  Random random(5);
  RemovedKeys removed(kLines);
  std::vector<uint64_t> hashes;
  for (size_t i = 0; i < 100'000; i++) {
    hashes.push_back(random.next());
    removed.put(hashes.back(), RemovalCause::evicted);
  }
  CHECK(removed.memory() <= 2 * kLines * 64);
  size_t known = 0;
  const size_t newest = kLines * 20;
  for (size_t i = hashes.size() - newest; i < hashes.size(); i++) {
    known += removed.find(hashes[i]) == RemovalCause::evicted;
  }
  CHECK(known >= newest * 98 / 100);
  size_t strangers = 0;
  for (int i = 0; i < 100'000; i++) strangers += removed.find(random.next()).has_value();
  CHECK(strangers < 500);

  removed.clear();
  CHECK(removed.size() == 0);
  CHECK(removed.memory() == 0);
  CHECK_FALSE(removed.find(hashes.back()));
}

}  // namespace
}  // namespace larder
