#include "server/base/text.h"

#include <catch2/catch.hpp>
#include <string_view>

namespace larder {
namespace {

using Parts = std::vector<std::string_view>;

TEST_CASE("case changes in ASCII only") {
  CHECK(to_lower("MiXeD-1 \xc4") == "mixed-1 \xc4");
  CHECK(to_upper("MiXeD-1 \xe4") == "MIXED-1 \xe4");
  CHECK(to_lower('[') == '[');
  CHECK(to_upper('`') == '`');
  CHECK(equals_ignoring_case("GET", "gEt"));
  CHECK_FALSE(equals_ignoring_case("GET", "GETS"));
  CHECK_FALSE(equals_ignoring_case("[", "{"));
}

TEST_CASE("split keeps empty parts") {
  CHECK(split("a,b,c", ',') == Parts{"a", "b", "c"});
  CHECK(split(",a,", ',') == Parts{"", "a", ""});
  CHECK(split("", ',') == Parts{""});
}

TEST_CASE("join undoes split, empty parts included") {
  CHECK(join({}, ",").empty());
  CHECK(join({"a"}, ",") == "a");
  CHECK(join({"a", "b"}, ", ") == "a, b");
  CHECK(join({"", "a", ""}, ",") == ",a,");
}

TEST_CASE("trim takes spaces off both ends") {
  CHECK(trim(" \t a b\r\n") == "a b");
  CHECK(trim(" \v\f ").empty());
  CHECK(trim("").empty());
}

TEST_CASE("quote shows every byte in ASCII") {
  CHECK(quote("plain") == "\"plain\"");
  CHECK(quote("\"\\\n\r\t\a\b") == R"("\"\\\n\r\t\a\b")");
  CHECK(quote(std::string_view("\0\x1f\x7f\xff", 4)) == R"("\x00\x1f\x7f\xff")");
}

}  // namespace
}  // namespace larder
