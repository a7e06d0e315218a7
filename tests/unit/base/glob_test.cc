#include "server/base/glob.h"

#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <vector>

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

// A text that makes the matcher go back to the star often, and what its bytes are asked for.
TEST_CASE("classes behind a star are asked the same however often") {
  Random random(4);
  const std::string letters = "aAbBzZ09-]^\\*?[";
  const auto pick = [&](size_t count) {
    std::string text(count, ' ');
    for (char& c : text) c = letters[random.below(letters.size())];
    return text;
  };
  int matched = 0;
  for (int round = 0; round < 20'000; round++) {
    // Classes in a row, each of them closed.
    std::vector<std::string> classes;
    for (uint64_t i = 1 + random.below(4); i > 0; i--) {
      std::string part = pick(random.below(8));
      std::erase(part, ']');
      if (part.ends_with('\\') || part.ends_with('-')) part += 'a';
      classes.push_back("[" + part + "]");
    }
    const bool ignore_case = random.below(2) == 0;
    const std::string text = pick(40);
    const auto fits = [&](size_t at) {
      for (size_t i = 0; i < classes.size(); i++) {
        // Without a star a class is walked through.
        if (!glob_matches(classes[i], text.substr(at + i, 1), ignore_case)) return false;
      }
      return true;
    };
    bool is_somewhere = false;
    for (size_t at = 0; at + classes.size() <= text.size(); at++) is_somewhere |= fits(at);
    std::string pattern;
    for (const std::string& part : classes) pattern += part;
    INFO(pattern << " on " << text);
    CHECK(glob_matches("*" + pattern + "*", text, ignore_case) == is_somewhere);
    CHECK(glob_matches("*" + pattern, text, ignore_case) == fits(text.size() - classes.size()));
    matched += is_somewhere;
  }
  CHECK(matched > 1000);
  CHECK(matched < 19'000);
}

TEST_CASE("the length of a class does not count for each byte of a text") {
  std::string lengthy;
  for (int i = 0; i < 70'000; i++) lengthy += "a-c";
  const std::string text(200'000, 'x');
  const int64_t begin = monotonic_us();
  CHECK_FALSE(glob_matches("*[" + lengthy + "]*", text));
  CHECK(glob_matches("*[" + lengthy + "x]", text));
  CHECK_FALSE(glob_matches("*[^" + lengthy + "][^" + lengthy + "][" + lengthy + "]*", text, true));
  // Milliseconds; a minute where it does.
  CHECK(monotonic_us() - begin < 10'000'000);
}

TEST_CASE("more classes than are kept") {
  std::string classes;
  for (int i = 0; i < 5'000; i++) classes += "[ab]";
  const std::string text(5'050, 'a');
  CHECK(glob_matches("*" + classes, text));
  CHECK_FALSE(glob_matches("*" + classes + "[b]", text));
  CHECK_FALSE(glob_matches("*" + classes + "[b]*", text));
  CHECK(glob_matches("*" + classes + "[b]*", text + "b"));
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
