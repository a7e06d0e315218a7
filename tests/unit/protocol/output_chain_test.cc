#include "protocol/output_chain.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <random>
#include <string>
#include <vector>

using namespace larder;

namespace {

// Everything that may be sent now.
std::string content(const OutputChain& chain) {
  std::vector<iovec> parts(10'000);
  parts.resize(chain.fill(parts));
  std::string bytes;
  for (const iovec& part : parts)
    bytes.append(static_cast<const char*>(part.iov_base), part.iov_len);
  return bytes;
}

size_t pieces_of(const OutputChain& chain) {
  std::vector<iovec> parts(100);
  return chain.fill(parts);
}

void write(OutputChain& chain, std::string_view bytes) {
  char* const out = chain.reserve(bytes.size());
  bytes.copy(out, bytes.size());
  chain.commit(bytes.size());
}

// Counts how often a large value was released.
struct Value {
  explicit Value(size_t size, char fill = 'v') : bytes(size, fill) {}
  std::string bytes;
  int released = 0;
  static void release(void* owner) { static_cast<Value*>(owner)->released++; }
  void queue(OutputChain& chain) { chain.append_external(bytes, this, release); }
};

std::string numbered(size_t count) {
  std::string text;
  for (size_t i = 0; text.size() < count; i++) text += std::to_string(i) + ' ';
  text.resize(count);
  return text;
}

}  // namespace

TEST_CASE("an idle chain holds nothing") {
  OutputChain chain;
  CHECK(chain.empty());
  CHECK(chain.memory() == 0);
  CHECK(content(chain).empty());
  chain.drop_front(0);
  write(chain, "hello");
  CHECK_FALSE(chain.empty());
  CHECK(chain.memory() == 512);
  chain.drop_front(5);
  CHECK(chain.empty());
  CHECK(chain.memory() == 0);
  // Room that was asked for and not used leaves no trace either.
  chain.reserve(100);
  chain.drop_front(0);
  CHECK(chain.memory() == 0);
}

TEST_CASE("blocks grow with the need") {
  OutputChain chain;
  const std::string text = numbered(100'000);
  std::vector<size_t> steps;
  for (size_t at = 0; at < text.size(); at += 100) {
    write(chain, std::string_view(text).substr(at, 100));
    if (steps.empty() || steps.back() != chain.memory()) steps.push_back(chain.memory());
  }
  REQUIRE(steps.size() > 4);
  CHECK(steps[0] == 512);
  CHECK(steps[1] == 512 + 4096);
  CHECK(steps[2] == 512 + 4096 + 16384);
  CHECK(steps[3] == 512 + 4096 + 2 * 16384);
  CHECK(content(chain) == text);
  CHECK(chain.bytes() == text.size());
  chain.clear();
  CHECK(chain.memory() == 0);
}

TEST_CASE("a single reply of some kilobytes is one piece of a block of its size") {
  for (const size_t bytes : {4100u, 5000u, 8000u}) {
    OutputChain chain;
    write(chain, numbered(bytes));
    CHECK(pieces_of(chain) == 1);
    CHECK(chain.memory() <= bytes + 1024 + 128);
  }
}

TEST_CASE("reserve gives its most in one piece") {
  OutputChain chain;
  const std::string text = numbered(OutputChain::kMaxReserve);
  write(chain, "x");
  write(chain, text);
  write(chain, text);
  CHECK(content(chain) == "x" + text + text);
}

TEST_CASE("any partial send leaves the rest") {
  const std::string text = numbered(30'000);
  for (const size_t step : {1ul, 7ul, 511ul, 4096ul, 29'999ul}) {
    OutputChain chain;
    Value value(5000);
    chain.append(std::string_view(text).substr(0, 10'000));
    value.queue(chain);
    const auto header = chain.reserve_header();
    chain.append(std::string_view(text).substr(10'000));
    chain.fill_header(header, "*3\r\n");
    std::string expected = text.substr(0, 10'000) + value.bytes + "*3\r\n" + text.substr(10'000);

    size_t sent = 0;
    while (sent < expected.size()) {
      const size_t part = std::min(step, expected.size() - sent);
      if (step > 100 || sent % 1000 == 0) REQUIRE(content(chain) == expected.substr(sent));
      CHECK(value.released == (sent >= 15'000 ? 1 : 0));
      chain.drop_front(part);
      sent += part;
      REQUIRE(chain.bytes() == expected.size() - sent);
    }
    CHECK(chain.memory() == 0);
    CHECK(chain.block_memory() == 0);
    CHECK(value.released == 1);
  }
}

TEST_CASE("external bytes are not copied and released exactly once") {
  Value value(100'000);
  SECTION("when they were sent") {
    OutputChain chain;
    value.queue(chain);
    iovec part;
    REQUIRE(chain.fill({&part, 1}) == 1);
    CHECK(part.iov_base == value.bytes.data());
    CHECK(part.iov_len == value.bytes.size());
    CHECK(chain.memory() >= value.bytes.size());
    CHECK(chain.block_memory() == chain.memory() - value.bytes.size());
    chain.drop_front(value.bytes.size() - 1);
    CHECK(value.released == 0);
    chain.drop_front(1);
    CHECK(value.released == 1);
    CHECK(chain.memory() == 0);
    CHECK(chain.block_memory() == 0);
  }
  SECTION("when the chain is cleared, or ends") {
    {
      OutputChain chain;
      chain.append("before");
      value.queue(chain);
      chain.append("behind");
      chain.drop_front(10);
      chain.clear();
      CHECK(value.released == 1);
      value.queue(chain);
    }
    CHECK(value.released == 2);
  }
  SECTION("when the chain has no room for them") {
    OutputChain chain;
    chain.set_limit(value.bytes.size() - 1);
    value.queue(chain);
    CHECK(value.released == 1);
    CHECK(chain.overflowed());
  }
  SECTION("at once when there are none") {
    OutputChain chain;
    Value empty(0);
    empty.queue(chain);
    CHECK(empty.released == 1);
    CHECK(chain.memory() == 0);
    CHECK(chain.block_memory() == 0);
  }
  SECTION("when the chain moves on") {
    OutputChain chain;
    value.queue(chain);
    OutputChain moved = std::move(chain);
    CHECK(value.released == 0);
    CHECK(chain.empty());  // NOLINT: a moved-from chain is an empty one
    chain.append("again");
    CHECK(content(chain) == "again");
    CHECK(content(moved) == value.bytes);
    moved = std::move(chain);
    CHECK(value.released == 1);
    CHECK(content(moved) == "again");
  }
  SECTION("never, when nobody owns them") {
    OutputChain chain;
    chain.append_external("constant", nullptr, nullptr);
    CHECK(content(chain) == "constant");
    chain.drop_front(8);
    CHECK(chain.memory() == 0);
    CHECK(chain.block_memory() == 0);
  }
}

TEST_CASE("fill uses no more entries than there are") {
  OutputChain chain;
  for (int i = 0; i < 5; i++) chain.append_external("abc", nullptr, nullptr);
  iovec parts[3];
  CHECK(chain.fill(parts) == 3);
  CHECK(chain.fill({}) == 0);
  chain.drop_front(7);
  CHECK(chain.fill(parts) == 3);
  CHECK(parts[0].iov_len == 2);
  CHECK(content(chain) == "bcabcabc");
}

TEST_CASE("placeholders are filled in later, in any order") {
  OutputChain chain;
  chain.append("<");
  const auto outer = chain.reserve_header();
  chain.append("a");
  const auto inner = chain.reserve_header();
  chain.append("b");
  const auto empty = chain.reserve_header();
  CHECK(chain.bytes() == 3);
  // Nothing behind an open one leaves.
  CHECK(content(chain) == "<");
  chain.fill_header(inner, "[inner]");
  CHECK(content(chain) == "<");
  chain.drop_front(1);
  CHECK(content(chain).empty());
  chain.drop_front(0);
  const std::string_view longest = "[outer, of 23 bytes...]";
  REQUIRE(longest.size() == OutputChain::kMaxHeader);
  chain.fill_header(outer, longest);
  CHECK(content(chain) == "[outer, of 23 bytes...]a[inner]b");
  chain.fill_header(empty, "");
  chain.append("c");
  CHECK(content(chain) == "[outer, of 23 bytes...]a[inner]bc");
  chain.drop_front(chain.bytes());
  CHECK(chain.memory() == 0);
}

TEST_CASE("an overflowed chain takes nothing more") {
  OutputChain chain;
  chain.set_limit(1000);
  chain.append(std::string(990, 'x'));
  CHECK_FALSE(chain.overflowed());
  write(chain, "0123456789");
  CHECK_FALSE(chain.overflowed());
  write(chain, "x");
  CHECK(chain.overflowed());
  CHECK(chain.bytes() == 1000);

  chain.append("y");
  const size_t memory = chain.memory();
  for (int i = 0; i < 10'000; i++) {
    write(chain, std::string(4000, 'z'));
    chain.append(std::string(100, 'z'));
    chain.fill_header(chain.reserve_header(), "*1\r\n");
  }
  CHECK(chain.bytes() == 1000);
  CHECK(chain.memory() <= memory + 16384);

  // It stays so when bytes leave: the reply has a hole.
  chain.drop_front(1000);
  chain.append("y");
  write(chain, "y");
  CHECK(chain.overflowed());
  CHECK(chain.empty());
  chain.clear();
  CHECK_FALSE(chain.overflowed());
  chain.append(std::string(1000, 'x'));
  CHECK_FALSE(chain.overflowed());
  chain.append("x");
  CHECK(chain.overflowed());
}

TEST_CASE("a header that does not fit overflows the chain") {
  OutputChain chain;
  chain.set_limit(10);
  const auto header = chain.reserve_header();
  chain.append("12345678");
  chain.fill_header(header, "*3\r\n");
  CHECK(chain.overflowed());
  CHECK(content(chain) == "12345678");
}

TEST_CASE("a limit can be lowered below what is queued") {
  OutputChain chain;
  chain.append("1234567890");
  chain.set_limit(5);
  CHECK_FALSE(chain.overflowed());
  chain.drop_front(8);
  chain.append("abc");
  CHECK_FALSE(chain.overflowed());
  CHECK(content(chain) == "90abc");
  chain.append("d");
  CHECK(chain.overflowed());
}

TEST_CASE("a reply can be taken back") {
  OutputChain chain;
  SECTION("from an empty chain") {
    const auto mark = chain.mark();
    chain.append(numbered(50'000));
    chain.rewind(mark);
    CHECK(chain.empty());
    CHECK(chain.memory() == 0);
    CHECK(chain.block_memory() == 0);
  }
  SECTION("within a block, over blocks, with everything in it") {
    for (const size_t length : {0ul, 10ul, 400ul, 5000ul, 50'000ul}) {
      chain.clear();
      Value value(1000);
      chain.append("kept ");
      const auto header = chain.reserve_header();
      chain.append("too ");
      const auto mark = chain.mark();
      const size_t memory = chain.memory();
      chain.append(numbered(length));
      const auto lost = chain.reserve_header();
      value.queue(chain);
      chain.append(numbered(length));
      chain.fill_header(lost, "lost");
      chain.fill_header(header, "header ");
      chain.rewind(mark);
      CHECK(value.released == 1);
      CHECK(chain.memory() == memory);
      CHECK(chain.bytes() == 16);
      chain.append("!");
      CHECK(content(chain) == "kept header too !");
    }
  }
  SECTION("an overflow included") {
    chain.set_limit(10);
    chain.append("12345");
    const auto mark = chain.mark();
    chain.append("1234567");
    REQUIRE(chain.overflowed());
    chain.rewind(mark);
    CHECK_FALSE(chain.overflowed());
    chain.append("67890");
    CHECK(content(chain) == "1234567890");
  }
  SECTION("but not an overflow before the mark") {
    chain.set_limit(3);
    chain.append("1234");
    const auto mark = chain.mark();
    chain.rewind(mark);
    CHECK(chain.overflowed());
    chain.append("1");
    CHECK(chain.empty());
  }
}

TEST_CASE("random use agrees with a string") {
  std::mt19937 random(20240607);
  const auto below = [&](size_t bound) {
    return std::uniform_int_distribution<size_t>(0, bound - 1)(random);
  };
  OutputChain chain;
  std::string expected;
  std::vector<std::unique_ptr<Value>> values;
  for (int round = 0; round < 20'000; round++) {
    switch (below(6)) {
      case 0: {
        const std::string text = numbered(below(4097));
        write(chain, text);
        expected += text;
        break;
      }
      case 1: {
        const std::string text = numbered(below(40));
        chain.append(text);
        expected += text;
        break;
      }
      case 2:
        values.push_back(std::make_unique<Value>(below(3000), static_cast<char>('a' + below(26))));
        values.back()->queue(chain);
        expected += values.back()->bytes;
        break;
      case 3: {
        const auto header = chain.reserve_header();
        const std::string text = numbered(below(30));
        chain.append(text);
        chain.fill_header(header, "*12\r\n");
        expected += "*12\r\n" + text;
        break;
      }
      case 4: {
        const auto mark = chain.mark();
        chain.append(numbered(below(6000)));
        chain.reserve_header();
        chain.rewind(mark);
        break;
      }
      default: {
        const size_t sent = below(below(8) == 0 ? expected.size() + 1 : expected.size() / 4 + 1);
        chain.drop_front(sent);
        expected.erase(0, sent);
        break;
      }
    }
    REQUIRE(chain.bytes() == expected.size());
    if (round % 16 == 0) REQUIRE(content(chain) == expected);
  }
  chain.clear();
  CHECK(chain.memory() == 0);
  CHECK(std::all_of(values.begin(), values.end(),
                    [](const auto& value) { return value->released == 1; }));
}
