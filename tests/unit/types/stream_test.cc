// Streams against a std::map: the same random requests to both, and the same answers expected.
#include "server/types/stream.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "server/base/allocator.h"
#include "server/base/random.h"
#include "server/keyspace/edit.h"

namespace larder {
namespace {

using Texts = std::vector<std::string>;
using Entries = std::map<StreamId, Texts>;

std::vector<std::string_view> views(const Texts& texts) {
  return {texts.begin(), texts.end()};
}

Texts texts_of(const StreamEntry& entry) {
  Texts texts;
  entry.for_each([&](PackedEntry field, PackedEntry value) {
    texts.push_back(field.to_string());
    texts.push_back(value.to_string());
  });
  CHECK(texts.size() == 2 * entry.field_count());
  return texts;
}

std::string random_text(Random& random) {
  switch (random.below(8)) {
    case 0:
      return "";
    case 1:
      return std::to_string(static_cast<int64_t>(random.next()));
    case 2:
      return std::to_string(random.below(300));
    case 3:
      return std::string(random.below(600), 'x');
    case 4:
      return random.below(50) == 0 ? std::string(70'000, 'y') : "0012";
    default:
      return "value:" + std::to_string(random.below(1000));
  }
}

Texts random_fields(Random& random) {
  Texts texts;
  const size_t pairs = random.below(8) == 0 ? 1 + random.below(4) : 2;
  for (size_t i = 0; i < pairs; i++) {
    texts.push_back(random.below(20) == 0 ? random_text(random) : "field" + std::to_string(i));
    texts.push_back(random_text(random));
  }
  return texts;
}

// A stream and what it should hold.
class Pair {
 public:
  explicit Pair(uint64_t seed) : random_(seed) {
    constexpr size_t kEntries[] = {0, 1, 2, 7, 100};
    constexpr size_t kBytes[] = {0, 1, 100, 4096};
    limits_.stream_node_max_entries = kEntries[random_.below(std::size(kEntries))];
    limits_.stream_node_max_bytes = kBytes[random_.below(std::size(kBytes))];
  }

  void step() {
    switch (random_.below(10)) {
      case 0:
        return erase();
      case 1:
        return trim_to_length();
      case 2:
        return trim_to_id();
      case 3:
        return compare_range();
      default:
        return add();
    }
  }
  void check() const {
    CHECK(log_.length() == model_.size());
    CHECK(log_.first_id() == (model_.empty() ? StreamId() : model_.begin()->first));
    CHECK(log_.newest_id() == (model_.empty() ? StreamId() : model_.rbegin()->first));
    CHECK(log_.last_id() == last_);
    CHECK(log_.entries_added() == added_);
    CHECK(log_.max_deleted_id() == deleted_);
    CHECK((log_.chunk_count() == 0) == model_.empty());
    check_same(log_);
  }
  void check_same(const StreamLog& log) const {
    check_walk(log, StreamCursor::Direction::forward, {}, StreamId::max());
    check_walk(log, StreamCursor::Direction::backward, {}, StreamId::max());
  }
  const StreamLog& log() const { return log_; }

 private:
  StreamId new_id() {
    StreamId id = last_;
    switch (random_.below(4)) {
      case 0:
        return {id.ms + 1 + random_.below(5), random_.below(3)};
      case 1:
        return {id.ms + random_.below(uint64_t{1} << (8 * random_.below(5))) + 1, random_.next()};
      default:
        return id.seq > UINT64_MAX - 1000 ? StreamId{id.ms + 1, 0}
                                          : StreamId{id.ms, id.seq + 1 + random_.below(300)};
    }
  }
  // The ID of an entry, or one near.
  StreamId some_id() {
    if (model_.empty()) return {random_.below(10), random_.below(10)};
    auto at = model_.begin();
    std::advance(at, static_cast<long>(random_.below(model_.size())));
    const StreamId id = at->first;
    if (random_.below(4) == 0) return id.next().value_or(id);
    if (random_.below(4) == 0) return id.previous().value_or(id);
    return id;
  }
  void add() {
    last_ = new_id();
    const Texts texts = random_fields(random_);
    log_.append(last_, views(texts), limits_);
    model_[last_] = texts;
    added_++;
    const auto found = log_.find(last_);
    REQUIRE(found);
    REQUIRE(texts_of(*found) == texts);
  }
  void erase() {
    const StreamId id = some_id();
    const bool was_there = model_.erase(id) == 1;
    REQUIRE(log_.erase(id) == was_there);
    REQUIRE_FALSE(log_.contains(id));
    if (was_there) deleted_ = std::max(deleted_, id);
  }
  void trim_to_length() {
    if (random_.below(8) != 0) return;
    StreamTrim trim;
    trim.strategy = StreamTrim::Strategy::max_length;
    trim.max_length = random_.below(model_.size() + 2);
    trim.whole_chunks = random_.below(2) == 0;
    if (trim.whole_chunks) trim.limit = random_.below(50);
    const size_t before = model_.size();
    const uint64_t count = log_.trim(trim);
    drop_first(count);
    const uint64_t too_many = before > trim.max_length ? before - trim.max_length : 0;
    REQUIRE(count <= too_many);
    if (!trim.whole_chunks) REQUIRE(count == too_many);
    if (trim.limit != 0) REQUIRE(count <= trim.limit);
  }
  void trim_to_id() {
    if (random_.below(8) != 0) return;
    StreamTrim trim;
    trim.strategy = StreamTrim::Strategy::min_id;
    trim.min_id = some_id();
    trim.whole_chunks = random_.below(2) == 0;
    const auto smaller = std::distance(model_.begin(), model_.lower_bound(trim.min_id));
    const uint64_t count = log_.trim(trim);
    drop_first(count);
    REQUIRE(count <= static_cast<uint64_t>(smaller));
    if (!trim.whole_chunks) REQUIRE(count == static_cast<uint64_t>(smaller));
  }
  void drop_first(uint64_t count) {
    for (; count > 0; count--) model_.erase(model_.begin());
  }
  void compare_range() {
    const StreamId first = some_id();
    const StreamId last = random_.below(4) == 0 ? StreamId::max() : some_id();
    check_walk(log_, StreamCursor::Direction::forward, first, last);
    check_walk(log_, StreamCursor::Direction::backward, first, last);
  }
  void check_walk(const StreamLog& log, StreamCursor::Direction direction, StreamId first,
                  StreamId last) const {
    std::vector<std::pair<StreamId, Texts>> expected;
    for (auto at = model_.lower_bound(first); at != model_.end() && at->first <= last; ++at) {
      expected.emplace_back(*at);
    }
    if (direction == StreamCursor::Direction::backward) {
      std::reverse(expected.begin(), expected.end());
    }
    StreamCursor cursor(log, first, last, direction);
    StreamEntry entry;
    for (const auto& [id, texts] : expected) {
      REQUIRE(cursor.next(entry));
      REQUIRE(entry.id == id);
      REQUIRE(texts_of(entry) == texts);
    }
    REQUIRE_FALSE(cursor.next(entry));
    REQUIRE_FALSE(cursor.next(entry));
  }

  Random random_;
  TypeLimits limits_;
  StreamLog log_;
  Entries model_;
  StreamId last_;
  StreamId deleted_;
  uint64_t added_ = 0;
};

TEST_CASE("a stream behaves as a map of its entries") {
  for (uint64_t seed = 1; seed <= 40; seed++) {
    INFO("seed " << seed);
    Pair pair(seed);
    for (int step = 0; step < 1500; step++) pair.step();
    pair.check();
  }
}

TEST_CASE("a copy of a stream has its entries, and lives on its own") {
  Pair pair(99);
  for (int step = 0; step < 1000; step++) pair.step();
  const StreamLog copy(pair.log());
  for (int step = 0; step < 100; step++) pair.step();
  StreamLog again(pair.log());
  pair.check_same(again);
  StreamTrim everything;
  everything.strategy = StreamTrim::Strategy::max_length;
  again.trim(everything);
  CHECK(again.length() == 0);
  pair.check();
  CHECK(copy.entries_added() < pair.log().entries_added());
}

TEST_CASE("stream entries at the ends of all numbers") {
  StreamLog log;
  const TypeLimits limits;
  const Texts texts = {"f", "9223372036854775807"};
  const StreamId ids[] = {{0, 1},          {0, UINT64_MAX},
                          {1, 0},          {uint64_t{1} << 48, 255},
                          {UINT64_MAX, 0}, {UINT64_MAX, UINT64_MAX - 1},
                          StreamId::max()};
  for (const StreamId id : ids) log.append(id, views(texts), limits);
  for (const StreamId id : ids) {
    const auto found = log.find(id);
    REQUIRE(found);
    CHECK(found->id == id);
    CHECK(texts_of(*found) == texts);
  }
  CHECK(log.newest_id() == StreamId::max());
  StreamTrim trim;
  trim.strategy = StreamTrim::Strategy::min_id;
  trim.min_id = StreamId::max();
  CHECK(log.trim(trim) == 6);
  CHECK(log.length() == 1);
}

// --- Groups ---

struct Model {
  struct Delivery {
    std::string consumer;
    uint64_t count;
  };
  std::map<StreamId, Delivery> pending;
};

void check_group(const StreamGroup& group, const Model& model) {
  REQUIRE(group.pending().size() == model.pending.size());
  size_t by_consumers = 0;
  for (const auto& [name, consumer] : group.consumers()) {
    by_consumers += consumer.pending.size();
    for (auto at = consumer.pending.begin(); at != consumer.pending.end();
         at = consumer.pending.next(at)) {
      REQUIRE(model.pending.at(consumer.pending[at]).consumer == name);
    }
  }
  REQUIRE(by_consumers == model.pending.size());
  auto expected = model.pending.begin();
  for (auto at = group.pending().begin(); at != group.pending().end();
       at = group.pending().next(at), ++expected) {
    REQUIRE(group.pending()[at].id == expected->first);
    REQUIRE(group.pending()[at].deliveries == expected->second.count);
    REQUIRE(group.pending()[at].consumer->name == expected->second.consumer);
  }
}

TEST_CASE("a group's pending entries belong to one consumer each") {
  Random random(5);
  StreamGroup group({}, 0);
  Model model;
  const std::string names[] = {"alice", "bob", "", std::string("c\0d", 3)};
  for (int step = 0; step < 20'000; step++) {
    const StreamId id{random.below(200), random.below(3)};
    const std::string& name = names[random.below(std::size(names))];
    const uint64_t action = random.below(20);
    if (action < 9) {
      group.deliver(id, *group.add_consumer(name, 1).first, step);
      model.pending[id] = {name, 1};
    } else if (action < 14) {
      REQUIRE(group.acknowledge(id) == (model.pending.erase(id) == 1));
    } else if (action < 19) {
      PendingEntry* entry = group.find_pending(id);
      REQUIRE((entry != nullptr) == model.pending.contains(id));
      if (entry == nullptr) continue;
      entry->deliveries++;
      group.assign(*entry, *group.add_consumer(name, 1).first);
      model.pending[id] = {name, model.pending[id].count + 1};
    } else if (random.below(20) == 0) {
      StreamConsumer* consumer = group.find_consumer(name);
      if (consumer == nullptr) continue;
      const size_t erased = group.erase_consumer(*consumer);
      REQUIRE(erased == std::erase_if(model.pending, [&](const auto& entry) {
                return entry.second.consumer == name;
              }));
      REQUIRE(group.find_consumer(name) == nullptr);
    }
  }
  check_group(group, model);
  const StreamGroup copy(group);
  while (!group.drain(Deadline::never())) {
  }
  CHECK(group.pending().empty());
  CHECK(group.consumers().empty());
  check_group(copy, model);
}

TEST_CASE("lag and entries-read, as Redis 7.2 computes them") {
  StreamLog log;
  const TypeLimits limits;
  const Texts texts = {"f", "v"};
  CHECK(log.add_group("g", {}, StreamGroup::kUnknown));
  CHECK_FALSE(log.add_group("g", {}, 5));
  StreamGroup& group = *log.find_group("g");
  CHECK(log.lag(group) == 0);
  for (uint64_t ms = 1; ms <= 5; ms++) log.append({ms, 0}, views(texts), limits);
  CHECK(log.lag(group) == 5);
  log.advance(group, {1, 0});
  CHECK(group.entries_read == 1);
  CHECK(log.lag(group) == 4);
  log.erase({3, 0});  // a gap ahead
  CHECK(log.lag(group) == std::nullopt);
  log.advance(group, {2, 0});
  CHECK(group.entries_read == StreamGroup::kUnknown);
  log.advance(group, {4, 0});
  CHECK(group.entries_read == StreamGroup::kUnknown);
  log.advance(group, {5, 0});
  CHECK(group.entries_read == 5);
  CHECK(log.lag(group) == 0);
  log.advance(group, {4, 0});  // nothing new
  CHECK(group.last_id == StreamId{5, 0});
}

// --- In a database ---

TEST_CASE("a stream lives in a key, empty as well, and is freed in steps") {
  Keyspace keyspace(1);
  Database& database = keyspace.database(0);
  const Key key = make_key("s");
  const Texts texts = {"field", "value"};
  {
    Edit<Stream> edit(keyspace, database, key, nullptr, Type::stream, kNoExpiry);
    edit->open();
    edit.commit("xgroup-create");
  }
  const ValueView empty = database.find(key)->get()->value();
  CHECK(Stream(empty).size() == 0);
  CHECK(encoding_name(empty) == "stream");
  CHECK_FALSE(is_heavy(empty));
  {
    Edit<Stream> edit(keyspace, database, key, database.find(key), Type::stream, kNoExpiry);
    StreamLog& log = edit->open();
    for (uint64_t ms = 1; ms <= 20'000; ms++) {
      log.append({ms, 0}, views(texts), keyspace.type_limits);
    }
    StreamGroup& group = log.groups().try_emplace("group", StreamId{}, 0).first->second;
    for (int i = 0; i < 100; i++) group.add_consumer("consumer " + std::to_string(i), 0);
    edit.commit("xadd");
  }
  const ValueView full = database.find(key)->get()->value();
  CHECK(is_heavy(full));
  CHECK(value_memory(full, 5) > 20'000 * 8);
  CHECK(value_memory(full, 5) < 20'000 * 16);
  // Who asks at each change does not pay for the consumers.
  CHECK(value_size_hint(full) > 20'000 * 8);
  CHECK(value_size_hint(full) + 100 * sizeof(StreamConsumer) < value_memory(full, 5));
  keyspace.remove(database, key, "del");
  CHECK(keyspace.disposal.pending() == 1);
  CHECK_FALSE(keyspace.free_removed(Deadline::never()));
}

TEST_CASE("a million entries with two short fields take no more than 30.5 bytes each") {
  StreamLog log;
  const TypeLimits limits;
  const size_t before = used_memory();
  uint64_t ms = 1'700'000'000'000;
  for (uint64_t i = 0; i < 1'000'000; i++) {
    if (i % 3 == 0) ms++;
    const std::string value = std::to_string(10'000'000 + i);
    const Texts texts = {"field1", "v" + value.substr(1), "field2", "w" + value.substr(1)};
    log.append({ms, i % 3}, views(texts), limits);
  }
  const double bytes = static_cast<double>(used_memory() - before) / 1e6;
  INFO(bytes << " bytes, by its own account " << static_cast<double>(log.memory()) / 1e6);
#ifdef LARDER_JEMALLOC
  CHECK(bytes <= 30.5);
  CHECK(static_cast<double>(log.memory()) / 1e6 == Approx(bytes).epsilon(0.02));
#endif
  CHECK(log.length() == 1'000'000);
}

}  // namespace
}  // namespace larder
