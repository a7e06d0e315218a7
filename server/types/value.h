// What a type and the keyspace know of each other: the place where a value's bytes lie.
//
// A value lives at the tail of its entry. It is either all there (a short string), or eight bytes that
// own something elsewhere (a large string, a collection). The entry knows its size; what the bytes mean
// is the type's own business, told apart by the encoding, a number from 0 to 15 that each type defines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "server/base/clock.h"
#include "server/types/type_limits.h"

namespace larder {

class AllocationMover;

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
  // Up to which size a collection keeps its small form.
  virtual const TypeLimits& limits() const = 0;

 protected:
  ~ValuePlace() = default;
};

// A place as the buffer of a packed collection (see packed_list.h) of this encoding.
class PlaceBuffer {
 public:
  PlaceBuffer(ValuePlace& place, uint8_t encoding) : place_(place), encoding_(encoding) {}
  std::string_view bytes() const {
    const ValueView view = place_.view();
    return {view.data, view.size};
  }
  char* resize(size_t size) { return place_.resize(size, encoding_); }

 private:
  ValuePlace& place_;
  uint8_t encoding_;
};

// What a collection's place holds once it is large: the address of an object on the heap that the value
// owns.
template <class T>
T* load_object(ValueView value) {
  T* object;
  std::memcpy(&object, value.data, sizeof(object));
  return object;
}
template <class T>
void store_object(ValuePlace& place, T* object, uint8_t encoding) {
  std::memcpy(place.resize(sizeof(object), encoding), &object, sizeof(object));
}

// Whether freeing the value takes so many steps that it is to be done by drain_value between turns.
bool is_heavy(ValueView value);
// Frees what a value owns outside its entry in steps, until the deadline passes; returns whether all is
// gone. From the first call on the value must not be used for anything else; once it returned true, its
// bytes in the entry are dead.
bool drain_value(ValueView value, Deadline deadline);
// The same in one go.
void release_value(ValueView value);

// Moves what a value owns outside its entry out of sparse slabs, in steps of about kPartsPerStep
// allocations: from `position` on, 0 at first. Returns where the next step goes on; 0: all was looked at.
// The value may change between steps; what comes meanwhile is then missed.
inline constexpr size_t kPartsPerStep = 128;
uint64_t move_parts(ValueView value, AllocationMover& mover, uint64_t position);

// Bytes that a value takes from the allocator outside its entry. `samples`: of how many elements to take
// the mean for a collection; 0 looks at all.
size_t value_memory(ValueView value, size_t samples);
// About as many, from what the value counts itself, without the groups of a stream: for whoever
// asks at each change. The cost does not grow with the value, but for a logarithm and with the
// samples.
size_t value_size_hint(ValueView value, size_t samples = 1);

// Takes a second owner of the same value where the type can share, else a deep copy: what COPY does.
void copy_value(ValueView from, ValuePlace& to);

// The name that OBJECT ENCODING answers.
std::string_view encoding_name(ValueView value);

// Looking ahead: asks for the memory in which a search for an element of a large collection begins.
// Returns a hash with which a second call, once that memory is near, asks for the element itself; 0: there
// is nothing to ask for.
uint64_t prefetch_element(ValueView value, std::string_view element);
// Asks for the beginning of what a large collection has on the heap.
void prefetch_object(ValueView value);
void prefetch_element(ValueView value, uint64_t hash);

}  // namespace larder
