#include "server/types/value.h"

#include "server/base/assert.h"
#include "server/types/hash.h"
#include "server/types/set.h"
#include "server/types/list.h"
#include "server/types/sorted_set.h"
#include "server/types/string.h"

namespace larder {

std::string_view type_name(Type type) {
  switch (type) {
    case Type::string: return "string";
    case Type::list: return "list";
    case Type::set: return "set";
    case Type::sorted_set: return "zset";
    case Type::hash: return "hash";
    case Type::stream: return "stream";
  }
  return "none";
}

bool is_heavy(ValueView value) {
  if (value.type == Type::hash) return Hash::is_heavy(value);
  if (value.type == Type::set) return Set::is_heavy(value);
  if (value.type == Type::list) return List::is_heavy(value);
  if (value.type == Type::sorted_set) return SortedSet::is_heavy(value);
  return false;
}

bool drain_value(ValueView value, Deadline deadline) {
  if (value.type == Type::hash) return Hash::drain(value, deadline);
  if (value.type == Type::set) return Set::drain(value, deadline);
  if (value.type == Type::list) return List::drain(value, deadline);
  if (value.type == Type::sorted_set) return SortedSet::drain(value, deadline);
  if (value.type == Type::string) String::release(value);
  return true;
}

void release_value(ValueView value) { drain_value(value, Deadline::never()); }

size_t value_memory(ValueView value, size_t samples) {
  if (value.type == Type::hash) return Hash(value).memory(samples);
  if (value.type == Type::set) return Set(value).memory(samples);
  if (value.type == Type::list) return List(value).memory(samples);
  if (value.type == Type::sorted_set) return SortedSet(value).memory(samples);
  LARDER_ASSERT(value.type == Type::string);
  return String(value).memory();
}

void copy_value(ValueView from, ValuePlace& to) {
  if (from.type == Type::hash) return Hash(to).assign(Hash(from));
  if (from.type == Type::set) return Set(to).assign(Set(from));
  if (from.type == Type::list) return List(to).assign(List(from));
  if (from.type == Type::sorted_set) return SortedSet(to).assign(SortedSet(from));
  LARDER_ASSERT(from.type == Type::string);
  String(to).assign(String(from));
}

std::string_view encoding_name(ValueView value) {
  if (value.type == Type::hash) return Hash(value).encoding_name();
  if (value.type == Type::set) return Set(value).encoding_name();
  if (value.type == Type::list) return List(value).encoding_name();
  if (value.type == Type::sorted_set) return SortedSet(value).encoding_name();
  LARDER_ASSERT(value.type == Type::string);
  return String(value).encoding_name();
}

uint64_t prefetch_element(ValueView value, std::string_view element) {
  if (value.type == Type::hash) return Hash(value).prefetch(element);
  if (value.type == Type::sorted_set) return SortedSet(value).prefetch(element);
  return 0;
}

void prefetch_element(ValueView value, uint64_t hash) {
  if (value.type == Type::hash) return Hash(value).prefetch(hash);
  if (value.type == Type::sorted_set) return SortedSet(value).prefetch(hash);
}

}  // namespace larder
