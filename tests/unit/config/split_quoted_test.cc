#include <catch2/catch.hpp>

#include "protocol/inline_request.h"
#include "server/base/text.h"

namespace larder {
namespace {

using Words = std::vector<std::string>;

TEST_CASE("split_quoted: words, quotes and escapes") {
  CHECK(split_quoted("") == Words{});
  CHECK(split_quoted(" \t save   900 1 \r\n") == Words{"save", "900", "1"});
  CHECK(split_quoted("save \"\"") == Words{"save", ""});
  CHECK(split_quoted("a\"b c\" d") == Words{"ab c", "d"});
  CHECK(split_quoted(R"(x "\x41\n\r\t\b\a\"\\\q\x4")") == Words{"x", "A\n\r\t\b\a\"\\qx4"});
  CHECK(split_quoted(R"('it\'s' '\n')") == Words{"it's", "\\n"});
  CHECK(split_quoted(std::string_view("a\0b", 3)) == Words{std::string("a\0b", 3)});
}

TEST_CASE("split_quoted: wrong quoting") {
  for (const char* line : {"\"", "'", "\"a", "'a", "\"a\"b", "'a'b", "\"a\\\"", "'a\\'"}) {
    INFO(line);
    CHECK_FALSE(split_quoted(line).has_value());
  }
}

TEST_CASE("split_quoted: reads back what quote writes") {
  std::string bytes;
  for (int i = 0; i < 256; i++) bytes += static_cast<char>(i);
  CHECK(split_quoted(quote(bytes)) == Words{bytes});
}

}  // namespace
}  // namespace larder
