#include "modules/hotspots/big_keys.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <string>

#include "server/base/allocator.h"
#include "server/keyspace/edit.h"
#include "server/types/string.h"

namespace larder {
namespace {

class Scene {
 public:
  void set(const std::string& name, size_t bytes, size_t database = 0) {
    Database& place = keyspace.database(database);
    const Key key = make_key(name);
    Edit<String> edit(keyspace, place, key, keyspace.find(place, key, Lookup::write), Type::string,
                      kNoExpiry);
    edit->assign(std::string(bytes, 'x'));
    edit.commit("set");
    offer(name, database);
  }
  void offer(const std::string& name, size_t database = 0) {
    Database& place = keyspace.database(database);
    const Entry& entry = *place.find(make_key(name))->get();
    big_keys.offer(place, entry, memory_of(entry));
  }
  std::vector<std::string> names() {
    std::vector<std::string> names;
    for (const BigKeys::Key& key : big_keys.refresh(keyspace)) names.push_back(key.name);
    return names;
  }

  Keyspace keyspace{2};
  BigKeys big_keys{10};
};

TEST_CASE("big keys: the largest of many, whatever the order") {
  Scene scene;
  Random random(1);
  std::vector<std::pair<size_t, std::string>> model;
  for (int i = 0; i < 2'000; i++) {
    const size_t bytes = 64 + random.below(20'000) * 64;
    model.emplace_back(bytes, "key" + std::to_string(i));
    scene.set(model.back().second, bytes);
  }
  // Keys of one size class are equally large.
  std::ranges::sort(model, std::greater(), [](const auto& pair) { return allocation_size(pair.first); });
  REQUIRE(scene.names().size() == 10);
  const auto& found = scene.big_keys.refresh(scene.keyspace);
  for (size_t i = 0; i < found.size(); i++) {
    const auto key = std::ranges::find(model, found[i].name, [](const auto& pair) { return pair.second; });
    CHECK(allocation_size(key->first) == allocation_size(model[i].first));
    CHECK(found[i].elements == key->first);
    CHECK(found[i].bytes >= key->first);
  }
  CHECK(found[0].type == Type::string);
}

TEST_CASE("big keys: what is gone or has become small is not told") {
  Scene scene;
  for (int i = 1; i <= 12; i++)
    scene.set("key" + std::to_string(i), static_cast<size_t>(i) * 1'000);
  Database& database = scene.keyspace.database(0);
  scene.keyspace.remove(database, make_key("key12"), "del");
  scene.set("key11", 10);
  auto names = scene.names();
  CHECK(std::ranges::find(names, "key12") == names.end());
  CHECK(names.front() == "key10");
  CHECK(names.back() == "key11");
  // There is room again.
  scene.offer("key1");
  names = scene.names();
  CHECK(names.size() == 10);
  CHECK(std::ranges::find(names, "key1") != names.end());
}

TEST_CASE("big keys: a key that grows stays one entry, and databases are kept apart") {
  Scene scene;
  for (size_t bytes = 100; bytes <= 10'000; bytes += 100) scene.set("key", bytes);
  scene.set("key", 20'000, 1);
  const auto& found = scene.big_keys.refresh(scene.keyspace);
  REQUIRE(found.size() == 2);
  CHECK(found[0].database == 1);
  CHECK(found[1].elements == 10'000);
}

TEST_CASE("big keys: to be told of them does not keep larger ones out") {
  Scene scene;
  for (int i = 0; i < 10; i++) scene.set("key" + std::to_string(i), 1'000);
  scene.names();
  // Larger by less than the allocator rounds up.
  const size_t bytes = scene.big_keys.refresh(scene.keyspace)[0].bytes;
  const size_t hint = scene.big_keys.refresh(scene.keyspace)[0].hint;
  REQUIRE(hint <= bytes);
  scene.set("larger", 1'001);
  const auto names = scene.names();
  CHECK(std::ranges::find(names, "larger") != names.end());
}

TEST_CASE("big keys: a name that is too long is left out") {
  Scene scene;
  scene.set(std::string(BigKeys::kMaxName + 1, 'n'), 100'000);
  CHECK(scene.names().empty());
}

}  // namespace
}  // namespace larder
