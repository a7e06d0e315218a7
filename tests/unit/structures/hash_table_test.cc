#include "server/structures/hash_table.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <deque>
#include <memory>
#include <set>
#include <unordered_map>

#include "server/base/hash.h"

namespace larder {
namespace {

struct Element {
  uint64_t id;
  uint64_t hash;
};
struct ElementTraits {
  static uint64_t hash(const Element& element) { return element.hash; }
};
using Table = HashTable<Element, ElementTraits>;

constexpr HashSecret kSecret{11, 22};

uint64_t hash_of(uint64_t id) {
  return siphash13({reinterpret_cast<const char*>(&id), sizeof(id)}, kSecret);
}

// A table and the elements that it points to.
class OwnedTable {
 public:
  Table table;

  Table::Slot* find(uint64_t id) const {
    return table.find(hash_of(id), [&](const Element& element) { return element.id == id; });
  }
  Table::Slot* insert(uint64_t id) {
    auto& element = elements_[id] = std::make_unique<Element>(Element{id, hash_of(id)});
    return table.insert(element->hash, element.get());
  }
  void erase(uint64_t id) {
    Table::Slot* slot = find(id);
    REQUIRE(slot != nullptr);
    REQUIRE(table.erase(hash_of(id), slot)->id == id);
    elements_.erase(id);
  }
  size_t size() const { return elements_.size(); }

 private:
  std::unordered_map<uint64_t, std::unique_ptr<Element>> elements_;
};

// Ids that are in or out at random, with a way to pick one of those that are in.
class IdSet {
 public:
  size_t size() const { return ids_.size(); }
  bool contains(uint64_t id) const { return places_.count(id) != 0; }
  void add(uint64_t id) {
    places_[id] = ids_.size();
    ids_.push_back(id);
  }
  uint64_t pick(Random& random) const { return ids_[random.below(ids_.size())]; }
  void remove(uint64_t id) {
    const size_t place = places_[id];
    ids_[place] = ids_.back();
    places_[ids_[place]] = place;
    ids_.pop_back();
    places_.erase(id);
  }
  const std::vector<uint64_t>& all() const { return ids_; }

