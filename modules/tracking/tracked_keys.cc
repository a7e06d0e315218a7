#include "modules/tracking/tracked_keys.h"

#include <string>

namespace larder {

TrackedKeys::~TrackedKeys() {
  clear();
  free_cleared(Deadline::never());
}

// --- Readers ---

uint32_t TrackedKeys::join() {
  if (free_.empty()) {
    readers_.emplace_back();
    return static_cast<uint32_t>(readers_.size() - 1);
  }
  const uint32_t reader = *free_.begin();
  free_.erase(free_.begin());
  readers_[reader] = {};
  return reader;
}

void TrackedKeys::leave(uint32_t reader) {
  readers_[reader].has_left = true;
  left_items_ += readers_[reader].items;
  if (readers_[reader].items == 0) free_number(reader);
}

void TrackedKeys::free_number(uint32_t reader) {
  readers_[reader].is_free = true;
  free_.insert(reader);
  while (!readers_.empty() && readers_.back().is_free) {
    free_.erase(static_cast<uint32_t>(readers_.size() - 1));
    readers_.pop_back();
  }
}

void TrackedKeys::forget_item(uint32_t reader) {
  items_--;
  Reader& known = readers_[reader];
  known.items--;
  if (!known.has_left) return;
  left_items_--;
  if (known.items == 0) free_number(reader);
}

// --- Keys ---

bool TrackedKeys::remember(const Key& key, uint32_t reader) {
  if (Table::Slot* slot = find(key.name, key.hash); slot != nullptr) {
    TrackedKey* tracked = slot->get();
    const size_t memory_before = tracked->memory();
    if (!TrackedKey::add(tracked, reader)) return false;
    slot->set(tracked);
    key_bytes_ += tracked->memory() - memory_before;
  } else {
    TrackedKey* tracked = TrackedKey::create(key.name, reader);
    table_.insert(key.hash, tracked);
    key_bytes_ += tracked->memory();
  }
  items_++;
  readers_[reader].items++;
  return true;
}

const TrackedKey* TrackedKeys::random(Random& random) const {
  const Table::Slot* slot = table_.random(random);
  return slot == nullptr ? nullptr : slot->get();
}

void TrackedKeys::clear() {
  if (table_.size() == 0) return;
  cleared_bytes_ += table_.memory() + key_bytes_;
  cleared_.emplace_back().swap(table_);
  key_bytes_ = 0;
  items_ = 0;
  left_items_ = 0;
  is_walking_ = false;
  // Numbers at the end go as they become free.
  for (uint32_t reader = 0; reader < readers_.size(); reader++) {
    readers_[reader].items = 0;
    if (readers_[reader].has_left && !readers_[reader].is_free) free_number(reader);
  }
}

// --- Work in slices ---

bool TrackedKeys::work(Deadline deadline) {
  if (free_cleared(deadline)) return true;
  while (is_walking_ || needs_walk()) {
    walk_step();
    if (deadline.has_passed()) return is_walking_ || needs_walk();
  }
  return false;
}

bool TrackedKeys::free_cleared(Deadline deadline) {
  while (!cleared_.empty()) {
    const auto dispose = [&](Table::Slot& slot) {
      cleared_bytes_ -= slot.get()->memory();
      TrackedKey::destroy(slot.get());
    };
    const size_t table_bytes = cleared_.front().memory();
    const bool is_empty = cleared_.front().drain(dispose, deadline);
    cleared_bytes_ -= table_bytes - cleared_.front().memory();
    if (is_empty) {
      cleared_bytes_ -= cleared_.front().memory();
      cleared_.pop_front();
    }
    if (deadline.has_passed()) return !cleared_.empty();
  }
  return false;
}

// Takes those who have left out of some hundred keys.
void TrackedKeys::walk_step() {
  if (!is_walking_) walk_position_ = 0;
  std::vector<std::string> emptied;
  walk_position_ = table_.visit_segment<true>(walk_position_, [&](Table::Slot& slot) {
    TrackedKey* tracked = slot.get();
    const size_t memory_before = tracked->memory();
    std::vector<uint32_t> gone;
    size_t stay = 0;
    tracked->visit_readers([&](uint32_t reader) {
      readers_[reader].has_left ? gone.push_back(reader) : static_cast<void>(stay++);
    });
    if (gone.empty()) return;
    if (stay == 0) return emptied.emplace_back(tracked->key()), void();
    TrackedKey::remove_if(tracked, [&](uint32_t reader) { return readers_[reader].has_left; });
    slot.set(tracked);
    key_bytes_ -= memory_before - tracked->memory();
    for (const uint32_t reader : gone) forget_item(reader);
  });
  // Only now may the table change.
  for (const std::string& key : emptied) {
    take(key, [](uint32_t) {});
  }
  is_walking_ = walk_position_ != 0;
}

}  // namespace larder
