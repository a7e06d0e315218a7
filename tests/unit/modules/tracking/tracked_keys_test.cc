#include "modules/tracking/tracked_keys.h"

#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <set>
#include <string>

namespace larder {
namespace {

std::set<uint32_t> take(TrackedKeys& keys, const std::string& key) {
  std::set<uint32_t> told;
  keys.take(key, [&](uint32_t reader) { CHECK(told.insert(reader).second); });
  return told;
}

// What the table promises, in the simplest words: who has read what.
struct Model {
  std::map<std::string, std::set<uint32_t>> keys;
  std::set<uint32_t> present;
  std::set<uint32_t> take(const std::string& key) {
    std::set<uint32_t> told;
    for (const uint32_t reader : keys[key]) {
      if (present.contains(reader)) told.insert(reader);
    }
    keys.erase(key);
    return told;
  }
  void leave(uint32_t reader) {
    present.erase(reader);
    for (auto& [key, readers] : keys) readers.erase(reader);
  }
  size_t items() const {
    size_t count = 0;
    for (const auto& [key, readers] : keys) count += readers.size();
    return count;
  }
};

void finish(TrackedKeys& keys) {
  for (int i = 0; i < 100'000 && keys.work(Deadline::in_us(0)); i++) {
  }
}

TEST_CASE("tracked keys do what a map of sets does", "[tracking]") {
  std::mt19937 random(GENERATE(range(1u, 13u)));
  TrackedKeys keys;
  Model model;
  const unsigned key_range = 50 + static_cast<unsigned>(random() % 3000);
  const auto any_key = [&] { return "key:" + std::to_string(random() % key_range); };
  const auto any_reader = [&] {
    auto at = model.present.begin();
    std::advance(at, random() % model.present.size());
    return *at;
  };
  for (int step = 0; step < 30'000; step++) {
    const unsigned choice = static_cast<unsigned>(random() % 1000);
    if (model.present.empty() || choice < 3) {
      const uint32_t reader = keys.join();
      REQUIRE(model.present.insert(reader).second);
    } else if (choice < 5) {
      const uint32_t reader = any_reader();
      model.leave(reader);
      keys.leave(reader);
    } else if (choice < 900) {
      const std::string key = any_key();
      const uint32_t reader = any_reader();
      REQUIRE(keys.remember(key, reader) == model.keys[key].insert(reader).second);
    } else if (choice < 998) {
      const std::string key = any_key();
      REQUIRE(take(keys, key) == model.take(key));
    } else if (choice == 998) {
      keys.work(Deadline::in_us(0));
    } else if (step % 50 == 0) {
      keys.clear();
      model.keys.clear();
    }
    REQUIRE(keys.items() >= model.items());
  }
  finish(keys);
  for (const auto& [key, readers] : std::map(model.keys)) CHECK(take(keys, key) == model.take(key));
}

TEST_CASE("those who have left are taken out when half of everything is theirs", "[tracking]") {
  TrackedKeys keys;
  const uint32_t stays = keys.join();
  const uint32_t leaves = keys.join();
  constexpr int kKeys = 5000;
  for (int i = 0; i < kKeys; i++) keys.remember("own:" + std::to_string(i), leaves);
  for (int i = 0; i < kKeys - 10; i++) {
    keys.remember("both:" + std::to_string(i), leaves);
    keys.remember("both:" + std::to_string(i), stays);
  }
  const size_t memory = keys.memory();
  keys.leave(leaves);
  // As long as its items are there its number is nobody else's.
  CHECK(keys.join() == 2);
  CHECK(keys.items() == 3 * kKeys - 20);
  int slices = 0;
  while (keys.work(Deadline::in_us(0))) REQUIRE(++slices < 10'000);
  CHECK(slices > 3);
  CHECK(keys.items() == kKeys - 10);
  CHECK(keys.size() == kKeys - 10);
  CHECK(keys.memory() < memory * 3 / 4);
  CHECK(keys.join() == leaves);
  CHECK(take(keys, "own:1").empty());
  CHECK(take(keys, "both:1") == std::set<uint32_t>{stays});
}

TEST_CASE("what is cleared is gone at once and freed in slices", "[tracking]") {
  TrackedKeys keys;
  const uint32_t reader = keys.join();
  const uint32_t left = keys.join();
  for (int i = 0; i < 20'000; i++)
    keys.remember("k" + std::to_string(i), i % 2 == 0 ? reader : left);
  keys.leave(left);
  const size_t memory = keys.memory();
  keys.clear();
  CHECK(keys.size() == 0);
  CHECK(keys.items() == 0);
  CHECK(keys.memory() >= memory);
  CHECK(take(keys, "k0").empty());
  CHECK(keys.join() == left);
  int slices = 0;
  while (keys.work(Deadline::in_us(0))) REQUIRE(++slices < 10'000);
  CHECK(slices > 3);
  CHECK(keys.memory() < 1000);
}

TEST_CASE("a random key is one of those that are there", "[tracking]") {
  TrackedKeys keys;
  Random random;
  CHECK(keys.random(random) == nullptr);
  const uint32_t reader = keys.join();
  std::set<std::string> names;
  for (int i = 0; i < 100; i++) {
    names.insert("k" + std::to_string(i));
    keys.remember("k" + std::to_string(i), reader);
  }
  while (keys.size() > 0) {
    const TrackedKey* picked = keys.random(random);
    REQUIRE(picked != nullptr);
    const std::string name(picked->key());
    REQUIRE(names.erase(name) == 1);
    // By its own bytes, which go with it.
    keys.take(picked->key(), [](uint32_t) {});
  }
  CHECK(names.empty());
}

}  // namespace
}  // namespace larder
