#include "server/types/hash.h"

#include <memory>

#include "server/base/allocation_mover.h"
#include "server/base/allocator.h"

namespace larder {

size_t Hash::size() const {
  const LargeHash* hash = large();
  return hash != nullptr ? hash->size() : PackedHash(view()).size();
}

size_t Hash::live_size(int64_t now_ms) const {
  const size_t fields = size();
  if (times().due_ms >= now_ms || fields > kMaxCounted) return fields;
  size_t live = 0;
  visit(now_ms, [&](const HashField&) {
    live++;
    return true;
  });
  return live;
}

std::optional<HashField> Hash::find(const PackedText& name, int64_t now_ms) const {
  const ValueView value = view();
  std::optional<HashField> field;
  if (value.encoding == kLarge) {
    field = load_object<LargeHash>(value)->find(name);
  } else if (const char* record = PackedHash(value).find(name)) {
    field.emplace(record);
  }
  if (field && field->is_expired(now_ms)) [[unlikely]]
    return std::nullopt;
  return field;
}

std::optional<HashField> Hash::random(Random& random, int64_t now_ms) const {
  // Enough where not nearly all have ended.
  constexpr int kTries = 100;
  if (const LargeHash* hash = large(); hash != nullptr && hash->size() > 0) {
    for (int tries = 0; tries < kTries; tries++) {
      const HashField field = hash->random(random);
      if (!field.is_expired(now_ms)) return field;
    }
  }
  // Each field takes the place of the one picked so far with odds of one in those seen.
  std::optional<HashField> picked;
  uint64_t seen = 0;
  visit(now_ms, [&](const HashField& field) {
    if (random.below(++seen) == 0) picked = field;
    return true;
  });
  return picked;
}

uint64_t Hash::prefetch(std::string_view name) const {
  const LargeHash* hash = large();
  if (hash == nullptr) return 0;
  const uint64_t name_hash = PackedText(name).hash();
  hash->prefetch_page(name_hash);
  return name_hash;
}

std::string_view Hash::encoding_name() const {
  const LargeHash* hash = large();
  return hash == nullptr || hash->is_small() ? "listpack" : "hashtable";
}

size_t Hash::memory(size_t) const {
  const LargeHash* hash = large();
  return hash == nullptr ? 0 : hash->memory();
}

// --- Changing ---

bool Hash::set(std::string_view name, std::string_view value, int64_t expiry_ms, int64_t now_ms) {
  make_room_for(name, value);
  return put({PackedText(name), PackedText(value), expiry_ms}, false, now_ms);
}

bool Hash::set_keeping_end(std::string_view name, std::string_view value, int64_t now_ms) {
  make_room_for(name, value);
  return put({PackedText(name), PackedText(value), kNeverEnds}, true, now_ms);
}

void Hash::expect(size_t fields) {
  if (fields > place_->limits().hash_max_listpack_entries && large() == nullptr) make_large(false);
}

// Texts beyond the option's limit make a hash large.
void Hash::make_room_for(std::string_view name, std::string_view value) {
  const size_t limit = place_->limits().hash_max_listpack_value;
  if (name.size() <= limit && value.size() <= limit) [[likely]]
    return;
  LargeHash* hash = large();
  if (hash == nullptr) hash = make_large(false);
  hash->set_small(false);
}

// With `keeps_end` a field that is there keeps the end that it has.
bool Hash::put(const NewHashField& field, bool keeps_end, int64_t now_ms) {
  if (LargeHash* hash = large()) return put_large(*hash, field, keeps_end, now_ms);
  const PackedHash fields(view());
  const char* old = fields.find(field.name);
  const bool is_new = old == nullptr || HashField(old).is_expired(now_ms);
  const size_t max_fields = place_->limits().hash_max_listpack_entries;
  const bool is_too_many = old == nullptr && fields.size() >= max_fields;
  if (is_too_many || fields.bytes_with(field.size(), true) > kMaxPackedBytes) {
    return put_large(*make_large(!is_too_many), field, keeps_end, now_ms);
  }
  if (keeps_end && !is_new) {
    PackedHash::put(*place_, old, {field.name, field.value, HashField(old).expiry_ms()});
  } else {
    PackedHash::put(*place_, old, field);
  }
  return is_new;
}

bool Hash::put_large(LargeHash& hash, NewHashField field, bool keeps_end, int64_t now_ms) {
  const auto old = keeps_end ? hash.find(field.name) : std::nullopt;
  if (old && !old->is_expired(now_ms)) field.expiry_ms = old->expiry_ms();
  const bool is_new = hash.put(field, now_ms);
  if (hash.size() > place_->limits().hash_max_listpack_entries) hash.set_small(false);
  return is_new;
}

// Moves all fields to a table.
LargeHash* Hash::make_large(bool is_small) {
  const PackedHash fields(view());
  auto hash = std::make_unique<LargeHash>();
  hash->reserve(fields.size(), fields.bytes() / (fields.size() + 1));
  fields.visit([&](const HashField& field) {
    hash->take(field);
    return true;
  });
  hash->times() = fields.times();
  hash->set_small(is_small);
  LargeHash* made = hash.release();
  store_object(*place_, made, kLarge);
  return made;
}

bool Hash::remove(const PackedText& name, int64_t now_ms) {
  const auto field = find(name, now_ms);
  if (!field) return false;
  if (LargeHash* hash = large()) {
    hash->remove(name);
  } else {
    PackedHash::remove(*place_, field->record());
  }
  return true;
}

void Hash::set_expiry(const PackedText& name, int64_t expiry_ms) {
  const auto field = find(name, INT64_MIN);
  if (!field || field->expiry_ms() == expiry_ms) return;
  // Copied, because records move while one of them is written.
  const std::string value = field->value().to_string();
  put({name, PackedText(value), expiry_ms}, false, INT64_MIN);
}

ExpiredFields Hash::remove_expired(int64_t now_ms, Deadline deadline) {
  if (LargeHash* hash = large()) return hash->remove_expired(now_ms, deadline);
  return PackedHash::remove_expired(*place_, now_ms);
}

void Hash::assign(const Hash& other) {
  if (const LargeHash* hash = other.large()) {
    store_object(*place_, new LargeHash(*hash), kLarge);
    return;
  }
  const ValueView value = other.view();
  std::memcpy(place_->resize(value.size, value.encoding), value.data, value.size);
  if (value.encoding == PackedHash::kEnding) set_indexed_ms(place_->view(), kNeverEnds);
}

// --- When fields end ---

FieldTimes Hash::times() const {
  const LargeHash* hash = large();
  return hash != nullptr ? hash->times() : PackedHash(view()).times();
}

void Hash::set_indexed_ms(ValueView view, int64_t indexed_ms) {
  if (view.encoding == kLarge) {
    load_object<LargeHash>(view)->times().indexed_ms = indexed_ms;
  } else if (view.encoding == PackedHash::kEnding) {
    FieldTimes times = PackedHash(view).times();
    times.indexed_ms = indexed_ms;
    PackedHash::set_times(view, times);
  }
}

int64_t Hash::next_removal_ms() const {
  const int64_t due_ms = times().due_ms;
  const LargeHash* hash = large();
  return hash == nullptr || due_ms == kNeverEnds ? due_ms : std::max(due_ms, hash->next_walk_ms());
}

bool Hash::is_heavy(ValueView view) {
  return view.encoding == kLarge && load_object<LargeHash>(view)->parts() > kHeavyParts;
}

bool Hash::drain(ValueView view, Deadline deadline) {
  if (view.encoding != kLarge) return true;
  LargeHash* hash = load_object<LargeHash>(view);
  if (!hash->drain(deadline)) return false;
  delete hash;
  return true;
}

uint64_t Hash::move_parts(ValueView value, AllocationMover& mover, uint64_t position) {
  if (value.encoding != kLarge) return 0;
  LargeHash* hash = load_object<LargeHash>(value);
  for (size_t i = 0; i < kPartsPerStep; i++) {
    position = hash->move_page(
        position, [&](void* page, size_t bytes) { return mover.move_if_sparse(page, bytes); });
    if (position == 0) break;
  }
  return position;
}

}  // namespace larder
