#include "server/keyspace/eviction_score.h"

#include <catch2/catch.hpp>

#include <cmath>

namespace larder {
namespace {

uint16_t word(unsigned uses, size_t bytes = 64) {
  return HybridWord::with_size(HybridWord::with_uses(0, uses), bytes);
}

double ratio(uint64_t first, uint64_t second) {
  return static_cast<double>(first) / static_cast<double>(second);
}

}  // namespace

TEST_CASE("the score follows its formula") {
  EvictionScore score;
  CHECK(ratio(score.score(word(1), 99), score.score(word(1), 9)) == Approx(10));
  CHECK(ratio(score.score(word(1), 0), score.score(word(2), 0)) == Approx(2.5 / 1.5).epsilon(1e-3));
  CHECK(ratio(score.score(word(1), 0), score.score(word(7), 0)) == Approx(7.5 / 1.5).epsilon(1e-3));
  CHECK(ratio(score.score(word(0), 0), score.score(word(1), 0)) ==
        Approx(std::exp2(1.58)).epsilon(1e-3));
  // Weight 50: four times the bytes count twice.
  CHECK(ratio(score.score(word(3, 4096), 9), score.score(word(3, 1024), 9)) ==
        Approx(2).epsilon(1e-3));
  score.set_size_weight(100);
  CHECK(ratio(score.score(word(3, 4096), 9), score.score(word(3, 1024), 9)) ==
        Approx(4).epsilon(1e-3));
  score.set_size_weight(0);
  CHECK(score.score(word(3, 4096), 9) == score.score(word(3, 64), 9));
  // In its first tick a very large key counts as a large one.
  score.set_size_weight(100);
  CHECK(score.score(word(3, 64 << 20), 0) == score.score(word(3, 32 << 10), 0));
  CHECK(score.score(word(3, 64 << 20), 1) > score.score(word(3, 32 << 10), 1));
  // The largest score there can be leaves room for eight more bits.
  for (int i = 0; i < 100; i++) score.learn(1, 1);
  score.refresh();
  CHECK(score.theta() == 8);
  CHECK(score.score(word(0, 1 << 30), 511) < uint64_t{1} << 56);
}

TEST_CASE("keys that come back teach the score which kind to keep") {
  constexpr size_t kKeys = 1000;
  EvictionScore score;
  const double before = score.theta();
  for (int i = 0; i < 20; i++) score.learn(0, kKeys);
  CHECK(score.theta() < before);
  for (int i = 0; i < 60; i++) score.learn(2, kKeys);
  CHECK(score.theta() > before);
  // A return of a rare kind of victim counts for more.
  EvictionScore rare;
  for (size_t i = 0; i < kKeys; i++) rare.count_victim(i % 10 == 0 ? 1 : 0, kKeys);
  const double theta = rare.theta();
  rare.learn(1, kKeys);
  CHECK(rare.theta() - theta > 5 * 10.0 / kKeys);
  for (int i = 0; i < 10'000; i++) rare.learn(0, kKeys);
  CHECK(rare.theta() == 0);
}

TEST_CASE("keys that were never used again are spared where there are hardly any") {
  EvictionScore score;
  for (int i = 0; i < 5000; i++) score.note_sample(10, 0);
  score.refresh();
  CHECK(score.score(word(0), 5) == score.score(word(1), 5));
  for (int i = 0; i < 5000; i++) score.note_sample(10, 2);
  score.refresh();
  CHECK(score.score(word(0), 5) > score.score(word(1), 5));
}

TEST_CASE("size classes grow by four") {
  CHECK(HybridWord::size_class(0) == 0);
  CHECK(HybridWord::size_class(255) == 0);
  CHECK(HybridWord::size_class(256) == 1);
  CHECK(HybridWord::size_class(1023) == 1);
  CHECK(HybridWord::size_class(1024) == 2);
  CHECK(HybridWord::size_class((1 << 20) - 1) == 6);
  CHECK(HybridWord::size_class(1 << 20) == 7);
  CHECK(HybridWord::size_class(size_t{1} << 40) == 7);
}

}  // namespace larder
