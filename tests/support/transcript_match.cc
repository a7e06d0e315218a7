// The patterns of an expected reply; see "What is not fixed" in tests/transcripts/README.md.
#include <charconv>
#include <regex>

#include "tests/support/reply_text.h"
#include "tests/support/transcript.h"

namespace larder {
namespace {

// '*' any bytes, '?' one byte, '\' takes away the meaning of the next. Goes back to the last star
// only.
bool matches_glob(std::string_view pattern, std::string_view text) {
  size_t p = 0;
  size_t t = 0;
  size_t star = std::string_view::npos;
  size_t star_text = 0;
  while (t < text.size()) {
    const bool is_escaped = p + 1 < pattern.size() && pattern[p] == '\\' &&
                            (pattern[p + 1] == '*' || pattern[p + 1] == '?');
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_text = t;
    } else if (is_escaped ? pattern[p + 1] == text[t]
                          : p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      p += is_escaped ? 2 : 1;
      t++;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++star_text;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

bool is_name(std::string_view text) {
  return !text.empty() &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos;
}

// What a later command gets for $name: the bytes of a string, else the text.
std::string captured(std::string_view text) {
  if (text.starts_with('"')) {
    if (const auto words = split_arguments(text); words && words->size() == 1) return (*words)[0];
  }
  return std::string(text);
}

// What stands behind the '~', for the rest of the line.
bool matches_pattern(std::string_view pattern, std::string_view text, Captures& captures) {
  if (pattern.empty()) return !text.empty();
  if (pattern[0] == '$' && is_name(pattern.substr(1))) {
    captures[std::string(pattern.substr(1))] = captured(text);
    return !text.empty();
  }
  if (pattern.size() > 1 && pattern.front() == '/' && pattern.back() == '/') {
    const std::string expression(pattern.substr(1, pattern.size() - 2));
    return std::regex_match(text.begin(), text.end(), std::regex(expression));
  }
  return matches_glob(pattern, text);
}

bool parse_number(std::string_view text, double& number) {
  const char* end = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(text.data(), end, number);
  return failure == std::errc() && stop == end;
}

// "(integer) 95..100", both ends included.
bool matches_range(std::string_view expected, std::string_view got) {
  const size_t dots = expected.find("..");
  if (dots == std::string_view::npos) return false;
  const size_t space = expected.rfind(' ', dots);
  const size_t begin = space == std::string_view::npos ? 0 : space + 1;
  if (!expected.substr(0, begin).ends_with("(integer) ") &&
      !expected.substr(0, begin).ends_with("(double) ")) {
    return false;
  }
  double low = 0;
  double high = 0;
  double number = 0;
  return parse_number(expected.substr(begin, dots - begin), low) &&
         parse_number(expected.substr(dots + 2), high) &&
         got.starts_with(expected.substr(0, begin)) && parse_number(got.substr(begin), number) &&
         low <= number && number <= high;
}

using Lines = std::vector<std::string>;

bool matches_from(const Lines& expected, size_t e, const Lines& got, size_t g, Captures& captures) {
  for (; e < expected.size(); e++, g++) {
    // "..." stands for any number of lines.
    if (expected[e] == "...") {
      for (size_t next = g; next <= got.size(); next++) {
        if (matches_from(expected, e + 1, got, next, captures)) return true;
      }
      return false;
    }
    if (g == got.size() || !matches_line(expected[e], got[g], captures)) return false;
  }
  return g == got.size();
}

}  // namespace

bool matches_line(std::string_view expected, std::string_view got, Captures& captures) {
  if (expected == got || matches_range(expected, got)) return true;
  for (size_t at = expected.find('~'); at != std::string_view::npos;
       at = expected.find('~', at + 1)) {
    // "1~ " numbers an element of a set.
    if (at > 0 && expected[at - 1] >= '0' && expected[at - 1] <= '9') continue;
    return got.starts_with(expected.substr(0, at)) &&
           matches_pattern(expected.substr(at + 1), got.substr(at), captures);
  }
  return false;
}

bool matches_lines(const Lines& expected, const Lines& got, Captures& captures) {
  return matches_from(expected, 0, got, 0, captures);
}

}  // namespace larder
