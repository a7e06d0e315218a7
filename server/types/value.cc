#include "server/types/value.h"

#include "server/base/assert.h"
#include "server/types/list.h"
#include "server/types/stream.h"
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
  if (value.type == Type::list) return List::is_heavy(value);
  if (value.type == Type::stream) return Stream::is_heavy(value);
  return false;
}

bool drain_value(ValueView value, Deadline deadline) {
  if (value.type == Type::list) return List::drain(value, deadline);
  if (value.type == Type::stream) return Stream::drain(value, deadline);
  if (value.type == Type::string) String::release(value);
  return true;
}

void release_value(ValueView value) { drain_value(value, Deadline::never()); }

size_t value_memory(ValueView value, size_t samples) {
  if (value.type == Type::list) return List(value).memory(samples);
  if (value.type == Type::stream) return Stream(value).memory(samples);
  LARDER_ASSERT(value.type == Type::string);
  return String(value).memory();
}

void copy_value(ValueView from, ValuePlace& to) {
  if (from.type == Type::list) return List(to).assign(List(from));
  if (from.type == Type::stream) return Stream(to).assign(Stream(from));
  LARDER_ASSERT(from.type == Type::string);
  String(to).assign(String(from));
}

std::string_view encoding_name(ValueView value) {
  if (value.type == Type::list) return List(value).encoding_name();
  if (value.type == Type::stream) return Stream(value).encoding_name();
  LARDER_ASSERT(value.type == Type::string);
  return String(value).encoding_name();
}

}  // namespace larder
