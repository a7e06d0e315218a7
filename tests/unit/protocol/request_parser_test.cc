#include "protocol/request_parser.h"

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

using namespace larder;
using Outcome = RequestParser::Outcome;
using Request = std::vector<std::string>;

namespace {

std::string encode(const Request& arguments) {
  std::string bytes = "*" + std::to_string(arguments.size()) + "\r\n";
  for (const std::string& argument : arguments) {
    bytes += "$" + std::to_string(argument.size()) + "\r\n" + argument + "\r\n";
  }
  return bytes;
}

// What a stream was understood as: its requests, and the reason if it ended in an error.
struct Reading {
  std::vector<Request> requests;
  std::string error;
  size_t unread = 0;
  bool operator==(const Reading&) const = default;
};

// A connection that receives its bytes in pieces. The buffer is a new allocation of exactly the
// right size at each step, so that a view kept from an earlier step or a read beyond the end is
// found by ASan.
class Reader {
 public:
  explicit Reader(RequestLimits limits = {}) : limits_(limits) {}

  void receive(std::string_view bytes) {
    if (!reading_.error.empty()) return;
    if (filling_.size() < large_bytes_) {
      const size_t part = std::min(bytes.size(), large_bytes_ - filling_.size());
      filling_ += bytes.substr(0, part);
      bytes.remove_prefix(part);
      if (filling_.size() < large_bytes_) return;
      finish_large();
    }
    set_buffer(std::string(view()) + std::string(bytes));
    parse();
  }

  Reading reading() const {
    Reading reading = reading_;
    if (reading.error.empty()) reading.unread = size_;
    return reading;
  }
  size_t large_bulks() const { return large_bulks_; }
  const RequestParser& parser() const { return parser_; }

 private:
  std::string_view view() const { return {buffer_.get(), size_}; }

  void set_buffer(const std::string& bytes) {
    auto buffer = std::make_unique<char[]>(bytes.size());
    bytes.copy(buffer.get(), bytes.size());
    buffer_ = std::move(buffer);
    size_ = bytes.size();
  }

  void finish_large() {
    large_.push_back(std::make_unique<std::string>(std::move(filling_)));
    filling_.clear();
    large_bytes_ = 0;
    large_bulks_++;
    parser_.set_large_bulk(*large_.back());
  }

  void parse() {
    for (;;) {
      std::vector<std::string_view> arguments{"kept"};
      const Outcome outcome = parser_.parse(view(), limits_, arguments);
      REQUIRE(arguments.at(0) == "kept");
      if (outcome == Outcome::complete) {
        reading_.requests.emplace_back(arguments.begin() + 1, arguments.end());
        parser_.release_arguments();
        large_.clear();
        set_buffer(std::string(view().substr(parser_.consumed())));
        continue;
      }
      REQUIRE(arguments.size() == 1);
      if (outcome == Outcome::error) {
        reading_.error = parser_.error_reason();
        CHECK(parser_.parse(view(), limits_, arguments) == Outcome::error);
      }
      if (outcome != Outcome::large_bulk) return;
      const size_t offset = parser_.large_bulk_offset();
      large_bytes_ = parser_.large_bulk_bytes();
      REQUIRE(large_bytes_ > kLargeBulk);
      REQUIRE(offset <= size_);
      filling_ = view().substr(offset);
      REQUIRE(filling_.size() < large_bytes_);
      set_buffer(std::string(view().substr(0, offset)));
      return;
    }
  }

