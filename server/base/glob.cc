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
  const auto fold = [&](unsigned char c) {
    return ignore_case ? static_cast<unsigned char>(to_lower(static_cast<char>(c))) : c;
  };
  const unsigned char wanted = fold(static_cast<unsigned char>(byte));
  size_t at = 1;
  const bool inverted = at < pattern.size() && pattern[at] == '^';
  if (inverted) at++;
  bool found = false;
  // As in Redis: an unclosed class ends with the pattern; and where case is ignored, an escaped
  // byte still stands for itself alone, and a range gets its order before its ends become lower
  // case.
  for (; at < pattern.size() && pattern[at] != ']'; at++) {
    if (pattern[at] == '\\' && at + 1 < pattern.size()) {
      at++;
      found |= pattern[at] == byte;
    } else if (at + 2 < pattern.size() && pattern[at + 1] == '-') {
      auto low = static_cast<unsigned char>(pattern[at]);
      auto high = static_cast<unsigned char>(pattern[at + 2]);
      if (low > high) std::swap(low, high);
      found |= fold(low) <= wanted && wanted <= fold(high);
      at += 2;
    } else {
      found |= fold(static_cast<unsigned char>(pattern[at])) == wanted;
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
