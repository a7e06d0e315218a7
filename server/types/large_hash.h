// The fields of a hash that is too large to lie in its entry: their records (hash_field.h) in the
// pages of a table, about 8 bytes each beside their own.
//
// Fields that have ended are removed by walks over all pages, in slices. As fields may end one
// after the other, a walk is followed by a pause in proportion to what it cost: in a hash of a
// million fields they go within a second of their end, at about 1 % of a processor. Until then they
// take memory and nothing else, because readers look at a field's time.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/structures/paged_table.h"
#include "server/types/field_times.h"
#include "server/types/hash_field.h"

namespace larder {

class LargeHash {
 public:
  LargeHash() = default;
  // A deep copy that no index knows.
  explicit LargeHash(const LargeHash& other);
  LargeHash& operator=(const LargeHash&) = delete;

  // Fields that have ended and are not removed yet count.
  size_t size() const { return table_.size(); }
  size_t memory() const { return sizeof(*this) + table_.memory(); }
  // Allocations that it consists of.
  size_t parts() const { return table_.allocation_count(); }

  std::optional<HashField> find(const PackedText& name) const;
  // Writes a field, in the place of one with the same name. Whether there was none, or one that had
  // ended.
  bool put(const NewHashField& field, int64_t now_ms);
  // Takes over the record of a field that is not there yet.
  void take(const HashField& field);
  // Takes out a field that is there.
  void remove(const PackedText& name);
  // Ask for the memory of a field with this hash of its name, in two steps.
  void prefetch_page(uint64_t hash) const { table_.prefetch_page(hash); }
  void prefetch_field(uint64_t hash) const { table_.prefetch_record(hash); }
  // Makes an empty one ready for so many fields.
  void reserve(size_t fields, size_t mean_size) { table_.reserve(fields, mean_size); }

  // One page of fields: see PagedTable::scan.
  template <class Visit>
  uint64_t scan(uint64_t position, Visit&& visit) const {
    return table_.scan(position, [&](const char* record) { visit(HashField(record)); });
  }
  // All fields, until visit(HashField) returns false.
  template <class Visit>
  void visit(Visit&& visit) const {
    uint64_t position = 0;
    bool goes_on = true;
    do {
      position = table_.scan_ahead(position, [&](const char* record) {
        if (goes_on) goes_on = visit(HashField(record));
      });
    } while (position != 0 && goes_on);
  }
  // Any field with equal odds. There must be one.
  HashField random(Random& random) const { return HashField(table_.random(random).record()); }

  // Whether Redis would still call it a listpack.
  bool is_small() const { return is_small_; }
  void set_small(bool is_small) { is_small_ = is_small; }

  FieldTimes& times() { return times_; }
  const FieldTimes& times() const { return times_; }
  // Not before this moment is another walk for expired fields worth its cost.
  int64_t next_walk_ms() const { return next_walk_ms_; }
  // Goes on with a walk, or begins one.
  ExpiredFields remove_expired(int64_t now_ms, Deadline deadline);

  // See PagedTable::move_page.
  template <class Move>
  uint64_t move_page(uint64_t position, Move&& move) {
    return table_.move_page(position, move);
  }
  // Frees fields until the deadline passes; returns whether all are gone.
  bool drain(Deadline deadline) { return table_.drain(deadline); }

 private:
  struct Traits {
    static size_t size(const char* record) { return HashField(record).size(); }
    static uint64_t hash(const char* record) { return PackedEntry(record).hash(); }
  };
  using Table = PagedTable<Traits>;

  // After a walk, so many fields are worth a pause of a millisecond.
  static constexpr size_t kFieldsPerPauseMs = 1000;

  void note_expiry(int64_t expiry_ms) {
    times_.note(expiry_ms);
    walk_due_ms_ = std::min(walk_due_ms_, expiry_ms);
  }
  size_t remove_expired_page(int64_t now_ms);

  Table table_;
  FieldTimes times_;
  // A walk under way: where it goes on, 0 when there is none, and the earliest end of a field that
  // it found alive or that came meanwhile.
  uint64_t walk_position_ = 0;
  int64_t walk_due_ms_ = kNeverEnds;
  int64_t next_walk_ms_ = 0;
  bool is_small_ = false;
};

}  // namespace larder
