// What is answered to an HTTP request.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "server/base/clock.h"

namespace larder {

// A body that is made while it leaves.
class HttpBody {
 public:
  virtual ~HttpBody() = default;
  // Appends the next part, until the deadline has passed or `out` is a good piece to send
  // (kPieceBytes). Returns whether there is more. It may append nothing: its step was all work.
  virtual bool write(std::string& out, Deadline deadline) = 0;

  static constexpr size_t kPieceBytes = 16 * 1024;
};

struct HttpResponse {
  int status = 200;
  std::string_view content_type = "text/plain; charset=utf-8";
  std::string_view more_headers = {};        // whole lines
  std::string text = {};                     // the body,
  std::string_view bytes = {};               // or bytes that live as long as the program,
  std::unique_ptr<HttpBody> body = nullptr;  // or this.
};

// "Not Found"
std::string_view http_reason(int status);

}  // namespace larder
