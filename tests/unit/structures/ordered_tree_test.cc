#include "server/structures/ordered_tree.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <limits>
#include <memory>
#include <vector>

#include "server/base/random.h"

namespace larder {
namespace {

struct Element {
  double score;
  uint64_t id;
};
struct ElementTraits {
  static double score(const Element& element) { return element.score; }
  static bool precedes(const Element& left, const Element& right) { return left.id < right.id; }
};
using Tree = OrderedTree<Element, ElementTraits>;

bool comes_before(const Element* left, const Element* right) {
  return left->score != right->score ? left->score < right->score : left->id < right->id;
}

// A tree beside a sorted vector of the same elements, which it owns.
class Model {
 public:
  Tree tree;

  size_t size() const { return order_.size(); }
  const Element* at(size_t rank) const { return order_[rank].get(); }
  void insert(double score) {
    auto element = std::make_unique<Element>(Element{score, next_id_++});
    tree.insert(element.get());
    place(std::move(element));
  }
  void push_back(double score) {
    order_.push_back(std::make_unique<Element>(Element{score, next_id_++}));
    tree.push_back(order_.back().get());
  }
  void erase(size_t rank) {
    tree.erase(*order_[rank]);
    order_.erase(order_.begin() + static_cast<std::ptrdiff_t>(rank));
  }
  void erase_range(size_t first, size_t count) {
    size_t next = first;
    size_t wrong = 0;
    tree.erase_range(first, count, [&](const Element* element) {
      wrong += element != order_[next++].get();
    });
    REQUIRE(wrong == 0);
    REQUIRE(next == first + count);
    const auto begin = order_.begin() + static_cast<std::ptrdiff_t>(first);
    order_.erase(begin, begin + static_cast<std::ptrdiff_t>(count));
  }
  void move(size_t rank, double score) {
    auto element = std::move(order_[rank]);
    order_.erase(order_.begin() + static_cast<std::ptrdiff_t>(rank));
    tree.move(*element, [&](Element& moved) { moved.score = score; });
    place(std::move(element));
  }

  // Everything that the tree says, against the vector.
  void check(Random& random) const {
    REQUIRE(tree.size() == size());
    size_t wrong = 0, next = 0;
    tree.visit(0, size(), [&](const Element& element) {
      wrong += &element != order_[next++].get();
      return true;
    });
    REQUIRE(next == size());
    tree.visit_backwards(size() - 1, size(), [&](const Element& element) {
      wrong += &element != order_[--next].get();
      return true;
    });
    REQUIRE(next == 0);
    for (size_t i = 0; i < std::min<size_t>(size(), 300); i++) {
      const size_t rank = random.below(size());
      wrong += tree.at(rank) != order_[rank].get();
      wrong += tree.rank(*order_[rank]) != rank;
      wrong += tree.count_before([&](double score, const Element&) {
        return score < order_[rank]->score;
      }) != first_of_score(order_[rank]->score);
    }
    REQUIRE(wrong == 0);
  }

 private:
  size_t first_of_score(double score) const {
    const auto found = std::partition_point(
        order_.begin(), order_.end(), [&](const auto& element) { return element->score < score; });
    return static_cast<size_t>(found - order_.begin());
  }
  void place(std::unique_ptr<Element> element) {
    const auto behind = std::partition_point(order_.begin(), order_.end(), [&](const auto& other) {
      return comes_before(other.get(), element.get());
    });
    order_.insert(behind, std::move(element));
  }