  RequestLimits limits_;
  RequestParser parser_;
  std::unique_ptr<char[]> buffer_ = std::make_unique<char[]>(0);
  size_t size_ = 0;
  std::string filling_;
  size_t large_bytes_ = 0;
  size_t large_bulks_ = 0;
  std::vector<std::unique_ptr<std::string>> large_;
  Reading reading_;
};

Reading read_whole(std::string_view bytes, RequestLimits limits = {}) {
  Reader reader(limits);
  reader.receive(bytes);
  return reader.reading();
}

Reading read_split(std::string_view bytes, size_t split, RequestLimits limits = {}) {
  Reader reader(limits);
  reader.receive(bytes.substr(0, split));
  reader.receive(bytes.substr(split));
  return reader.reading();
}

Reading read_bytewise(std::string_view bytes, RequestLimits limits = {}) {
  Reader reader(limits);
  for (const char byte : bytes) reader.receive({&byte, 1});
  return reader.reading();
}

// The reason of a stream that ends in an error, however it is split. (The buffer is copied at each
// step, so that long streams are split near their end only.)
std::string error_of(std::string_view bytes, RequestLimits limits = {}) {
  const Reading whole = read_whole(bytes, limits);
  constexpr size_t kShort = 100;
  if (bytes.size() <= kShort) CHECK(read_bytewise(bytes, limits) == whole);
  for (size_t tail = 0; tail < std::min(bytes.size(), kShort); tail++) {
    CHECK(read_split(bytes, bytes.size() - tail, limits) == whole);
  }
  return whole.error;
}

}  // namespace

TEST_CASE("requests are found wherever they are split") {
  const std::string binary("a\r\n\0$5\r\n", 8);
  const std::vector<Request> expected = {
      {"PING"},   {"SET", "name", ""}, {"SET", "name", binary},        {}, {}, {"GET", "name"}, {},
      {"inline"}, {"ECHO", "a b"},     {"ECHO", std::string(300, 'x')}};
  std::string stream;
  for (size_t i = 0; i < 3; i++) stream += encode(expected[i]);
  stream += "*0\r\n*-1\r\n" + encode(expected[5]) + "  \r\ninline\nECHO \"a\\x20b\"\r\n";
  stream += encode(expected[9]);

  const Reading whole = read_whole(stream);
  CHECK(whole.requests == expected);
  CHECK(whole.unread == 0);
  CHECK(whole.error.empty());
  CHECK(read_bytewise(stream) == whole);
  for (size_t split = 0; split <= stream.size(); split++) {
    CAPTURE(split);
    CHECK(read_split(stream, split) == whole);
  }
}

TEST_CASE("an incomplete request waits, and takes memory only then") {
  const std::string request = encode({"SET", "key", "value"});
  for (size_t length = 1; length < request.size(); length++) {
    Reader reader;
    reader.receive(std::string_view(request).substr(0, length));
    CHECK(reader.reading().requests.empty());
    CHECK(reader.reading().unread == length);
    CHECK(reader.parser().memory() > 0);
    reader.receive(std::string_view(request).substr(length));
    CHECK(reader.reading().requests == std::vector<Request>{{"SET", "key", "value"}});
    CHECK(reader.parser().memory() == 0);
  }
  RequestParser idle;
  std::vector<std::string_view> arguments;
  CHECK(idle.parse("", {}, arguments) == Outcome::need_more);
  CHECK(idle.memory() == 0);
  CHECK(sizeof(RequestParser) <= 24);
}

TEST_CASE("an announced count takes no memory before its arguments come") {
  Reader reader;
  reader.receive("*2147483647\r\n$1\r\na\r\n");
  CHECK(reader.parser().memory() < 512);
}

TEST_CASE("arguments are views into the buffer") {
  const std::string buffer = encode({"SET", "key"}) + "GET key\r\n";
  RequestParser parser;
  std::vector<std::string_view> arguments;
  REQUIRE(parser.parse(buffer, {}, arguments) == Outcome::complete);
  CHECK(arguments.at(1).data() == buffer.data() + buffer.find("key"));
  const size_t consumed = parser.consumed();
  REQUIRE(parser.parse(std::string_view(buffer).substr(consumed), {}, arguments) ==
          Outcome::complete);
  CHECK(arguments == std::vector<std::string_view>{"SET", "key", "GET", "key"});
  CHECK(arguments.at(2).data() == buffer.data() + consumed);
}

