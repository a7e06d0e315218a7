// Finds the requests in the bytes of a connection.
#pragma once

#include <algorithm>
#include <cstddef>
#include <forward_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/resp.h"

namespace larder {

struct RequestLimits {
  size_t max_arguments = kMaxArguments;
  size_t max_bulk_bytes = kMaxBulkBytes;
  // At least 32. The terminator of an inline request or of a header line must be among the first
  // max_inline_bytes + 1 bytes of it, however the bytes arrive.
  size_t max_inline_bytes = kMaxInlineBytes;
  // Until then, the limits of resp.h for strangers hold as well.
  bool authenticated = true;

  size_t line_bytes() const {
    return authenticated ? max_inline_bytes
                         : std::min(max_inline_bytes, kMaxUnauthenticatedLineBytes);
  }
};

// One per connection. Arguments are found in the caller's buffer and returned as views into it;
// nothing is copied. A request that is wholly in the buffer is parsed in one pass without an
// allocation (25 to 40 ns for a SET). Of an incomplete request the parser remembers, as offsets,
// what it has understood, so that each byte is looked at once no matter how the request was split,
// and so that the buffer may move or grow between two calls. What is allocated grows with the bytes
// that arrived, never with the counts that a client announces. An idle parser takes three words.
//
// The caller's loop:
//
//   while (parser.parse(unread, limits, arguments) == Outcome::complete) {
//     ... keep the arguments for the batch ...; unread.remove_prefix(parser.consumed());
//   }
//   ... run the batch; drop the consumed bytes from the buffer ...; parser.release_arguments();
//
// While a client is not authenticated, its requests must be run one by one: the limits of the
// request behind an AUTH depend on how the AUTH went.
class RequestParser {
 public:
  enum class Outcome { complete, need_more, large_bulk, error };

  RequestParser();
  ~RequestParser();
  RequestParser(RequestParser&&) noexcept;
  RequestParser& operator=(RequestParser&&) noexcept;

  // `unread`: all unread bytes of the connection, from the first byte of the current request on,
  // also when a request is resumed.
  //
  // complete    The arguments were appended to `arguments`: views into `unread`, into large bulks,
  // or
  //             (inline arguments in quotes) into the parser, where they live until
  //             release_arguments() or reset(). A request may be empty: a blank line, "*0", "*-1".
  // need_more   The request is not whole yet. Call again with the same bytes and more.
  // large_bulk  See large_bulk_bytes().
  // error       The stream makes no sense from here on; error_reason() says why, and every further
  //             call says the same until reset().
  //
  // Other than with `complete`, `arguments` is as it was before.
  Outcome parse(std::string_view unread, const RequestLimits& limits,
                std::vector<std::string_view>& arguments);

  // After `complete`: the length of the request within `unread`.
  size_t consumed() const { return consumed_; }

  // After `large_bulk`: an argument of large_bulk_bytes() > kLargeBulk bytes begins at
  // large_bulk_offset() of `unread` and is not wholly there. The caller reads it (without the CR LF
  // behind it) into memory of its own, takes the part of it that had arrived already out of the
  // buffer, and hands the finished bytes in; they and those of other large bulks of the same
  // request must not move before the request is complete and run. parse() then expects the CR LF at
  // large_bulk_offset(). A caller may as well go on reading into the buffer and call parse() again:
  // once the argument is wholly there it is found like any other.
  size_t large_bulk_bytes() const;
  size_t large_bulk_offset() const;
  void set_large_bulk(std::string_view payload);

  // After `error`: why, in Redis's words, without "ERR Protocol error: ". Lives until reset().
  std::string_view error_reason() const;

  // Frees what quoted inline arguments needed. To be called when the requests returned so far are
  // done with and their bytes leave the buffer; one branch when there were none.
  // Whether some arguments of the last requests lie here and not in the caller's buffer.
  bool keeps_arguments() const { return !quoted_.empty(); }
  void release_arguments() {
    if (!quoted_.empty()) [[unlikely]]
      quoted_.clear();
  }

  // Bytes that an incomplete request takes here, beyond the caller's buffer.
  size_t memory() const;

  // Forgets everything, as for a new connection.
  void reset();

 private:
  struct Progress;
  struct Incomplete;

  Outcome read_multibulk(std::string_view unread, const RequestLimits& limits, Progress& progress,
                         std::vector<std::string_view>& arguments);
  Outcome read_bulk_header(std::string_view unread, const RequestLimits& limits,
                           Progress& progress);
  Outcome read_bulks(std::string_view unread, const RequestLimits& limits, Progress& progress,
                     std::vector<std::string_view>& arguments);
  Outcome read_inline(std::string_view unread, const RequestLimits& limits, Progress& progress,
                      std::vector<std::string_view>& arguments);
  void remember(const Progress& progress, std::string_view unread, size_t first,
                std::vector<std::string_view>& arguments);
  void recall(std::string_view unread, size_t first, std::vector<std::string_view>& arguments);
  Incomplete& incomplete();
  Outcome fail(std::string reason);

  std::unique_ptr<Incomplete> incomplete_;
  std::forward_list<std::string> quoted_;  // nodes: the strings must not move
  size_t consumed_ = 0;
};

}  // namespace larder
