// What a type and the keyspace know of each other: the place where a value's bytes lie.
//
// A value lives at the tail of its entry. It is either all there (a short string), or eight bytes that
// own something elsewhere (a large string, a collection). The entry knows its size; what the bytes mean
// is the type's own business, told apart by the encoding, a number from 0 to 15 that each type defines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace larder {

enum class Type : uint8_t { string, list, set, sorted_set, hash, stream };

// The encoding of a place that holds nothing: a key about to be created or to get another value.
inline constexpr uint8_t kNoValue = 15;

// The name that the TYPE command answers.
std::string_view type_name(Type type);

// A value's bytes for reading. Valid until the key changes.
struct ValueView {
  Type type;
  uint8_t encoding;
  uint32_t size;
  const char* data;
};

// The place of a value that is being changed. Implemented by the keyspace's Edit.
class ValuePlace {
 public:
  // At most this many bytes lie in an entry; what is larger lives elsewhere.
  static constexpr size_t kMaxBytes = 65'535;

  virtual ValueView view() const = 0;
  char* data() { return const_cast<char*>(view().data); }
  // Makes the value `size` <= kMaxBytes bytes long; the first min(old, new) bytes are kept, the others
  // undefined. The value may move: take data() again. A key that is being created comes to life here.
  virtual char* resize(size_t size, uint8_t encoding) = 0;

 protected:
  ~ValuePlace() = default;
};

// Frees what a value owns outside its entry. The bytes in the entry are dead afterwards.
void release_value(ValueView value);

// Bytes that a value takes from the allocator outside its entry. `samples`: of how many elements to take
// the mean for a collection; 0 looks at all.
size_t value_memory(ValueView value, size_t samples);

// Takes a second owner of the same value where the type can share, else a deep copy: what COPY does.
void copy_value(ValueView from, ValuePlace& to);

// The name that OBJECT ENCODING answers.
std::string_view encoding_name(ValueView value);

}  // namespace larder
