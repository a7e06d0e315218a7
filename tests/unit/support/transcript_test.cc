#include "tests/support/transcript.h"

#include <catch2/catch.hpp>

#include "tests/support/read_reply.h"
#include "tests/support/reply_text.h"

namespace larder {
namespace {

using Kind = TranscriptStep::Kind;
using Lines = std::vector<std::string>;

bool matches(std::string_view expected, std::string_view got) {
  Captures captures;
  return matches_line(expected, got, captures);
}

TEST_CASE("replies are printed as redis-cli prints them") {
  CHECK(to_text(read_reply("+OK\r\n")) == "OK");
  CHECK(to_text(read_reply("$5\r\na\"\n\x01\xff\r\n")) == R"("a\"\n\x01\xff")");
  CHECK(to_text(read_reply("*-1\r\n")) == "(nil)");
  CHECK(to_text(read_reply("*2\r\n*2\r\n:1\r\n*0\r\n$1\r\nx\r\n")) ==
        "1) 1) (integer) 1\n   2) (empty array)\n2) \"x\"");
  CHECK(to_text(read_reply("%2\r\n+a\r\n:1\r\n+b\r\n*1\r\n#t\r\n")) ==
        "1# a => (integer) 1\n2# b =>\n   1) (true)");
  CHECK(to_text(read_reply("~1\r\n,3.10\r\n")) == "1~ (double) 3.10");
  std::string ten = "*10\r\n";
  for (int i = 0; i < 10; i++) ten += "_\r\n";
  CHECK(to_text(read_reply(ten)).starts_with(" 1) (nil)\n 2) (nil)\n"));
  CHECK(to_text(read_reply("=5\r\ntxt:x\r\n")) == "txt:\"x\"");
}

TEST_CASE("arguments are split as redis-cli splits them") {
  CHECK(split_arguments("SET  k \"a b\" 'c\\'d' \"\"") == Lines{"SET", "k", "a b", "c'd", ""});
  CHECK(split_arguments("\"\\x00\\xfF\\n\\q\"") == Lines{std::string("\0\xff\nq", 4)});
  CHECK(split_arguments("\"open") == std::nullopt);
  CHECK(split_arguments("\"a\"b") == std::nullopt);
  CHECK(split_arguments("") == Lines{});
}

TEST_CASE("a file becomes steps") {
  const auto transcript = parse_transcript("f", R"(# comment
> GET k
(nil)
[resp3]
(other)

b> BLPOP q 0
(blocked)
>> "PING\r\n"
PONG
b<
1) "q"
2) "x"
@unordered pairs
@redis-7.0 differs: newer
> HGETALL h
\# no comment
)");
  CHECK(transcript.mistakes == Lines{});
  REQUIRE(transcript.steps.size() == 5);
  const auto& steps = transcript.steps;
  CHECK(steps[0].line == 2);
  CHECK(steps[0].arguments == Lines{"GET", "k"});
  CHECK(steps[0].expected_in(2) == Lines{"(nil)"});
  CHECK(steps[0].expected_in(3) == Lines{"(other)"});
  CHECK(steps[1].client == "b");
  CHECK(steps[1].expected_in(3) == Lines{"(blocked)"});
  CHECK(steps[2].kind == Kind::raw);
  CHECK(steps[2].arguments == Lines{"PING\r\n"});
  CHECK(steps[3].kind == Kind::read);
  CHECK(steps[3].expected == Lines{"1) \"q\"", "2) \"x\""});
  CHECK(steps[4].marks.unordered);
  CHECK(steps[4].marks.pairs);
  CHECK(steps[4].marks.differs == "newer");
  CHECK(steps[4].expected == Lines{"# no comment"});
}

TEST_CASE("marks at the head are for the whole file, others for the next step") {
  const auto transcript =
      parse_transcript("f", "# About\n@only larder: new\n@requires DEBUG\n\n@wait\n> PING\nPONG\n");
  CHECK(transcript.mistakes == Lines{});
  CHECK(transcript.marks.only_larder == "new");
  CHECK(transcript.marks.required == Lines{"DEBUG"});
  REQUIRE(transcript.steps.size() == 1);
  CHECK(transcript.steps[0].marks.wait);
  CHECK_FALSE(transcript.steps[0].marks.only_larder);
}

