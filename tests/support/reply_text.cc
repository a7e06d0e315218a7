#include "tests/support/reply_text.h"

#include <array>
#include <cstdio>

namespace larder {
namespace {

using Type = Reply::Type;

std::string format(const Reply& reply, const std::string& indent);

// What redis-cli prints behind an element's number.
char number_end(Type type) {
  switch (type) {
    case Type::set:
      return '~';
    case Type::map:
      return '#';
    case Type::push:
      return '>';
    default:
      return ')';
  }
}

const char* empty_text(Type type) {
  switch (type) {
    case Type::set:
      return "(empty set)";
    case Type::map:
      return "(empty hash)";
    case Type::push:
      return "(empty push)";
    default:
      return "(empty array)";
  }
}

bool takes_several_lines(const Reply& reply) {
  return !reply.children.empty() || !reply.attributes.empty();
}

std::string format_children(const Reply& reply, const std::string& indent) {
  if (reply.children.empty()) return empty_text(reply.type);
  const bool is_map = reply.type == Type::map;
  const size_t per_line = is_map ? 2 : 1;
  const size_t width = std::to_string(reply.children.size() / per_line).size();
  const std::string inner = indent + std::string(width + 2, ' ');
  std::string out;
  for (size_t i = 0; i < reply.children.size(); i += per_line) {
    const std::string number = std::to_string(i / per_line + 1);
    // The first line continues the line of the aggregate around this one.
    if (i > 0) out += '\n' + indent;
    out += std::string(width - number.size(), ' ') + number + number_end(reply.type) + ' ';
    out += format(reply.children[i], inner);
    if (!is_map) continue;
    const Reply& value = reply.children[i + 1];
    out += takes_several_lines(value) ? " =>\n" + inner : " => ";
    out += format(value, inner);
  }
  return out;
}

std::string format(const Reply& reply, const std::string& indent) {
  std::string out;
  for (size_t i = 0; i + 1 < reply.attributes.size(); i += 2) {
    out += "| " + format(reply.attributes[i], indent + "  ") + " => " +
           format(reply.attributes[i + 1], indent + "  ") + '\n' + indent;
  }
  switch (reply.type) {
    case Type::status:
      return out + reply.text;
    case Type::error:
    case Type::bulk_error:
      return out + "(error) " + reply.text;
    case Type::integer:
      return out + "(integer) " + std::to_string(reply.integer);
    case Type::bulk:
      return out + quote_bytes(reply.text);
    case Type::verbatim:
      return out + reply.format + ':' + quote_bytes(reply.text);
    case Type::nil:
    case Type::nil_array:
      return out + "(nil)";
    case Type::real:
      return out + "(double) " + reply.text;
    case Type::boolean:
      return out + (reply.integer != 0 ? "(true)" : "(false)");
    case Type::big_number:
      return out + "(big number) " + reply.text;
    case Type::array:
    case Type::map:
    case Type::set:
    case Type::push:
      return out + format_children(reply, indent);
  }
  return out;
}

constexpr std::string_view kEscapes = "\nn\rr\tt\aa\bb";  // pairs: the byte, its letter

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Reads what follows a backslash at line[at], and moves `at` to its last character.
char unescape(std::string_view line, size_t& at) {
  const char letter = line[++at];
  if (letter == 'x' && at + 2 < line.size()) {
    const int high = hex_digit(line[at + 1]);
    const int low = hex_digit(line[at + 2]);
    if (high >= 0 && low >= 0) {
      at += 2;
      return static_cast<char>(high * 16 + low);
    }
  }
  for (size_t i = 1; i < kEscapes.size(); i += 2) {
    if (kEscapes[i] == letter) return kEscapes[i - 1];
  }
  return letter;
}

// Reads from the quote at line[at] to behind the closing one.
bool read_quoted(std::string_view line, size_t& at, std::string& word) {
  const char mark = line[at++];
  for (; at < line.size(); at++) {
    const bool has_next = at + 1 < line.size();
    if (line[at] == mark) {
      at++;
      return at == line.size() || line[at] == ' ';
    }
    if (line[at] == '\\' && has_next && mark == '"') {
      word += unescape(line, at);
    } else if (line[at] == '\\' && has_next && line[at + 1] == '\'') {
      word += line[++at];
    } else {
      word += line[at];
    }
  }
  return false;
}

}  // namespace

std::string to_text(const Reply& reply) {
  return format(reply, "");
}

std::string quote_bytes(std::string_view bytes) {
  std::string out = "\"";
  for (const char c : bytes) {
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (c >= ' ' && c <= '~') {
      out += c;
    } else if (const size_t at = kEscapes.find(c); at != std::string_view::npos) {
      out += {'\\', kEscapes[at + 1]};
    } else {
      std::array<char, 5> hex{};
      std::snprintf(hex.data(), hex.size(), "\\x%02x", static_cast<unsigned char>(c));
      out += hex.data();
    }
  }
  return out + '"';
}

std::optional<std::vector<std::string>> split_arguments(std::string_view line) {
  std::vector<std::string> arguments;
  for (size_t at = 0; at < line.size();) {
    if (line[at] == ' ') {
      at++;
      continue;
    }
    std::string word;
    while (at < line.size() && line[at] != ' ') {
      if (line[at] != '"' && line[at] != '\'') {
        word += line[at++];
      } else if (!read_quoted(line, at, word)) {
        return std::nullopt;
      }
    }
    arguments.push_back(std::move(word));
  }
  return arguments;
}

std::string encode_request(const std::vector<std::string>& arguments) {
  std::string out = '*' + std::to_string(arguments.size()) + "\r\n";
  for (const std::string& argument : arguments) {
    out += '$' + std::to_string(argument.size()) + "\r\n" + argument + "\r\n";
  }
  return out;
}

}  // namespace larder
