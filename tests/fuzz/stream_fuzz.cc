// A stream, its chunks and the pending entries of its groups against standard maps.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/base/assert.h"
#include "server/types/stream_log.h"
#include "tests/fuzz/fuzz_bytes.h"

namespace larder {
namespace {

using Texts = std::vector<std::string>;
using Entries = std::map<StreamId, Texts>;

Texts texts_of(const StreamEntry& entry) {
  Texts texts;
  entry.for_each([&](PackedEntry field, PackedEntry value) {
    texts.push_back(field.to_string());
    texts.push_back(value.to_string());
  });
  return texts;
}

Entries range_of(const StreamLog& log, StreamId first, StreamId last,
                 StreamCursor::Direction direction) {
  Entries entries;
  StreamCursor cursor(log, first, last, direction);
  StreamEntry entry;
  while (cursor.next(entry)) {
    const bool is_forward = direction == StreamCursor::Direction::forward;
    if (!entries.empty()) {
      LARDER_ASSERT(is_forward ? entries.rbegin()->first < entry.id
                               : entry.id < entries.begin()->first);
    }
    entries[entry.id] = texts_of(entry);
  }
  return entries;
}

class Game {
 public:
  explicit Game(FuzzBytes bytes) : bytes_(bytes) {
    limits_.stream_node_max_entries = bytes_.below(20);
    limits_.stream_node_max_bytes = bytes_.byte() * size_t{8};
  }

  void play() {
    for (int i = 0; i < 300 && !bytes_.empty(); i++) step();
    check(log_);
    const StreamLog copy(log_);
    check(copy);
  }

 private:
  StreamId new_id() {
    const uint8_t kind = bytes_.byte();
    const StreamId last = log_.last_id();
    StreamId id{last.ms, last.seq + 1 + kind % 16};
    if (kind >= 200)
      id = {static_cast<uint64_t>(bytes_.integer()), static_cast<uint64_t>(bytes_.integer())};
    return id > last ? id : last.next().value_or(last);
  }
  StreamId some_id() {
    if (entries_.empty() || bytes_.below(8) == 0) {
      return {static_cast<uint64_t>(bytes_.integer()), static_cast<uint64_t>(bytes_.integer())};
    }
    const auto at =
        std::next(entries_.begin(), static_cast<std::ptrdiff_t>(bytes_.byte() % entries_.size()));
    const StreamId id = at->first;
    const uint8_t kind = bytes_.byte();
    if (kind < 32) return id.next().value_or(id);
    if (kind < 64) return id.previous().value_or(id);
    return id;
  }

