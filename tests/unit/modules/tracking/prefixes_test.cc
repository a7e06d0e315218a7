#include "modules/tracking/prefixes.h"

#include <catch2/catch.hpp>
#include <map>

#include "server/base/clock.h"

namespace larder {
namespace {

using Told = std::map<std::string, uint64_t>;

std::vector<std::pair<Told, std::vector<uint32_t>>> take(Prefixes& prefixes) {
  std::vector<std::pair<Told, std::vector<uint32_t>>> all;
  prefixes.take_changes(
      [&](const Prefixes::Changes& changes, const std::vector<uint32_t>& readers) {
        all.emplace_back(Told(changes.begin(), changes.end()), readers);
      });
  return all;
}

TEST_CASE("a change is told for each prefix that the key begins with", "[tracking]") {
  Prefixes prefixes;
  prefixes.add("", 1);
  prefixes.add("a", 2);
  prefixes.add("ab", 3);
  prefixes.add("b", 4);
  prefixes.note_change("abc", 7);
  const auto told = take(prefixes);
  REQUIRE(told.size() == 3);
  for (const auto& [changes, readers] : told) CHECK(changes == Told{{"abc", 7}});
  CHECK(take(prefixes).empty());
  prefixes.note_change("", 0);
  CHECK(take(prefixes).size() == 1);
}

TEST_CASE("a key that changes twice is told once, with who changed it last", "[tracking]") {
  Prefixes prefixes;
  prefixes.add("user:", 1);
  prefixes.add("user:", 2);
  prefixes.note_change("user:1", 7);
  prefixes.note_change("user:2", 7);
  prefixes.note_change("user:1", 0);
  prefixes.note_change("use", 9);
  const auto told = take(prefixes);
  REQUIRE(told.size() == 1);
  CHECK(told[0].first == Told{{"user:1", 0}, {"user:2", 7}});
  CHECK(told[0].second == std::vector<uint32_t>{1, 2});
}

TEST_CASE("a prefix goes with its last reader, and what was to be told with it", "[tracking]") {
  Prefixes prefixes;
  prefixes.add("a", 1);
  prefixes.add("a", 2);
  prefixes.note_change("abc", 7);
  prefixes.remove("a", 1);
  CHECK(prefixes.size() == 1);
  CHECK(prefixes.has_changes());
  prefixes.remove("a", 2);
  CHECK(prefixes.size() == 0);
  CHECK_FALSE(prefixes.has_changes());
  prefixes.note_change("abc", 7);
  CHECK_FALSE(prefixes.has_changes());
}

TEST_CASE("a prefix that goes takes its changes along, and nobody else's", "[tracking]") {
  Prefixes prefixes;
  for (const std::string_view prefix : {"a", "b", "c"}) prefixes.add(prefix, 1);
  for (const std::string_view key : {"c1", "a1", "b1"}) prefixes.note_change(key, 7);
  prefixes.remove("a", 1);
  const auto told = take(prefixes);
  REQUIRE(told.size() == 2);
  CHECK(told[0].first == Told{{"c1", 7}});
  CHECK(told[1].first == Told{{"b1", 7}});
  prefixes.note_change("b2", 7);
  prefixes.note_change("c2", 7);
  prefixes.remove("c", 1);
  CHECK(take(prefixes).size() == 1);
}

TEST_CASE("many prefixes with changes go at once", "[tracking]") {
  constexpr int kPrefixes = 200'000;
  Prefixes prefixes;
  for (int i = 0; i < kPrefixes; i++) prefixes.add(std::to_string(i) + ":", 1);
  for (int i = 0; i < kPrefixes; i++) prefixes.note_change(std::to_string(i) + ":key", 7);
  const int64_t begin = monotonic_us();
  for (int i = kPrefixes - 1; i >= 0; i--) prefixes.remove(std::to_string(i) + ":", 1);
  CHECK_FALSE(prefixes.has_changes());
  // A fraction of a second; half a minute where each goes through all that have changed.
  CHECK(monotonic_us() - begin < 10'000'000);
}

}  // namespace
}  // namespace larder
