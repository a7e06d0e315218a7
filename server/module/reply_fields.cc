#include "server/module/reply_fields.h"

namespace larder {

const Reply* find_field(const Reply& map, std::string_view name) {
  if (map.type != Reply::Type::map) return nullptr;
  for (size_t i = 0; i + 1 < map.children.size(); i += 2) {
    if (map.children[i].text == name) return &map.children[i + 1];
  }
  return nullptr;
}

std::optional<double> number_of(const Reply& reply) {
  if (reply.type == Reply::Type::integer) return static_cast<double>(reply.integer);
  if (reply.type == Reply::Type::real) return reply.real;
  return std::nullopt;
}

double number_field(const Reply& map, std::string_view name) {
  const Reply* field = find_field(map, name);
  return field == nullptr ? 0 : number_of(*field).value_or(0);
}

std::string_view text_field(const Reply& map, std::string_view name) {
  const Reply* field = find_field(map, name);
  return field == nullptr ? std::string_view() : std::string_view(field->text);
}

}  // namespace larder
