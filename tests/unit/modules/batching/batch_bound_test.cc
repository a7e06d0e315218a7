#include "modules/batching/batch_bound.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <random>

namespace larder {
namespace {

constexpr BatchBound::Rules kRules{.target_ns = 500'000, .least = 16, .most = 16'384};

// A server on paper: each batch costs something, and each request, the one more and the other less.
class Load {
 public:
  double request_ns = 1000;
  double batch_ns = 0;
  double noise = 0;  // by how much a batch may cost more or less, as a part of it

  int64_t time_of(size_t size) {
    const double mean = batch_ns + request_ns * static_cast<double>(size);
    return static_cast<int64_t>(mean * (1 + noise * spread_(random_)));
  }

 private:
  std::mt19937 random_{7};
  std::uniform_real_distribution<double> spread_{-1, 1};
};

// Batches of as many requests as the bound allows, with more waiting; the mean time of the last
// ones.
double settled_ns(BatchBound& bound, Load& load, int batches) {
  constexpr int kLooked = 20;
  double sum = 0;
  for (int i = 0; i < batches; i++) {
    const size_t size = bound.value();
    const int64_t ns = load.time_of(size);
    bound.note({size, ns, true}, kRules);
    if (i >= batches - kLooked) sum += static_cast<double>(ns);
  }
  return sum / kLooked;
}

TEST_CASE("the bound settles so that a batch takes the target, whatever the load becomes") {
  Load load;
  load.noise = GENERATE(0.0, 0.1, 0.3);
  BatchBound bound(1024);
  const auto target = Approx(500'000).epsilon(0.2);
  // A server with short requests; then each costs forty times as much; then a tenth of that,
  // besides something for each batch.
  load.request_ns = 100;
  CHECK(settled_ns(bound, load, 100) == target);
  load.request_ns = 4000;
  CHECK(settled_ns(bound, load, 100) == target);
  load.request_ns = 400;
  load.batch_ns = 50'000;
  CHECK(settled_ns(bound, load, 100) == target);
}

TEST_CASE("a jump of the cost by ten is made up for in thirty batches") {
  Load load;
  BatchBound bound(500);
  CHECK(settled_ns(bound, load, 50) == Approx(500'000).epsilon(0.05));
  load.request_ns = 10'000;
  int batches = 0;
  while (load.time_of(bound.value()) > 600'000) {
    bound.note({bound.value(), load.time_of(bound.value()), true}, kRules);
    REQUIRE(++batches <= 30);
  }
  load.request_ns = 1000;
  batches = 0;
  while (load.time_of(bound.value()) < 400'000) {
    bound.note({bound.value(), load.time_of(bound.value()), true}, kRules);
    REQUIRE(++batches <= 30);
  }
}

TEST_CASE("far from the target the steps are those of the rule") {
  BatchBound bound(1000);
  bound.note({1000, 200'000, true}, kRules);
  CHECK(bound.value() == 1200);
  bound.note({1200, 1'100'000, false}, kRules);
  CHECK(bound.value() == 960);
  // In between it goes an eighth of the way.
  bound.note({960, 500'000, true}, kRules);
  CHECK(bound.value() == 960);
  bound.note({960, 1'000'000, true}, kRules);
  CHECK(bound.value() == 900);
}

TEST_CASE("a batch that ended by itself says only whether it took too long") {
  BatchBound bound(1000);
  bound.note({10, 1000, false}, kRules);
  bound.note({1000, 1000, false}, kRules);
  bound.note({999, 1000, true}, kRules);  // something else has cut it short
  CHECK(bound.value() == 1000);
  bound.note({250, 2'000'000, false}, kRules);
  CHECK(bound.value() == 800);
}

TEST_CASE("slow requests that come one by one are no reason for smaller batches") {
  BatchBound bound(208);
  for (int i = 0; i < 30; i++) bound.note({1, 2'000'000, false}, kRules);
  bound.note({51, 2'000'000, false}, kRules);
  CHECK(bound.value() == 208);
  // It was the time that ended the batch, and others had to wait.
  bound.note({1, 2'000'000, true}, kRules);
  CHECK(bound.value() == 166);
}

TEST_CASE("a batch of more than the bound counts as if it had ended there") {
  BatchBound bound(100);
  // 1,000 clients had to be served: ten times the bound, at a cost that fits the target.
  bound.note({1000, 5'000'000, true}, kRules);
  CHECK(bound.value() == 100);
  bound.note({1000, 20'000'000, true}, kRules);
  CHECK(bound.value() == 80);
}

TEST_CASE("the bound stays within its limits, also those that come later") {
  BatchBound bound(1000);
  for (int i = 0; i < 100; i++) bound.note({bound.value(), 1, true}, kRules);
  CHECK(bound.value() == kRules.most);
  for (int i = 0; i < 100; i++) bound.note({bound.value(), 1'000'000'000, true}, kRules);
  CHECK(bound.value() == kRules.least);
  bound.limit({.target_ns = 1, .least = 64, .most = 64});
  CHECK(bound.value() == 64);
  // A bound of one can grow again.
  BatchBound smallest(1);
  const BatchBound::Rules from_one{.target_ns = 500'000, .least = 1, .most = 100};
  for (int i = 0; i < 30; i++) smallest.note({smallest.value(), 100, true}, from_one);
  CHECK(smallest.value() == 100);
}

}  // namespace
}  // namespace larder
