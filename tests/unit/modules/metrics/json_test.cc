#include "modules/metrics/json.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <string>

#include "modules/metrics/utf8.h"

namespace larder {
namespace {

std::string quoted(std::string_view bytes) {
  std::string out;
  append_json_string(out, bytes);
  return out;
}
std::string json(const Reply& reply) {
  std::string out;
  append_json(out, reply);
  return out;
}
Reply bulk(std::string text) {
  return {.type = Reply::Type::bulk, .text = std::move(text)};
}
Reply integer(int64_t value) {
  return {.type = Reply::Type::integer, .integer = value};
}

TEST_CASE("json: strings hold any bytes") {
  CHECK(quoted("plain") == "\"plain\"");
  CHECK(quoted("a\"b\\c") == "\"a\\\"b\\\\c\"");
  CHECK(quoted(std::string_view("\n\0\x1f", 3)) == "\"\\u000a\\u0000\\u001f\"");
  CHECK(quoted("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80") ==
        "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"");
  CHECK(quoted("a\xff\xc3") == "\"a\\\\xff\\\\xc3\"");
}

TEST_CASE("json: valid UTF-8 is told from what only looks like it") {
  CHECK(utf8_length("") == 0);
  CHECK(utf8_length("a") == 1);
  CHECK(utf8_length("\xc2\x80") == 2);
  CHECK(utf8_length("\xe0\xa0\x80") == 3);
  CHECK(utf8_length("\xf4\x8f\xbf\xbf") == 4);
  CHECK(utf8_length("\x80") == 0);
  CHECK(utf8_length("\xc1\xbf") == 0);          // overlong
  CHECK(utf8_length("\xe0\x9f\xbf") == 0);      // overlong
  CHECK(utf8_length("\xed\xa0\x80") == 0);      // a surrogate
  CHECK(utf8_length("\xf4\x90\x80\x80") == 0);  // beyond the last
  CHECK(utf8_length("\xf5\x80\x80\x80") == 0);
  CHECK(utf8_length("\xe2\x82") == 0);  // cut off
}

TEST_CASE("json: replies become what they mean") {
  const Reply map{.type = Reply::Type::map,
                  .children = {bulk("a"),
                               integer(1),
                               integer(2),
                               bulk("x"),
                               bulk("r"),
                               {.type = Reply::Type::real, .real = 0.5}}};
  CHECK(json(map) == R"({"a":1,"2":"x","r":0.5})");
  CHECK(json({.type = Reply::Type::array,
              .children = {integer(-1), {.type = Reply::Type::nil}, bulk("b")}}) ==
        R"([-1,null,"b"])");
  CHECK(json({.type = Reply::Type::array}) == "[]");
  CHECK(json({.type = Reply::Type::real, .real = std::nan("")}) == "null");
  CHECK(json({.type = Reply::Type::boolean, .integer = 1}) == "true");
  CHECK(json({.type = Reply::Type::error, .text = "no"}) == R"({"error":"no"})");
}

}  // namespace
}  // namespace larder
