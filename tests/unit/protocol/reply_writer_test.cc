#include "protocol/reply_writer.h"

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

using namespace larder;

namespace {

std::string content(const OutputChain& chain) {
  std::vector<iovec> parts(1000);
  parts.resize(chain.fill(parts));
  std::string bytes;
  for (const iovec& part : parts)
    bytes.append(static_cast<const char*>(part.iov_base), part.iov_len);
  return bytes;
}

template <class Write>
std::string written(RespVersion version, Write write) {
  OutputChain chain;
  ReplyWriter reply(chain, version);
  write(reply);
  CHECK(reply.is_complete());
  CHECK(chain.bytes() == content(chain).size());
  return content(chain);
}

template <class Write>
std::string resp2(Write write) {
  return written(RespVersion::resp2, write);
}
template <class Write>
std::string resp3(Write write) {
  return written(RespVersion::resp3, write);
}

std::string text_of(double value) {
  char text[kMaxDoubleText];
  return std::string(text, format_reply_double(value, text));
}

}  // namespace

TEST_CASE("replies that are the same in both versions") {
  for (const RespVersion version : {RespVersion::resp2, RespVersion::resp3}) {
    const auto reply = [version](auto write) { return written(version, write); };
    CHECK(reply([](auto& w) { w.ok(); }) == "+OK\r\n");
    CHECK(reply([](auto& w) { w.simple("PONG"); }) == "+PONG\r\n");
    CHECK(reply([](auto& w) { w.error("ERR no"); }) == "-ERR no\r\n");
    CHECK(reply([](auto& w) { w.bulk(""); }) == "$0\r\n\r\n");
    CHECK(reply([](auto& w) { w.bulk(std::string_view()); }) == "$0\r\n\r\n");
    CHECK(reply([](auto& w) { w.bulk("a\r\nb"); }) == "$4\r\na\r\nb\r\n");
    CHECK(reply([](auto& w) { w.bulk_integer(-42); }) == "$3\r\n-42\r\n");
    CHECK(reply([](auto& w) { w.array(0); }) == "*0\r\n");
    CHECK(reply([](auto& w) {
            w.bulk_array(std::vector<std::string>{"a", "bc"});
          }) == "*2\r\n$1\r\na\r\n$2\r\nbc\r\n");
  }
}

TEST_CASE("integers of every length") {
  std::vector<int64_t> values = {0, INT64_MIN, INT64_MAX};
  for (int64_t power = 1; power <= INT64_MAX / 10; power *= 10) {
    for (const int64_t value : {power - 1, power, power + 1, 9 * power}) {
      values.push_back(value);
      values.push_back(-value);
    }
  }
  for (const int64_t value : values) {
    const std::string text = std::to_string(value);
    CHECK(resp2([&](auto& w) { w.integer(value); }) == ":" + text + "\r\n");
    CHECK(resp2([&](auto& w) { w.bulk_integer(value); }) ==
          "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n");
  }
}

