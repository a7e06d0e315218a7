#include "modules/hotspots/heavy_hitters.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <set>
#include <string>

#include "server/base/hash.h"

namespace larder {
namespace {

struct Tally {
  double events = 0;
  void scale(double factor) { events *= factor; }
};
using Sketch = HeavyHitters<Tally>;

// What a sketch should say, at any price.
using Exact = std::map<std::string, double>;

void add(Sketch& sketch, Exact& exact, const std::string& name, double weight = 1) {
  exact[name] += weight;
  if (auto* entry = sketch.add(name, hash_bytes(name), weight)) entry->figures.events++;
}

double count_of(const Sketch& sketch, const std::string& name) {
  const auto* entry = sketch.find(hash_bytes(name));
  return entry == nullptr ? 0 : entry->count;
}

// Everything that holds whatever was added.
void check_structure(const Sketch& sketch) {
  REQUIRE(sketch.entries().size() <= sketch.capacity());
  std::set<std::string> names;
  double sum = 0;
  for (const auto& entry : sketch.entries()) {
    REQUIRE(sketch.find(entry.hash) == &entry);
    REQUIRE(names.insert(entry.name).second);
    REQUIRE(entry.count >= entry.inherited);
    sum += entry.count;
  }
  REQUIRE(sum <= sketch.total() * (1 + 1e-9));
}

// Ranks 1, 2, 3 ... with probabilities that fall as 1 / rank.
class Zipf {
 public:
  explicit Zipf(size_t ranks) {
    double sum = 0;
    for (size_t rank = 1; rank <= ranks; rank++) {
      sum += 1 / static_cast<double>(rank);
      sums_.push_back(sum);
    }
  }
  size_t pick(Random& random) const {
    const double at = static_cast<double>(random.next() >> 11) * 0x1p-53 * sums_.back();
    return static_cast<size_t>(std::ranges::lower_bound(sums_, at) - sums_.begin());
  }

 private:
  std::vector<double> sums_;
};

TEST_CASE("heavy hitters: up to its capacity a sketch is exact") {
  Random random(1);
  Sketch sketch(50, 1);
  Exact exact;
  for (int i = 0; i < 10'000; i++) {
    add(sketch, exact, "key" + std::to_string(random.below(50)),
        static_cast<double>(random.below(100)));
  }
  check_structure(sketch);
  for (const auto& [name, count] : exact) CHECK(count_of(sketch, name) == count);
  const auto top = sketch.top(50, [](const auto& entry) { return entry.count; });
  REQUIRE(top.size() == 50);
  for (size_t i = 1; i < top.size(); i++) CHECK(top[i - 1]->count >= top[i]->count);
}

TEST_CASE("heavy hitters: a skewed stream of 100,000 names in 256 counts") {
  Random random(2);
  const Zipf zipf(100'000);
  Sketch sketch(256, 2);
  Exact exact;
  for (int i = 0; i < 1'000'000; i++) add(sketch, exact, std::to_string(zipf.pick(random)));
  check_structure(sketch);
  // The ranks up to 40 have from 8 % down to 0.2 % of the stream each.
  for (size_t rank = 0; rank < 40; rank++) {
    const std::string name = std::to_string(rank);
    INFO("rank " << rank);
    CHECK(count_of(sketch, name) == Approx(exact[name]).epsilon(0.1));
  }
  // The ten heaviest, in their order but for neighbours that are nearly equal.
  const auto top = sketch.top(10, [](const auto& entry) { return entry.count; });
  for (const auto* entry : top) CHECK(std::stoul(entry->name) < 12);
}

TEST_CASE("heavy hitters: names that come once push nobody out who is heavy") {
  // Ten heavy names with 1 % each; everything else is new every time.
  const std::string order = GENERATE("mixed", "heavy first", "heavy last");
  INFO(order);
  constexpr int kEvents = 500'000;
  Random random(3);
  Sketch sketch(256, 3);
  Exact exact;
  std::vector<std::string> stream;
  for (int i = 0; i < kEvents; i++) {
    stream.push_back(i % 10 == 0 ? "heavy" + std::to_string(i / 10 % 10)
                                 : "once" + std::to_string(i));
  }
  const auto is_heavy = [](const std::string& name) { return name[0] == 'h'; };
  if (order == "heavy first") std::ranges::stable_partition(stream, is_heavy);
  if (order == "heavy last") {
    std::ranges::stable_partition(stream, [&](const auto& name) { return !is_heavy(name); });
  }
  for (const std::string& name : stream) add(sketch, exact, name);
  check_structure(sketch);
  for (int i = 0; i < 10; i++) {
    const std::string name = "heavy" + std::to_string(i);
    CHECK(count_of(sketch, name) == Approx(exact[name]).epsilon(0.15));
  }
  std::set<std::string> shown;
  for (const auto* entry : sketch.top(10, [](const auto& kept) { return kept.count; })) {
    shown.insert(entry->name);
  }
  for (const std::string& name : shown) CHECK(is_heavy(name));
}

TEST_CASE("heavy hitters: counts of what is not heavy are true in the mean") {
  // 1,000 names of equal weight in 100 counts: nobody is heavy, and no count may pretend otherwise.
  double largest = 0;
  Sketch sketch(100, 4);
  Exact exact;
  Random random(4);
  for (int i = 0; i < 200'000; i++) add(sketch, exact, std::to_string(random.below(1'000)));
  check_structure(sketch);
  double sum = 0;
  for (const auto& entry : sketch.entries()) {
    sum += entry.count;
    largest = std::max(largest, entry.count);
  }
  // Plain Space-Saving would have all of the 200,000 in its 100 counts, 2,000 each.
  CHECK(sum < 60'000);
  CHECK(largest < 1'500);
}

TEST_CASE("heavy hitters: few heavy events weigh as much as many light ones") {
  Random random(5);
  Sketch sketch(64, 5);
  Exact exact;
  for (int i = 0; i < 100'000; i++) {
    add(sketch, exact, "light" + std::to_string(random.below(10'000)));
    if (i % 1'000 == 0) add(sketch, exact, "slow", 100);
  }
  CHECK(count_of(sketch, "slow") == Approx(exact["slow"]).epsilon(0.1));
  const auto top = sketch.top(1, [](const auto& entry) { return entry.count; });
  CHECK(top[0]->name == "slow");
  CHECK(top[0]->figures.events == Approx(100).margin(5));
}

TEST_CASE("heavy hitters: scaling keeps the order and the parts") {
  Sketch sketch(4, 6);
  Exact exact;
  for (const auto& [name, times] : {std::pair("a", 5), {"b", 3}, {"c", 1}}) {
    for (int i = 0; i < times; i++) add(sketch, exact, name);
  }
  sketch.scale(0.5);
  CHECK(sketch.total() == 4.5);
  CHECK(count_of(sketch, "a") == 2.5);
  CHECK(sketch.find(hash_bytes("b"))->figures.events == 1.5);
  add(sketch, exact, "c", 10);
  CHECK(sketch.top(1, [](const auto& entry) { return entry.count; })[0]->name == "c");
  check_structure(sketch);
}

TEST_CASE("heavy hitters: of a long name the beginning is kept, and names stay apart") {
  Sketch sketch(4, 7);
  Exact exact;
  const std::string long_name(100'000, 'x');
  add(sketch, exact, long_name + "1");
  add(sketch, exact, long_name + "2");
  REQUIRE(sketch.entries().size() == 2);
  CHECK(sketch.entries()[0].name.size() == Sketch::kMaxName);
  CHECK(sketch.memory() < 8'000);
}

}  // namespace
}  // namespace larder
