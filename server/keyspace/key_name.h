// Keys that are remembered beyond a request: by the number of the database, not by its contents, so that
// a key stays the same one through SWAPDB.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>

#include "server/base/hash.h"

namespace larder {

struct KeyName {
  size_t database;
  std::string name;
};

// To look one up without copying the name.
struct KeyView {
  size_t database;
  std::string_view name;
};

struct KeyNameHash {
  using is_transparent = void;
  size_t operator()(const KeyView& key) const { return hash_bytes(key.name) + key.database; }
  size_t operator()(const KeyName& key) const { return (*this)(KeyView{key.database, key.name}); }
};

struct KeyNameEqual {
  using is_transparent = void;
  template <class Left, class Right>
  bool operator()(const Left& left, const Right& right) const {
    return left.database == right.database && left.name == right.name;
  }
};

// Found by a KeyName or a KeyView. The elements stay where they are while others come and go.
template <class T>
using KeyNameMap = std::unordered_map<KeyName, T, KeyNameHash, KeyNameEqual>;

}  // namespace larder
