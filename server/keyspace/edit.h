// The only way to change a value. An edit opens a key, lets its type change the value, and `commit` tells
// everybody who has to know: listeners, WATCH, and later AOF, replicas and snapshots.
//
//   TRY(auto number, ctx.edit_or_create<String>(ctx.key(1)));
//   TRY(const int64_t sum, number->add(delta));
//   number.commit("incrby");
//
// A key that an edit creates comes to life when its value is first given bytes. An edit that changed
// something must be committed before it ends. While it is open nothing else may change the database.
#pragma once

#include <optional>
#include <string_view>
#include <utility>

#include "server/base/assert.h"
#include "server/keyspace/keyspace.h"

namespace larder {

// What an Edit does whatever its type.
class EditedEntry : public ValuePlace {
 public:
  EditedEntry(Keyspace& keyspace, Database& database, const Key& key, Database::Slot* slot, Type type,
              int64_t expiry_ms)
      : keyspace_(&keyspace), database_(&database), key_(key), slot_(slot), type_(type),
        expiry_ms_(expiry_ms) {}
  EditedEntry(const EditedEntry&) = delete;
  EditedEntry& operator=(const EditedEntry&) = delete;
  // Moving is for returning an edit before its value is first looked at.
  EditedEntry(EditedEntry&& other) noexcept
      : keyspace_(other.keyspace_),
        database_(other.database_),
        key_(other.key_),
        slot_(other.slot_),
        type_(other.type_),
        expiry_ms_(other.expiry_ms_),
        changed_shape_(std::exchange(other.changed_shape_, false)) {}
  ~EditedEntry() { LARDER_ASSERT(!changed_shape_); }

  // Whether the key is there.
  explicit operator bool() const { return slot_ != nullptr; }
  const Entry& entry() const { return *slot_->get(); }
  int64_t expiry_ms() const { return slot_ == nullptr ? expiry_ms_ : entry().expiry_ms(); }

  ValueView view() const override {
    if (slot_ == nullptr) return {type_, kNoValue, 0, nullptr};
    ValueView value = slot_->get()->value();
    if (value.encoding == kNoValue) value.size = 0;
    return value;
  }
  char* resize(size_t size, uint8_t encoding) override;
  const TypeLimits& limits() const override { return keyspace_->type_limits; }

  // Sets the expiry of a key that is there, kNoExpiry for none, without an event of its own.
  void set_expiry(int64_t expiry_ms) {
    expiry_ms_ = expiry_ms;
    if (slot_ != nullptr) database_->set_expiry(key_, slot_, expiry_ms, keyspace_->now_ms());
  }

  // Drops the value that the key has, of whatever type; it must be given another one at once.
  void discard_value() {
    if (slot_ == nullptr) return;
    changed_shape_ = true;
    database_->forget_fields(*slot_->get());
    keyspace_->disposal.discard_value(*slot_->get());
  }

  // Removes the fields of a hash that have ended, with the event "hexpired", and the hash with them if none
  // is left. Returns whether all fields were looked at before the deadline.
  bool remove_expired_fields(Deadline deadline);

  // Counts changes that have no event and that WATCH does not see: what XACK does to a stream.
  void commit_quietly(int64_t changes = 1) {
    keyspace_->changed_quietly(static_cast<uint64_t>(changes));
  }

  // Tells that the value changed, in so many of its elements.
  void commit(KeyEventClass event_class, std::string_view event, int64_t changes = 1) {
    changed_shape_ = false;
    if (type_ == Type::hash && slot_ != nullptr) {
      database_->index_fields(key_.hash, slot_, keyspace_->now_ms());
    }
    if (keyspace_->usage.has_sizes() && slot_ != nullptr) Database::note_size(*slot_);
    keyspace_->note_written(*database_, key_, slot_);
    keyspace_->changed({event_class, event, *database_, key_.name},
                       static_cast<uint64_t>(changes));
  }

 protected:
  // Removes the key, whose collection has become empty: of its own accord, or because somebody has
  // taken the last out.
  void remove_emptied(RemovalCause cause);
  // For a value that is the same as before, in another form.
  void forget_reshaping() { changed_shape_ = false; }

 private:
  Keyspace* keyspace_;
  Database* database_;
  Key key_;
  Database::Slot* slot_;
  Type type_;
  int64_t expiry_ms_;  // for the next resize
  bool changed_shape_ = false;
};

template <class T>
class Edit final : public EditedEntry {
 public:
  using EditedEntry::EditedEntry;

  // The value; creates nothing by itself.
  T* operator->() {
    value_.emplace(static_cast<ValuePlace&>(*this));
    return &*value_;
  }

  // Tells that `changes` things changed in the value, under Redis's name of the event; 0 tells nobody.
  // A collection that is empty now disappears, with the event "del". Returns whether the key is there.
  bool commit(std::string_view event, int64_t changes = 1) {
    if (changes == 0) {
      forget_reshaping();
      return static_cast<bool>(*this);
    }
    tell(event, changes);
    return static_cast<bool>(*this);
  }
  // The same for one half of a change whose other half another edit counts: an element that moves.
  bool commit_half(std::string_view event) {
    tell(event, 0);
    return static_cast<bool>(*this);
  }

 private:
  static constexpr KeyEventClass kEventClass = [] {
    switch (T::kType) {
      case Type::string: return KeyEventClass::string;
      case Type::list: return KeyEventClass::list;
      case Type::set: return KeyEventClass::set;
      case Type::sorted_set: return KeyEventClass::sorted_set;
      case Type::hash: return KeyEventClass::hash;
      case Type::stream: return KeyEventClass::stream;
    }
    return KeyEventClass::generic;
  }();

  void tell(std::string_view event, int64_t changes) {
    EditedEntry::commit(kEventClass, event, changes);
    if constexpr (requires(const T& value) { value.empty(); }) {
      if (T(view()).empty()) remove_emptied(RemovalCause::deleted);
    }
  }

  std::optional<T> value_;
};

}  // namespace larder