  void step() {
    const uint8_t choice = bytes_.byte();
    if (choice < 120) return append();
    if (choice < 160) return erase();
    if (choice < 180) return trim();
    if (choice < 200) return check_range();
    groups(choice);
  }
  void append() {
    const StreamId id = new_id();
    if (id <= log_.last_id()) return;  // the stream is at its end
    Texts texts;
    const size_t pairs = 1 + bytes_.below(3);
    const uint8_t odd = bytes_.byte();
    for (size_t i = 0; i < pairs; i++) {
      texts.push_back(odd < 64 ? bytes_.text() : "field" + std::to_string(i));
      texts.push_back(bytes_.text());
    }
    const std::vector<std::string_view> views(texts.begin(), texts.end());
    log_.append(id, views, limits_);
    entries_[id] = std::move(texts);
    const auto found = log_.find(id);
    LARDER_ASSERT(found && texts_of(*found) == entries_[id]);
  }
  void erase() {
    const StreamId id = some_id();
    LARDER_ASSERT(log_.erase(id) == (entries_.erase(id) == 1));
    LARDER_ASSERT(!log_.contains(id));
  }
  void trim() {
    StreamTrim trim;
    const bool by_length = bytes_.flag();
    trim.strategy = by_length ? StreamTrim::Strategy::max_length : StreamTrim::Strategy::min_id;
    trim.max_length = bytes_.byte();
    trim.min_id = some_id();
    trim.whole_chunks = bytes_.flag();
    if (trim.whole_chunks) trim.limit = bytes_.below(50);
    const uint64_t count = log_.trim(trim);
    LARDER_ASSERT(count <= entries_.size());
    LARDER_ASSERT(trim.limit == 0 || count <= trim.limit);
    for (uint64_t i = 0; i < count; i++) {
      const bool may_go =
          by_length ? entries_.size() > trim.max_length : entries_.begin()->first < trim.min_id;
      LARDER_ASSERT(may_go);
      entries_.erase(entries_.begin());
    }
    if (trim.whole_chunks || entries_.empty()) return;
    LARDER_ASSERT(by_length ? entries_.size() <= trim.max_length
                            : entries_.begin()->first >= trim.min_id);
  }
  void check_range() {
    const StreamId first = some_id();
    const StreamId last = some_id();
    Entries expected;
    for (const auto& [id, texts] : entries_) {
      if (first <= id && id <= last) expected[id] = texts;
    }
    LARDER_ASSERT(range_of(log_, first, last, StreamCursor::Direction::forward) == expected);
    LARDER_ASSERT(range_of(log_, first, last, StreamCursor::Direction::backward) == expected);
  }
  void check(const StreamLog& log) const {
    LARDER_ASSERT(log.length() == entries_.size());
    LARDER_ASSERT(log.first_id() == (entries_.empty() ? StreamId() : entries_.begin()->first));
    LARDER_ASSERT((log.chunk_count() == 0) == entries_.empty());
    for (const auto direction :
         {StreamCursor::Direction::forward, StreamCursor::Direction::backward}) {
      LARDER_ASSERT(range_of(log, {}, StreamId::max(), direction) == entries_);
    }
    const StreamGroup* group = log.find_group("group");
    LARDER_ASSERT((group != nullptr) == has_group_);
    if (group == nullptr) return;
    LARDER_ASSERT(group->pending().size() == owners_.size());
    if (const auto lag = log.lag(*group)) LARDER_ASSERT(*lag >= 0);
  }

  // --- One group, whose pending entries the model knows with their owners ---
  void groups(uint8_t choice) {
    if (!has_group_ || choice == 255) return make_group();
    StreamGroup& group = *log_.find_group("group");
    const StreamId id = some_id();
    const std::string name(1, static_cast<char>('a' + bytes_.below(3)));
    if (choice < 230) {
      StreamConsumer* consumer = group.add_consumer(name, 1).first;
      group.deliver(id, *consumer, 1);
      owners_[id] = name;
      LARDER_ASSERT(group.find_pending(id)->consumer->name == name);
    } else if (choice < 240) {
      LARDER_ASSERT(group.acknowledge(id) == (owners_.erase(id) == 1));
    } else if (choice < 246) {
      LARDER_ASSERT(log_.drop_references(id) == (owners_.erase(id) == 1));
    } else if (choice < 250) {
      if (StreamConsumer* consumer = group.find_consumer(name)) {
        const size_t gone =
            std::erase_if(owners_, [&](const auto& one) { return one.second == name; });
        LARDER_ASSERT(group.erase_consumer(*consumer) == gone);
      }
    } else if (choice < 252) {
      group.last_id = id;
      group.entries_read = StreamGroup::kUnknown;
    } else if (const auto next = entries_.upper_bound(group.last_id); next != entries_.end()) {
      log_.advance(group, next->first);
    }
    for (const auto& [pending, owner] : owners_) {
      const PendingEntry* entry = group.find_pending(pending);
      LARDER_ASSERT(entry != nullptr && entry->consumer->name == owner);
    }
  }
  void make_group() {
    if (has_group_) LARDER_ASSERT(log_.erase_group("group"));
    owners_.clear();
    has_group_ = bytes_.below(8) != 0;
    if (has_group_) LARDER_ASSERT(log_.add_group("group", some_id(), StreamGroup::kUnknown));
  }

  FuzzBytes bytes_;
  TypeLimits limits_;
  StreamLog log_;
  Entries entries_;
  bool has_group_ = false;
  std::map<StreamId, std::string> owners_;
};

}  // namespace
}  // namespace larder

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  larder::Game(larder::FuzzBytes(data, size)).play();
  return 0;
}
