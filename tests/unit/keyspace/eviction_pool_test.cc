#include "server/keyspace/eviction_pool.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <vector>

namespace larder {
namespace {

// Never looked at, only compared.
const Entry* entry(uint64_t number) {
  return reinterpret_cast<const Entry*>(number * 16 + 16);
}

EvictionPool::Candidate candidate(uint64_t number, uint64_t rank) {
  return {entry(number), nullptr, 0, rank, 0};
}

uint64_t rank_of(const EvictionPool::Candidate& candidate) {
  return candidate.rank;
}

}  // namespace

TEST_CASE("a pool gives the best first and keeps the best of the others") {
  Random random(1);
  EvictionPool pool;
  std::vector<std::pair<uint64_t, uint64_t>> model;  // rank, number
  uint64_t next = 0;
  for (int round = 0; round < 2000; round++) {
    for (uint64_t added = 1 + random.below(30); added > 0; added--) {
      const uint64_t rank = random.next() >> 8;
      pool.add(candidate(next, rank));
      model.emplace_back(rank, next++);
    }
    std::sort(model.rbegin(), model.rend());
    const auto best = pool.take_best(rank_of);
    REQUIRE(best.entry == entry(model.front().second));
    model.erase(model.begin());
    if (model.size() > EvictionPool::kKept) model.resize(EvictionPool::kKept);
  }
  while (!model.empty()) {
    REQUIRE(pool.take_best(rank_of).entry == entry(model.front().second));
    model.erase(model.begin());
  }
  CHECK(pool.is_empty());
}

TEST_CASE("a pool has each key once, with what was seen last") {
  EvictionPool pool;
  pool.add(candidate(1, 10));
  auto again = candidate(1, 10);
  again.word = 7;
  pool.add(again);
  CHECK(pool.take_best(rank_of).word == 7);
  CHECK(pool.is_empty());
}

TEST_CASE("a pool tells which candidates are new, and takes no more than it has room for") {
  EvictionPool pool;
  for (uint64_t i = 0; i < 1000; i++) pool.add(candidate(i, i));
  size_t count = 0;
  pool.visit_new([&](EvictionPool::Candidate&) { count++; });
  CHECK(count == EvictionPool::kKept + EvictionPool::kMostSampled);
  pool.take_best(rank_of);
  pool.add(candidate(5000, 1));
  count = 0;
  pool.visit_new([&](EvictionPool::Candidate& added) {
    CHECK(added.entry == entry(5000));
    count++;
  });
  CHECK(count == 1);
  pool.clear();
  CHECK(pool.is_empty());
}

TEST_CASE("a candidate that is seen again is ranked again") {
  EvictionPool pool;
  for (uint64_t i = 0; i < 5; i++) pool.add(candidate(i, i));
  pool.take_best(rank_of);
  for (const uint64_t again : {3u, 1u, 3u}) pool.add(candidate(again, 0));
  size_t count = 0;
  pool.visit_new([&](EvictionPool::Candidate& seen) {
    count++;
    seen.rank = seen.entry == entry(1) ? 100 : 90;
  });
  CHECK(count == 2);
  for (const uint64_t expected : {1u, 3u, 2u, 0u}) {
    CHECK(pool.take_best(rank_of).entry == entry(expected));
  }
}

}  // namespace larder
