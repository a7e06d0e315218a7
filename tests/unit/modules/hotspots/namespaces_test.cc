#include "modules/hotspots/namespaces.h"

#include <catch2/catch.hpp>
#include <map>
#include <string>

#include "server/keyspace/edit.h"
#include "server/types/string.h"

namespace larder {
namespace {

class Scene {
 public:
  explicit Scene(std::string delimiter = ":") : namespaces(std::move(delimiter), 1) {}

  void set(const std::string& name, size_t bytes, size_t database = 0) {
    Database& place = keyspace.database(database);
    const Key key = make_key(name);
    Edit<String> edit(keyspace, place, key, keyspace.find(place, key, Lookup::write), Type::string,
                      kNoExpiry);
    edit->assign(std::string(bytes, 'x'));
    edit.commit("set");
  }
  void walk(int steps) {
    for (int i = 0; i < steps; i++) namespaces.walk(keyspace, big_keys);
  }
  std::map<std::string, Namespaces::Report> reports(size_t count = 1'000) {
    std::map<std::string, Namespaces::Report> all;
    for (const auto& report : namespaces.heaviest(count, keyspace)) {
      all.emplace(std::string(report.prefix), report);
    }
    return all;
  }

  Keyspace keyspace{2};
  BigKeys big_keys{10};
  Namespaces namespaces;
};

TEST_CASE("namespaces: the prefix of a key ends with the delimiter") {
  CHECK(Namespaces(":", 1).prefix_of("user:7:name") == "user:");
  CHECK(Namespaces(":", 1).prefix_of("user") == "");
  CHECK(Namespaces(":", 1).prefix_of(":x") == ":");
  CHECK(Namespaces("::", 1).prefix_of("a:b::c") == "a:b::");
  CHECK(Namespaces("", 1).prefix_of("user:7") == "");
}

TEST_CASE("namespaces: of a small keyspace keys and bytes are exact, over all databases") {
  Scene scene;
  std::map<std::string, size_t> keys;
  Random random(1);
  for (int i = 0; i < 3'000; i++) {
    const std::string prefix = "p" + std::to_string(random.below(40)) + ":";
    keys[prefix]++;
    scene.set(prefix + std::to_string(i), 100, random.below(2));
  }
  scene.walk(100);
  const auto reports = scene.reports();
  REQUIRE(reports.size() == keys.size());
  double bytes = 0;
  for (const auto& [prefix, count] : keys) {
    CHECK(reports.at(prefix).keys == static_cast<double>(count));
    CHECK(reports.at(prefix).bytes / reports.at(prefix).keys == Approx(115).margin(10));
    bytes += reports.at(prefix).memory_share;
  }
  CHECK(bytes == Approx(1));
  // What the walk has seen is offered as big as well.
  CHECK(scene.big_keys.refresh(scene.keyspace).size() == 10);
}

TEST_CASE("namespaces: a change is seen in the next round, and without one nothing is walked") {
  Scene scene;
  for (int i = 0; i < 100; i++) scene.set("a:" + std::to_string(i), 10);
  scene.walk(50);
  CHECK(scene.reports().at("a:").keys == 100);
  const size_t memory = scene.namespaces.memory();
  scene.walk(50);
  CHECK(scene.namespaces.memory() == memory);  // no window was begun
  for (int i = 0; i < 300; i++) scene.set("b:" + std::to_string(i), 10);
  scene.walk(50);
  CHECK(scene.reports().at("a:").keys == 100);
  CHECK(scene.reports().at("b:").keys == 300);
  CHECK(scene.namespaces.heaviest(1, scene.keyspace)[0].prefix == "b:");
}

TEST_CASE("namespaces: a large keyspace is told from a sample of all databases") {
  Scene scene;
  constexpr int kKeys = 300'000;
  Random random(2);
  std::map<std::string, size_t> keys;
  for (int i = 0; i < kKeys; i++) {
    // p0: has a half, p1: a quarter, and so on.
    const auto rank = static_cast<size_t>(std::countr_zero(random.next() | (1U << 16)));
    const std::string prefix = "p" + std::to_string(rank) + ":";
    keys[prefix]++;
    scene.set(prefix + std::to_string(i), 8, i % 3 == 0 ? 0 : 1);
  }
  // A window of 65,536 keys takes some 200 steps; the test does not say when one ends.
  scene.walk(600);
  const auto reports = scene.reports();
  for (const auto& [prefix, count] : keys) {
    const double share = static_cast<double>(count) / kKeys;
    if (share < 0.005) continue;
    INFO(prefix << " with " << share);
    // Four standard deviations.
    const double error = 4 * std::sqrt(1 / (share * static_cast<double>(Namespaces::kWindow)));
    CHECK(reports.at(prefix).keys == Approx(static_cast<double>(count)).epsilon(error));
  }
}

TEST_CASE("namespaces: a round over all keys ends though the cache grows meanwhile") {
  Scene scene;
  for (int i = 0; i < 60'000; i++) scene.set("old:" + std::to_string(i), 8);
  scene.walk(1);
  int next = 0;
  // A step sees fewer keys than come.
  for (int step = 0; step < 600 && scene.reports().empty(); step++) {
    for (int i = 0; i < 1'000; i++) scene.set("new:" + std::to_string(next++), 8);
    scene.walk(1);
  }
  const auto reports = scene.reports();
  REQUIRE(reports.size() == 2);
  const double all = reports.at("old:").keys + reports.at("new:").keys;
  CHECK(all == Approx(static_cast<double>(scene.keyspace.total_keys())));
}

TEST_CASE("namespaces: a flush in the middle of a sample begins anew") {
  Scene scene;
  for (size_t i = 0; i < 100'000; i++) scene.set("old:" + std::to_string(i), 8, i % 2);
  scene.walk(10);
  scene.keyspace.flush_all();
  for (int i = 0; i < 100; i++) scene.set("new:" + std::to_string(i), 8);
  scene.walk(50);
  const auto reports = scene.reports();
  REQUIRE(reports.size() == 1);
  CHECK(reports.at("new:").keys == 100);
  // What is small gets in where large keys have been.
  CHECK(scene.big_keys.refresh(scene.keyspace).size() == 10);
}

TEST_CASE("namespaces: load counts and evictions are added up by prefix") {
  Scene scene;
  const Load load{
      .requests = 2, .nanoseconds = 1'000, .bytes = 50, .hits = 1, .misses = 1, .writes = 0};
  for (int i = 0; i < 10; i++) scene.namespaces.add("a:" + std::to_string(i), load, 3);
  scene.namespaces.add("none", load, 1);
  scene.namespaces.add_eviction("a:1", 16);
  scene.namespaces.add_eviction("never-seen:1", 16);
  const auto reports = scene.reports();
  REQUIRE(reports.size() == 2);
  const auto& report = reports.at("a:");
  CHECK(report.load.requests == 20);
  CHECK(report.load.hits == 10);
  CHECK(report.load.bytes == 500);
  CHECK(report.evictions == 16);
  CHECK(report.load_share == Approx(30.0 / 31));
  CHECK(reports.at("").load.requests == 2);
}

TEST_CASE("namespaces: ever new prefixes take no more memory") {
  Scene scene;
  const Load load{.requests = 1};
  const auto flood = [&](int from, int count) {
    for (int i = from; i < from + count; i++) {
      scene.namespaces.add(std::string(300, 'x') + std::to_string(i) + ":key", load, 1);
      if (i % 10 == 0) scene.namespaces.add("real:key", load, 1);
    }
  };
  flood(0, 5'000);
  const size_t memory = scene.namespaces.memory();
  flood(5'000, 50'000);
  CHECK(scene.namespaces.memory() <= memory + memory / 10);
  CHECK(scene.namespaces.heaviest(1, scene.keyspace)[0].prefix == "real:");
  CHECK(scene.reports().at("real:").load.requests == Approx(5'500).epsilon(0.1));
}

}  // namespace
}  // namespace larder
