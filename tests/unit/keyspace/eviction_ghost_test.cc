#include "server/keyspace/eviction_ghost.h"

#include <catch2/catch.hpp>

#include <deque>
#include <unordered_map>

#include "server/base/random.h"

namespace larder {

TEST_CASE("a ghost remembers uses of what was put, once") {
  EvictionGhost ghost;
  CHECK(ghost.is_empty());
  ghost.put(1, 3);  // before it has any memory: nothing
  CHECK_FALSE(ghost.take(1));
  ghost.fit(1000);
  Random random(1);
  for (unsigned uses = 0; uses < 8; uses++) {
    const uint64_t hash = random.next();
    ghost.put(hash, uses);
    CHECK(ghost.take(hash) == uses);
    CHECK_FALSE(ghost.take(hash));
  }
  // A fingerprint of zeros is none that an empty place could be taken for.
  CHECK_FALSE(ghost.take(0));
  ghost.put(0, 0);
  CHECK(ghost.take(0) == 0u);
}

TEST_CASE("a ghost takes a byte a key, and forgets the oldest first") {
  constexpr size_t kKeys = 100'000;
  EvictionGhost ghost;
  ghost.fit(kKeys);
  CHECK(ghost.memory() >= kKeys);
  CHECK(ghost.memory() < kKeys * 11 / 10);
  // More than fit: of the last third of the places nearly all are there, of the first puts none.
  Random random(2);
  std::vector<uint64_t> hashes;
  for (size_t i = 0; i < kKeys * 2; i++) {
    hashes.push_back(random.next());
    ghost.put(hashes.back(), 5);
  }
  size_t kept = 0;
  size_t early = 0;
  for (size_t i = 0; i < kKeys / 6; i++) {
    kept += ghost.take(hashes[hashes.size() - 1 - i]).has_value();
    early += ghost.take(hashes[i]).has_value();
  }
  CHECK(kept > kKeys / 6 * 98 / 100);
  CHECK(early < kKeys / 6 * 2 / 100);
}

TEST_CASE("a ghost takes hardly any key for one that was evicted") {
  EvictionGhost ghost;
  ghost.fit(10'000);
  Random random(3);
  for (int i = 0; i < 10'000; i++) ghost.put(random.next(), 0);
  size_t mistaken = 0;
  for (int i = 0; i < 10'000; i++) mistaken += ghost.take(random.next()).has_value();
  CHECK(mistaken < 100);  // 31 of 8192 are 0.4 %
}

TEST_CASE("a ghost is made anew when the number of keys has become another one") {
  EvictionGhost ghost;
  ghost.fit(10'000);
  const size_t before = ghost.memory();
  ghost.put(77, 2);
  ghost.fit(11'000);
  CHECK(ghost.memory() == before);
  CHECK(ghost.take(77) == 2u);
  ghost.fit(40'000);
  CHECK(ghost.memory() > 3 * before);
  ghost.fit(1'000);
  CHECK(ghost.memory() < before);
  ghost.fit(0);
  CHECK_FALSE(ghost.take(77));
}

}  // namespace larder
