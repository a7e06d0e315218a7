#include "server/keyspace/sampled_uses.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "server/keyspace/edit.h"
#include "server/keyspace/keyspace.h"
#include "server/types/string.h"

namespace larder {
namespace {

using Kind = SampledUse::Kind;

struct Scene {
  Scene() {
    keyspace.set_now_ms(1000);
    keyspace.sampled_uses.end = uint64_t{1} << 32;
    keyspace.sampled_uses.told.add([this](std::span<const SampledUse> uses) {
      tellings++;
      for (const SampledUse& use : uses) {
        told.push_back(use);
        names.emplace_back(use.name);
      }
    });
  }
  void set(std::string_view name, size_t bytes, int64_t expiry_ms = kNoExpiry) {
    const Key key = make_key(name);
    Edit<String> edit(keyspace, database, key, keyspace.find(database, key, Lookup::write),
                      Type::string, expiry_ms);
    edit->assign(std::string_view(std::string(bytes, 'x')));
    edit.commit("set");
  }
  void find(std::string_view name, Lookup lookup) {
    keyspace.find(database, make_key(name), lookup);
  }
  uint64_t id_of(std::string_view name) const { return database.ghost_hash(make_key(name).hash); }

  Keyspace keyspace{2};
  Database& database{keyspace.database(1)};
  size_t tellings = 0;
  std::vector<SampledUse> told;
  std::vector<std::string> names;
};

TEST_CASE("sampled uses: each says what it was, whatever became of the key") {
  Scene scene;
  scene.set("key", 100, 5000);
  scene.keyspace.set_now_ms(2000);
  scene.find("key", Lookup::read);
  scene.find("key", Lookup::peek);
  scene.find("key", Lookup::write);
  scene.keyspace.remove(scene.database, make_key("key"), "del");
  scene.keyspace.set_now_ms(3000);
  scene.find("key", Lookup::read);
  CHECK(scene.told.empty());
  scene.keyspace.sampled_uses.tell();
  CHECK(scene.tellings == 1);
  REQUIRE(scene.told.size() == 4);
  const Kind kinds[] = {Kind::written, Kind::read, Kind::peeked, Kind::read};
  const int64_t times[] = {1000, 2000, 2000, 3000};
  for (size_t i = 0; i < 4; i++) {
    const SampledUse& use = scene.told[i];
    CHECK(use.kind == kinds[i]);
    CHECK(use.now_ms == times[i]);
    CHECK(use.id == scene.id_of("key"));
    CHECK(use.rank == static_cast<uint32_t>(make_key("key").hash));
    CHECK(use.database == 1);
    CHECK(use.is_there == (i < 3));
    if (!use.is_there) continue;
    CHECK(use.entry_bytes == Entry::Shape{"key", Type::string, 0, 5000, 100}.bytes());
    CHECK(use.value_bytes == 0);
    CHECK(use.expiry_ms == 5000);
  }
  scene.keyspace.sampled_uses.tell();
  CHECK(scene.tellings == 1);
}

TEST_CASE("sampled uses: they are told many at a time, in their order") {
  Scene scene;
  constexpr size_t kUses = 1000;
  for (size_t i = 0; i < kUses; i++) scene.find("key:" + std::to_string(i), Lookup::read);
  CHECK(scene.told.size() > kUses - 100);
  CHECK(scene.told.size() < kUses);
  scene.keyspace.sampled_uses.tell();
  CHECK(scene.tellings < kUses / 50);
  REQUIRE(scene.told.size() == kUses);
  for (size_t i = 0; i < kUses; i++) CHECK(scene.told[i].id == scene.id_of("key:" + std::to_string(i)));
}

TEST_CASE("sampled uses: only of keys below the end") {
  Scene scene;
  const auto rank = [](const std::string& name) { return static_cast<uint32_t>(make_key(name).hash); };
  scene.keyspace.sampled_uses.end = rank("key:5");
  for (int i = 0; i < 100; i++) scene.find("key:" + std::to_string(i), Lookup::read);
  scene.keyspace.sampled_uses.tell();
  size_t below = 0;
  for (int i = 0; i < 100; i++) below += rank("key:" + std::to_string(i)) < rank("key:5");
  CHECK(scene.told.size() == below);
  scene.told.clear();
  scene.keyspace.sampled_uses.end = 0;
  for (int i = 0; i < 100; i++) scene.find("key:" + std::to_string(i), Lookup::read);
  scene.keyspace.sampled_uses.tell();
  CHECK(scene.told.empty());
}

TEST_CASE("sampled uses: large values are told at once, by name") {
  Scene scene;
  scene.set("small", 100);
  scene.set("large", SampledUses::kNamedBytes);
  REQUIRE(scene.told.size() == 2);
  CHECK(scene.names[0].empty());
  CHECK(scene.names[1] == "large");
  CHECK(scene.told[1].entry_bytes + scene.told[1].value_bytes >= SampledUses::kNamedBytes);
}

}  // namespace
}  // namespace larder
