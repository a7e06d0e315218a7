#include "server/structures/paged_table.h"

#include <catch2/catch.hpp>

#include <cmath>
#include <map>
#include <set>
#include <string>
#include <unordered_map>

#include "server/base/hash.h"

namespace larder {
namespace {

constexpr HashSecret kSecret{11, 22};

// Records of these tests: u32 id, u32 size, filler that follows from both.
struct TestTraits {
  static size_t size(const char* record) { return word(record + 4); }
  static uint64_t hash(const char* record) { return hash_of(word(record)); }
  static uint32_t word(const char* from) {
    uint32_t value;
    std::memcpy(&value, from, sizeof(value));
    return value;
  }
  static uint64_t hash_of(uint32_t id) {
    return siphash13({reinterpret_cast<const char*>(&id), sizeof(id)}, kSecret);
  }
};
using Table = PagedTable<TestTraits>;

char filler(uint32_t id, uint32_t size) {
  return static_cast<char>(id * 31 + size);
}

void write(char* at, uint32_t id, uint32_t size) {
  std::memcpy(at, &id, sizeof(id));
  std::memcpy(at + 4, &size, sizeof(size));
  std::memset(at + 8, filler(id, size), size - 8);
}

bool is_whole(const char* record, uint32_t id, uint32_t size) {
  if (TestTraits::word(record) != id || TestTraits::word(record + 4) != size) return false;
  for (uint32_t i = 8; i < size; i++) {
    if (record[i] != filler(id, size)) return false;
  }
  return true;
}

Table::Place find(const Table& table, uint32_t id) {
  return table.find(TestTraits::hash_of(id),
                    [&](const char* record) { return TestTraits::word(record) == id; });
}

void insert(Table& table, uint32_t id, uint32_t size = 13) {
  write(table.insert(TestTraits::hash_of(id), size), id, size);
}

void erase(Table& table, uint32_t id) {
  const Table::Place place = find(table, id);
  REQUIRE(place);
  table.erase(TestTraits::hash_of(id), place);
}

std::vector<uint32_t> scan_all(const Table& table) {
  std::vector<uint32_t> ids;
  uint64_t position = 0;
  do {
    position =
        table.scan(position, [&](const char* record) { ids.push_back(TestTraits::word(record)); });
  } while (position != 0);
  return ids;
}

// A table and a map that go through the same changes.
class Game {
 public:
  // `longest`: of the records' sizes; some are longer than a page if it is.
  Game(uint64_t seed, uint32_t longest) : random_(seed), longest_(longest) {}

  Table table;

  size_t size() const { return sizes_.size(); }
  uint32_t next_id() const { return next_id_; }
  const std::map<uint32_t, uint32_t>& sizes() const { return sizes_; }

  void drift_to(size_t size) {
    while (sizes_.size() != size) {
      const bool grow = sizes_.size() < size;
      const uint64_t dice = random_.below(100);
      if (sizes_.empty() || dice < (grow ? 60u : 15u)) {
        add();
      } else if (dice < 80) {
        remove(pick());
      } else {
        resize(pick());
      }
    }
  }
  void add() {
    const uint32_t id = next_id_++;
    const uint32_t size = random_size();
    insert(table, id, size);
    sizes_[id] = size;
  }
  void remove(uint32_t id) {
    erase(table, id);
    sizes_.erase(id);
  }
  void resize(uint32_t id) {
    const Table::Place place = find(table, id);
    REQUIRE(place);
    const uint32_t old_size = sizes_[id];
    const uint32_t size = random_size();
    char* at = table.resize(TestTraits::hash_of(id), place, size);
    bool is_kept = TestTraits::word(at) == id && TestTraits::word(at + 4) == old_size;
    for (uint32_t i = 8; i < std::min(size, old_size); i++) {
      is_kept &= at[i] == filler(id, old_size);
    }
    REQUIRE(is_kept);
    write(at, id, size);
    sizes_[id] = size;
  }
  uint32_t pick() { return sizes_.lower_bound(random_id())->first; }

  void check() const { check(table); }
  void check(const Table& checked) const {
    REQUIRE(checked.size() == sizes_.size());
    size_t wrong = 0;
    for (uint32_t id = 0; id < next_id_; id++) {
      const Table::Place place = find(checked, id);
      const auto wanted = sizes_.find(id);
      if (static_cast<bool>(place) != (wanted != sizes_.end())) wrong++;
      if (place && wanted != sizes_.end() && !is_whole(place.record(), id, wanted->second)) wrong++;
    }
    REQUIRE(wrong == 0);
  }
  Random& random() { return random_; }

