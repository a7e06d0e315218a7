#include "server/info/histogram.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <random>

namespace larder {
namespace {

TEST_CASE("histogram: nothing recorded") {
  const Histogram histogram;
  CHECK(histogram.count() == 0);
  CHECK(histogram.percentile(50) == 0);
  CHECK(histogram.count_up_to(1000) == 0);
}

TEST_CASE("histogram: small values are exact") {
  Histogram histogram;
  for (uint64_t value = 0; value < 64; value++) histogram.record(value);
  CHECK(histogram.percentile(0) == 0);
  CHECK(histogram.percentile(50) == 31);
  CHECK(histogram.percentile(100) == 63);
  CHECK(histogram.count_up_to(9) == 10);
  CHECK(histogram.sum() == 63 * 32);
}

TEST_CASE("histogram: several of one value are recorded at once") {
  Histogram once, one_by_one;
  once.record(1000, 3);
  once.record(7, 2);
  for (const uint64_t value : {1000u, 7u, 1000u, 7u, 1000u}) one_by_one.record(value);
  CHECK(once.count() == 5);
  CHECK(once.sum() == one_by_one.sum());
  for (const double percent : {1.0, 40.0, 41.0, 100.0}) {
    CHECK(once.percentile(percent) == one_by_one.percentile(percent));
  }
}

TEST_CASE("histogram: every value comes back within 3 percent") {
  for (uint64_t value = 1; value < uint64_t{1} << 39; value = value * 21 / 20 + 1) {
    Histogram histogram;
    histogram.record(value);
    histogram.record((uint64_t{1} << 40) - 1);  // else the exact maximum would answer
    const auto error =
        std::abs(static_cast<double>(histogram.percentile(50)) - static_cast<double>(value));
    INFO(value);
    CHECK(error <= 0.016 * static_cast<double>(value));
  }
}

TEST_CASE("histogram: percentiles of random durations agree with the sorted list") {
  std::mt19937_64 random(7);
  std::lognormal_distribution<double> durations(5, 2);
  Histogram histogram;
  std::vector<uint64_t> sorted;
  for (int i = 0; i < 20000; i++) {
    const auto value = static_cast<uint64_t>(durations(random));
    histogram.record(value);
    sorted.push_back(value);
  }
  std::ranges::sort(sorted);
  for (const double percent : {1.0, 25.0, 50.0, 90.0, 99.0, 99.9}) {
    const auto index = static_cast<size_t>(std::ceil(percent / 100 * 20000)) - 1;
    const auto exact = static_cast<double>(sorted[index]);
    INFO(percent);
    CHECK(std::abs(static_cast<double>(histogram.percentile(percent)) - exact) <=
          std::max(0.016 * exact, 0.5));
  }
  CHECK(histogram.max() == sorted.back());
  CHECK(histogram.percentile(100) <= sorted.back());
}

TEST_CASE("histogram: the parts of several make one that has recorded everything") {
  Histogram all;
  Histogram sum;
  for (uint64_t part = 1; part <= 3; part++) {
    Histogram histogram;
    for (uint64_t value = part; value < 5000; value += part) {
      histogram.record(value * part, part);
      all.record(value * part, part);
    }
    sum.add(histogram.parts(), histogram.sum(), histogram.max());
  }
  CHECK(sum.count() == all.count());
  CHECK(sum.sum() == all.sum());
  CHECK(sum.max() == all.max());
  for (const double percent : {1.0, 50.0, 99.0}) CHECK(sum.percentile(percent) == all.percentile(percent));

  sum.halve();
  CHECK(sum.count() == all.count() / 2);
  const size_t memory = sum.memory();
  sum.empty();
  CHECK(sum.count() == 0);
  CHECK(sum.percentile(50) == 0);
  CHECK(sum.parts().empty());
  CHECK(sum.memory() == memory);
  sum.add({}, 0, 0);
  CHECK(sum.count() == 0);
}

TEST_CASE("histogram: a wide distribution is halved as well, and fades at last") {
  Histogram histogram;
  for (uint64_t value = 100; value < 1'000'000; value = value * 11 / 10) histogram.record(value);
  const uint64_t count = histogram.count();
  const auto median = static_cast<double>(histogram.percentile(50));
  histogram.halve();
  CHECK(histogram.count() == count / 2);
  for (const Histogram::Part& part : histogram.parts()) CHECK(part.count == 1);
  CHECK(static_cast<double>(histogram.percentile(50)) == Approx(median).epsilon(0.25));
  for (int i = 0; i < 10; i++) histogram.halve();
  CHECK(histogram.count() == 0);
}

TEST_CASE("histogram: one added to another is as if both had been recorded there") {
  Histogram small;
  Histogram large;
  Histogram both;
  for (uint64_t value = 1; value < 100; value++) {
    small.record(value, value);
    both.record(value, value);
    large.record(value * value * value);
    both.record(value * value * value);
  }
  for (const bool starts_with_small : {true, false}) {
    Histogram sum = starts_with_small ? small : large;
    sum.add(starts_with_small ? large : small);
    CHECK(sum.count() == both.count());
    CHECK(sum.sum() == both.sum());
    CHECK(sum.max() == both.max());
    for (uint64_t value = 1; value < 1'000'000; value *= 3) {
      CHECK(sum.count_up_to(value) == both.count_up_to(value));
    }
  }
}

TEST_CASE("histogram: huge values are cut, and reset forgets everything") {
  Histogram histogram;
  histogram.record(UINT64_MAX);
  CHECK(histogram.max() == (uint64_t{1} << 40) - 1);
  CHECK(histogram.count_up_to(UINT64_MAX) == 1);
  histogram.reset();
  CHECK(histogram.count() == 0);
  CHECK(histogram.max() == 0);
  CHECK(histogram.percentile(99) == 0);
}

}  // namespace
}  // namespace larder
