#include "server/structures/sorted_blocks.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <map>
#include <vector>

#include "server/base/random.h"

namespace larder {
namespace {

struct Record {
  uint64_t key;
  uint64_t value;
};
struct KeyOfRecord {
  uint64_t operator()(const Record& record) const { return record.key; }
};
using Blocks = SortedBlocks<Record, KeyOfRecord>;
using Model = std::map<uint64_t, uint64_t>;

void check_same(const Blocks& blocks, const Model& model) {
  REQUIRE(blocks.size() == model.size());
  REQUIRE(blocks.empty() == model.empty());
  auto expected = model.begin();
  for (auto at = blocks.begin(); at != blocks.end(); at = blocks.next(at), ++expected) {
    REQUIRE(expected != model.end());
    REQUIRE(blocks[at].key == expected->first);
    REQUIRE(blocks[at].value == expected->second);
  }
  REQUIRE(expected == model.end());
  if (model.empty()) return;
  REQUIRE(blocks.front().key == model.begin()->first);
  REQUIRE(blocks.back().key == model.rbegin()->first);
  auto at = blocks.last();
  for (auto backwards = model.rbegin(); backwards != model.rend(); ++backwards) {
    REQUIRE(blocks[at].key == backwards->first);
    if (at != blocks.begin()) at = blocks.previous(at);
  }
}

// A key that is there, or one near.
uint64_t some_key(const Model& model, Random& random) {
  const uint64_t wanted = random.below(5000);
  const auto found = model.lower_bound(wanted);
  return found == model.end() || random.below(4) == 0 ? wanted : found->first;
}

TEST_CASE("sorted blocks behave as a map, whatever is added and removed where") {
  Random random(7);
  for (int round = 0; round < 30; round++) {
    Blocks blocks;
    Model model;
    const size_t bias = random.below(10);  // how much more is added than removed
    for (int step = 0; step < 3000; step++) {
      const uint64_t key = step % 3 == 0 ? static_cast<uint64_t>(step) : random.below(5000);
      if (random.below(10) <= bias) {
        const auto [record, is_new] = blocks.insert({key, random.below(100)});
        const bool expected = model.emplace(key, record->value).second;
        REQUIRE(is_new == expected);
        REQUIRE(record->value == model.at(key));
      } else {
        const uint64_t removed = some_key(model, random);
        REQUIRE(blocks.erase_key(removed) == (model.erase(removed) == 1));
      }
      const uint64_t asked = some_key(model, random);
      const auto at = blocks.lower_bound(asked);
      const auto expected = model.lower_bound(asked);
      REQUIRE((at == blocks.end()) == (expected == model.end()));
      if (at != blocks.end()) REQUIRE(blocks[at].key == expected->first);
      REQUIRE((blocks.find(asked) != nullptr) == model.contains(asked));
    }
    check_same(blocks, model);
  }
}

TEST_CASE("sorted blocks: erase names the record behind the removed one") {
  Random random(11);
  Blocks blocks;
  Model model;
  for (uint64_t key = 0; key < 1000; key++) {
    blocks.insert({key, key});
    model[key] = key;
  }
  while (!model.empty()) {
    const auto at = blocks.lower_bound(random.below(1000));
    if (at == blocks.end()) continue;
    const auto next = model.erase(model.find(blocks[at].key));
    const auto after = blocks.erase(at);
    REQUIRE((after == blocks.end()) == (next == model.end()));
    if (next != model.end()) REQUIRE(blocks[after].key == next->first);
  }
  CHECK(blocks.empty());
  CHECK(blocks.begin() == blocks.end());
}

TEST_CASE("sorted blocks: erasing from the front names the new front, to the end") {
  for (const uint64_t count : {600u, 1100u, 2600u, 10'000u}) {
    Blocks blocks;
    for (uint64_t key = 0; key < count; key++) blocks.insert({key, key});
    uint64_t erased = 0;
    for (auto at = blocks.begin(); at != blocks.end(); erased++) {
      REQUIRE(blocks[at].key == erased);
      at = blocks.erase(at);
      REQUIRE(at == blocks.begin());
    }
    CHECK(erased == count);
  }
}

TEST_CASE("sorted blocks: what is added in order fills its blocks") {
  Blocks blocks;
  for (uint64_t key = 0; key < 64 * 100; key++) blocks.insert({key, key});
  CHECK(blocks.block_count() == 100);
  // A queue: added behind, taken in front. Gaps must not pile up.
  for (uint64_t key = 64 * 100; key < 64 * 10'000; key++) {
    blocks.insert({key, key});
    blocks.erase(blocks.begin());
  }
  CHECK(blocks.size() == 64 * 100);
  CHECK(blocks.block_count() <= 101);
  CHECK(blocks.memory() < 64 * 100 * sizeof(Record) + 1024 * 24);
}

TEST_CASE("sorted blocks: a long sequence that thins out does not keep its blocks") {
  Blocks blocks;
  for (uint64_t key = 0; key < 64'000; key++) blocks.insert({key, key});
  for (uint64_t key = 0; key < 64'000; key++) {
    if (key % 64 != 0) blocks.erase_key(key);
  }
  CHECK(blocks.size() == 1000);
  CHECK(blocks.block_count() <= 100);
}

TEST_CASE("sorted blocks can be freed block by block") {
  Blocks blocks;
  for (uint64_t key = 0; key < 1000; key++) blocks.insert({key, key});
  for (uint64_t key = 0; key < 100; key++) blocks.erase_key(key);
  size_t steps = 0;
  for (; !blocks.empty(); steps++) blocks.drop_last_block();
  CHECK(steps <= 16);
  CHECK(blocks.block_count() == 0);
  blocks.insert({5, 5});
  CHECK(blocks.size() == 1);
}

}  // namespace
}  // namespace larder
