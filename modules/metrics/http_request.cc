#include "modules/metrics/http_request.h"

#include <algorithm>

#include "server/base/numbers.h"
#include "server/base/text.h"

namespace larder {
namespace {

constexpr std::string_view kEndOfHead = "\r\n\r\n";

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_token_character(char c) {
  if (is_letter(c) || (c >= '0' && c <= '9')) return true;
  return std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_token_character);
}

// What a value may hold: no control characters but the tab.
bool is_field_value(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return c == '\t' || (byte >= 0x20 && byte != 0x7f);
  });
}

bool is_target(std::string_view text) {
  return text.starts_with('/') &&
         std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

// Whether a list ("keep-alive, Upgrade") has this word.
bool lists(std::string_view value, std::string_view word) {
  for (const std::string_view part : split(value, ',')) {
    if (equals_ignoring_case(trim(part), word)) return true;
  }
  return false;
}

}  // namespace

std::string_view HttpRequest::parameter(std::string_view name) const {
  for (const std::string_view pair : split(query, '&')) {
    const size_t equals = pair.find('=');
    if (pair.substr(0, equals) == name && equals != std::string_view::npos) {
      return pair.substr(equals + 1);
    }
  }
  return {};
}

HttpRequestParser::Outcome HttpRequestParser::fail(int status) {
  status_ = status;
  return Outcome::malformed;
}

HttpRequestParser::Outcome HttpRequestParser::parse(std::string_view unread) {
  // Whoever speaks something else is told so at the first byte. A method may begin with '*' or '$',
  // but none does, and Redis's requests do.
  if (!unread.empty() && !is_letter(unread[0])) return fail(400);
  const size_t from = scanned_ < kEndOfHead.size() ? 0 : scanned_ - (kEndOfHead.size() - 1);
  const size_t end = unread.find(kEndOfHead, from);
  if (end == std::string_view::npos || end + kEndOfHead.size() > kMaxHeadBytes) {
    scanned_ = unread.size();
    if (unread.size() < kMaxHeadBytes) return Outcome::need_more;
    return fail(unread.substr(0, kMaxHeadBytes).find('\n') == std::string_view::npos ? 414 : 431);
  }
  request_ = {};
  has_host_ = false;
  status_ = 400;
  scanned_ = 0;
  std::string_view head = unread.substr(0, end + 2);
  for (bool is_first = true; !head.empty(); is_first = false) {
    const size_t line_end = head.find("\r\n");
    const std::string_view line = head.substr(0, line_end);
    if (!(is_first ? parse_request_line(line) : parse_header(line))) return Outcome::malformed;
    head.remove_prefix(line_end + 2);
  }
  if (!has_host_ && request_.allows_chunks) return fail(400);
  consumed_ = end + kEndOfHead.size();
  return Outcome::complete;
}

// "GET /metrics HTTP/1.1"
bool HttpRequestParser::parse_request_line(std::string_view line) {
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return false;
  const std::string_view method = line.substr(0, first);
  const std::string_view target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (!is_token(method)) return false;
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    if (version.starts_with("HTTP/")) status_ = 505;
    return false;
  }
  if (method != "GET" && method != "HEAD") {
    status_ = 405;
    return false;
  }
  if (!is_target(target)) return false;
  request_.is_head = method == "HEAD";
  request_.allows_chunks = version == "HTTP/1.1";
  request_.keeps_alive = request_.allows_chunks;
  const size_t question = target.find('?');
  request_.path = target.substr(0, question);
  if (question != std::string_view::npos) request_.query = target.substr(question + 1);
  return true;
}

bool HttpRequestParser::parse_header(std::string_view line) {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return false;
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = trim(line.substr(colon + 1));
  if (!is_token(name) || !is_field_value(value)) return false;
  if (equals_ignoring_case(name, "host")) return parse_host(value);
  if (equals_ignoring_case(name, "connection")) {
    if (lists(value, "close")) {
      request_.keeps_alive = false;
    } else if (lists(value, "keep-alive")) {
      request_.keeps_alive = true;
    }
  } else if (equals_ignoring_case(name, "transfer-encoding")) {
    status_ = 501;
    return false;
  } else if (equals_ignoring_case(name, "content-length")) {
    const auto bytes = parse_uint64(value);
    if (bytes && *bytes > 0) status_ = 413;
    return bytes && *bytes == 0;
  }
  return true;
}

// Two of them are an attempt to make two readers see two requests.
bool HttpRequestParser::parse_host(std::string_view value) {
  if (has_host_) return false;
  has_host_ = true;
  const bool is_bracketed = value.starts_with('[');
  const size_t bracket = is_bracketed ? value.find(']') : 0;
  if (bracket == std::string_view::npos) return false;
  request_.host = value.substr(0, value.find(':', bracket));
  return request_.host.find_first_of(" \t") == std::string::npos;
}

}  // namespace larder