TEST_CASE("quoted inline arguments live until they are released") {
  const std::string buffer = "SET \"a\\nb\" 'c d'\r\nGET \"e\"\r\n";
  RequestParser parser;
  std::vector<std::string_view> arguments;
  REQUIRE(parser.parse(buffer, {}, arguments) == Outcome::complete);
  const std::string_view rest = std::string_view(buffer).substr(parser.consumed());
  REQUIRE(parser.parse(rest, {}, arguments) == Outcome::complete);
  CHECK(arguments == std::vector<std::string_view>{"SET", "a\nb", "c d", "GET", "e"});
  parser.release_arguments();
}

TEST_CASE("malformed requests get the words of Redis") {
  struct Malformed {
    std::string bytes;
    std::string reason;
  };
  const std::vector<Malformed> cases = {
      {"*\r\n", "invalid multibulk length"},
      {"*abc\r\n", "invalid multibulk length"},
      {"*01\r\n", "invalid multibulk length"},
      {"*+1\r\n", "invalid multibulk length"},
      {"* 1\r\n", "invalid multibulk length"},
      {"*1 \r\n", "invalid multibulk length"},
      {"*-\r\n", "invalid multibulk length"},
      {"*-0\r\n", "invalid multibulk length"},
      {"*00\r\n", "invalid multibulk length"},
      {"*1\nX4\r\n", "invalid multibulk length"},
      {"*2147483648\r\n", "invalid multibulk length"},
      {"*9223372036854775807\r\n", "invalid multibulk length"},
      {"*9223372036854775808\r\n", "invalid multibulk length"},
      {"*-9223372036854775809\r\n", "invalid multibulk length"},
      {"*99999999999999999999999\r\n", "invalid multibulk length"},
      {std::string("*1\0\r\n", 5), "invalid multibulk length"},
      {"*1\r\n:4\r\n", "expected '$', got ':'"},
      {"*1\r\nPING\r\n", "expected '$', got 'P'"},
      {"*1\r\n\r\n", "expected '$', got ' '"},
      {"*1\r\n\nx\r\n", "expected '$', got ' '"},
      {"*2\r\n$1\r\na\r\n*1\r\n", "expected '$', got '*'"},
      {"*1\r\n$\r\n", "invalid bulk length"},
      {"*1\r\n$-1\r\n", "invalid bulk length"},
      {"*1\r\n$-\r\n", "invalid bulk length"},
      {"*1\r\n$abc\r\n", "invalid bulk length"},
      {"*1\r\n$04\r\n", "invalid bulk length"},
      {"*1\r\n$4x\r\n", "invalid bulk length"},
      {"*1\r\n$536870913\r\n", "invalid bulk length"},
      {"*1\r\n$18446744073709551615\r\n", "invalid bulk length"},
      {"*1\r\n$18446744073709551617\r\n", "invalid bulk length"},
      {"*" + std::string(kMaxInlineBytes, '1'), "too big mbulk count string"},
      {"*1\r\n$" + std::string(kMaxInlineBytes, '1'), "too big bulk count string"},
      {std::string(kMaxInlineBytes + 1, 'a'), "too big inline request"},
      {std::string(kMaxInlineBytes + 1, 'a') + "\n", "too big inline request"},
      {"\"abc\r\n", "unbalanced quotes in request"},
      {"\"abc\"d\r\n", "unbalanced quotes in request"},
      {"ping 'abc\r\n", "unbalanced quotes in request"},
      {"ping a\"b\r\n", "unbalanced quotes in request"},
  };
  for (const Malformed& malformed : cases) {
    CAPTURE(malformed.bytes.substr(0, 40));
    CHECK(error_of(malformed.bytes) == malformed.reason);
    // Requests before it are still understood.
    const Reading behind = read_whole(encode({"PING"}) + malformed.bytes);
    CHECK(behind.requests == std::vector<Request>{{"PING"}});
    CHECK(behind.error == malformed.reason);
  }
}

