#include "server/module/reply_fields.h"

#include <catch2/catch.hpp>
#include <string>

#include "tests/support/read_reply.h"

namespace larder {
namespace {

TEST_CASE("reply fields: what is behind a name") {
  const Reply map = read_reply("%3\r\n$4\r\nname\r\n$1\r\nx\r\n$5\r\ncount\r\n:3\r\n+mean\r\n,1.5\r\n");
  REQUIRE(find_field(map, "name") != nullptr);
  CHECK(text_field(map, "name") == "x");
  CHECK(number_field(map, "count") == 3);
  CHECK(number_field(map, "mean") == 1.5);
  CHECK(find_field(map, "x") == nullptr);
  CHECK(number_field(map, "none") == 0);
  CHECK(number_field(map, "name") == 0);
  CHECK(text_field(map, "none").empty());
}

TEST_CASE("reply fields: what is no map has none, what is no number is none") {
  CHECK(find_field(read_reply("*2\r\n$1\r\na\r\n:1\r\n"), "a") == nullptr);
  CHECK(find_field(read_reply("_\r\n"), "") == nullptr);
  CHECK(number_of(read_reply(":-4\r\n")) == -4);
  CHECK(number_of(read_reply("$1\r\n4\r\n")) == std::nullopt);
  CHECK(number_of(read_reply("_\r\n")) == std::nullopt);
}

}  // namespace
}  // namespace larder
