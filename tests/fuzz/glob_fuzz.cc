// Glob patterns against a plain matcher: the pattern taken apart first, then a table of which parts
// match how much of the text. The first byte says how long the pattern is and whether case counts;
// the rest is pattern and text.
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "server/base/assert.h"
#include "server/base/glob.h"
#include "server/base/text.h"

namespace {

using larder::to_lower;

// What one part of a pattern lets through.
struct Part {
  bool is_star = false;
  std::bitset<256> bytes = {};
};

size_t value_of(char c) {
  return static_cast<unsigned char>(c);
}

class Reader {
 public:
  Reader(std::string_view pattern, bool ignore_case)
      : pattern_(pattern), ignore_case_(ignore_case) {}

  std::vector<Part> read() {
    std::vector<Part> parts;
    while (!pattern_.empty()) {
      const char c = take();
      if (c == '*') {
        parts.push_back({.is_star = true});
      } else if (c == '?') {
        parts.push_back({.bytes = ~std::bitset<256>()});
      } else if (c == '[') {
        parts.push_back({.bytes = read_class()});
      } else {
        parts.push_back({.bytes = folded(c == '\\' && !pattern_.empty() ? take() : c)});
      }
    }
    return parts;
  }

 private:
  char take() {
    const char c = pattern_[0];
    pattern_.remove_prefix(1);
    return c;
  }
  std::bitset<256> folded(char wanted) const {
    std::bitset<256> bytes;
    for (size_t i = 0; i < 256; i++) {
      const char c = static_cast<char>(i);
      bytes[i] = ignore_case_ ? to_lower(c) == to_lower(wanted) : c == wanted;
    }
    return bytes;
  }
  std::bitset<256> range(char from, char to) const {
    size_t low = value_of(from), high = value_of(to);
    if (low > high) std::swap(low, high);
    if (ignore_case_) {
      low = value_of(to_lower(static_cast<char>(low)));
      high = value_of(to_lower(static_cast<char>(high)));
    }
    std::bitset<256> bytes;
    for (size_t i = 0; i < 256; i++) {
      const char c = static_cast<char>(i);
      const size_t byte = value_of(ignore_case_ ? to_lower(c) : c);
      bytes[i] = low <= byte && byte <= high;
    }
    return bytes;
  }
  std::bitset<256> read_class() {
    std::bitset<256> bytes;
    const bool is_inverted = pattern_.starts_with('^');
    if (is_inverted) take();
    while (!pattern_.empty()) {
      const char c = take();
      if (c == ']') break;
      if (c == '\\' && !pattern_.empty()) {
        bytes.set(value_of(take()));  // as it is, whether or not case counts
      } else if (pattern_.size() >= 2 && pattern_[0] == '-') {
        take();
        bytes |= range(c, take());
      } else {
        bytes |= folded(c);
      }
    }
    return is_inverted ? ~bytes : bytes;
  }

  std::string_view pattern_;
  bool ignore_case_;
};

bool plainly_matches(std::string_view pattern, std::string_view text, bool ignore_case) {
  // reached[i]: the parts so far can match the first i bytes.
  std::vector<bool> reached(text.size() + 1);
  reached[0] = true;
  for (const Part& part : Reader(pattern, ignore_case).read()) {
    std::vector<bool> next(text.size() + 1);
    for (size_t i = 0; i <= text.size(); i++) {
      if (part.is_star) {
        next[i] = reached[i] || (i > 0 && next[i - 1]);
      } else if (i > 0) {
        next[i] = reached[i - 1] && part.bytes[value_of(text[i - 1])];
      }
    }
    reached = std::move(next);
  }
  return reached[text.size()];
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  const std::string_view pattern = bytes.substr(0, data[0] >> 1);
  const std::string_view text = bytes.substr(pattern.size());
  const bool ignore_case = (data[0] & 1) != 0;

  const bool matches = larder::glob_matches(pattern, text, ignore_case);
  LARDER_ASSERT(matches == plainly_matches(pattern, text, ignore_case));
  if (larder::glob_is_literal(pattern) && !ignore_case) LARDER_ASSERT(matches == (pattern == text));
  return 0;
}