TEST_CASE("mistakes in a file are told with their place") {
  const auto mistake = [](std::string text) {
    const auto mistakes = parse_transcript("f", std::move(text)).mistakes;
    return mistakes.empty() ? "none" : mistakes[0];
  };
  CHECK(mistake("OK\n> PING\nPONG\n") == "f:1: a reply without a command in front of it");
  CHECK(mistake("> SET \"k\nOK\n") == "f:1: a quote is not closed");
  CHECK(mistake(">> PING PONG\nPONG\n") == "f:1: raw input is one quoted string");
  CHECK(mistake("> PING\nPONG\n@wait\n\n> PING\nPONG\n") == "f:3: a mark without its step");
  CHECK(mistake("> PING\nPONG\n@wait\n") == "f:3: a mark without its step");
  CHECK(mistake("@only larder\n> PING\nPONG\n") == "f:1: this mark says why: @only larder: reason");
  CHECK(mistake("@sometimes\n> PING\nPONG\n") == "f:1: an unknown mark: @sometimes");
  CHECK(mistake("> PING\nPONG\n\n[resp3]\nx\n") == "f:4: [resp3] without a reply in front of it");
  CHECK(mistake("# nothing\n") == "f:1: a transcript without a step");
}

TEST_CASE("patterns match what they say and nothing else") {
  CHECK(matches("(integer) 1", "(integer) 1"));
  CHECK_FALSE(matches("(integer) 1", "(integer) 12"));
  CHECK(matches("(integer) ~", "(integer) 12"));
  CHECK_FALSE(matches("(integer) ~", "(nil)"));
  CHECK_FALSE(matches("~", ""));
  CHECK(matches("(integer) 95..100", "(integer) 95"));
  CHECK(matches("(integer) -2..1", "(integer) -2"));
  CHECK(matches("1) (double) 0.5..0.75", "1) (double) 0.6"));
  CHECK_FALSE(matches("(integer) 95..100", "(integer) 101"));
  CHECK_FALSE(matches("(integer) 95..100", "(nil)"));
  CHECK_FALSE(matches("\"95..100\"", "\"97\""));
  CHECK(matches("1) ~\"id=* addr=?:*\"", "1) \"id=1 addr=1:2\""));
  CHECK_FALSE(matches("1) ~\"id=* addr\"", "1) \"id=1 addr=\""));
  CHECK(matches("(error) ~ERR \\*?", "(error) ERR *x"));
  CHECK(matches("~/\"[0-9a-f]{4}\"/", "\"0f3a\""));
  CHECK_FALSE(matches("~/\"[0-9a-f]{4}\"/", "\"0f3g\""));
  CHECK(matches("1~ \"a\"", "1~ \"a\""));
  CHECK_FALSE(matches("1~ \"a*\"", "1~ \"ab\""));
  CHECK(matches("1~ ~\"a*\"", "1~ \"ab\""));
}

TEST_CASE("captures keep the value, dots stand for lines") {
  Captures captures;
  CHECK(matches_line("(integer) ~$id", "(integer) 12", captures));
  CHECK(matches_line("1) ~$dump", "1) \"\\x00a\"", captures));
  CHECK(captures == Captures{{"id", "12"}, {"dump", std::string("\0a", 2)}});
  CHECK(matches_lines({"1) a", "...", "9) z"}, {"1) a", "2) b", "3) c", "9) z"}, captures));
  CHECK(matches_lines({"..."}, {}, captures));
  CHECK_FALSE(matches_lines({"1) a", "...", "9) z"}, {"1) a", "2) b"}, captures));
  CHECK_FALSE(matches_lines({"1) a"}, {"1) a", "2) b"}, captures));
  CHECK_FALSE(matches_lines({"1) a", "2) b"}, {"1) a"}, captures));
}

TEST_CASE("recorded lines stand behind their steps") {
  CHECK(insert_lines("> A\n\n> B\n", {{1, {"x", "y"}}, {3, {"z"}}}) == "> A\nx\ny\n\n> B\nz\n");
  CHECK(insert_lines("> A\n", {{1, {"# x", "", "> y"}}}) == "> A\n\\# x\n\\\n\\> y\n");
}

}  // namespace
}  // namespace larder