 private:
  std::vector<uint64_t> ids_;
  std::unordered_map<uint64_t, size_t> places_;
};

// Moves the size of a table to `size` by random insertions and erasures.
void drift_to(size_t size, OwnedTable& owned, IdSet& model, Random& random, uint64_t& next_id) {
  while (model.size() != size) {
    const bool grow = model.size() < size;
    if (model.size() == 0 || random.below(100) < (grow ? 75u : 25u)) {
      const uint64_t id = next_id++;
      // The bits stand for what an owner keeps there.
      owned.insert(id)->set_bits(static_cast<uint16_t>(id * 7));
      model.add(id);
    } else {
      const uint64_t id = model.pick(random);
      owned.erase(id);
      model.remove(id);
    }
  }
}

void check_same(const OwnedTable& owned, const IdSet& model, uint64_t next_id) {
  REQUIRE(owned.table.size() == model.size());
  size_t wrong = 0;
  for (uint64_t id = 0; id < next_id; id++) {
    const Table::Slot* slot = owned.find(id);
    if ((slot != nullptr) != model.contains(id)) wrong++;
    if (slot != nullptr &&
        (slot->get()->id != id || slot->bits() != static_cast<uint16_t>(id * 7))) {
      wrong++;
    }
  }
  REQUIRE(wrong == 0);
}

std::vector<uint64_t> scan_all(const Table& table) {
  std::vector<uint64_t> ids;
  uint64_t position = 0;
  do {
    position = table.scan(position, [&](Table::Slot& slot) { ids.push_back(slot.get()->id); });
  } while (position != 0);
  return ids;
}

}  // namespace

TEST_CASE("a hash table does what a map does, through growth and shrinking") {
  Random random(1);
  OwnedTable owned;
  IdSet model;
  uint64_t next_id = 0;
  for (const size_t size : std::vector<size_t>{1, 7, 8, 0, 13, 80, 3, 769, 768, 100, 5000, 400,
                                               40000, 9000, 20, 0, 2000}) {
    drift_to(size, owned, model, random, next_id);
    check_same(owned, model, next_id);
  }
}

TEST_CASE("a hash table gives memory back when it loses its elements") {
  OwnedTable owned;
  for (uint64_t id = 0; id < 50000; id++) owned.insert(id);
  const size_t full = owned.table.memory();
  SECTION("in any order") {
    for (uint64_t id = 0; id < 50000; id++) owned.erase(id);
  }
  SECTION("in the order of a scan") {
    for (const uint64_t id : scan_all(owned.table)) owned.erase(id);
  }
  CHECK(full > 500'000);
  CHECK(owned.table.size() == 0);
  CHECK(owned.table.memory() < 200);
  CHECK(owned.find(3) == nullptr);
  owned.insert(3);
  CHECK(owned.find(3) != nullptr);
}

TEST_CASE("elements with the same tag and bucket are told apart") {
  // Only the middle of the hash differs, so that all of them share home and tag.
  std::deque<Element> elements;
  Table table;
  for (uint64_t id = 0; id < 300; id++) {
    elements.push_back({id, (id % 3) << 40 | 5});
    table.insert(elements.back().hash, &elements.back());
  }
  const auto find = [&](uint64_t id) {
    return table.find(elements[id].hash, [&](const Element& element) { return element.id == id; });
  };
  for (uint64_t id = 0; id < 300; id++) REQUIRE(find(id) != nullptr);
  for (uint64_t id = 0; id < 300; id += 2) table.erase(elements[id].hash, find(id));
  for (uint64_t id = 0; id < 300; id++) REQUIRE((find(id) != nullptr) == (id % 2 == 1));
  for (uint64_t id = 1; id < 300; id += 2) table.erase(elements[id].hash, find(id));
  CHECK(table.size() == 0);
}

TEST_CASE("hashes at both ends of their range") {
  std::deque<Element> elements;
  Table table;
  for (uint64_t id = 0; id < 2000; id++) {
    const uint64_t hash = id % 2 == 0 ? (id << 45) : UINT64_MAX - (id << 45);
    elements.push_back({id, hash});
    table.insert(hash, &elements.back());
  }
  CHECK(scan_all(table).size() == 2000);
  for (const Element& element : elements) {
    Table::Slot* slot =
        table.find(element.hash, [&](const Element& other) { return other.id == element.id; });
    REQUIRE(slot != nullptr);
    table.erase(element.hash, slot);
  }
  CHECK(table.size() == 0);
}

TEST_CASE("a scan of a table at rest visits each element once") {
  OwnedTable owned;
  CHECK(scan_all(owned.table).empty());
  uint64_t id = 0;
  for (const size_t size : std::vector<size_t>{1, 7, 8, 50, 768, 769, 3000, 30000}) {
    while (id < size) owned.insert(id++);
    std::vector<uint64_t> ids = scan_all(owned.table);
    std::sort(ids.begin(), ids.end());
    REQUIRE(ids.size() == size);
    REQUIRE(std::unique(ids.begin(), ids.end()) == ids.end());
  }
}

TEST_CASE("a scan visits what is there all the time, whatever happens between its steps") {
  const bool by_segment = GENERATE(false, true);
  for (uint64_t seed = 0; seed < 60; seed++) {
    Random random(seed);
    OwnedTable owned;
    IdSet others;
    uint64_t next_id = 1'000'000;
    const size_t stable = 1 + random.below(2000);
    for (uint64_t id = 0; id < stable; id++) owned.insert(id);
    drift_to(random.below(6000), owned, others, random, next_id);
    std::set<uint64_t> seen;
    uint64_t position = 0;
    size_t steps = 0;
    do {
      const auto visit = [&](Table::Slot& slot) { seen.insert(slot.get()->id); };
      const uint64_t before = position;
      position = by_segment ? owned.table.visit_segment<false>(position, visit)
                            : owned.table.scan(position, visit);
      REQUIRE((position > before || position == 0));
      // Growth, shrinking, or both at once, between steps.
      if (random.below(4) == 0) {
        const size_t size = random.below(seed % 3 == 0 ? 8000 : seed % 3 == 1 ? 300 : 1500);
        const size_t most = others.size() > 400 ? others.size() - 400 : 0;
        drift_to(std::clamp(size, most, others.size() + 400), owned, others, random, next_id);
      }
      REQUIRE(++steps < 100'000);
    } while (position != 0);
    size_t missed = 0;
    for (uint64_t id = 0; id < stable; id++) missed += 1 - seen.count(id);
    REQUIRE(missed == 0);
  }
}

TEST_CASE("32 bits of a hash and its tag lead to every element") {
  Random random(4);
  OwnedTable owned;
  IdSet model;
  uint64_t next_id = 0;
  for (const size_t size : std::vector<size_t>{5, 500, 700, 20000, 60000, 3000, 50}) {
    drift_to(size, owned, model, random, next_id);
    size_t missed = 0;
    size_t visited = 0;
    for (const uint64_t id : model.all()) {
      const uint64_t hash = hash_of(id);
      bool found = false;
      owned.table.visit_candidates(static_cast<uint32_t>(hash >> 32), Table::tag_of(hash),
                                   [&](Table::Slot& slot) {
                                     visited++;
                                     found |= slot.get()->id == id;
                                     return true;
                                   });
      if (!found) missed++;
    }
    REQUIRE(missed == 0);
    CHECK(visited < 2 * size + 20);  // and to few others
  }
}

TEST_CASE("a table of crowded hashes is deep, and works") {
  std::deque<Element> elements;
  Table table;
  Random random(5);
  for (uint64_t id = 0; id < 3000; id++) {
    // All share their first 14 bits, so that a directory of 2^16 entries and more leads to few
    // segments.
    elements.push_back({id, random.next() >> 14});
    table.insert(elements.back().hash, &elements.back());
  }
  size_t missed = 0;
  for (const Element& element : elements) {
    bool found = false;
    table.visit_candidates(static_cast<uint32_t>(element.hash >> 32), Table::tag_of(element.hash),
                           [&](Table::Slot& slot) {
                             found |= slot.get()->id == element.id;
                             return !found;
                           });
    if (!found) missed++;
  }
  CHECK(missed == 0);
  CHECK(scan_all(table).size() == 3000);
  for (int i = 0; i < 100; i++) CHECK(table.random(random) != nullptr);
  for (const Element& element : elements) {
    table.erase(element.hash, table.find(element.hash, [&](const Element& other) {
      return other.id == element.id;
    }));
  }
  CHECK(table.memory() < 200);
}

TEST_CASE("a random element is any with the same odds") {
  for (const size_t size : {1u, 5u, 40u, 1000u, 2500u}) {
    OwnedTable owned;
    for (uint64_t id = 0; id < size; id++) owned.insert(id);
    Random random(6);
    std::vector<double> hits(size);
    const double draws = static_cast<double>(size) * 200;
    for (double i = 0; i < draws; i++) hits[owned.table.random(random)->get()->id]++;
    double chi_squared = 0;
    for (const double count : hits) chi_squared += (count - 200) * (count - 200) / 200;
    // Mean: the degrees of freedom; five standard deviations of room.
    const double freedom = static_cast<double>(size) - 1;
    CHECK(chi_squared <= freedom + 5 * std::sqrt(2 * freedom) + 1e-9);
  }
  OwnedTable empty;
  Random random(7);
  CHECK(empty.table.random(random) == nullptr);
}

TEST_CASE("a random element is found where hardly any is left") {
  OwnedTable owned;
  // One half of the hash space stays full, so that the emptied segments cannot all merge.
  for (uint64_t id = 0; id < 100'000; id++) owned.insert(id);
  for (uint64_t id = 1; id < 100'000; id++) owned.erase(id);
  Random random(8);
  for (int i = 0; i < 100; i++) REQUIRE(owned.table.random(random)->get()->id == 0);
}

TEST_CASE("buckets at random hold each element with the same odds, and are found again") {
  for (const uint64_t size : {1u, 7u, 500u, 5'000u}) {
    OwnedTable owned;
    for (uint64_t id = 0; id < size; id++) owned.insert(id);
    Random random(size);
    std::vector<size_t> counts(size);
    size_t total = 0;
    while (total < size * 100) {
      owned.table.sample_bucket(random, [&](uint64_t position, Table::Slot& slot) {
        counts[slot.get()->id]++;
        total++;
        size_t same = 0;
        owned.table.visit_bucket(position, [&](Table::Slot& again) { same += &again == &slot; });
        if (same != 1) FAIL("not at its position");
      });
    }
    const auto [least, most] = std::minmax_element(counts.begin(), counts.end());
    CHECK(*least > 40);
    CHECK(*most < 180);
  }
  OwnedTable empty;
  Random random(1);
  empty.table.sample_bucket(random, [](uint64_t, Table::Slot&) { FAIL("nothing is there"); });
  empty.table.visit_bucket(5, [](Table::Slot&) { FAIL("nothing is there"); });
}

TEST_CASE("a walk by places visits each element once, and tells where it is") {
  OwnedTable owned;
  for (uint64_t id = 0; id < 20'000; id++) owned.insert(id);
  std::vector<size_t> counts(20'000);
  uint64_t position = 0;
  do {
    position = owned.table.visit_places(position, [&](uint64_t place, Table::Slot& slot) {
      counts[slot.get()->id]++;
      bool is_there = false;
      owned.table.visit_bucket(place, [&](Table::Slot& again) { is_there |= &again == &slot; });
      if (!is_there) FAIL("not at its place");
    });
  } while (position != 0);
  CHECK(std::count(counts.begin(), counts.end(), 1) == 20'000);
  OwnedTable empty;
  CHECK(empty.table.visit_places(77, [](uint64_t, Table::Slot&) { FAIL("nothing is there"); }) == 0);
}

TEST_CASE("draining disposes of each element once, in steps") {
  OwnedTable owned;
  for (uint64_t id = 0; id < 20'000; id++) owned.insert(id);
  std::set<uint64_t> disposed;
  size_t steps = 0;
  const auto dispose = [&](Table::Slot& slot) { disposed.insert(slot.get()->id); };
  while (!owned.table.drain(dispose, Deadline::in_us(0))) steps++;
  CHECK(steps > 10);
  CHECK(disposed.size() == 20'000);
  CHECK(owned.table.size() == 0);
  CHECK(owned.table.memory() == 0);
  owned.insert(1);
  CHECK(owned.find(1) != nullptr);
}

TEST_CASE("swapping exchanges two tables") {
  OwnedTable many, few;
  for (uint64_t id = 0; id < 5000; id++) many.insert(id);
  few.insert(5000);
  many.table.swap(few.table);
  CHECK(many.table.size() == 1);
  CHECK(few.table.size() == 5000);
  CHECK(many.find(5000) != nullptr);
  CHECK(few.find(4999) != nullptr);
  Table moved = std::move(few.table);
  CHECK(moved.size() == 5000);
  CHECK(few.table.size() == 0);
}

TEST_CASE("keys chosen to collide under one secret do not under another") {
  // What an attacker who knew the secret would send: keys whose hashes share their first 14 bits.
  std::vector<uint64_t> chosen;
  for (uint64_t id = 0; chosen.size() < 150; id++) {
    if (hash_of(id) >> 50 == 0) chosen.push_back(id);
  }
  std::set<uint64_t> beginnings;
  for (const uint64_t id : chosen) {
    beginnings.insert(siphash13({reinterpret_cast<const char*>(&id), sizeof(id)}, {11, 23}) >> 50);
  }
  CHECK(beginnings.size() > 140);
}

TEST_CASE("a table takes at most 13.5 bytes per element in the mean over its sizes") {
  constexpr size_t kMost = 2'400'000;
  std::vector<Element> elements(kMost);
  Table table;
  double sum = 0;
  double samples = 0;
  double highest = 0;
  for (uint64_t id = 0; id < kMost; id++) {
    elements[id] = {id, hash_of(id)};
    table.insert(elements[id].hash, &elements[id]);
    if (id + 1 < 600'000 || id % 10'000 != 0) continue;
    const double per_element = static_cast<double>(table.memory()) / static_cast<double>(id + 1);
    sum += per_element;
    samples++;
    highest = std::max(highest, per_element);
  }
  CHECK(sum / samples <= 13.5);
  CHECK(highest <= 16.5);
  CHECK(table.size() == kMost);
}

}  // namespace larder
