#include "server/base/glob.h"

#include <catch2/catch.hpp>
#include <string>
#include <string_view>

#include "server/base/clock.h"
#include "server/base/random.h"

namespace larder {
namespace {

TEST_CASE("stars and question marks") {
  CHECK(glob_matches("", ""));
  CHECK_FALSE(glob_matches("", "a"));
  CHECK(glob_matches("*", "anything"));
  CHECK(glob_matches("h?llo", "hello"));
  CHECK_FALSE(glob_matches("h?llo", "hllo"));
  CHECK_FALSE(glob_matches("h?llo", "heello"));
  CHECK(glob_matches("h*llo", "hllo"));
  CHECK(glob_matches("h*llo", "heeeello"));
  CHECK(glob_matches("*:*:*", "a:b:c"));
  CHECK_FALSE(glob_matches("*:*:*", "a:b"));
  CHECK(glob_matches("**a**", "bab"));
  CHECK(glob_matches("a*", "a"));
  CHECK_FALSE(glob_matches("a*b", "acbd"));
  CHECK(glob_matches("*ab", "aaab"));
}

// Redis says no to the empty text; every other reader of "*" would be surprised.
TEST_CASE("a star matches the empty text") {
  CHECK(glob_matches("*", ""));
  CHECK(glob_matches("**", ""));
}

TEST_CASE("classes") {
  CHECK(glob_matches("h[ae]llo", "hallo"));
  CHECK_FALSE(glob_matches("h[ae]llo", "hillo"));
  CHECK(glob_matches("h[^e]llo", "hallo"));
  CHECK_FALSE(glob_matches("h[^e]llo", "hello"));
  CHECK(glob_matches("h[a-b]llo", "hbllo"));
  CHECK_FALSE(glob_matches("h[a-b]llo", "hcllo"));
  CHECK(glob_matches("[b-a]", "a"));   // a range in the wrong order is turned round
  CHECK(glob_matches("[a-]", "a"));    // reaches from ']' to 'a' and is unclosed
  CHECK(glob_matches("[a\\]]", "]"));  // escaped: part of the class
  CHECK(glob_matches("[ab", "b"));     // unclosed
  CHECK_FALSE(glob_matches("[", "["));
  CHECK(glob_matches("[^", "x"));
  CHECK_FALSE(glob_matches("[]", "]"));
  CHECK(glob_matches("[\x80-\xff]", "\xc3"));
  CHECK_FALSE(glob_matches("[a-z]", ""));
}

TEST_CASE("escapes") {
  CHECK(glob_matches("\\*", "*"));
  CHECK_FALSE(glob_matches("\\*", "a"));
  CHECK(glob_matches("\\", "\\"));
  CHECK(glob_matches("a\\", "a\\"));
  CHECK(glob_matches("\\a", "a"));
}

TEST_CASE("case is ignored on request, as Redis does it") {
  CHECK(glob_matches("Max*", "maxmemory", true));
  CHECK_FALSE(glob_matches("Max*", "maxmemory"));
  CHECK(glob_matches("[A-C]", "b", true));
  CHECK(glob_matches("\\A", "a", true));
  CHECK_FALSE(glob_matches("[\\A]", "a", true));
  CHECK_FALSE(glob_matches("[Z-a]", "b", true));
}

TEST_CASE("bytes are bytes") {
  using namespace std::string_view_literals;
  CHECK(glob_matches("a\0*"sv, "a\0b"sv));
  CHECK_FALSE(glob_matches("a\0b"sv, "a\0c"sv));
  CHECK(glob_matches("?", "\xff"));
}

TEST_CASE("literal patterns are told apart") {
  CHECK(glob_is_literal("user:1"));
  CHECK(glob_is_literal(""));
  for (const std::string_view pattern : {"*", "a?", "[a", "a\\"})
    CHECK_FALSE(glob_is_literal(pattern));
}

// Straight from the definition; exponential, so for short texts only.
bool matches_by_definition(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '*') {
    return matches_by_definition(pattern.substr(1), text) ||
           (!text.empty() && matches_by_definition(pattern, text.substr(1)));
  }
  return !text.empty() && (pattern[0] == '?' || pattern[0] == text[0]) &&
         matches_by_definition(pattern.substr(1), text.substr(1));
}

TEST_CASE("random patterns agree with the definition") {
  Random random(3);
  const auto pick = [&](std::string_view letters, size_t longest) {
    std::string text(random.below(longest + 1), ' ');
    for (char& c : text) c = letters[random.below(letters.size())];
    return text;
  };
  for (int round = 0; round < 50'000; round++) {
    const std::string pattern = pick("ab*?", 8);
    const std::string text = pick("ab", 8);
    INFO(pattern << " on " << text);
    CHECK(glob_matches(pattern, text) == matches_by_definition(pattern, text));
  }
}

TEST_CASE("no pattern takes more than pattern times text") {
  std::string pattern;
  for (int i = 0; i < 50; i++) pattern += "*a";
  pattern += "b";
  const int64_t begin = monotonic_us();
  CHECK_FALSE(glob_matches(pattern, std::string(10'000, 'a')));
  CHECK(glob_matches(std::string(100'000, '*'), std::string(100'000, 'a')));
  CHECK_FALSE(glob_matches("*" + std::string(1000, '[') + "b", std::string(2000, 'a')));
  // Milliseconds where it is done right; the age of the universe where it is not.
  CHECK(monotonic_us() - begin < 20'000'000);
}

}  // namespace
}  // namespace larder