 private:
  // An id that has one at or behind it.
  uint32_t random_id() {
    return static_cast<uint32_t>(random_.below(sizes_.rbegin()->first + uint64_t{1}));
  }
  uint32_t random_size() { return 8 + static_cast<uint32_t>(random_.below(longest_ - 7)); }

  Random random_;
  uint32_t longest_;
  uint32_t next_id_ = 0;
  std::map<uint32_t, uint32_t> sizes_;
};

}  // namespace

TEST_CASE("a paged table does what a map does, through growth and shrinking") {
  const uint32_t longest = GENERATE(8u, 13u, 40u, 250u, 3000u);
  Game game(longest, longest);
  for (const size_t size :
       std::vector<size_t>{1, 7, 16, 0, 17, 80, 3, 300, 100, 5000, 400, 20000, 1000, 20, 0, 2000}) {
    game.drift_to(longest > 1000 ? size / 4 : size);
    game.check();
  }
}

TEST_CASE("records between the sizes of the allocator and of a page") {
  for (const uint32_t size : {8u, 64u, 239u, 240u, 241u, 1024u, 5000u, 100'000u}) {
    Table table;
    for (uint32_t id = 0; id < 300; id++) insert(table, id, size);
    size_t wrong = 0;
    for (uint32_t id = 0; id < 300; id++) {
      const Table::Place place = find(table, id);
      if (!place || !is_whole(place.record(), id, size)) wrong++;
    }
    CHECK(wrong == 0);
    CHECK(table.memory() >= size * 300);
    CHECK(table.memory() <= 300 * (allocation_size(size) + 50));
    for (uint32_t id = 0; id < 300; id++) erase(table, id);
    CHECK(table.memory() == 0);
  }
}

// So few that their page does not split, and so long that it is the largest there is.
TEST_CASE("few long records that come, go and change fit into a page") {
  Random random(3);
  for (const uint32_t count : {13u, 14u, 15u, 16u, 17u, 18u, 40u}) {
    Table table;
    std::vector<uint32_t> sizes(count);
    for (uint32_t id = 0; id < count; id++) insert(table, id, sizes[id] = 240);
    for (int step = 0; step < 4000; step++) {
      const auto id = static_cast<uint32_t>(random.below(count));
      const auto size = static_cast<uint32_t>(step % 7 == 0 ? 13 + random.below(200) : 225 + random.below(16));
      if (random.below(2) == 0) {
        erase(table, id);
        insert(table, id, size);
      } else {
        write(table.resize(TestTraits::hash_of(id), find(table, id), size), id, size);
      }
      sizes[id] = size;
    }
    REQUIRE(table.size() == count);
    for (uint32_t id = 0; id < count; id++) CHECK(is_whole(find(table, id).record(), id, sizes[id]));
  }
}

TEST_CASE("a paged table gives memory back when it loses its records") {
  Table table;
  for (uint32_t id = 0; id < 50'000; id++) insert(table, id);
  const size_t full = table.memory();
  const std::vector<uint32_t> scanned = scan_all(table);
  SECTION("in any order") {
    for (uint32_t id = 0; id < 49'990; id++) erase(table, id);
  }
  SECTION("in the order of a scan") {
    for (size_t i = 0; i < 49'990; i++) erase(table, scanned[i]);
  }
  SECTION("in the opposite order") {
    for (size_t i = 0; i < 49'990; i++) erase(table, scanned[49'999 - i]);
  }
  SECTION("because they become shorter") {
    for (uint32_t id = 0; id < 50'000; id++) {
      const uint64_t hash = TestTraits::hash_of(id);
      write(table.resize(hash, find(table, id), 200), id, 200);
    }
    CHECK(table.memory() > 10'000'000);
    for (uint32_t id = 0; id < 50'000; id++) {
      const uint64_t hash = TestTraits::hash_of(id);
      write(table.resize(hash, find(table, id), 8), id, 8);
    }
    CHECK(table.memory() < 50'000 * 22);
    for (uint32_t id = 0; id < 49'990; id++) erase(table, id);
  }
  CHECK(full > 800'000);
  CHECK(table.size() == 10);
  CHECK(table.memory() < 2000);
  for (const uint32_t id : scan_all(table)) erase(table, id);
  CHECK(table.memory() == 0);
  CHECK(!find(table, 3));
  insert(table, 3);
  CHECK(find(table, 3));
}

TEST_CASE("records that come and go keep a paged table small") {
  Table table;
  for (uint32_t id = 0; id < 20'000; id++) insert(table, id);
  const size_t before = table.memory();
  for (uint32_t id = 0; id < 200'000; id++) {
    erase(table, id);
    insert(table, id + 20'000);
  }
  CHECK(table.memory() < before * 13 / 10);
}

TEST_CASE("a scan of a paged table at rest visits each record once") {
  Table table;
  CHECK(scan_all(table).empty());
  uint32_t id = 0;
  for (const uint32_t size : {1u, 7u, 60u, 100u, 3000u, 30000u}) {
    while (id < size) insert(table, id++);
    std::vector<uint32_t> ids = scan_all(table);
    std::sort(ids.begin(), ids.end());
    REQUIRE(ids.size() == size);
    REQUIRE(std::unique(ids.begin(), ids.end()) == ids.end());
    size_t visited = 0;
    table.visit_all([&](const char*) { visited++; });
    REQUIRE(visited == size);
  }
}

TEST_CASE("a scan of a paged table misses nothing, whatever happens between its steps") {
  for (uint64_t seed = 0; seed < 60; seed++) {
    Game game(seed, seed % 2 == 0 ? 13 : 300);
    const size_t stable = 1 + game.random().below(1500);
    Table& table = game.table;
    // Ids from here on stay; the game plays with others beside them.
    constexpr uint32_t kStable = 10'000'000;
    for (uint32_t i = 0; i < stable; i++) insert(table, kStable + i);
    game.drift_to(game.random().below(3000));
    std::set<uint32_t> seen;
    uint64_t position = 0;
    size_t steps = 0;
    do {
      const uint64_t before = position;
      position =
          table.scan(position, [&](const char* record) { seen.insert(TestTraits::word(record)); });
      REQUIRE((position > before || position == 0));
      REQUIRE((position & 0xffffffff) == 0);
      if (game.random().below(4) == 0) {
        const size_t wanted = game.random().below(seed % 3 == 0 ? 5000 : seed % 3 == 1 ? 100 : 900);
        const size_t least = game.size() > 400 ? game.size() - 400 : 0;
        game.drift_to(std::clamp(wanted, least, game.size() + 400));
      }
      REQUIRE(++steps < 100'000);
    } while (position != 0);
    size_t missed = 0;
    for (uint32_t i = 0; i < stable; i++) missed += 1 - seen.count(kStable + i);
    REQUIRE(missed == 0);
  }
}

TEST_CASE("a random record is any with the same odds") {
  for (const uint32_t size : {1u, 5u, 40u, 1000u, 2500u}) {
    Table table;
    for (uint32_t id = 0; id < size; id++) insert(table, id, 8 + id % 60);
    Random random(6);
    std::vector<double> hits(size);
    for (uint32_t i = 0; i < size * 200; i++) {
      hits[TestTraits::word(table.random(random).record())]++;
    }
    double chi_squared = 0;
    for (const double count : hits) chi_squared += (count - 200) * (count - 200) / 200;
    // Mean: the degrees of freedom; five standard deviations of room.
    const double freedom = static_cast<double>(size) - 1;
    CHECK(chi_squared <= freedom + 5 * std::sqrt(2 * freedom) + 1e-9);
  }
  Table empty;
  Random random(7);
  CHECK(!empty.random(random));
}

TEST_CASE("a random record is found where hardly any is left") {
  Table table;
  for (uint32_t id = 0; id < 30'000; id++) insert(table, id);
  for (uint32_t id = 1; id < 30'000; id++) erase(table, id);
  Random random(8);
  for (int i = 0; i < 100; i++) REQUIRE(TestTraits::word(table.random(random).record()) == 0);
}

TEST_CASE("draining a paged table frees everything, in steps") {
  Table table;
  for (uint32_t id = 0; id < 20'000; id++) insert(table, id, id % 10 == 0 ? 500 : 20);
  CHECK(table.allocation_count() == table.page_count() + 2000);
  size_t steps = 0;
  while (!table.drain(Deadline::in_us(0))) steps++;
  CHECK(steps > 10);
  CHECK(table.size() == 0);
  CHECK(table.memory() == 0);
  CHECK(table.allocation_count() == 0);
  insert(table, 1);
  CHECK(find(table, 1));
}

TEST_CASE("a copy of a paged table is its own") {
  Game game(9, 400);
  game.drift_to(3000);
  Table copy = game.table.clone();
  CHECK(copy.memory() <= game.table.memory());
  game.check(copy);
  for (uint32_t id = game.next_id(); id-- > 0;) {
    if (const Table::Place place = find(game.table, id)) {
      game.table.erase(TestTraits::hash_of(id), place);
    }
  }
  CHECK(game.table.size() == 0);
  game.check(copy);
  CHECK(copy.size() == 3000);
}

TEST_CASE("a table that was made ready does not split its pages") {
  for (const uint32_t count : {1u, 10u, 100u, 5000u, 100'000u}) {
    Table table;
    table.reserve(count, 13);
    const size_t pages = table.page_count();
    for (uint32_t id = 0; id < count; id++) insert(table, id);
    CHECK(table.page_count() == pages);
    CHECK(table.size() == count);
    CHECK(scan_all(table).size() == count);
    size_t missed = 0;
    for (uint32_t id = 0; id < count; id++) missed += find(table, id) ? 0u : 1u;
    CHECK(missed == 0);
    CHECK(table.memory() <= count * 24 + 200);
    for (uint32_t id = 0; id < count; id++) erase(table, id);
    CHECK(table.memory() == 0);
  }
  Table growing;
  growing.reserve(100'000, 200, Table::Pages::grow);
  const size_t growing_pages = growing.page_count();
  for (uint32_t id = 0; id < 100'000; id++) insert(growing, id);
  CHECK(growing.page_count() == growing_pages);
  CHECK(growing.memory() <= 100'000 * 22);
  Table wrongly_made;
  wrongly_made.reserve(1000, 5000);
  for (uint32_t id = 0; id < 50'000; id++) insert(wrongly_made, id);
  CHECK(scan_all(wrongly_made).size() == 50'000);
}

namespace {
// Records of 16 bytes: the hash that they want, and an id.
struct ChosenTraits {
  static size_t size(const char*) { return 16; }
  static uint64_t hash(const char* record) {
    uint64_t hash;
    std::memcpy(&hash, record, sizeof(hash));
    return hash;
  }
};
}  // namespace

TEST_CASE("crowded hashes, and hashes at both ends of their range") {
  Random random(5);
  std::map<uint64_t, uint64_t> ids;
  PagedTable<ChosenTraits> table;
  for (uint64_t id = 0; id < 4000; id++) {
    // Most share their first 14 bits with many others.
    const uint64_t hash = id % 3 == 0   ? random.next() >> 14
                          : id % 3 == 1 ? UINT64_MAX - (random.next() >> 14)
                                        : UINT64_MAX - (id << 40);
    ids[hash] = id;
  }
  for (const auto& [hash, id] : ids) {
    char* at = table.insert(hash, 16);
    std::memcpy(at, &hash, 8);
    std::memcpy(at + 8, &id, 8);
  }
  CHECK(table.size() == ids.size());
  size_t visited = 0;
  uint64_t position = 0;
  do {
    position = table.scan(position, [&](const char*) { visited++; });
  } while (position != 0);
  CHECK(visited == ids.size());
  for (int i = 0; i < 100; i++) CHECK(table.random(random));
  for (const auto& [hash, id] : ids) {
    const auto place = table.find(hash, [wanted = id](const char* record) {
      return std::memcmp(record + 8, &wanted, 8) == 0;
    });
    REQUIRE(place);
    table.erase(hash, place);
  }
  CHECK(table.memory() == 0);
}

TEST_CASE("swapping exchanges two paged tables") {
  Table many, few;
  for (uint32_t id = 0; id < 5000; id++) insert(many, id);
  insert(few, 5000);
  many.swap(few);
  CHECK(many.size() == 1);
  CHECK(few.size() == 5000);
  CHECK(find(many, 5000));
  CHECK(find(few, 4999));
  Table moved = std::move(few);
  CHECK(moved.size() == 5000);
  CHECK(few.size() == 0);
}

TEST_CASE(
    "a record of 13 bytes takes at most 18.5 in the mean over sizes, one of 33 at most 41.5") {
  const auto [size, mean_limit, limit] =
      GENERATE(std::make_tuple(13u, 18.5, 19.5), std::make_tuple(33u, 41.5, 42.5));
  Table table;
  double sum = 0, samples = 0, highest = 0;
  for (uint32_t id = 0; id < 1'200'000; id++) {
    insert(table, id, size);
    if (id < 300'000 || id % 10'000 != 0) continue;
    const double each = static_cast<double>(table.memory()) / static_cast<double>(id + 1);
    sum += each;
    samples++;
    highest = std::max(highest, each);
  }
  INFO("mean " << sum / samples << ", highest " << highest);
  CHECK(sum / samples <= mean_limit);
  CHECK(highest <= limit);
}

}  // namespace larder
