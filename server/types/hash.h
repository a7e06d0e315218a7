// The hash type: fields with values, each of which may end at a time of its own.
//
// Encodings: packed (packed_hash.h; all fields in the entry) and large (large_hash.h; 8 bytes in
// the entry that own a table). OBJECT ENCODING answers Redis 7.2's names, "listpack" and
// "hashtable", as hash-max-listpack-entries and -value have it, whether or not fields end.
//
// A field that has ended is gone for all that take the time as `now_ms`; its memory is given back
// by remove_expired. Like a key, a field lives through the millisecond at which it ends.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "server/base/clock.h"
#include "server/base/random.h"
#include "server/types/large_hash.h"
#include "server/types/packed_hash.h"
#include "server/types/value.h"

namespace larder {

class Hash {
 public:
  static constexpr Type kType = Type::hash;

  explicit Hash(ValueView view) : view_(view) {}
  explicit Hash(ValuePlace& place) : view_{}, place_(&place) {}

  // --- Reading ---

  // Fields, with those that have ended and are not removed yet.
  size_t size() const;
  bool empty() const { return size() == 0; }
  // Fields that have not ended. Looks at all of them if some may have, but not in a hash of more
  // than kMaxCounted, where those that wait to be removed count.
  size_t live_size(int64_t now_ms) const;
  std::optional<HashField> find(const PackedText& name, int64_t now_ms) const;
  // Calls visit(HashField) for all, until it returns false.
  template <class Visit>
  void visit(int64_t now_ms, Visit&& visit) const {
    const auto visit_live = [&](const HashField& field) {
      return field.is_expired(now_ms) || visit(field);
    };
    if (const LargeHash* large = this->large()) return large->visit(visit_live);
    PackedHash(view()).visit(visit_live);
  }
  // A step of a walk: the packed form has one, the large one a step for each page. Begins at 0 and
  // ends when 0 is returned; what is there from the first step to the last is visited. The low 32
  // bits of a position are 0.
  template <class Visit>
  uint64_t scan(uint64_t position, int64_t now_ms, Visit&& visit) const {
    const auto visit_live = [&](const HashField& field) {
      if (!field.is_expired(now_ms)) visit(field);
      return true;
    };
    if (const LargeHash* large = this->large()) return large->scan(position, visit_live);
    PackedHash(view()).visit(visit_live);
    return 0;
  }
  // A field picked with equal odds; nothing if all have ended.
  std::optional<HashField> random(Random& random, int64_t now_ms) const;
  // Whether random() costs the same however large the hash is.
  bool has_fast_random() const { return large() != nullptr; }

  // See prefetch_element in value.h.
  uint64_t prefetch(std::string_view name) const;
  void prefetch(uint64_t name_hash) const { large()->prefetch_field(name_hash); }

  std::string_view encoding_name() const;
  // Allocator bytes outside the entry. Exact, `samples` or not.
  size_t memory(size_t samples) const;

  // --- Changing; only through an Edit ---

  // Gives a field a value; whether it is new. The field then ends at `expiry_ms`, maybe never.
  bool set(std::string_view name, std::string_view value, int64_t expiry_ms, int64_t now_ms);
  // The same, with the end that the field has now.
  bool set_keeping_end(std::string_view name, std::string_view value, int64_t now_ms);
  // Says how many fields will be set, so that a hash that becomes large is so from the beginning.
  void expect(size_t fields);
  // Whether it was there.
  bool remove(const PackedText& name, int64_t now_ms);
  // Gives a field that is there another end.
  void set_expiry(const PackedText& name, int64_t expiry_ms);
  // Removes what has ended. Large hashes go on where the last call's deadline stopped it.
  ExpiredFields remove_expired(int64_t now_ms, Deadline deadline);
  // A deep copy.
  void assign(const Hash& other);

  // --- When fields end; for the index of it ---

  FieldTimes times() const;
  // `view` is that of an entry that the caller may change, with times that are not all "never".
  static void set_indexed_ms(ValueView view, int64_t indexed_ms);
  // The moment from which on remove_expired is worth its cost; kNeverEnds: no field ends.
  int64_t next_removal_ms() const;
  // Whether it is about to be worth it, for small hashes, which are cleaned whenever they are used.
  bool is_due(int64_t now_ms) const {
    const ValueView value = view();
    return value.encoding == PackedHash::kEnding && PackedHash(value).times().due_ms < now_ms;
  }

  // Whether the place holds the address of an object on the heap.
  static bool has_object(ValueView value) { return value.encoding == kLarge; }
  static bool is_heavy(ValueView view);
  static bool drain(ValueView view, Deadline deadline);
  static uint64_t move_parts(ValueView value, AllocationMover& mover, uint64_t position);

 private:
  static constexpr uint8_t kLarge = 2;
  // A packed hash that would outgrow this becomes large, whatever the options say.
  static constexpr size_t kMaxPackedBytes = 32 * 1024;
  static constexpr size_t kMaxCounted = 4096;
  static constexpr size_t kHeavyParts = 64;

  ValueView view() const { return place_ == nullptr ? view_ : place_->view(); }
  LargeHash* large() const {
    const ValueView value = view();
    return value.encoding == kLarge ? load_object<LargeHash>(value) : nullptr;
  }
  LargeHash* make_large(bool is_small);
  void make_room_for(std::string_view name, std::string_view value);
  bool put(const NewHashField& field, bool keeps_end, int64_t now_ms);
  bool put_large(LargeHash& hash, NewHashField field, bool keeps_end, int64_t now_ms);

  ValueView view_;
  ValuePlace* place_ = nullptr;
};

}  // namespace larder
