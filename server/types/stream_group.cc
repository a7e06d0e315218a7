#include "server/types/stream_group.h"

namespace larder {
namespace {

// What a map keeps for each element besides the element itself.
constexpr size_t kMapNode = 4 * sizeof(void*);

}  // namespace

StreamGroup::StreamGroup(const StreamGroup& other)
    : last_id(other.last_id), entries_read(other.entries_read) {
  for (const auto& [name, consumer] : other.consumers_) {
    StreamConsumer& copy = *add_consumer(name, consumer.seen_ms).first;
    copy.active_ms = consumer.active_ms;
    copy.pending = consumer.pending;
  }
  for (auto at = other.pending_.begin(); at != other.pending_.end(); at = other.pending_.next(at)) {
    PendingEntry copy = other.pending_[at];
    copy.consumer = find_consumer(copy.consumer->name);
    pending_.insert(copy);
  }
}

StreamConsumer* StreamGroup::find_consumer(std::string_view name) {
  const auto found = consumers_.find(name);
  return found == consumers_.end() ? nullptr : &found->second;
}

const StreamConsumer* StreamGroup::find_consumer(std::string_view name) const {
  const auto found = consumers_.find(name);
  return found == consumers_.end() ? nullptr : &found->second;
}

std::pair<StreamConsumer*, bool> StreamGroup::add_consumer(std::string_view name, int64_t now_ms) {
  if (StreamConsumer* known = find_consumer(name)) return {known, false};
  auto& [key, consumer] = *consumers_.emplace(std::string(name), StreamConsumer{}).first;
  consumer.name = key;
  consumer.seen_ms = now_ms;
  return {&consumer, true};
}

size_t StreamGroup::erase_consumer(StreamConsumer& consumer) {
  const size_t count = consumer.pending.size();
  for (auto at = consumer.pending.begin(); at != consumer.pending.end();
       at = consumer.pending.next(at)) {
    pending_.erase_key(consumer.pending[at]);
  }
  consumers_.erase(consumers_.find(consumer.name));
  return count;
}

void StreamGroup::deliver(StreamId id, StreamConsumer& consumer, int64_t now_ms) {
  const auto [entry, is_new] = pending_.insert({id, now_ms, 1, &consumer});
  if (is_new) {
    consumer.pending.insert(id);
    return;
  }
  assign(*entry, consumer);
  entry->delivered_ms = now_ms;
  entry->deliveries = 1;
}

void StreamGroup::assign(PendingEntry& entry, StreamConsumer& consumer) {
  if (entry.consumer == &consumer) return;
  if (entry.consumer != nullptr) entry.consumer->pending.erase_key(entry.id);
  consumer.pending.insert(entry.id);
  entry.consumer = &consumer;
}

PendingEntry& StreamGroup::add_pending(StreamId id, int64_t now_ms) {
  return *pending_.insert({id, now_ms, 1, nullptr}).first;
}

bool StreamGroup::acknowledge(StreamId id) {
  const auto at = pending_.lower_bound(id);
  if (at == pending_.end() || pending_[at].id != id) return false;
  pending_[at].consumer->pending.erase_key(id);
  pending_.erase(at);
  return true;
}

size_t StreamGroup::memory() const {
  size_t bytes = pending_.memory();
  for (const auto& [name, consumer] : consumers_) {
    bytes += kMapNode + sizeof(Consumers::value_type) + consumer.pending.memory();
    if (name.capacity() > std::string().capacity()) bytes += name.capacity();
  }
  return bytes;
}

bool StreamGroup::drain(Deadline deadline) {
  while (!pending_.empty()) {
    pending_.drop_last_block();
    if (deadline.has_passed()) return false;
  }
  while (!consumers_.empty()) {
    auto& owned = consumers_.begin()->second.pending;
    while (!owned.empty()) {
      owned.drop_last_block();
      if (deadline.has_passed()) return false;
    }
    consumers_.erase(consumers_.begin());
  }
  return true;
}

}  // namespace larder