TEST_CASE("an error is reported when its line is whole, and stays") {
  Reader reader;
  reader.receive("*1\r\nPING");
  CHECK(reader.reading().error.empty());
  reader.receive("\r");
  CHECK(reader.reading().error.empty());
  reader.receive("\n");
  CHECK(reader.reading().error == "expected '$', got 'P'");

  RequestParser parser;
  std::vector<std::string_view> arguments;
  CHECK(parser.parse("*x\r\n", {}, arguments) == Outcome::error);
  CHECK(parser.parse("PING\r\n", {}, arguments) == Outcome::error);
  CHECK(parser.parse("", {}, arguments) == Outcome::error);
  CHECK(arguments.empty());
  parser.reset();
  CHECK(parser.error_reason().empty());
  CHECK(parser.parse("PING\r\n", {}, arguments) == Outcome::complete);
  CHECK(arguments == std::vector<std::string_view>{"PING"});
}

TEST_CASE("what Redis lets pass is let pass") {
  CHECK(read_whole("*1\r\n$4\r\nPINGxx").requests == std::vector<Request>{{"PING"}});
  CHECK(read_whole("*1\rX$4\rXPING\r\n").requests == std::vector<Request>{{"PING"}});
  CHECK(read_whole("*-5\r\nPING\n").requests == std::vector<Request>{{}, {"PING"}});
  CHECK(read_whole("*-9223372036854775808\r\n").requests == std::vector<Request>{{}});
  CHECK(read_whole("\n\r\nPING\r\r\n").requests == std::vector<Request>{{}, {}, {"PING"}});
  CHECK(read_whole("*1\r\n$0\r\n\r\n").requests == std::vector<Request>{{""}});
}

TEST_CASE("the limits are exact") {
  const std::string longest(kMaxInlineBytes, 'a');
  CHECK(read_whole(longest + "\n").requests == std::vector<Request>{{longest}});
  CHECK(read_whole(longest).unread == kMaxInlineBytes);

  const RequestLimits few{.max_arguments = 3, .max_bulk_bytes = 5};
  CHECK(read_whole(encode({"a", "b", "12345"}), few).requests.size() == 1);
  CHECK(error_of(encode({"a", "b", "c", "d"}), few) == "invalid multibulk length");
  CHECK(error_of(encode({"123456"}), few) == "invalid bulk length");
}

TEST_CASE("a long line is looked at once, and its limit does not depend on the split") {
  const RequestLimits short_lines{.max_inline_bytes = 50};
  const std::string digits(48, '1');
  CHECK(error_of("*" + digits + "1", short_lines).empty());
  CHECK(error_of("*" + digits + "11", short_lines) == "too big mbulk count string");
  CHECK(error_of("*" + digits + "1\r\n", short_lines) == "invalid multibulk length");
  CHECK(error_of("*" + digits + "11\r\n", short_lines) == "too big mbulk count string");
  CHECK(error_of("*1\r\n$" + digits + "1\r\n", short_lines) == "invalid bulk length");
  CHECK(error_of("*1\r\n$" + digits + "11\r\n", short_lines) == "too big bulk count string");
  CHECK(error_of(digits + "11\n", short_lines).empty());
  CHECK(error_of(digits + "11\r\n", short_lines) == "too big inline request");
}

TEST_CASE("before authentication little may be sent") {
  const RequestLimits stranger{.authenticated = false};
  CHECK(read_whole(encode(Request(10, "a")), stranger).requests.size() == 1);
  CHECK(error_of(encode(Request(11, "a")), stranger) == "unauthenticated multibulk length");
  CHECK(read_whole(encode({std::string(16384, 'a')}), stranger).requests.size() == 1);
  CHECK(error_of("*1\r\n$16385\r\n", stranger) == "unauthenticated bulk length");
  // What is too much for anybody is reported as that.
  CHECK(error_of("*2147483648\r\n", stranger) == "invalid multibulk length");
  CHECK(error_of("*1\r\n$536870913\r\n", stranger) == "invalid bulk length");
}

