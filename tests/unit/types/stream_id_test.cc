#include "server/types/stream_id.h"

#include <catch2/catch.hpp>

namespace larder {
namespace {

constexpr uint64_t kMax = UINT64_MAX;

TEST_CASE("stream IDs ascend by both of their numbers") {
  CHECK(StreamId{1, 2} < StreamId{1, 3});
  CHECK(StreamId{1, kMax} < StreamId{2, 0});
  CHECK(StreamId{1, kMax}.next() == StreamId{2, 0});
  CHECK(StreamId{2, 0}.previous() == StreamId{1, kMax});
  CHECK(StreamId{}.previous() == std::nullopt);
  CHECK(StreamId::max().next() == std::nullopt);
  CHECK(StreamId::max().previous() == StreamId{kMax, kMax - 1});
  CHECK(StreamId{}.is_zero());
  CHECK_FALSE(StreamId{0, 1}.is_zero());
}

TEST_CASE("stream IDs are written with their numbers") {
  CHECK(StreamId{}.to_string() == "0-0");
  CHECK(StreamId{1526919030474, 55}.to_string() == "1526919030474-55");
  CHECK(StreamId::max().to_string() == "18446744073709551615-18446744073709551615");
}

TEST_CASE("stream IDs are read as generously as Redis reads them") {
  CHECK(parse_stream_id("5-6", 9) == StreamId{5, 6});
  CHECK(parse_stream_id("5", 9) == StreamId{5, 9});
  CHECK(parse_stream_id("18446744073709551615-18446744073709551615", 0) == StreamId::max());
  CHECK(parse_stream_id("007-008", 0) == StreamId{7, 8});
  CHECK(parse_stream_id("+7", 0) == StreamId{7, 0});
  CHECK(parse_stream_id(" 7", 0) == StreamId{7, 0});
  CHECK(parse_stream_id(std::string_view("7\0x", 3), 0) == StreamId{7, 0});
  for (const char* text : {"", "-", "+", "*", "-1", "1-", "-1-1", "1--1", "1-1-1", "1-x", "x-1",
                           "7 ", "18446744073709551616", "1-18446744073709551616", "1.5", "0x10"}) {
    INFO(text);
    CHECK(parse_stream_id(text, 0) == std::nullopt);
  }
  CHECK(parse_stream_id(std::string(128, '0'), 0) == std::nullopt);
  CHECK(parse_stream_id(std::string(127, '0'), 3) == StreamId{0, 3});
}

}  // namespace
}  // namespace larder
