#include "protocol/inline_request.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

using namespace larder;
using Arguments = std::vector<std::string>;

TEST_CASE("plain arguments are separated by white space") {
  CHECK(split_quoted("") == Arguments{});
  CHECK(split_quoted(" \t\r\n\v\f ") == Arguments{});
  CHECK(split_quoted("set key value") == Arguments{"set", "key", "value"});
  CHECK(split_quoted("  set\tkey\r\nvalue ") == Arguments{"set", "key", "value"});
  CHECK(split_quoted("back\\slash\\n") == Arguments{"back\\slash\\n"});
  CHECK(split_quoted("\vform\ffeed") == Arguments{"form\ffeed"});
  CHECK(split_quoted("\xff\x80") == Arguments{"\xff\x80"});
  CHECK(split_quoted(std::string_view("a\0b", 3)) == Arguments{std::string("a\0b", 3)});
}

TEST_CASE("double quotes know escapes") {
  CHECK(split_quoted(R"("")") == Arguments{""});
  CHECK(split_quoted(R"("a b")") == Arguments{"a b"});
  CHECK(split_quoted(R"("\n\r\t\b\a")") == Arguments{"\n\r\t\b\a"});
  CHECK(split_quoted(R"("\x41\xfF\x00")") == Arguments{std::string("A\xff\0", 3)});
  CHECK(split_quoted(R"("\q\"\\")") == Arguments{"q\"\\"});
  CHECK(split_quoted(R"("\x4")") == Arguments{"x4"});
  CHECK(split_quoted(R"("\x4g")") == Arguments{"x4g"});
  CHECK(split_quoted(R"("it's")") == Arguments{"it's"});
}

TEST_CASE("single quotes know only themselves") {
  CHECK(split_quoted("''") == Arguments{""});
  CHECK(split_quoted(R"('a\'b')") == Arguments{"a'b"});
  CHECK(split_quoted(R"('\n\x41"')") == Arguments{R"(\n\x41")"});
  // The second backslash belongs to the quote behind it.
  CHECK(split_quoted(R"('a\\'')") == Arguments{R"(a\')"});
}

TEST_CASE("a quote may open within an argument, and closes it") {
  CHECK(split_quoted(R"(a"b c" d)") == Arguments{"ab c", "d"});
  CHECK(split_quoted("a'b c'\v\"d\"") == Arguments{"ab c", "d"});
  for (const char* unbalanced : {"\"", "'", "\"abc", "'abc", "a\"b", "\"a\"b", "'a'b", "\"a\"\"b\"",
                                 "\"a\\\"", "'a\\'", "\"a\\", "ok \"", "\"\\x4", "\"\\"}) {
    CAPTURE(unbalanced);
    CHECK_FALSE(split_quoted(unbalanced).has_value());
  }
}

TEST_CASE("the splitter copies quoted arguments only") {
  const std::string line = "set \"k\" value";
  InlineSplitter splitter(line);
  REQUIRE(splitter.next() == InlineSplitter::Step::argument);
  CHECK_FALSE(splitter.is_quoted());
  CHECK(splitter.argument().data() == line.data());
  REQUIRE(splitter.next() == InlineSplitter::Step::argument);
  CHECK(splitter.is_quoted());
  CHECK(splitter.take_quoted() == "k");
  REQUIRE(splitter.next() == InlineSplitter::Step::argument);
  CHECK(splitter.argument() == "value");
  CHECK(splitter.next() == InlineSplitter::Step::end);
  CHECK(splitter.next() == InlineSplitter::Step::end);
}