TEST_CASE("before authentication a request as a whole is short, and so is a line") {
  const RequestLimits stranger{.authenticated = false};
  const auto header = [](size_t bytes) { return "$" + std::to_string(bytes) + "\r\n"; };
  const std::string begin = "*3\r\n$4\r\nAUTH\r\n$5000\r\n" + std::string(5000, 'n') + "\r\n";
  const size_t left = kMaxUnauthenticatedRequestBytes - begin.size() - header(16'000).size();
  CHECK(read_whole(begin + header(left) + std::string(left, 'p') + "\r\n", stranger)
            .requests.size() == 1);
  CHECK(error_of(begin + header(left + 1), stranger) == "unauthenticated bulk length");
  const std::string line(kMaxUnauthenticatedLineBytes, 'a');
  CHECK(read_whole(line + "\n", stranger).requests == std::vector<Request>{{line}});
  CHECK(error_of(line + "a", stranger) == "too big inline request");
  CHECK(error_of("*" + line, stranger) == "too big mbulk count string");
  CHECK(error_of("*1\r\n$" + line, stranger) == "too big bulk count string");
  CHECK(read_whole(line + "a\n").requests.size() == 1);
}

TEST_CASE("large arguments go past the buffer, split at any byte near their edges") {
  const std::string first(kLargeBulk + 1, 'f');
  const std::string second(kLargeBulk + 100, 's');
  const std::vector<Request> expected = {{"MSET", "a", first, "b", second, "c", "small"}, {"PING"}};
  const std::string stream = encode(expected[0]) + encode(expected[1]);

  std::vector<size_t> edges = {0};
  for (const std::string& large : {first, second}) {
    const size_t begin = stream.find(large);
    edges.push_back(begin);
    edges.push_back(begin + large.size());
  }
  edges.push_back(stream.size());
  for (const size_t edge : edges) {
    for (size_t split = edge < 12 ? 0 : edge - 12; split <= std::min(edge + 12, stream.size());
         split++) {
      CAPTURE(edge, split);
      const Reading reading = read_split(stream, split);
      CHECK((reading.requests == expected));
      CHECK(reading.unread == 0);
    }
  }

  Reader bytewise;
  for (const char byte : stream) bytewise.receive({&byte, 1});
  CHECK((bytewise.reading().requests == expected));
  CHECK(bytewise.large_bulks() == 2);
}

TEST_CASE(
    "a large argument that is wholly there, or of the threshold's size, is an ordinary view") {
  const std::string large(kLargeBulk + 1, 'x');
  const std::string threshold(kLargeBulk, 'x');
  Reader whole;
  whole.receive(encode({"SET", large}));
  CHECK(whole.large_bulks() == 0);
  CHECK(whole.reading().requests.size() == 1);

  Reader payload_only;
  const std::string bytes = encode({large});
  payload_only.receive(bytes.substr(0, bytes.size() - 1));
  CHECK(payload_only.large_bulks() == 0);
  payload_only.receive("\n");
  CHECK(payload_only.reading().requests.size() == 1);

  Reader not_large;
  const std::string smaller = encode({threshold});
  not_large.receive(smaller.substr(0, 100));
  not_large.receive(smaller.substr(100));
  CHECK(not_large.large_bulks() == 0);
  CHECK(not_large.reading().requests.size() == 1);
}

TEST_CASE("a caller may ignore that an argument is large") {
  const std::string bytes = encode({"SET", "key", std::string(2 * kLargeBulk, 'x')});
  RequestParser parser;
  std::vector<std::string_view> arguments;
  for (const size_t length : {100ul, 40000ul, bytes.size() - 2, bytes.size() - 1}) {
    CHECK(parser.parse(std::string_view(bytes).substr(0, length), {}, arguments) ==
          (length < bytes.size() - 2 ? Outcome::large_bulk : Outcome::need_more));
  }
  CHECK(parser.parse(bytes, {}, arguments) == Outcome::complete);
  CHECK(arguments.at(2).size() == 2 * kLargeBulk);
}

TEST_CASE("a parser can move to another connection object") {
  RequestParser parser;
  std::vector<std::string_view> arguments;
  CHECK(parser.parse("*1\r\n$4\r\nPI", {}, arguments) == Outcome::need_more);
  RequestParser moved = std::move(parser);
  CHECK(moved.parse("*1\r\n$4\r\nPING\r\n", {}, arguments) == Outcome::complete);
  CHECK(arguments == std::vector<std::string_view>{"PING"});
}
