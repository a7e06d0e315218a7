#include "modules/metrics/history.h"

#include <catch2/catch.hpp>
#include <deque>
#include <random>
#include <vector>

namespace larder {
namespace {

TEST_CASE("history: the last rows are kept, as in a model") {
  constexpr size_t kRows = 7;
  History history(2, kRows);
  CHECK(history.memory() == 0);
  struct Row {
    int64_t seconds;
    float first;
    float second;
  };
  std::deque<Row> model;
  std::mt19937 random(11);  // NOLINT: the same every time
  int64_t now = 1'700'000'000;
  for (uint64_t added = 1; added <= 100; added++) {
    now += 1 + static_cast<int64_t>(random() % 3);
    const Row row{now, static_cast<float>(random() % 1000), static_cast<float>(random() % 1000)};
    history.add(row.seconds, std::vector{row.first, row.second});
    model.push_back(row);
    if (model.size() > kRows) model.pop_front();
    REQUIRE(history.end() == added);
    REQUIRE(history.end() - history.first() == model.size());
    for (size_t i = 0; i < model.size(); i++) {
      REQUIRE(history.seconds(history.first() + i) == model[i].seconds);
      REQUIRE(history.values(history.first() + i)[0] == model[i].first);
      REQUIRE(history.values(history.first() + i)[1] == model[i].second);
    }
    const int64_t moment = now - static_cast<int64_t>(random() % 20);
    size_t expected = 0;
    while (expected < model.size() && model[expected].seconds <= moment) expected++;
    REQUIRE(history.first_after(moment) == history.first() + expected);
  }
  CHECK(history.first_after(0) == history.first());
  CHECK(history.first_after(now) == history.end());
}

TEST_CASE("history: its memory is bounded") {
  History history(3, 10);
  const std::vector<float> values(3);
  history.add(1, values);
  const size_t memory = history.memory();
  CHECK(memory == 10 * (3 + 1) * sizeof(float));
  for (int i = 0; i < 100; i++) history.add(i, values);
  CHECK(history.memory() == memory);
}

TEST_CASE("history: a clock that was set back does not hide what came after") {
  History history(1, 10);
  for (const int64_t seconds : {100, 101, 50, 51}) history.add(seconds, std::vector{0.F});
  CHECK(history.first_after(50) == 3);
  CHECK(history.first_after(40) == 0);
}

}  // namespace
}  // namespace larder
