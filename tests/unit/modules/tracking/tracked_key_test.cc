#include "modules/tracking/tracked_key.h"

#include <catch2/catch.hpp>
#include <random>
#include <set>
#include <string>

#include "server/base/allocator.h"

namespace larder {
namespace {

std::set<uint32_t> readers_of(const TrackedKey& tracked) {
  std::set<uint32_t> readers;
  uint32_t last = 0;
  tracked.visit_readers([&](uint32_t reader) {
    CHECK((readers.empty() || reader > last));
    last = reader;
    readers.insert(reader);
  });
  return readers;
}

TEST_CASE("a tracked key takes its own bytes and a few more", "[tracking]") {
  TrackedKey* tracked = TrackedKey::create("key:000000000001", 3);
  CHECK(tracked->key() == "key:000000000001");
  CHECK(tracked->memory() <= allocation_size(16 + 12));
  for (uint32_t reader = 0; reader < 100; reader++) TrackedKey::add(tracked, reader);
  CHECK(tracked->reader_count() == 100);
  CHECK(tracked->memory() <= allocation_size(16 + 8 + 13));
  TrackedKey::destroy(tracked);
}

TEST_CASE("a tracked key has the readers that it was given", "[tracking]") {
  std::mt19937 random(GENERATE(range(1u, 40u)));
  // From dense, where a bitmap is smaller, to sparse, where a list is.
  const uint32_t range = std::array<uint32_t, 5>{4, 30, 200, 5'000, 3'000'000'000}[random() % 5];
  const std::string key(random() % 40, 'k');
  const auto reader = [&] { return static_cast<uint32_t>(random() % range); };
  const uint32_t first = reader();
  TrackedKey* tracked = TrackedKey::create(key, first);
  std::set<uint32_t> model = {first};
  const int steps = 1 + static_cast<int>(random() % 300);
  for (int i = 0; i < steps; i++) {
    const uint32_t next = random() % 8 == 0 ? reader() / 8 : reader();
    if (range > 1'000'000 && next / 8 > 1'000'000 && tracked->reader_count() > 200) break;
    REQUIRE(TrackedKey::add(tracked, next) == model.insert(next).second);
    REQUIRE(tracked->has(next));
    REQUIRE_FALSE(TrackedKey::add(tracked, next));
  }
  CHECK(tracked->key() == key);
  CHECK(readers_of(*tracked) == model);
  CHECK(tracked->reader_count() == model.size());

  const auto is_gone = [](uint32_t number) { return number % 3 != 0; };
  TrackedKey::remove_if(tracked, is_gone);
  std::erase_if(model, is_gone);
  if (model.empty()) {
    CHECK(tracked == nullptr);
    return;
  }
  CHECK(tracked->key() == key);
  CHECK(readers_of(*tracked) == model);
  TrackedKey::remove_if(tracked, [](uint32_t) { return false; });
  CHECK(readers_of(*tracked) == model);
  TrackedKey::remove_if(tracked, [](uint32_t) { return true; });
  CHECK(tracked == nullptr);
}

}  // namespace
}  // namespace larder
