// Where the keys of a command are among its arguments, and what it does with them. One description
// serves COMMAND, COMMAND GETKEYS, ACL rules, prefetching and execution.
//
// The model is Redis 7's key specifications: where a group of keys begins, and how to find the others
// from there (https://redis.io/docs/latest/develop/reference/key-specs/).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace larder {

enum KeyFlags : uint16_t {
  // Exactly one of these: what happens to the value as a whole.
  kReadOnly = 1 << 0,
  kReadWrite = 1 << 1,
  kOverwrite = 1 << 2,
  kDelete = 1 << 3,
  // What happens to the user's data in it.
  kAccess = 1 << 4,
  kUpdate = 1 << 5,
  kInsertData = 1 << 6,
  kRemoveData = 1 << 7,
  // About the description itself.
  kNotKey = 1 << 8,
  kIncomplete = 1 << 9,
  kVariableFlags = 1 << 10,
};

// The usual combinations.
inline constexpr uint16_t kGet = kReadOnly | kAccess;
inline constexpr uint16_t kLook = kReadOnly;  // metadata only: EXISTS, TTL
inline constexpr uint16_t kPut = kOverwrite | kUpdate;
inline constexpr uint16_t kCreate = kOverwrite | kInsertData;
inline constexpr uint16_t kModify = kReadWrite | kUpdate;
inline constexpr uint16_t kGetModify = kReadWrite | kAccess | kUpdate;
inline constexpr uint16_t kAdd = kReadWrite | kInsertData;
inline constexpr uint16_t kTakeOut = kReadWrite | kAccess | kRemoveData;
inline constexpr uint16_t kCut = kReadWrite | kRemoveData;
inline constexpr uint16_t kUnset = kDelete | kRemoveData;

struct KeySpec {
  enum class Begin : uint8_t { none, index, keyword, unknown };
  enum class Find : uint8_t { range, counted, unknown };

  uint16_t flags = 0;
  Begin begin = Begin::none;
  Find find = Find::range;
  int index = 0;                   // index: the argument; keyword: where to start searching, < 0 from the end
  std::string_view keyword{};
  int last = 0;                    // range: last key relative to the first; < 0 counts from the last argument
  int step = 1;
  int limit = 0;                   // range with last = -1: 2 means the first half of what is left ...
  int count_index = 0;             // counted: where the number of keys is, relative to the beginning
  int first = 0;                   // counted: where the first key is, relative to the beginning
};

inline constexpr size_t kMaxKeySpecs = 4;
struct KeySpecs {
  std::array<KeySpec, kMaxKeySpecs> specs{};
  size_t count = 0;

  constexpr std::span<const KeySpec> all() const { return {specs.data(), count}; }
};

inline constexpr KeySpecs no_keys() { return {}; }
inline constexpr KeySpecs key_range(int first, int last, int step, uint16_t flags) {
  return {{{{.flags = flags, .begin = KeySpec::Begin::index, .index = first, .last = last, .step = step}}}, 1};
}
inline constexpr KeySpecs one_key(int index, uint16_t flags) { return key_range(index, 0, 1, flags); }
// The keys from `first` to the last argument.
inline constexpr KeySpecs keys_from(int first, uint16_t flags) { return key_range(first, -1, 1, flags); }
// numkeys at `index`, then that many keys.
inline constexpr KeySpecs counted_keys(int index, uint16_t flags) {
  return {{{{.flags = flags, .begin = KeySpec::Begin::index, .find = KeySpec::Find::counted,
             .index = index, .count_index = 0, .first = 1}}}, 1};
}
// Two descriptions together: RENAME's source and target.
inline constexpr KeySpecs operator+(KeySpecs left, const KeySpecs& right) {
  for (const KeySpec& spec : right.all()) left.specs[left.count++] = spec;
  return left;
}

// The keys as one range of arguments, which is how clients knew them before there were specifications.
struct KeyRange {
  int first = 0;
  int last = 0;  // < 0 counts from the last argument
  int step = 0;
  bool is_complete = true;  // no key can be elsewhere
};
KeyRange plain_range(const KeySpecs& specs);

struct KeyPosition {
  size_t index;  // of the argument
  uint16_t flags;
};

// The positions of the keys in a request of any command that has these specifications, in their order.
// False if the request's own counts make no sense (numkeys beyond the arguments): it has no keys then.
bool find_keys(const KeySpecs& specs, std::span<const std::string_view> arguments,
               std::vector<KeyPosition>& positions);

}  // namespace larder
