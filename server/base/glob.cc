#include "server/base/glob.h"

#include <algorithm>
#include <optional>

#include "server/base/text.h"

namespace larder {
namespace {

// One step of a pattern against one byte: how many pattern bytes it took, or nothing if the byte differs.
struct Step {
  bool matches;
  size_t length;
};

Step match_class(std::string_view pattern, char byte, bool ignore_case) {
  const auto fold = [&](char c) { return ignore_case ? to_lower(c) : c; };
  const unsigned char wanted = static_cast<unsigned char>(fold(byte));
  size_t at = 1;
  const bool inverted = at < pattern.size() && pattern[at] == '^';
  if (inverted) at++;
  bool found = false;
  // An unclosed class ends with the pattern, as in Redis.
  for (; at < pattern.size() && pattern[at] != ']'; at++) {
    if (pattern[at] == '\\' && at + 1 < pattern.size()) {
      at++;
      found |= static_cast<unsigned char>(fold(pattern[at])) == wanted;
    } else if (at + 2 < pattern.size() && pattern[at + 1] == '-') {
      unsigned char low = static_cast<unsigned char>(fold(pattern[at]));
      unsigned char high = static_cast<unsigned char>(fold(pattern[at + 2]));
      if (low > high) std::swap(low, high);
      found |= low <= wanted && wanted <= high;
      at += 2;
    } else {
      found |= static_cast<unsigned char>(fold(pattern[at])) == wanted;
    }
  }
  return {found != inverted, std::min(at + 1, pattern.size())};
}

Step match_one(std::string_view pattern, char byte, bool ignore_case) {
  switch (pattern[0]) {
    case '?':
      return {true, 1};
    case '[':
      return match_class(pattern, byte, ignore_case);
    case '\\':
      if (pattern.size() > 1) {
        const bool same = ignore_case ? to_lower(pattern[1]) == to_lower(byte) : pattern[1] == byte;
        return {same, 2};
      }
      [[fallthrough]];
    default:
      return {ignore_case ? to_lower(pattern[0]) == to_lower(byte) : pattern[0] == byte, 1};
  }
}

}  // namespace

bool glob_matches(std::string_view pattern, std::string_view text, bool ignore_case) {
  size_t p = 0;
  size_t t = 0;
  // Where to go on when a byte does not fit: behind the last star, one text byte further than before.
  std::optional<size_t> star;
  size_t star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = ++p;
      star_text = t;
      continue;
    }
    if (p < pattern.size()) {
      const Step step = match_one(pattern.substr(p), text[t], ignore_case);
      if (step.matches) {
        p += step.length;
        t++;
        continue;
      }
    }
    if (!star) return false;
    p = *star;
    t = ++star_text;
  }
  while (p < pattern.size() && pattern[p] == '*') p++;
  return p == pattern.size();
}

bool glob_is_literal(std::string_view pattern) {
  return pattern.find_first_of("*?[\\") == std::string_view::npos;
}

}  // namespace larder
