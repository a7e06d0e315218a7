// The largest keys of all that have been looked at.
//
// A size is a fact and no sum, so this is a table and no sketch: whoever looks at a key for another
// reason (a request that is measured, the walk of Namespaces) offers it, and the largest stay. What
// has happened to them since then shows when they are looked up again, before anybody is told of
// them.
//
// A key gets here when one of the requests that make it large is measured, at the latest when the
// walk comes by. Cost: a comparison for a key that is smaller than all here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server/keyspace/keyspace.h"

namespace larder {

class BigKeys {
 public:
  // A key whose name is longer is not kept.
  static constexpr size_t kMaxName = 4096;

  struct Key {
    int database;
    std::string name;
    size_t hint;       // memory_of() it when it was last seen: what keys are compared by
    size_t bytes = 0;  // of the entry with its value; set by refresh()
    Type type = Type::string;
    size_t elements = 0;  // of a collection, or bytes of a string; set by refresh()
  };

  explicit BigKeys(size_t capacity) : capacity_(capacity) {}

  // `hint`: memory_of() the entry, which whoever looks at it may know already.
  void offer(const Database& database, const Entry& entry, size_t hint);
  // Looks all keys up, forgets those that are gone, and returns the others, the largest first. To
  // be called now and then, and when many keys have gone at once, so that what is left gets in.
  const std::vector<Key>& refresh(Keyspace& keyspace);
  size_t memory() const;

 private:
  void find_least();

  size_t capacity_;
  std::vector<Key> keys_;
  // The smallest by its hint, which would be forgotten for a larger one, while the table is full.
  size_t least_hint_ = 0;
  size_t least_ = 0;
};

// About how much memory an entry takes with its value.
size_t memory_of(const Entry& entry);

}  // namespace larder