TEST_CASE("what the versions write differently") {
  struct Pair {
    std::string resp2;
    std::string resp3;
  };
  const auto both = [](auto write) { return Pair{resp2(write), resp3(write)}; };
  const auto check = [&](auto write, const std::string& two, const std::string& three) {
    const Pair pair = both(write);
    CHECK(pair.resp2 == two);
    CHECK(pair.resp3 == three);
  };
  check([](auto& w) { w.null(); }, "$-1\r\n", "_\r\n");
  check([](auto& w) { w.null_array(); }, "*-1\r\n", "_\r\n");
  check([](auto& w) { w.boolean(true); }, ":1\r\n", "#t\r\n");
  check([](auto& w) { w.boolean(false); }, ":0\r\n", "#f\r\n");
  check([](auto& w) { w.number(1.5); }, "$3\r\n1.5\r\n", ",1.5\r\n");
  check([](auto& w) { w.number(-INFINITY); }, "$4\r\n-inf\r\n", ",-inf\r\n");
  check([](auto& w) { w.number_text("1.250"); }, "$5\r\n1.250\r\n", ",1.250\r\n");
  check([](auto& w) { w.big_number("123"); }, "$3\r\n123\r\n", "(123\r\n");
  check([](auto& w) { w.verbatim("txt", "a\nb"); }, "$3\r\na\nb\r\n", "=7\r\ntxt:a\nb\r\n");
  check([](auto& w) { w.verbatim("md", ""); }, "$0\r\n\r\n", "=4\r\nmd :\r\n");

  const auto one_and_two = [](auto& w) { w.integer(1), w.integer(2); };
  check([&](auto& w) { w.map(1), one_and_two(w); }, "*2\r\n:1\r\n:2\r\n", "%1\r\n:1\r\n:2\r\n");
  check([&](auto& w) { w.set(2), one_and_two(w); }, "*2\r\n:1\r\n:2\r\n", "~2\r\n:1\r\n:2\r\n");
  check([&](auto& w) { w.push(2), one_and_two(w); }, "*2\r\n:1\r\n:2\r\n", ">2\r\n:1\r\n:2\r\n");
  check(
      [&](auto& w) {
        if (w.attribute(1)) one_and_two(w);
        w.integer(3);
      },
      ":3\r\n", "|1\r\n:1\r\n:2\r\n:3\r\n");

  const auto fill = [&](auto& w, ReplyWriter::Deferred deferred, size_t count) {
    one_and_two(w);
    deferred.finish(count);
  };
  check([&](auto& w) { fill(w, w.deferred_array(), 2); }, "*2\r\n:1\r\n:2\r\n",
        "*2\r\n:1\r\n:2\r\n");
  check([&](auto& w) { fill(w, w.deferred_map(), 1); }, "*2\r\n:1\r\n:2\r\n", "%1\r\n:1\r\n:2\r\n");
  check([&](auto& w) { fill(w, w.deferred_set(), 2); }, "*2\r\n:1\r\n:2\r\n", "~2\r\n:1\r\n:2\r\n");
}

