#include "server/types/sorted_set.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "server/base/random.h"
#include "server/types/sorted_set_builder.h"

namespace larder {
namespace {

// A place outside of any database, with limits that a test can set.
class TestPlace final : public ValuePlace {
 public:
  ~TestPlace() { release_value(view()); }

  ValueView view() const override {
    return {Type::sorted_set, encoding_, static_cast<uint32_t>(bytes_.size()), bytes_.data()};
  }
  char* resize(size_t size, uint8_t encoding) override {
    REQUIRE(size <= kMaxBytes);
    bytes_.resize(size);
    bytes_.shrink_to_fit();  // moves it, so that a stale pointer shows
    encoding_ = encoding;
    return bytes_.data();
  }
  const TypeLimits& limits() const override { return limits_; }

  TypeLimits limits_;

 private:
  std::string bytes_;
  uint8_t encoding_ = kNoValue;
};

using Scored = std::pair<double, std::string>;

// What a sorted set promises, in the words of the standard library.
class Model {
 public:
  std::map<std::string, double> scores;
  std::set<Scored> order;

  void set(const std::string& member, double score) {
    remove(member);
    scores[member] = score;
    order.insert({score, member});
  }
  void remove(const std::string& member) {
    const auto found = scores.find(member);
    if (found == scores.end()) return;
    order.erase({found->second, member});
    scores.erase(found);
  }
  std::vector<Scored> all() const { return {order.begin(), order.end()}; }
};

std::vector<Scored> listed(const SortedSet& set, RankRange range) {
  std::vector<Scored> elements;
  set.visit(range, [&](std::string_view member, double score) {
    elements.emplace_back(score, member);
    return true;
  });
  return elements;
}

// Members of all kinds: numbers, texts that look like some, empty, binary, short and long ones.
std::string random_member(Random& random, size_t longest) {
  switch (random.below(6)) {
    case 0: return std::to_string(static_cast<int64_t>(random.below(400)) - 200);
    case 1: return std::to_string(static_cast<int64_t>(random.next()) >> random.below(60));
    case 2: return "0" + std::to_string(random.below(50));
    case 3: return std::string(random.below(3), '\0');
    case 4: return std::string(1 + random.below(longest), static_cast<char>(random.below(256)));
    default: return "member:" + std::to_string(random.below(300));
  }
}

double random_score(Random& random) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  constexpr double kOdd[] = {kInfinity, -kInfinity, 1e308,         -1e308,        5e-324, 0.1,
                             1e15,      1.5,        9007199254740993.0, -1e18, 9.3e18};
  switch (random.below(4)) {
    case 0: return kOdd[random.below(std::size(kOdd))];
    case 1: return static_cast<double>(random.below(1000)) / 8;
    default: return static_cast<double>(random.below(100)) - 50;
  }
}

void check_same(const SortedSet& set, const Model& model) {
  const std::vector<Scored> expected = model.all();
  REQUIRE(set.size() == expected.size());
  REQUIRE(set.empty() == expected.empty());
  REQUIRE(listed(set, set.all()) == expected);
  std::vector<Scored> backwards;
  set.visit_backwards(set.all(), [&](std::string_view member, double score) {
    backwards.emplace_back(score, member);
    return true;
  });
  std::reverse(backwards.begin(), backwards.end());
  REQUIRE(backwards == expected);
  size_t wrong = 0;
  for (size_t i = 0; i < expected.size(); i++) {
    const auto ranked = set.rank(expected[i].second);
    wrong += !ranked || ranked->rank != i || ranked->score != expected[i].first;
    wrong += set.score(expected[i].second) != expected[i].first;
  }
  REQUIRE(wrong == 0);
}

void check_score_ranges(const SortedSet& set, const Model& model, Random& random) {
  for (int i = 0; i < 50; i++) {
    const ScoreRange range{random_score(random), random_score(random), random.below(2) == 0,
                           random.below(2) == 0};
    std::vector<Scored> expected;
    for (const Scored& element : model.order) {
      const bool above_min =
          range.excludes_min ? element.first > range.min : element.first >= range.min;
      const bool below_max =
          range.excludes_max ? element.first < range.max : element.first <= range.max;
      if (above_min && below_max) expected.push_back(element);
    }
    const RankRange ranks = set.ranks(range);
    REQUIRE(ranks.count == expected.size());
    REQUIRE(listed(set, ranks) == expected);
  }
}

// Adds or removes at random until the set has `size` members.
void drift_to(size_t size, TestPlace& place, Model& model, Random& random, size_t longest) {
  SortedSet set(place);
  while (model.scores.size() != size) {
    const std::string member = random_member(random, longest);
    const double score = random_score(random);
    const bool grow = model.scores.size() < size;
    if (random.below(100) < (grow ? 80u : 15u)) {
      const bool is_there = model.scores.count(member) != 0;
      const bool is_same = is_there && model.scores[member] == score;
      const auto result = set.add(member, score);
      REQUIRE(result.outcome == (!is_there  ? SortedSet::AddResult::added
                                 : is_same ? SortedSet::AddResult::unchanged
                                           : SortedSet::AddResult::changed));
      model.set(member, score);
    } else if (model.scores.size() > 0) {
      auto victim = model.scores.lower_bound(member);
      if (victim == model.scores.end()) victim = model.scores.begin();
      const std::string name = victim->first;
      REQUIRE(set.remove(name));
      REQUIRE_FALSE(set.remove(name));
      model.remove(name);
    }
  }
}

}  // namespace

