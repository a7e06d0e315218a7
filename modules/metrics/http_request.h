// The head of an HTTP/1 request: found in a buffer that fills piece by piece, and taken apart.
//
// Strict where leniency has been somebody's loophole: lines end with CR LF, names are tokens, there
// is no folding, and a request that announces a body is refused, because nobody here wants one.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace larder {

struct HttpRequest {
  bool is_head = false;
  std::string path;   // "/metrics"; never empty
  std::string query;  // "since=12" of "/history?since=12"
  std::string host;   // as the header says, without the port; "" only in HTTP/1.0
  bool keeps_alive = true;
  bool allows_chunks = true;  // HTTP/1.1

  // The value of a parameter of the query, or "". Not decoded.
  std::string_view parameter(std::string_view name) const;
};

class HttpRequestParser {
 public:
  static constexpr size_t kMaxHeadBytes = 8 * 1024;

  enum class Outcome {
    need_more,
    complete,   // request() and consumed()
    malformed,  // status() says how; the connection is of no use any more
  };

  // `unread` is what has come, as a rule more than last time and with the same beginning. Each byte
  // is looked at once, however many calls it takes.
  Outcome parse(std::string_view unread);

  const HttpRequest& request() const { return request_; }
  size_t consumed() const { return consumed_; }
  // 400, 405, 413, 414, 431, 501 or 505.
  int status() const { return status_; }

 private:
  Outcome fail(int status);
  bool parse_request_line(std::string_view line);
  bool parse_header(std::string_view line);
  bool parse_host(std::string_view value);

  HttpRequest request_;
  size_t scanned_ = 0;  // no end of the head before here
  size_t consumed_ = 0;
  int status_ = 0;
  bool has_host_ = false;
};

}  // namespace larder