TEST_CASE("lines cannot be broken by data") {
  CHECK(resp2([](auto& w) { w.error("ERR a\r\n+OK\r\n"); }) == "-ERR a  +OK  \r\n");
  CHECK(resp2([](auto& w) { w.simple("a\nb\rc"); }) == "+a b c\r\n");
  CHECK(resp3([](auto& w) { w.big_number("1\r\n2"); }) == "(1  2\r\n");
  CHECK(resp3([](auto& w) { w.number_text("1\r\n2"); }) == ",1  2\r\n");
  const std::string text(10'000, 'x');
  CHECK(resp2([&](auto& w) { w.error(text + "\n" + text); }) == "-" + text + " " + text + "\r\n");
}

TEST_CASE("bulk strings of every size class") {
  for (const size_t size : {1ul, 9ul, 10ul, 99ul, 100ul, 999ul, 1000ul, 4000ul, 4070ul, 4071ul,
                            4072ul, 4096ul, 5000ul, 100'000ul}) {
    const std::string bytes(size, 'b');
    const std::string expected = "$" + std::to_string(size) + "\r\n" + bytes + "\r\n";
    CHECK(resp2([&](auto& w) { w.bulk(bytes); }) == expected);
    int released = 0;
    const auto release = [](void* owner) { ++*static_cast<int*>(owner); };
    CHECK(resp2([&](auto& w) { w.bulk_external(bytes, &released, release); }) == expected);
    CHECK(released == 1);
    CHECK(resp3([&](auto& w) { w.verbatim("txt", bytes); }) ==
          "=" + std::to_string(size + 4) + "\r\ntxt:" + bytes + "\r\n");
  }
}

TEST_CASE("aggregates nest, deferred ones as well") {
  const auto write = [](ReplyWriter& w) {
    w.array(3);
    auto map = w.deferred_map();
    w.bulk("k");
    auto list = w.deferred_array();
    w.integer(1);
    w.set(0);
    w.array(1);
    w.null();
    list.finish(3);
    map.finish(1);
    w.deferred_set().finish(0);
    w.boolean(true);
  };
  CHECK(resp3(write) == "*3\r\n%1\r\n$1\r\nk\r\n*3\r\n:1\r\n~0\r\n*1\r\n_\r\n~0\r\n#t\r\n");
  CHECK(resp2(write) == "*3\r\n*2\r\n$1\r\nk\r\n*3\r\n:1\r\n*0\r\n*1\r\n$-1\r\n*0\r\n:1\r\n");
}

TEST_CASE("doubles have the shortest text that reads back, in the form of Redis 7.2") {
  CHECK(text_of(0.0) == "0");
  CHECK(text_of(-0.0) == "-0");
  CHECK(text_of(1) == "1");
  CHECK(text_of(-17) == "-17");
  CHECK(text_of(0.1) == "0.1");
  CHECK(text_of(-3.14) == "-3.14");
  CHECK(text_of(3.0000000000000004) == "3.0000000000000004");
  CHECK(text_of(123456.789) == "123456.789");
  CHECK(text_of(0.001) == "0.001");
  CHECK(text_of(0.000001) == "0.000001");
  CHECK(text_of(0.0000001) == "1e-7");
  CHECK(text_of(0.00015) == "0.00015");
  CHECK(text_of(0.0012345678) == "0.0012345678");
  CHECK(text_of(0.00012345678) == "1.2345678e-4");
  CHECK(text_of(1e15) == "1000000000000000");
  CHECK(text_of(1e17) == "100000000000000000");
  CHECK(text_of(4e18) == "4000000000000000000");
  CHECK(text_of(5e18) == "5e+18");
  CHECK(text_of(1e100) == "1e+100");
  CHECK(text_of(1.5e300) == "1.5e+300");
  CHECK(text_of(12345678901234567e4) == "123456789012345670000");
  CHECK(text_of(5e-324) == "5e-324");
  CHECK(text_of(1.7976931348623157e308) == "1.7976931348623157e+308");
  CHECK(text_of(2.2250738585072014e-308) == "2.2250738585072014e-308");
  CHECK(text_of(INFINITY) == "inf");
  CHECK(text_of(-INFINITY) == "-inf");
  CHECK(text_of(std::numeric_limits<double>::quiet_NaN()) == "nan");
  CHECK(text_of(-std::numeric_limits<double>::quiet_NaN()) == "nan");
}

TEST_CASE("every double reads back") {
  std::mt19937_64 random(7);
  for (int i = 0; i < 200'000; i++) {
    const uint64_t bits = random();
    double value;
    std::memcpy(&value, &bits, sizeof(value));
    if (std::isnan(value)) continue;
    const std::string text = text_of(value);
    if (std::strtod(text.c_str(), nullptr) != value) FAIL(text);
  }
}

TEST_CASE("a reply can be replaced by another") {
  OutputChain chain;
  ReplyWriter reply(chain);
  reply.ok();
  const auto mark = reply.mark();
  reply.array(3);
  auto deferred = reply.deferred_array();
  reply.integer(1);
  static_cast<void>(deferred);
  reply.rewind(mark);
  reply.error("ERR changed my mind");
  CHECK(reply.is_complete());
  CHECK(content(chain) == "+OK\r\n-ERR changed my mind\r\n");
}

TEST_CASE("an overflowing reply stops costing memory") {
  OutputChain chain;
  chain.set_limit(10'000);
  ReplyWriter reply(chain);
  reply.array(1'000'000);
  size_t written = 0;
  while (!chain.overflowed()) {
    reply.bulk("0123456789");
    written++;
  }
  CHECK(written < 1000);
  CHECK(chain.bytes() <= 10'000);
}

#ifndef NDEBUG

namespace {

// Whether the code ends its process by an assertion.
template <class Code>
bool aborts(Code code) {
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGABRT, SIG_DFL);
    close(STDERR_FILENO);
    OutputChain chain;
    ReplyWriter reply(chain);
    code(reply);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

}  // namespace

TEST_CASE("a wrong shape is found in debug builds") {
  CHECK_FALSE(aborts([](ReplyWriter& w) { w.array(1), w.ok(), w.assert_replies(1); }));
  CHECK(aborts([](ReplyWriter& w) { w.array(2), w.ok(), w.assert_replies(1); }));
  CHECK(aborts([](ReplyWriter& w) { w.array(1), w.ok(), w.ok(), w.assert_replies(1); }));
  CHECK(aborts([](ReplyWriter& w) { w.assert_replies(1); }));
  CHECK(aborts([](ReplyWriter& w) {
    auto deferred = w.deferred_array();
    w.ok();
    deferred.finish(2);
  }));
  CHECK(aborts([](ReplyWriter& w) {
    auto deferred = w.deferred_array();
    w.map(1), w.ok();
    deferred.finish(1);
  }));
}

#endif
