// A large set: what the eight bytes in its entry own.
#pragma once

#include <cstdint>

#include "server/structures/packed_entry.h"
#include "server/structures/paged_table.h"

namespace larder {

// The forms that OBJECT ENCODING tells apart.
enum class SetForm : uint8_t { numbers, packed, table };

struct SetTable {
  struct Traits {
    static size_t size(const char* record) { return packed::size_of(record); }
    static uint64_t hash(const char* record) { return PackedEntry(record).hash(); }
  };
  using Table = PagedTable<Traits>;

  // Whether it was there, or is now.
  template <class Member>
  bool contains(const Member& member) const {
    return static_cast<bool>(find(member));
  }
  template <class Member>
  Table::Place find(const Member& member) const {
    return table.find(member.hash(), [&](const char* record) { return member.matches(record); });
  }
  // A member that is not there.
  template <class Member>
  void add_new(const Member& member) {
    member.write(table.insert(member.hash(), member.size()));
  }

  Table table;
  // What Redis would call it: a set that the options let stay small, but that is too large for an
  // entry.
  SetForm form = SetForm::table;
};

}  // namespace larder
