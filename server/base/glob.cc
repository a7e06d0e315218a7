#include "server/base/glob.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <optional>
#include <utility>
#include <vector>

#include "server/base/text.h"

namespace larder {
namespace {

// One step of a pattern against one byte: how many pattern bytes it took, or nothing if the byte
// differs.
struct Step {
  bool matches;
  size_t length;
};

constexpr bool is_special(char byte) {
  return byte == '*' || byte == '?' || byte == '[' || byte == '\\';
}

size_t value_of(char byte) {
  return static_cast<unsigned char>(byte);
}

size_t folded(char byte, bool ignore_case) {
  return value_of(ignore_case ? to_lower(byte) : byte);
}

struct ClassShape {
  bool is_inverted;
  size_t length;
};

// Goes through the class that the pattern begins with, and calls `range(low, high)` for bytes that
// are compared as folded() has them, or `exactly(byte)`. As in Redis: an unclosed class ends with
// the pattern; and where case is ignored, an escaped byte still stands for itself alone, and a
// range gets its order before its ends become lower case.
template <class Range, class Exactly>
ClassShape walk_class(std::string_view pattern, bool ignore_case, Range&& range,
                      Exactly&& exactly) {
  size_t at = 1;
  const bool is_inverted = at < pattern.size() && pattern[at] == '^';
  if (is_inverted) at++;
  for (; at < pattern.size() && pattern[at] != ']'; at++) {
    if (pattern[at] == '\\' && at + 1 < pattern.size()) {
      at++;
      exactly(pattern[at]);
    } else if (at + 2 < pattern.size() && pattern[at + 1] == '-') {
      char low = pattern[at];
      char high = pattern[at + 2];
      if (value_of(low) > value_of(high)) std::swap(low, high);
      range(folded(low, ignore_case), folded(high, ignore_case));
      at += 2;
    } else {
      const size_t byte = folded(pattern[at], ignore_case);
      range(byte, byte);
    }
  }
  return {is_inverted, std::min(at + 1, pattern.size())};
}

Step match_class(std::string_view pattern, char byte, bool ignore_case) {
  const size_t wanted = folded(byte, ignore_case);
  bool found = false;
  const ClassShape shape = walk_class(
      pattern, ignore_case,
      [&](size_t low, size_t high) { found |= low <= wanted && wanted <= high; },
      [&](char exact) { found |= exact == byte; });
  return {found != shape.is_inverted, shape.length};
}

// The bytes that a class lets through.
struct ByteSet {
  std::bitset<256> bytes;
  size_t length;  // of the class in the pattern
};

// Costs a little more than to ask for one byte.
ByteSet read_class(std::string_view pattern, bool ignore_case) {
  std::array<int32_t, 257> changes{};  // where ranges begin and end
  std::bitset<256> exact;
  const ClassShape shape = walk_class(
      pattern, ignore_case,
      [&](size_t low, size_t high) {
        if (low > high) return;
        changes[low]++;
        changes[high + 1]--;
      },
      [&](char byte) { exact.set(value_of(byte)); });
  std::bitset<256> in_range;
  int32_t ranges = 0;
  for (size_t byte = 0; byte < 256; byte++) {
    ranges += changes[byte];
    in_range[byte] = ranges > 0;
  }
  ByteSet set{exact, shape.length};
  for (size_t byte = 0; byte < 256; byte++) {
    if (in_range[folded(static_cast<char>(byte), ignore_case)]) set.bytes.set(byte);
  }
  if (shape.is_inverted) set.bytes.flip();
  return set;
}

inline Step match_one(std::string_view pattern, char byte, bool ignore_case) {
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

// How far the matcher is in both.
struct Place {
  size_t pattern;
  size_t text;
};

// For texts that make the matcher go back often. What the classes between two stars let through is
// kept from one try to the next, so that a long one is not walked through again for each byte.
class PatientMatcher {
 public:
  PatientMatcher(std::string_view pattern, std::string_view text, bool ignore_case)
      : pattern_(pattern), text_(text), ignore_case_(ignore_case) {}

  // The pattern is what follows a star.
  bool matches() {
    std::optional<Place> end = find_part({0, 0});
    while (end && end->pattern < pattern_.size()) end = find_part({end->pattern + 1, end->text});
    return end.has_value();
  }

 private:
  static constexpr size_t kMaxKeptClasses = 4096;  // 160 KB

  // Looks for the first place, `from` or later in the text, where the part of the pattern up to the
  // next star fits, or up to the end of both; returns its end.
  std::optional<Place> find_part(Place from) {
    classes_.clear();
    for (; from.text <= text_.size(); from.text++) {
      const Place end = end_of_fit(from);
      if (is_behind_part(end)) return end;
      if (end.text == text_.size()) break;
    }
    return std::nullopt;
  }
  bool is_behind_part(Place place) const {
    if (place.pattern == pattern_.size()) return place.text == text_.size();
    return pattern_[place.pattern] == '*';
  }
  Place end_of_fit(Place at) {
    size_t classes_met = 0;
    while (at.pattern < pattern_.size() && at.text < text_.size() && pattern_[at.pattern] != '*') {
      const bool is_class = pattern_[at.pattern] == '[';
      const Step step = is_class
                            ? match_kept(at, classes_met++)
                            : match_one(pattern_.substr(at.pattern), text_[at.text], ignore_case_);
      if (!step.matches) break;
      at.pattern += step.length;
      at.text++;
    }
    return at;
  }
  Step match_kept(Place at, size_t number) {
    const std::string_view rest = pattern_.substr(at.pattern);
    if (number >= kMaxKeptClasses) return match_class(rest, text_[at.text], ignore_case_);
    if (number == classes_.size()) classes_.push_back(read_class(rest, ignore_case_));
    return {classes_[number].bytes[value_of(text_[at.text])], classes_[number].length};
  }

  std::string_view pattern_;
  std::string_view text_;
  bool ignore_case_;
  std::vector<ByteSet> classes_;  // of the part, in its order
};

// Apart from the loop that most patterns need, which would be slower with all of this in it.
[[gnu::noinline]] bool matches_patiently(std::string_view pattern, std::string_view text,
                                         bool ignore_case) {
  return PatientMatcher(pattern, text, ignore_case).matches();
}

// How far the matcher goes on behind a star by itself; most texts are shorter.
constexpr size_t kPlainReturns = 16;

}  // namespace

bool glob_matches(std::string_view pattern, std::string_view text, bool ignore_case) {
  size_t p = 0;
  size_t t = 0;
  // Where to go on when a byte does not fit: behind the last star, one text byte further than
  // before.
  std::optional<size_t> star;
  size_t star_text = 0;
  size_t returns = 0;
  while (t < text.size()) {
    if (p < pattern.size()) {
      // Most bytes of most patterns stand for themselves.
      if (pattern[p] == text[t] && !is_special(pattern[p])) {
        p++;
        t++;
        continue;
      }
      if (pattern[p] == '*') {
        star = ++p;
        star_text = t;
        returns = 0;
        continue;
      }
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
    if (++returns == kPlainReturns) {
      return matches_patiently(pattern.substr(p), text.substr(t), ignore_case);
    }
  }
  while (p < pattern.size() && pattern[p] == '*') p++;
  return p == pattern.size();
}

bool glob_is_literal(std::string_view pattern) {
  return pattern.find_first_of("*?[\\") == std::string_view::npos;
}

}  // namespace larder
