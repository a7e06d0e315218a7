#include "server/keyspace/defragmentation.h"

#include <catch2/catch.hpp>
#include <deque>
#include <string>

#include "server/keyspace/edit.h"
#include "server/types/list.h"
#include "server/types/set.h"
#include "server/types/sorted_set.h"
#include "server/types/string.h"

namespace larder {
namespace {

// Keys of all types, and what they hold.
class Store {
 public:
  explicit Store(Keyspace& keyspace) : keyspace_(keyspace) {}

  template <class T>
  Edit<T> open(const std::string& name) {
    names_.push_back(name);
    const Key key = make_key(names_.back());
    Database& database = keyspace_.database(0);
    return Edit<T>(keyspace_, database, key, database.find(key), T::kType, kNoExpiry);
  }
  void put_string(const std::string& name, const std::string& text) {
    auto string = open<String>(name);
    string->assign(text);
    string.commit("set");
  }
  void remove(const std::string& name) {
    REQUIRE(keyspace_.remove(keyspace_.database(0), make_key(name), "del"));
  }
  size_t size() const { return keyspace_.database(0).size(); }

 private:
  Keyspace& keyspace_;
  std::deque<std::string> names_;
};

MemoryFigures figures(size_t allocated, size_t active) {
  MemoryFigures figures{};
  figures.allocated = allocated;
  figures.active = active;
  return figures;
}

// Turns until the task is at rest.
void finish(Defragmentation& defragmentation) {
  for (int turn = 0; turn < 100'000 && defragmentation.is_running(); turn++) {
    defragmentation.run(Deadline::in_us(1000));
  }
  REQUIRE(!defragmentation.is_running());
}

TEST_CASE("defragmentation: effort follows the thresholds") {
  DefragmentationOptions options;
  const size_t much = size_t{200} << 20;
  CHECK(Defragmentation::effort({9.9, much}, options) == 0);
  CHECK(Defragmentation::effort({50, 1 << 20}, options) == 0);
  CHECK(Defragmentation::effort({10, much}, options) == 1);
  CHECK(Defragmentation::effort({55, much}, options) == 13);
  CHECK(Defragmentation::effort({100, much}, options) == 25);
  CHECK(Defragmentation::effort({1000, much}, options) == 25);
  // Thresholds that make no range.
  options.threshold_upper.assign(5);
  CHECK(Defragmentation::effort({10, much}, options) == 25);
  options.cycle_min.assign(50);
  CHECK(Defragmentation::effort({10, much}, options) == 50);
}

TEST_CASE("defragmentation: fragmentation of the allocator's figures") {
  CHECK(fragmentation_of({}).bytes == 0);
  CHECK(fragmentation_of(figures(100, 90)).percent == 0);
  CHECK(fragmentation_of(figures(100, 150)).percent == 50);
  CHECK(fragmentation_of(figures(100, 150)).bytes == 50);
}

TEST_CASE("defragmentation: off, it does not begin") {
  Keyspace keyspace(1);
  DefragmentationOptions options;
  Defragmentation defragmentation(keyspace, options);
  defragmentation.check(figures(size_t{1} << 30, size_t{4} << 30));
  CHECK(!defragmentation.is_running());
  CHECK(defragmentation.next_us() == BackgroundTask::kNever);
  options.activedefrag.assign(true);
  defragmentation.check(figures(size_t{1} << 30, size_t{4} << 30));
  CHECK(defragmentation.is_running());
  finish(defragmentation);
  CHECK(defragmentation.next_us() == BackgroundTask::kNever);
}

TEST_CASE("defragmentation: keys keep what they hold while the data is packed") {
  Keyspace keyspace(1);
  Store store(keyspace);
  DefragmentationOptions options;
  options.activedefrag.assign(true);
  Defragmentation defragmentation(keyspace, options);
  constexpr int kKeys = 40'000;
  const auto text_of = [](int i) {
    return std::to_string(i) + std::string(static_cast<size_t>(150 + i % 50), 'x');
  };
  for (int i = 0; i < kKeys; i++) store.put_string("key:" + std::to_string(i), text_of(i));
  for (int i = 0; i < kKeys; i++) {
    if (i % 10 != 0) store.remove("key:" + std::to_string(i));
  }
  refresh_memory_figures();
  const MemoryFigures before = memory_figures();
  defragmentation.check(figures(size_t{1} << 30, size_t{4} << 30));
  finish(defragmentation);
  refresh_memory_figures();
  const MemoryFigures after = memory_figures();
  CHECK(store.size() == size_t{kKeys / 10});
  for (int i = 0; i < kKeys; i += 10) {
    Database::Slot* slot = keyspace.database(0).find(make_key("key:" + std::to_string(i)));
    REQUIRE(slot != nullptr);
    String::Digits digits;
    REQUIRE(String(slot->get()->value()).bytes(digits) == text_of(i));
  }
  if (!Defragmentation::is_supported()) return;
  CHECK(after.active + (size_t{4} << 20) < before.active);
}

TEST_CASE("defragmentation: large collections survive it, with their order and their indexes") {
  Keyspace keyspace(1);
  Store store(keyspace);
  DefragmentationOptions options;
  options.activedefrag.assign(true);
  Defragmentation defragmentation(keyspace, options);
  constexpr int kElements = 5000;
  const auto name_of = [](int i) { return "element:" + std::to_string(i); };
  {
    auto list = store.open<List>("list");
    for (int i = 0; i < kElements; i++) {
      const std::string text = name_of(i);
      const std::string_view view = text;
      list->push({&view, 1}, End::back);
    }
    list.commit("rpush");
    auto set = store.open<Set>("set");
    for (int i = 0; i < kElements; i++) set->add(PackedText(name_of(i)));
    set.commit("sadd");
    auto scores = store.open<SortedSet>("scores");
    for (int i = 0; i < kElements; i++) scores->add(name_of(i), i % 100);
    scores.commit("zadd");
  }
  const auto view = [&](const char* name) {
    return keyspace.database(0).find(make_key(name))->get()->value();
  };
  // Holes, so that there is something to move.
  {
    auto set = store.open<Set>("set");
    for (int i = 0; i < kElements; i++) {
      if (i % 5 != 0) set->remove(PackedText(name_of(i)));
    }
    set.commit("srem");
    auto scores = store.open<SortedSet>("scores");
    for (int i = 0; i < kElements; i++) {
      if (i % 5 != 0) scores->remove(name_of(i));
    }
    scores.commit("zrem");
  }
  for (int round = 0; round < 3; round++) {
    defragmentation.check(figures(size_t{1} << 30, size_t{4} << 30));
    finish(defragmentation);
  }
  CHECK(List(view("list")).size() == size_t{kElements});
  CHECK(Set(view("set")).size() == size_t{kElements / 5});
  CHECK(SortedSet(view("scores")).size() == size_t{kElements / 5});
  for (int i = 0; i < kElements; i++) {
    CHECK(Set(view("set")).contains(PackedText(name_of(i))) == (i % 5 == 0));
    const auto score = SortedSet(view("scores")).score(name_of(i));
    CHECK(score.has_value() == (i % 5 == 0));
    if (score) CHECK(*score == i % 100);
  }
  // The order is still whole: everything can be taken out through it.
  auto scores = store.open<SortedSet>("scores");
  for (int i = 0; i < kElements; i += 5) CHECK(scores->remove(name_of(i)));
  scores.commit("zrem");
}

}  // namespace
}  // namespace larder
