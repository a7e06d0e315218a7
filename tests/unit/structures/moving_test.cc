// Containers whose memory gets other addresses while they are in use: what active defragmentation
// does.
#include <catch2/catch.hpp>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "server/base/allocator.h"
#include "server/base/hash.h"
#include "server/structures/chunked_list.h"
#include "server/structures/hash_table.h"
#include "server/structures/ordered_tree.h"

namespace larder {
namespace {

struct Element {
  uint64_t id;
  double score;
};
uint64_t hash_of(uint64_t id) {
  return siphash13({reinterpret_cast<const char*>(&id), sizeof(id)}, HashSecret{11, 22});
}
struct HashTraits {
  static uint64_t hash(const Element& element) { return hash_of(element.id); }
};
struct OrderTraits {
  static double score(const Element& element) { return element.score; }
  static bool precedes(const Element& left, const Element& right) { return left.id < right.id; }
};
using Table = HashTable<Element, HashTraits>;
using Tree = OrderedTree<Element, OrderTraits>;

// A copy, and what was there is gone.
void* move_block(void* memory, size_t bytes, size_t alignment) {
  void* moved = allocate_aligned(alignment, bytes);
  std::memcpy(moved, memory, bytes);
  deallocate_aligned(memory, alignment, bytes);
  return moved;
}

class Elements {
 public:
  explicit Elements(size_t count) {
    for (size_t i = 0; i < count; i++) {
      elements_.push_back(std::make_unique<Element>(Element{i, static_cast<double>(i % 17)}));
    }
  }
  size_t size() const { return elements_.size(); }
  Element* operator[](size_t index) { return elements_[index].get(); }
  // Gives an element another address; the old one is returned and lives as long as the result.
  std::unique_ptr<Element> renew(size_t index) {
    auto fresh = std::make_unique<Element>(*elements_[index]);
    elements_[index].swap(fresh);
    return fresh;
  }

 private:
  std::vector<std::unique_ptr<Element>> elements_;
};

bool finds(const Table& table, uint64_t id) {
  return table.find(hash_of(id), [&](const Element& element) { return element.id == id; }) !=
         nullptr;
}

TEST_CASE("a hash table finds everything after its segments have moved") {
  for (const size_t count : {1u, 7u, 100u, 5000u, 60'000u}) {
    Elements elements(count);
    Table table;
    for (size_t i = 0; i < count; i++) table.insert(hash_of(i), elements[i]);
    size_t moved = 0;
    uint64_t position = 0;
    do {
      position = table.move_segment(position, [&](void* memory, size_t bytes, size_t alignment) {
        moved += bytes;
        return move_block(memory, bytes, alignment);
      });
    } while (position != 0);
    CHECK(moved == table.slot_count() / 7 * 64);
    size_t missing = 0;
    for (size_t i = 0; i < count; i++) missing += finds(table, i) ? 0u : 1u;
    CHECK(missing == 0);
    // It grows and shrinks as before.
    for (size_t i = 0; i < count; i++) {
      Table::Slot* slot =
          table.find(hash_of(i), [&](const Element& element) { return element.id == i; });
      table.erase(hash_of(i), slot);
    }
    CHECK(table.size() == 0);
  }
}

TEST_CASE("an empty hash table has nothing to move or to compact") {
  Table table;
  CHECK(table.compact_segment(0) == 0);
  CHECK(table.move_segment(0, move_block) == 0);
}

TEST_CASE("a hash table that is compacted is smaller, and whole") {
  constexpr size_t kCount = 60'000;
  Elements elements(kCount);
  Table table;
  for (size_t i = 0; i < kCount; i++) table.insert(hash_of(i), elements[i]);
  for (size_t i = 0; i < kCount; i++) {
    if (i % 5 == 0) continue;
    Table::Slot* slot =
        table.find(hash_of(i), [&](const Element& element) { return element.id == i; });
    table.erase(hash_of(i), slot);
  }
  const size_t before = table.memory();
  uint64_t position = 0;
  do {
    position = table.compact_segment(position);
  } while (position != 0);
  CHECK(table.memory() <= before);
  size_t wrong = 0;
  for (size_t i = 0; i < kCount; i++) wrong += finds(table, i) != (i % 5 == 0);
  CHECK(wrong == 0);
  // What comes next does not make it grow at once, and everything can come again.
  for (size_t i = 0; i < kCount; i++) {
    if (i % 5 != 0) table.insert(hash_of(i), elements[i]);
  }
  for (size_t i = 0; i < kCount; i++) wrong += finds(table, i) ? 0u : 1u;
  CHECK(wrong == 0);
}

TEST_CASE("an ordered tree keeps its order when elements get other addresses") {
  for (const size_t count : {1u, 60u, 64u, 5000u, 50'000u}) {
    Elements elements(count);
    Tree tree;
    for (size_t i = 0; i < count; i++) tree.insert(elements[i]);
    for (size_t i = 0; i < count; i++) {
      const std::unique_ptr<Element> old = elements.renew(i);
      tree.replace(*old, elements[i]);
      // Nobody may look at the old one from here on.
      old->id = UINT64_MAX;
      old->score = -1;
    }
    double last = -1;
    size_t seen = 0;
    size_t wrong = 0;
    tree.visit(0, count, [&](const Element& element) {
      wrong += element.score < last;
      last = element.score;
      seen++;
      return true;
    });
    CHECK(seen == count);
    CHECK(wrong == 0);
    for (size_t i = 0; i < count; i++) tree.erase(*elements[i]);
    CHECK(tree.size() == 0);
  }
}

TEST_CASE("a chunked list keeps its entries when its chunks get other addresses") {
  ChunkedList list;
  constexpr size_t kCount = 5000;
  for (size_t i = 0; i < kCount; i++)
    list.push(PackedText("entry:" + std::to_string(i)), End::back);
  for (size_t i = 0; i < list.chunk_count(); i++) {
    list.move_chunk(i, [](void* memory, size_t bytes) {
      void* moved = allocate(bytes);
      std::memcpy(moved, memory, bytes);
      deallocate(memory, bytes);
      return moved;
    });
  }
  size_t next = 0;
  size_t wrong = 0;
  list.visit(0, kCount, [&](const char* entry) {
    wrong += !PackedText("entry:" + std::to_string(next++)).matches(entry);
    return true;
  });
  CHECK(next == kCount);
  CHECK(wrong == 0);
  list.push(PackedText("last"), End::back);
  CHECK(list.size() == kCount + 1);
}

}  // namespace
}  // namespace larder
