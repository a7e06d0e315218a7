// Reads replies, RESP2 and RESP3, out of bytes that arrive in pieces: the replication link, MIGRATE
// and the tests are the clients that Larder has inside its own house.
//
// The peer is not trusted: nothing is allocated because a length was announced, only because bytes
// arrived; depth, number of values and sizes are bounded; no recursion while reading.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace larder {

// One value of the protocol, with everything in it. It owns its bytes.
struct Reply {
  enum class Type : uint8_t {
    status,     // +OK                  text
    error,      // -ERR why             text, without the '-'
    integer,    // :1                   integer
    bulk,       // $3 abc               text
    nil,        // $-1 and _
    nil_array,   // *-1                  RESP2's way to say that there is no array
    array,      // *2                   children
    map,        // %1                   children: key, value, key, value ...
    set,        // ~2                   children
    push,       // >2                   children
    real,       // ,1.5                 real, and text as it was sent
    boolean,    // #t                   integer: 0 or 1
    big_number,  // (123                 text
    verbatim,   // =7 txt:abc           text, and format "txt"
    bulk_error,  // !7 ERR why           text
  };

  Type type = Type::nil;
  std::string text = {};
  std::string format = {};
  int64_t integer = 0;
  double real = 0;
  std::vector<Reply> children = {};
  std::vector<Reply> attributes = {};  // key, value ...: what a |n announced for this value

  bool is_error() const { return type == Type::error || type == Type::bulk_error; }
  bool is_nil() const { return type == Type::nil || type == Type::nil_array; }

  friend bool operator==(const Reply&, const Reply&) = default;
};

// Feed it what the socket gave, then call next() until it has no more:
//
//   reader.feed(bytes);
//   while (reader.next(reply) == ReplyReader::State::ready) handle(reply);
//
// Cost: linear in the bytes fed, wherever they are cut.
class ReplyReader {
 public:
  struct Limits {
    size_t depth = 128;                     // aggregates inside each other, attributes included
    size_t values = size_t{1} << 24;        // values in one reply, announced or read
    size_t line_bytes = size_t{64} << 10;   // a status, an error, a number, a header
    size_t bulk_bytes = size_t{512} << 20;  // one bulk string
    size_t reply_bytes = size_t{1} << 30;   // one reply as it stood on the wire
  };
  enum class State : uint8_t {
    incomplete,  // nothing whole yet: feed more
    ready,       // a reply was handed out
    malformed,   // no protocol or over a limit; the stream is lost and the reader stays here
  };

  ReplyReader() = default;
  explicit ReplyReader(Limits limits) : limits_(limits) {}

  // Copies the bytes. The string_view is not kept.
  void feed(std::string_view bytes);

  // Moves the next whole reply into `reply`, which is left alone unless the answer is ready.
  State next(Reply& reply);

  // A sentence about what was wrong, after malformed.
  std::string_view error() const { return error_; }

  // Bytes fed that are not yet part of a reply that was handed out.
  size_t unread_bytes() const { return unread_bytes_; }

 private:
  // An aggregate of which elements are still missing, and the attributes of its next element.
  struct Frame {
    Reply value = {};
    size_t missing = 0;
    bool is_attribute = false;
    std::vector<Reply> next_attributes = {};
  };
  enum class Step : uint8_t { again, wait, done, fail };

  Step step();
  Step read_line(std::string_view& line);
  Step read_bulk();
  Step take_line(char mark, std::string_view text);
  Step take_number(char mark, std::string_view text);
  Step start_bulk(char mark, std::string_view text);
  Step start_aggregate(char mark, std::string_view text);
  Step finish(Reply value);
  Step fail(std::string_view reason);
  std::vector<Reply>& attributes_here();
  void forget_read_bytes();

  Limits limits_;
  std::string buffer_;
  size_t position_ = 0;  // what is in front of it is read
  size_t scanned_ = 0;   // no line end between position_ and here
  std::vector<Frame> frames_;
  std::vector<Reply> attributes_;  // of the reply itself
  Reply ready_;
  bool in_bulk_ = false;
  char bulk_mark_ = 0;
  size_t bulk_length_ = 0;
  size_t values_ = 0;       // in this reply
  size_t reply_bytes_ = 0;  // of this reply
  size_t unread_bytes_ = 0;
  std::string error_;
};

}  // namespace larder
