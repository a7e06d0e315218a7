#include "modules/stats/recency_stack.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <numeric>
#include <utility>
#include <vector>

#include "server/base/random.h"

namespace larder {
namespace {

// The same as a plain list, the last used first.
class ListModel {
 public:
  void use(uint32_t key, uint64_t bytes) {
    remove(key);
    list_.insert(list_.begin(), {key, bytes});
  }
  void remove(uint32_t key) {
    std::erase_if(list_, [&](const auto& entry) { return entry.first == key; });
  }
  uint64_t depth(uint32_t key) const {
    uint64_t depth = 0;
    for (const auto& [known, bytes] : list_) {
      depth += bytes;
      if (known == key) return depth;
    }
    return 0;
  }
  const std::vector<std::pair<uint32_t, uint64_t>>& list() const { return list_; }

 private:
  std::vector<std::pair<uint32_t, uint64_t>> list_;
};

TEST_CASE("a recency stack is a list by last use") {
  Random random(11);
  RecencyStack stack;
  ListModel model;
  for (int i = 0; i < 20'000; i++) {
    const auto key = static_cast<uint32_t>(random.below(150));
    if (random.below(10) == 0) {
      stack.remove(key);
      model.remove(key);
    } else {
      const uint64_t bytes = 1 + random.below(1000);
      stack.use(key, bytes);
      model.use(key, bytes);
    }
    const auto asked = static_cast<uint32_t>(random.below(150));
    REQUIRE(stack.has(asked) == (model.depth(asked) != 0));
    if (stack.has(asked)) REQUIRE(stack.depth(asked) == model.depth(asked));
  }
  std::vector<std::pair<uint32_t, uint64_t>> seen;
  stack.visit([&](uint32_t key, uint64_t bytes) { seen.emplace_back(key, bytes); });
  CHECK(seen == model.list());
  CHECK(stack.total() ==
        std::accumulate(seen.begin(), seen.end(), uint64_t{0},
                        [](uint64_t sum, const auto& entry) { return sum + entry.second; }));

  stack.visit([&](uint32_t key, uint64_t) { stack.remove(key); });
  CHECK(stack.total() == 0);
}

}  // namespace
}  // namespace larder
