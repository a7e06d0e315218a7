// Writes replies in the version of the protocol that a client speaks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "protocol/output_chain.h"
#include "protocol/resp.h"

namespace larder {

// The text of a double as replies carry it: the shortest one that reads back as the same number,
// integers without a point, the exponent only for very large and very small numbers; "inf", "-inf",
// "nan", "-0". The form is that of Redis 7.2, whose routine misses the shortest digits once in a
// thousand doubles and then writes one more. Returns the length, at most kMaxDoubleText.
inline constexpr size_t kMaxDoubleText = 32;
size_t format_reply_double(double value, char* out);

// Commands say what they mean (a map, a double, nothing); the writer knows what that is in RESP2
// and in RESP3. Cheap enough to be made for one command: two words. Builds without NDEBUG count the
// elements, so that an aggregate which does not get what it announced is found by the first test
// that runs it.
//
// Nothing fails here: when the chain overflows, what is written is dropped (see OutputChain).
class ReplyWriter {
 public:
  // The chain must outlive the writer.
  explicit ReplyWriter(OutputChain& chain, RespVersion version = RespVersion::resp2)
      : chain_(&chain), version_(version) {}

  OutputChain& chain() { return *chain_; }
  RespVersion version() const { return version_; }
  // Between two replies only.
  void set_version(RespVersion version) { version_ = version; }

  // One line of text. CR and LF in it become spaces, so that no data can end a reply early.
  void simple(std::string_view text) { line(resp::kSimple, text); }
  void ok() { constant("+OK\r\n"); }
  // `text` begins with the code and has no '-' before it: "ERR syntax error".
  void error(std::string_view text) { line(resp::kError, text); }

  void integer(int64_t value);
  // An integer as a bulk string, for places where RESP2 clients expect text.
  void bulk_integer(int64_t value);
  // RESP2: 1 or 0.
  void boolean(bool value);
  // RESP2: a bulk string.
  void number(double value);
  // A number whose text the caller chose, such as a long double.
  void number_text(std::string_view text);
  // `digits`: an integer of any length. RESP2: a bulk string.
  void big_number(std::string_view digits);

  void bulk(std::string_view bytes);
  // A bulk string that is not copied; see OutputChain::append_external.
  void bulk_external(std::string_view bytes, void* owner, void (*release)(void*));
  // Text for people. `format`: three letters, "txt" or "mkd"; filled up with spaces. RESP2: a bulk
  // string.
  void verbatim(std::string_view format, std::string_view text);
  // A missing value. In RESP2 there are two, and null_array is what commands that otherwise answer
  // with an array say.
  void null() { constant(is_resp3() ? "_\r\n" : "$-1\r\n"); }
  void null_array() { constant(is_resp3() ? "_\r\n" : "*-1\r\n"); }

  // An aggregate of `count` elements, which the caller writes next. `count` of maps and attributes
  // is in pairs; in RESP2 sets and pushes are arrays, maps are arrays of twice the length.
  void array(size_t count) { aggregate(resp::kArray, count, count); }
  void map(size_t count) { aggregate(is_resp3() ? resp::kMap : resp::kArray, count, 2 * count); }
  void set(size_t count) { aggregate(is_resp3() ? resp::kSet : resp::kArray, count, count); }
  // A list of pairs whose order counts, as members with scores: in RESP3 an array of arrays of two, in
  // RESP2 one flat array. pair() begins each.
  void pairs(size_t count) { array(is_resp3() ? count : 2 * count); }
  void pair() {
    if (is_resp3()) array(2);
  }
  void push(size_t count) { aggregate(is_resp3() ? resp::kPush : resp::kArray, count, count); }
  // Something told about the reply that follows. RESP2 knows no attributes: the result is false,
  // nothing was written, and the caller leaves the content out.
  [[nodiscard]] bool attribute(size_t count);

  // The elements of a range of strings, as an array of bulk strings.
  template <class Range>
  void bulk_array(const Range& range) {
    array(std::size(range));
    for (const auto& element : range) bulk(element);
  }

  // An aggregate whose count is known only when its elements were written. finish() is called
  // exactly once, behind the last element, unless the reply is taken back with rewind().
  class Deferred {
   public:
    // Pairs, for a map.
    void finish(size_t count) { writer_->finish(*this, count); }

   private:
    friend class ReplyWriter;
    Deferred(ReplyWriter* writer, OutputChain::Placeholder header, char type)
        : writer_(writer), header_(header), type_(type) {}
    ReplyWriter* writer_;
    OutputChain::Placeholder header_;
    char type_;
  };
  [[nodiscard]] Deferred deferred_array() { return defer(resp::kArray); }
  [[nodiscard]] Deferred deferred_map() { return defer(resp::kMap); }
  [[nodiscard]] Deferred deferred_set() { return defer(resp::kSet); }

  // Takes back what was written since the mark: a reply that turned out to be an error, or that the
  // client does not want to hear. See OutputChain::Mark for how long a mark holds.
  struct Mark {
    OutputChain::Mark chain;
#ifndef NDEBUG
    std::vector<int64_t> open;
    size_t replies = 0;
#endif
  };
  Mark mark() const;
  void rewind(const Mark& mark);

  // Whether every aggregate has all its elements, so that what was written are whole replies.
  // Builds with NDEBUG do not count and say yes.
  bool is_complete() const;

  // For the one who runs commands: asserts that exactly `count` whole replies were written since
  // the last call. This finds elements beyond those announced. Nothing in builds with NDEBUG.
  void assert_replies(size_t count);

 private:
  bool is_resp3() const {
    return version_ == RespVersion::resp3;
  }
  void constant(std::string_view reply);
  void line(char type, std::string_view text);
  void aggregate(char type, size_t count, size_t elements);
  void bulk_header(size_t bytes);
  Deferred defer(char type);
  void finish(const Deferred& deferred, size_t count);

#ifndef NDEBUG
  void count_element();
  void open_aggregate(size_t elements);
  void close_deferred(size_t elements);
#else
  void count_element() {}
  void open_aggregate(size_t) {}
  void close_deferred(size_t) {}
#endif

  OutputChain* chain_;
  RespVersion version_;
#ifndef NDEBUG
  // What the open aggregates still wait for, the innermost last; of a deferred one, minus one and
  // minus what it has.
  std::vector<int64_t> open_;
  size_t replies_ = 0;
#endif
};

}  // namespace larder