  std::vector<std::unique_ptr<Element>> order_;
  uint64_t next_id_ = 0;
};

// The share of the places in leaves that are in use, inner nodes counted as if they were leaves.
double fill(const Tree& tree) {
  return static_cast<double>(tree.size() * sizeof(void*)) / static_cast<double>(tree.memory());
}

struct OwnedElements {
  explicit OwnedElements(size_t count) : elements(count) {}
  std::vector<Element> elements;
  Tree tree;
};

}  // namespace

TEST_CASE("an ordered tree does what a sorted vector does, through growth and shrinking") {
  // From all scores different to all of them equal.
  const uint64_t distinct_scores = GENERATE(1u, 7u, 1000u, 1'000'000'000u);
  Random random(distinct_scores);
  Model model;
  for (const size_t size : {1u, 7u, 8u, 0u, 63u, 64u, 65u, 190u, 3u, 1000u, 400u, 9000u, 1000u, 0u, 500u}) {
    while (model.size() != size) {
      const double score = static_cast<double>(random.below(distinct_scores));
      const bool grow = model.size() < size;
      const uint64_t dice = random.below(100);
      if (model.size() == 0 || dice < (grow ? 60u : 20u)) {
        model.insert(score);
      } else if (dice < 80) {
        model.erase(random.below(model.size()));
      } else {
        model.move(random.below(model.size()), score);
      }
    }
    model.check(random);
  }
}

TEST_CASE("an ordered tree moves elements by little and by much") {
  Random random(2);
  Model model;
  for (int i = 0; i < 3000; i++) model.insert(i * 2);
  for (int i = 0; i < 3000; i++) {
    const size_t rank = random.below(model.size());
    model.move(rank, model.at(rank)->score + static_cast<double>(random.below(5)) - 2);
  }
  model.check(random);
}

TEST_CASE("an ordered tree erases ranges of ranks") {
  Random random(3);
  Model model;
  for (int round = 0; round < 60; round++) {
    while (model.size() < 4000) model.insert(static_cast<double>(random.below(500)));
    const size_t first = random.below(model.size() + 1);
    model.erase_range(first, random.below(model.size() - first + 1));
    model.check(random);
  }
  model.erase_range(0, model.size());
  CHECK(model.tree.memory() == 0);
}

TEST_CASE("an ordered tree is emptied from either end") {
  Random random(4);
  Model model;
  const bool from_front = GENERATE(true, false);
  for (int i = 0; i < 20000; i++) model.push_back(i);
  model.check(random);
  while (model.size() > 0) {
    model.erase(from_front ? 0 : model.size() - 1);
    if (model.size() % 1999 == 0) model.check(random);
  }
  CHECK(model.tree.memory() == 0);
}

TEST_CASE("an ordered tree is fed and eaten like a queue") {
  Random random(5);
  Model model;
  for (int i = 0; i < 30000; i++) {
    model.insert(i);
    if (i >= 700) model.erase(0);
    if (i % 5000 == 0) model.check(random);
  }
  CHECK(fill(model.tree) > 0.6);
}

TEST_CASE("an ordered tree takes infinities and both zeros for scores") {
  Random random(6);
  Model model;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const double scores[] = {-kInfinity, -1e308, -0.0, 0.0, 5e-324, 1e308, kInfinity};
  for (int i = 0; i < 2000; i++) model.insert(scores[random.below(std::size(scores))]);
  model.check(random);
}

TEST_CASE("the leaves of an ordered tree are full") {
  constexpr size_t kCount = 200'000;
  OwnedElements owned(kCount);
  Random random(7);
  const auto insert_all = [&](auto&& score_of) {
    for (size_t i = 0; i < kCount; i++) {
      owned.elements[i] = {score_of(i), i};
      owned.tree.insert(&owned.elements[i]);
    }
    INFO(fill(owned.tree));
    return fill(owned.tree);
  };
  SECTION("upwards") {
    CHECK(insert_all([](size_t i) { return static_cast<double>(i); }) > 0.9);
  }
  SECTION("downwards") {
    CHECK(insert_all([](size_t i) { return -static_cast<double>(i); }) > 0.9);
  }
  SECTION("at random") {
    CHECK(insert_all([&](size_t) { return static_cast<double>(random.next()); }) > 0.75);
  }
  SECTION("upwards with some disorder") {
    CHECK(insert_all([&](size_t i) { return static_cast<double>(i + random.below(50)); }) > 0.8);
  }
  SECTION("upwards in the middle") {
    CHECK(insert_all([&](size_t i) { return i % 2 == 0 ? 1e9 : static_cast<double>(i); }) > 0.75);
  }
}

TEST_CASE("an ordered tree stays small when it loses most of its elements") {
  constexpr size_t kCount = 100'000;
  OwnedElements owned(kCount);
  for (size_t i = 0; i < kCount; i++) {
    owned.elements[i] = {0, i};
    owned.tree.push_back(&owned.elements[i]);
  }
  for (size_t i = 0; i < kCount; i++) {
    if (i % 10 != 0) owned.tree.erase(owned.elements[i]);
  }
  CHECK(owned.tree.size() == kCount / 10);
  CHECK(fill(owned.tree) > 0.5);
}

TEST_CASE("a walk over an ordered tree ends when it is told to") {
  Model model;
  for (int i = 0; i < 1000; i++) model.push_back(i);
  size_t seen = 0;
  model.tree.visit(10, 900, [&](const Element&) { return ++seen < 100; });
  CHECK(seen == 100);
  model.tree.visit_backwards(500, 400, [&](const Element& element) {
    CHECK(element.score == 500 - static_cast<double>(seen - 100));
    return ++seen < 150;
  });
  CHECK(seen == 150);
  model.tree.visit(1000, 0, [&](const Element&) { return ++seen > 0; });
  CHECK(seen == 150);
}

TEST_CASE("an ordered tree is taken down in slices, without a look at its elements") {
  Tree tree;
  {
    OwnedElements owned(50'000);
    for (size_t i = 0; i < owned.elements.size(); i++) {
      owned.elements[i] = {0, i};
      tree.push_back(&owned.elements[i]);
    }
  }
  size_t slices = 1;
  while (!tree.drain(Deadline::in_us(0))) slices++;
  CHECK(slices > 100);
  CHECK(tree.size() == 0);
  CHECK(tree.memory() == 0);
}

}  // namespace larder
