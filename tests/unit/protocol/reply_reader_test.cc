#include "protocol/reply_reader.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <string>
#include <vector>

namespace larder {
namespace {

using State = ReplyReader::State;
using Type = Reply::Type;

// Everything in `bytes`, fed in pieces that end at the given positions.
std::vector<Reply> read_all(std::string_view bytes, std::vector<size_t> cuts = {}) {
  ReplyReader reader;
  std::vector<Reply> replies;
  Reply reply;
  cuts.push_back(bytes.size());
  size_t from = 0;
  for (const size_t to : cuts) {
    reader.feed(bytes.substr(from, to - from));
    from = to;
    while (reader.next(reply) == State::ready) replies.push_back(reply);
  }
  CHECK(reader.error() == "");
  CHECK(reader.unread_bytes() == 0);
  return replies;
}

Reply read_one(std::string_view bytes) {
  const auto replies = read_all(bytes);
  REQUIRE(replies.size() == 1);
  return replies[0];
}

std::string error_of(std::string_view bytes, ReplyReader::Limits limits = {}) {
  ReplyReader reader(limits);
  reader.feed(bytes);
  Reply reply;
  State state = State::ready;
  while (state == State::ready) state = reader.next(reply);
  if (state == State::incomplete) return "incomplete";
  // It stays lost, whatever comes.
  reader.feed("+OK\r\n");
  CHECK(reader.next(reply) == State::malformed);
  return std::string(reader.error());
}

Reply bulk(std::string text) {
  return {.type = Type::bulk, .text = std::move(text)};
}
Reply integer(int64_t value) {
  return {.type = Type::integer, .integer = value};
}

TEST_CASE("every type of a reply is read") {
  CHECK(read_one("+OK\r\n") == Reply{.type = Type::status, .text = "OK"});
  CHECK(read_one("+\r\n") == Reply{.type = Type::status});
  CHECK(read_one("-ERR no\r\n") == Reply{.type = Type::error, .text = "ERR no"});
  CHECK(read_one(":-9223372036854775808\r\n") == integer(INT64_MIN));
  CHECK(read_one(":+7\r\n") == integer(7));
  CHECK(read_one("$5\r\na\r\nbc\r\n") == bulk("a\r\nbc"));
  CHECK(read_one("$0\r\n\r\n") == bulk(""));
  CHECK(read_one("$-1\r\n") == Reply{.type = Type::nil});
  CHECK(read_one("_\r\n") == Reply{.type = Type::nil});
  CHECK(read_one("*-1\r\n") == Reply{.type = Type::nil_array});
  CHECK(read_one("#t\r\n") == Reply{.type = Type::boolean, .integer = 1});
  CHECK(read_one("#f\r\n") == Reply{.type = Type::boolean, .integer = 0});
  CHECK(read_one(",1.5\r\n") == Reply{.type = Type::real, .text = "1.5", .real = 1.5});
  CHECK(read_one(",-inf\r\n").real == -INFINITY);
  CHECK(std::isnan(read_one(",nan\r\n").real));
  CHECK(read_one("(-123456789012345678901\r\n") ==
        Reply{.type = Type::big_number, .text = "-123456789012345678901"});
  CHECK(read_one("=7\r\ntxt:abc\r\n") ==
        Reply{.type = Type::verbatim, .text = "abc", .format = "txt"});
  CHECK(read_one("!6\r\nERR no\r\n") == Reply{.type = Type::bulk_error, .text = "ERR no"});
}

TEST_CASE("aggregates hold their values, and nest") {
  CHECK(read_one("*0\r\n") == Reply{.type = Type::array});
  const Reply inner{.type = Type::array, .children = {integer(1), bulk("x")}};
  CHECK(read_one("*2\r\n*2\r\n:1\r\n$1\r\nx\r\n*0\r\n") ==
        Reply{.type = Type::array, .children = {inner, Reply{.type = Type::array}}});
  CHECK(read_one("%1\r\n$1\r\nk\r\n:1\r\n") ==
        Reply{.type = Type::map, .children = {bulk("k"), integer(1)}});
  CHECK(read_one("~1\r\n:1\r\n") == Reply{.type = Type::set, .children = {integer(1)}});
  CHECK(read_one(">1\r\n:1\r\n") == Reply{.type = Type::push, .children = {integer(1)}});
}

TEST_CASE("attributes belong to the value behind them") {
  const Reply whole = read_one("|1\r\n$1\r\na\r\n:1\r\n*2\r\n:5\r\n|1\r\n$1\r\nb\r\n:2\r\n:6\r\n");
  CHECK(whole.attributes == std::vector<Reply>{bulk("a"), integer(1)});
  REQUIRE(whole.children.size() == 2);
  CHECK(whole.children[0] == integer(5));
  CHECK(whole.children[1].integer == 6);
  CHECK(whole.children[1].attributes == std::vector<Reply>{bulk("b"), integer(2)});
  CHECK(read_one("|0\r\n:1\r\n") == integer(1));
}

TEST_CASE("a reply may be cut anywhere") {
  const std::string bytes =
      "+OK\r\n*3\r\n$4\r\na\r\nb\r\n:-12\r\n*-1\r\n%2\r\n+k\r\n,1.25\r\n$1\r\nj\r\n~2\r\n#t\r\n_"
      "\r\n"
      "|1\r\n+ttl\r\n:3\r\n=5\r\ntxt:x\r\n-ERR no\r\n>2\r\n+message\r\n!3\r\nERR\r\n$0\r\n\r\n";
  const auto whole = read_all(bytes);
  REQUIRE(whole.size() == 7);
  for (size_t first = 0; first <= bytes.size(); first++) {
    REQUIRE(read_all(bytes, {first}) == whole);
    for (size_t second = first; second <= bytes.size(); second += 7) {
      REQUIRE(read_all(bytes, {first, second}) == whole);
    }
  }
  std::vector<size_t> every_byte;
  for (size_t i = 1; i < bytes.size(); i++) every_byte.push_back(i);
  CHECK(read_all(bytes, every_byte) == whole);
}

TEST_CASE("what is no protocol is refused, and the reader stays so") {
  for (const char* bytes :
       {"\r\n",          "OK\r\n",         "+a\n",     "+a\rb\r\n",
        ":\r\n",         ":1x\r\n",        ":+-1\r\n", ":9223372036854775808\r\n",
        "$1\r\nab\r\n",  "$-2\r\n",        "$x\r\n",   "*-2\r\n",
        "~-1\r\n",       "%-1\r\n",        "#x\r\n",   "_x\r\n",
        ",\r\n",         ",1,5\r\n",       "(\r\n",    "(1.5\r\n",
        "=3\r\nabc\r\n", "=4\r\nabcd\r\n", "!-1\r\n",  "$?\r\n",
        "*?\r\n",        "*1\r\n@\r\n"}) {
    INFO(bytes);
    CHECK(error_of(bytes) != "incomplete");
    CHECK(error_of(bytes) != "");
  }
}

TEST_CASE("limits hold before memory is taken") {
  ReplyReader::Limits limits{
      .depth = 3, .values = 10, .line_bytes = 16, .bulk_bytes = 8, .reply_bytes = 40};
  CHECK(error_of("*1\r\n*1\r\n*1\r\n:1\r\n", limits) == "incomplete");  // nothing left over
  CHECK(error_of("*1\r\n*1\r\n*1\r\n*1\r\n", limits) == "aggregates are nested too deep");
  CHECK(error_of("*10\r\n", limits) == "too many values");
  CHECK(error_of("*9\r\n", limits) == "incomplete");
  CHECK(error_of("%5\r\n", limits) == "too many values");
  CHECK(error_of("%9223372036854775807\r\n") == "too many values");
  CHECK(error_of("+12345678901234567", limits) == "a line is too long");
  CHECK(error_of("$9\r\n", limits) == "a bulk is too long");
  CHECK(error_of("$9223372036854775807\r\n") == "a bulk is too long");
  CHECK(error_of("*4\r\n$8\r\n12345678\r\n$8\r\n12345678\r\n$8\r\n", limits) ==
        "the reply is too long");
  // The limits are those of one reply, not of the stream.
  std::string many;
  for (int i = 0; i < 100; i++) many += "*2\r\n:1\r\n:2\r\n";
  CHECK(error_of(many, limits) == "incomplete");
}

TEST_CASE("a reply that is not whole is left alone") {
  ReplyReader reader;
  Reply reply = integer(42);
  reader.feed("$3\r\nab");
  CHECK(reader.next(reply) == State::incomplete);
  CHECK(reply == integer(42));
  CHECK(reader.unread_bytes() == 6);
  reader.feed("c\r\n:1\r\n");
  CHECK(reader.next(reply) == State::ready);
  CHECK(reply == bulk("abc"));
  CHECK(reader.unread_bytes() == 4);
}

}  // namespace
}  // namespace larder
