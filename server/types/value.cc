#include "server/types/value.h"

#include <type_traits>

#include "server/base/assert.h"
#include "server/base/prefetch.h"
#include "server/types/hash.h"
#include "server/types/list.h"
#include "server/types/set.h"
#include "server/types/sorted_set.h"
#include "server/types/stream.h"
#include "server/types/string.h"

namespace larder {
namespace {

// Calls `visit` with the class of a type, as std::type_identity<List>: the one place that lists
// them.
template <class Visit>
auto with_class_of(Type type, Visit&& visit) {
  switch (type) {
    case Type::list:
      return visit(std::type_identity<List>());
    case Type::hash:
      return visit(std::type_identity<Hash>());
    case Type::sorted_set:
      return visit(std::type_identity<SortedSet>());
    case Type::set:
      return visit(std::type_identity<Set>());
    case Type::stream:
      return visit(std::type_identity<Stream>());
    default:
      LARDER_ASSERT(type == Type::string);
      return visit(std::type_identity<String>());
  }
}

}  // namespace

std::string_view type_name(Type type) {
  switch (type) {
    case Type::string:
      return "string";
    case Type::list:
      return "list";
    case Type::set:
      return "set";
    case Type::sorted_set:
      return "zset";
    case Type::hash:
      return "hash";
    case Type::stream:
      return "stream";
  }
  return "none";
}

bool is_heavy(ValueView value) {
  if (value.type == Type::string) [[likely]]
    return false;
  return with_class_of(value.type,
                       [&](auto type) { return decltype(type)::type::is_heavy(value); });
}

bool drain_value(ValueView value, Deadline deadline) {
  return with_class_of(value.type,
                       [&](auto type) { return decltype(type)::type::drain(value, deadline); });
}

void release_value(ValueView value) {
  drain_value(value, Deadline::never());
}

uint64_t move_parts(ValueView value, AllocationMover& mover, uint64_t position) {
  switch (value.type) {
    case Type::list:
      return List::move_parts(value, mover, position);
    case Type::hash:
      return Hash::move_parts(value, mover, position);
    case Type::set:
      return Set::move_parts(value, mover, position);
    case Type::sorted_set:
      return SortedSet::move_parts(value, mover, position);
    default:
      // A string owns at most one large block, in pages of its own. Chunks of streams live and go in the
      // order in which they came, and leave whole slabs behind.
      return 0;
  }
}

size_t value_memory(ValueView value, size_t samples) {
  return with_class_of(
      value.type, [&](auto type) { return typename decltype(type)::type(value).memory(samples); });
}

size_t value_size_hint(ValueView value, size_t samples) {
  if (value.type == Type::stream) return Stream(value).log().entry_memory();
  return value_memory(value, samples);
}

void copy_value(ValueView from, ValuePlace& to) {
  with_class_of(from.type, [&](auto type) {
    using Value = typename decltype(type)::type;
    Value(to).assign(Value(from));
  });
}

std::string_view encoding_name(ValueView value) {
  return with_class_of(
      value.type, [&](auto type) { return typename decltype(type)::type(value).encoding_name(); });
}

uint64_t prefetch_element(ValueView value, std::string_view element) {
  if (value.type == Type::hash) return Hash(value).prefetch(element);
  if (value.type == Type::set) return Set(value).prefetch(element);
  if (value.type == Type::sorted_set) return SortedSet(value).prefetch(element);
  return 0;
}

void prefetch_object(ValueView value) {
  const bool has_object = with_class_of(value.type, [&](auto type) {
    using Value = typename decltype(type)::type;
    if constexpr (std::is_same_v<Value, String>) {
      return false;
    } else {
      return Value::has_object(value);
    }
  });
  if (has_object) prefetch_line(load_object<const void>(value));
}

void prefetch_element(ValueView value, uint64_t hash) {
  if (value.type == Type::hash) return Hash(value).prefetch(hash);
  if (value.type == Type::set) return Set(value).prefetch(hash);
  if (value.type == Type::sorted_set) return SortedSet(value).prefetch(hash);
}

}  // namespace larder
