#include "modules/metrics/http_connection.h"

#include <array>
#include <cstdio>
#include <utility>

#include "server/base/numbers.h"

namespace larder {
namespace {

struct Reason {
  int status;
  std::string_view text;
};

constexpr std::array kReasons = {
    Reason{200, "OK"},
    Reason{400, "Bad Request"},
    Reason{404, "Not Found"},
    Reason{405, "Method Not Allowed"},
    Reason{413, "Content Too Large"},
    Reason{414, "URI Too Long"},
    Reason{421, "Misdirected Request"},
    Reason{431, "Request Header Fields Too Large"},
    Reason{501, "Not Implemented"},
    Reason{503, "Service Unavailable"},
    Reason{505, "HTTP Version Not Supported"},
};

// Nothing here is to be kept, framed, sniffed, or told to other sites.
constexpr std::string_view kCommonHeaders =
    "Cache-Control: no-store\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "X-Frame-Options: DENY\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n";

std::string hexadecimal(size_t number) {
  std::array<char, 24> text;
  const int length = std::snprintf(text.data(), text.size(), "%zx", number);
  return {text.data(), static_cast<size_t>(length)};
}

}  // namespace

std::string_view http_reason(int status) {
  for (const Reason& reason : kReasons) {
    if (reason.status == status) return reason.text;
  }
  return "Error";
}

size_t HttpConnection::receive(std::string_view unread) {
  switch (parser_.parse(unread)) {
    case HttpRequestParser::Outcome::need_more:
      return 0;
    case HttpRequestParser::Outcome::malformed: {
      on_malformed_();
      HttpResponse refusal{.status = parser_.status()};
      refusal.text = std::string(http_reason(refusal.status)) + '\n';
      if (refusal.status == 405) refusal.more_headers = "Allow: GET, HEAD\r\n";
      HttpRequest last;
      last.keeps_alive = false;
      begin(std::move(refusal), last);
      return unread.size();
    }
    case HttpRequestParser::Outcome::complete:
      break;
  }
  begin(respond_(parser_.request()), parser_.request());
  return parser_.consumed();
}

void HttpConnection::begin(HttpResponse response, const HttpRequest& request) {
  response_ = std::move(response);
  if (!response_.text.empty()) response_.bytes = response_.text;
  // A body whose length nobody knows needs chunks, or ends with the connection.
  is_chunked_ = response_.body != nullptr && request.allows_chunks;
  keeps_alive_ = request.keeps_alive && (response_.body == nullptr || is_chunked_);
  is_head_sent_ = false;
  has_body_ = !request.is_head;
  piece_ = "HTTP/1.1 " + to_text(response_.status) + ' ';
  piece_ += http_reason(response_.status);
  piece_ += "\r\nContent-Type: ";
  piece_ += response_.content_type;
  piece_ += "\r\n";
  piece_ += kCommonHeaders;
  piece_ += response_.more_headers;
  if (is_chunked_) {
    piece_ += "Transfer-Encoding: chunked\r\n";
  } else if (response_.body == nullptr) {
    piece_ += "Content-Length: " + std::to_string(response_.bytes.size()) + "\r\n";
  }
  piece_ += keeps_alive_ ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
}

StreamOutput::Then HttpConnection::at_end() const {
  return keeps_alive_ ? StreamOutput::Then::wait : StreamOutput::Then::close;
}

StreamOutput HttpConnection::next_output(Deadline deadline) {
  if (!std::exchange(is_head_sent_, true)) {
    // A short answer leaves as one piece.
    if (has_body_ && response_.body == nullptr && response_.bytes.size() <= HttpBody::kPieceBytes) {
      piece_ += response_.bytes;
      has_body_ = false;
    }
    return {piece_, has_body_ ? StreamOutput::Then::more : at_end()};
  }
  if (response_.body == nullptr) {
    has_body_ = false;
    return {response_.bytes, at_end()};
  }
  write_chunk(deadline);
  return {piece_, has_body_ ? StreamOutput::Then::more : at_end()};
}

void HttpConnection::write_chunk(Deadline deadline) {
  piece_.clear();
  has_body_ = response_.body->write(piece_, deadline);
  if (is_chunked_ && !piece_.empty()) {
    piece_.insert(0, hexadecimal(piece_.size()) + "\r\n");
    piece_ += "\r\n";
  }
  if (has_body_) return;
  response_.body.reset();
  if (is_chunked_) piece_ += "0\r\n\r\n";
}

}  // namespace larder
