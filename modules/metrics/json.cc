#include "modules/metrics/json.h"

#include <array>
#include <charconv>
#include <cmath>

#include "modules/metrics/utf8.h"
#include "server/base/numbers.h"

namespace larder {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

// The shortest text that reads back as the same number of its type.
template <class Number>
void append_number(std::string& out, Number value) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  std::array<char, 32> text;
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc()) out.append(text.data(), end);
}

void append_elements(std::string& out, const Reply& reply) {
  out += '[';
  for (size_t i = 0; i < reply.children.size(); i++) {
    if (i > 0) out += ',';
    append_json(out, reply.children[i]);
  }
  out += ']';
}

// Names of an object are strings, whatever they were.
void append_pairs(std::string& out, const Reply& reply) {
  out += '{';
  for (size_t i = 0; i + 1 < reply.children.size(); i += 2) {
    if (i > 0) out += ',';
    const Reply& name = reply.children[i];
    append_json_string(out, name.type == Reply::Type::integer ? to_text(name.integer) : name.text);
    out += ':';
    append_json(out, reply.children[i + 1]);
  }
  out += '}';
}

}  // namespace

void append_json_string(std::string& out, std::string_view bytes) {
  out += '"';
  for_each_valid(bytes, [&out](std::string_view valid) {
    for (const char c : valid) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte < 0x20) {
        out += "\\u00";
        out += kDigits[byte >> 4];
        out += kDigits[byte & 15];
        continue;
      }
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
  });
  out += '"';
}

void append_json_number(std::string& out, double value) {
  append_number(out, value);
}
void append_json_number(std::string& out, float value) {
  append_number(out, value);
}

void append_json(std::string& out, const Reply& reply) {
  switch (reply.type) {
    case Reply::Type::integer:
      out += to_text(reply.integer);
      break;
    case Reply::Type::boolean:
      out += reply.integer != 0 ? "true" : "false";
      break;
    case Reply::Type::real:
      append_json_number(out, reply.real);
      break;
    case Reply::Type::nil:
    case Reply::Type::nil_array:
      out += "null";
      break;
    case Reply::Type::map:
      append_pairs(out, reply);
      break;
    case Reply::Type::array:
    case Reply::Type::set:
    case Reply::Type::push:
      append_elements(out, reply);
      break;
    case Reply::Type::error:
    case Reply::Type::bulk_error:
      out += "{\"error\":";
      append_json_string(out, reply.text);
      out += '}';
      break;
    case Reply::Type::status:
    case Reply::Type::bulk:
    case Reply::Type::big_number:
    case Reply::Type::verbatim:
      append_json_string(out, reply.text);
      break;
  }
}

}  // namespace larder