TEST_CASE("a sorted set does what a map and a set do, in every form") {
  Random random(1);
  const size_t longest = GENERATE(1u, 60u, 300u);
  const size_t entries = GENERATE(0u, 128u, 100'000u);
  TestPlace place;
  place.limits_.zset_max_listpack_entries = entries;
  Model model;
  for (const size_t size : {1u, 10u, 0u, 128u, 129u, 20u, 900u, 3u, 300u}) {
    drift_to(size, place, model, random, longest);
    check_same(SortedSet(place), model);
    check_score_ranges(SortedSet(place), model, random);
  }
}

TEST_CASE("a sorted set takes its names from the limits") {
  TestPlace place;
  SortedSet set(place);
  CHECK(set.empty());
  SECTION("too many members") {
    for (int i = 0; i < 128; i++) set.add(std::to_string(i), i);
    CHECK(set.encoding_name() == "listpack");
    set.add("5", 500);
    CHECK(set.encoding_name() == "listpack");
    set.add("one more", 1);
    CHECK(set.encoding_name() == "skiplist");
    for (int i = 0; i < 128; i++) set.remove(std::to_string(i));
    CHECK(set.encoding_name() == "skiplist");
  }
  SECTION("a member that is too long") {
    set.add(std::string(64, 'a'), 1);
    CHECK(set.encoding_name() == "listpack");
    set.add(std::string(65, 'a'), 1);
    CHECK(set.encoding_name() == "skiplist");
  }
  SECTION("many to come") {
    set.add("a", 1, {.expected = 129});
    CHECK(set.encoding_name() == "skiplist");
  }
  SECTION("large limits") {
    place.limits_.zset_max_listpack_entries = 10'000;
    place.limits_.zset_max_listpack_value = 5'000;
    for (int i = 0; i < 9'999; i++) set.add(std::to_string(i), i / 7.0);
    CHECK(set.encoding_name() == "listpack");
    CHECK(place.view().size == sizeof(void*));
    SECTION("one too many") {
      set.add("x", 1);
      CHECK(set.encoding_name() == "listpack");
      set.add("y", 1);
    }
    SECTION("one too long") {
      set.add(std::string(5001, 'x'), 1);
    }
    CHECK(set.encoding_name() == "skiplist");
    CHECK(set.score("700") == 100.0);
  }
}

TEST_CASE("the options of add choose what changes") {
  using Result = SortedSet::AddResult;
  TestPlace place;
  SortedSet set(place);
  if (GENERATE(false, true)) place.limits_.zset_max_listpack_entries = 0;
  set.add("m", 5);
  const auto outcome = [&](std::string_view member, double score, SortedSet::AddOptions options) {
    return set.add(member, score, options).outcome;
  };
  CHECK(outcome("m", 9, {.only_new = true}) == Result::refused);
  CHECK(outcome("n", 9, {.only_present = true}) == Result::refused);
  CHECK(outcome("m", 5, {.only_greater = true}) == Result::refused);
  CHECK(outcome("m", 4, {.only_greater = true}) == Result::refused);
  CHECK(outcome("m", 6, {.only_less = true}) == Result::refused);
  CHECK(set.score("m") == 5.0);
  CHECK(outcome("m", 5, {}) == Result::unchanged);
  CHECK(outcome("m", 6, {.only_greater = true}) == Result::changed);
  CHECK(outcome("m", 4, {.only_less = true}) == Result::changed);
  const Result sum = set.add("m", 0.5, {.is_increment = true});
  CHECK(sum.outcome == Result::changed);
  CHECK(sum.score == 4.5);
  CHECK(outcome("m", -1, {.only_greater = true, .is_increment = true}) == Result::refused);
  CHECK(outcome("new", 3, {.only_greater = true, .is_increment = true}) == Result::added);
  set.add("m", INFINITY);
  CHECK(outcome("m", -INFINITY, {.is_increment = true}) == Result::not_a_number);
  CHECK(set.score("m") == INFINITY);
}

TEST_CASE("a sorted set finds ranges of members") {
  TestPlace place;
  SortedSet set(place);
  if (GENERATE(false, true)) place.limits_.zset_max_listpack_entries = 0;
  std::vector<std::string> members;
  for (int i = 0; i < 100; i++) members.push_back(std::to_string(i * 3));
  members.emplace_back();
  members.emplace_back("\xff\xff");
  for (const std::string& member : members) set.add(member, 7);
  std::sort(members.begin(), members.end());
  Random random(2);
  for (int i = 0; i < 500; i++) {
    const auto bound = [&](std::string& text) -> LexBound {
      const bool is_excluded = random.below(2) == 0;
      if (random.below(10) == 0) return {LexBound::Kind::lowest, is_excluded};
      if (random.below(10) == 0) return {LexBound::Kind::highest, is_excluded};
      text = random_member(random, 3);
      return {LexBound::Kind::member, is_excluded, text};
    };
    std::string min_text, max_text;
    const LexRange range{bound(min_text), bound(max_text)};
    std::vector<std::string> expected;
    for (const std::string& member : members) {
      if (!range.is_below(member) && range.is_up_to(member)) expected.push_back(member);
    }
    const RankRange ranks = set.ranks(range);
    REQUIRE(ranks.count == expected.size());
    std::vector<std::string> found;
    for (const Scored& element : listed(set, ranks)) found.push_back(element.second);
    REQUIRE(found == expected);
  }
}

TEST_CASE("a sorted set loses ranges of ranks") {
  Random random(3);
  const size_t size = GENERATE(100u, 2000u);
  for (int round = 0; round < 20; round++) {
    TestPlace place;
    SortedSet set(place);
    std::vector<Scored> expected;
    for (size_t i = 0; i < size; i++) {
      set.add("m" + std::to_string(i), static_cast<double>(i));
      expected.emplace_back(static_cast<double>(i), "m" + std::to_string(i));
    }
    const size_t first = random.below(size);
    const size_t count = random.below(size - first + 1);
    set.remove_range({first, count});
    const auto begin = expected.begin() + static_cast<std::ptrdiff_t>(first);
    expected.erase(begin, begin + static_cast<std::ptrdiff_t>(count));
    REQUIRE(listed(set, set.all()) == expected);
    for (const Scored& element : expected) REQUIRE(set.score(element.second) == element.first);
  }
}

TEST_CASE("a copy of a sorted set is one of its own") {
  const size_t size = GENERATE(5u, 500u);
  TestPlace place, copy;
  SortedSet set(place);
  for (size_t i = 0; i < size; i++) set.add(std::to_string(i), static_cast<double>(i % 7));
  SortedSet(copy).assign(set);
  CHECK(listed(SortedSet(copy), {0, size}) == listed(set, {0, size}));
  CHECK(SortedSet(copy).encoding_name() == set.encoding_name());
  SortedSet(copy).remove("0");
  CHECK(set.score("0") == 0.0);
  CHECK(SortedSet(copy).size() == size - 1);
}

TEST_CASE("a scan of a sorted set meets every member") {
  const size_t size = GENERATE(0u, 20u, 3000u);
  TestPlace place;
  SortedSet set(place);
  for (size_t i = 0; i < size; i++) set.add(std::to_string(i), static_cast<double>(i));
  std::map<std::string, double> seen;
  uint64_t position = 0;
  do {
    position = set.scan(position, [&](std::string_view member, double score) {
      seen[std::string(member)] = score;
    });
  } while (position != 0);
  CHECK(seen.size() == size);
  for (const auto& [member, score] : seen) CHECK(member == std::to_string(score).substr(0, member.size()));
}

TEST_CASE("a large sorted set is freed in steps") {
  TestPlace place;
  SortedSet set(place);
  for (int i = 0; i < 64; i++) set.add(std::to_string(i), i);
  CHECK_FALSE(SortedSet::is_heavy(place.view()));
  for (int i = 0; i < 20'000; i++) set.add(std::to_string(i), i);
  CHECK(SortedSet::is_heavy(place.view()));
  size_t steps = 1;
  while (!SortedSet::drain(place.view(), Deadline::in_us(0))) steps++;
  CHECK(steps > 20);
  place.resize(0, kNoValue);
}

TEST_CASE("the memory of a sorted set is what its elements, table and tree take") {
  TestPlace place;
  SortedSet set(place);
  for (int i = 0; i < 100; i++) set.add("member:" + std::to_string(i), i);
  CHECK(set.memory(0) == 0);
  for (int i = 100'000; i < 200'000; i++) set.add("member" + std::to_string(i), i);
  const double each = static_cast<double>(set.memory(0)) / static_cast<double>(set.size());
  CHECK(each > 40);
  CHECK(each < 58);
  CHECK(static_cast<double>(set.memory(5)) == Approx(static_cast<double>(set.memory(0))).epsilon(0.2));
}

TEST_CASE("a builder puts members in order and picks the form") {
  Random random(4);
  const size_t size = GENERATE(1u, 128u, 129u, 5000u);
  Model model;
  SortedSetBuilder builder;
  const bool is_combining = GENERATE(false, true);
  while (model.scores.size() < size) {
    const std::string member = random_member(random, 20);
    const double score = static_cast<double>(random.below(50));
    const auto present = model.scores.find(member);
    if (is_combining) {
      const double sum = present == model.scores.end() ? score : present->second + score;
      builder.combine(member, score, [](double left, double right) { return left + right; });
      model.set(member, sum);
    } else if (present == model.scores.end()) {
      builder.add(member, score);
      model.set(member, score);
    }
  }
  REQUIRE(builder.size() == size);
  builder.sort();
  std::vector<Scored> seen;
  builder.visit([&](std::string_view member, double score) {
    seen.emplace_back(score, member);
    return true;
  });
  CHECK(seen == model.all());
  TestPlace place;
  builder.store(place);
  CHECK(builder.size() == 0);
  CHECK(SortedSet(place).encoding_name() == (size <= 128 ? "listpack" : "skiplist"));
  check_same(SortedSet(place), model);
  drift_to(size + 200, place, model, random, 20);
  check_same(SortedSet(place), model);
}

TEST_CASE("a builder that is not stored frees what it has") {
  SortedSetBuilder builder;
  for (int i = 0; i < 300; i++) builder.combine(std::to_string(i % 200), i, [](double left, double right) { return left + right; });
  CHECK(builder.size() == 200);
}

}  // namespace larder
