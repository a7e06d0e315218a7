#include "server/base/text.h"

#include <array>
#include <cstdio>

namespace larder {
namespace {

constexpr std::string_view kSpaces = " \t\r\n\v\f";

bool is_space(char c) { return kSpaces.find(c) != std::string_view::npos; }

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = to_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// Takes one character, plain or escaped, off the front of what stands in double quotes.
char take_escaped(std::string_view& rest) {
  const char c = rest[0];
  rest.remove_prefix(1);
  if (c != '\\' || rest.empty()) return c;
  if (rest.size() >= 3 && rest[0] == 'x' && hex_digit(rest[1]) >= 0 && hex_digit(rest[2]) >= 0) {
    const int byte = hex_digit(rest[1]) * 16 + hex_digit(rest[2]);
    rest.remove_prefix(3);
    return static_cast<char>(byte);
  }
  const char escaped = rest[0];
  rest.remove_prefix(1);
  switch (escaped) {
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'b': return '\b';
    case 'a': return '\a';
    default: return escaped;
  }
}

// `rest` begins behind the opening quote; afterwards behind the closing one. False: never closed.
bool take_quoted(std::string_view& rest, char delimiter, std::string& word) {
  while (!rest.empty()) {
    if (rest[0] == delimiter) {
      rest.remove_prefix(1);
      return rest.empty() || is_space(rest[0]);
    }
    if (delimiter == '"') {
      word += take_escaped(rest);
      continue;
    }
    if (rest.starts_with("\\'")) rest.remove_prefix(1);
    word += rest[0];
    rest.remove_prefix(1);
  }
  return false;
}

}  // namespace

std::string to_lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = to_lower(c);
  return lower;
}

std::string to_upper(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) c = to_upper(c);
  return upper;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (size_t begin = 0;;) {
    const size_t end = text.find(separator, begin);
    parts.push_back(text.substr(begin, end - begin));
    if (end == std::string_view::npos) return parts;
    begin = end + 1;
  }
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string joined;
  for (size_t i = 0; i < parts.size(); i++) {
    if (i > 0) joined += separator;
    joined += parts[i];
  }
  return joined;
}

std::string_view trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(kSpaces);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpaces) - begin + 1);
}

std::string quote(std::string_view bytes) {
  constexpr std::string_view kEscaped = "\\\"\n\r\t\a\b";
  constexpr std::string_view kLetters = "\\\"nrtab";
  std::string quoted = "\"";
  for (const char c : bytes) {
    if (const size_t at = kEscaped.find(c); at != std::string_view::npos) {
      quoted += '\\';
      quoted += kLetters[at];
    } else if (c >= 0x20 && c < 0x7f) {
      quoted += c;
    } else {
      std::array<char, 5> hex;
      std::snprintf(hex.data(), hex.size(), "\\x%02x", static_cast<unsigned char>(c));
      quoted += hex.data();
    }
  }
  return quoted + '"';
}

std::optional<std::vector<std::string>> split_quoted(std::string_view line) {
  std::vector<std::string> words;
  for (;;) {
    while (!line.empty() && is_space(line[0])) line.remove_prefix(1);
    if (line.empty()) return words;
    std::string& word = words.emplace_back();
    while (!line.empty() && !is_space(line[0])) {
      const char c = line[0];
      line.remove_prefix(1);
      if (c != '"' && c != '\'') {
        word += c;
      } else if (!take_quoted(line, c, word)) {
        return std::nullopt;
      }
    }
  }
}

}  // namespace larder
