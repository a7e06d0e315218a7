// Broadcasting: who wants to hear of every change of keys that begin with a prefix, and which of
// these keys have changed since that was last told.
//
// A change costs one look-up for each length that a prefix has, however many prefixes there are.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "server/base/hash.h"

namespace larder {

class Prefixes {
 public:
  struct NameHash {
    using is_transparent = void;
    size_t operator()(std::string_view name) const { return hash_bytes(name); }
  };
  // The keys that have changed, each with the id of the client that changed it last; 0: none did.
  using Changes = std::unordered_map<std::string, uint64_t, NameHash, std::equal_to<>>;

  // The reader must not have it.
  void add(std::string_view prefix, uint32_t reader);
  // The reader must have it.
  void remove(std::string_view prefix, uint32_t reader);

  void note_change(std::string_view key, uint64_t changed_by);
  bool has_changes() const { return !changed_.empty(); }
  // Forgets what has changed, and calls `visit(changes, readers)` for each prefix whose keys have.
  template <class Visit>
  void take_changes(Visit&& visit);

  size_t size() const { return prefixes_.size(); }

 private:
  struct Prefix {
    std::vector<uint32_t> readers;
    Changes changes;
    size_t place = 0;  // in changed_, while there are changes
  };
  using Map = std::unordered_map<std::string, Prefix, NameHash, std::equal_to<>>;

  Map prefixes_;                      // its elements stay where they are
  std::map<size_t, size_t> lengths_;  // how many prefixes have each
  std::vector<Prefix*> changed_;      // in the order of their first change; nullptr: has gone since
};

template <class Visit>
void Prefixes::take_changes(Visit&& visit) {
  for (Prefix* prefix : std::exchange(changed_, {})) {
    if (prefix == nullptr) continue;
    const Changes changes = std::exchange(prefix->changes, {});
    visit(changes, prefix->readers);
  }
}

}  // namespace larder
