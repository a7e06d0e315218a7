// Small questions about ASCII text. Bytes outside ASCII never change case.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace larder {

constexpr char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
constexpr char to_upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }

constexpr bool equals_ignoring_case(std::string_view left, std::string_view right) {
  if (left.size() != right.size()) return false;
  for (size_t i = 0; i < left.size(); i++) {
    if (to_lower(left[i]) != to_lower(right[i])) return false;
  }
  return true;
}

std::string to_lower(std::string_view text);
std::string to_upper(std::string_view text);
std::vector<std::string_view> split(std::string_view text, char separator);
std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::string_view trim(std::string_view text);

// The text with every byte outside printable ASCII as \n, \r, \t, \a, \b, \xHH, in double quotes:
// how Redis shows data in logs and CLIENT LIST, and what split_quoted (protocol/inline_request.h) reads back.
std::string quote(std::string_view bytes);

}  // namespace larder
