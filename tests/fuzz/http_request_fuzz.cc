// The head of an HTTP request, whole and in pieces: the same is understood, and a request that is
// written again out of what was understood says the same.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "modules/metrics/http_request.h"
#include "server/base/assert.h"

namespace larder {
namespace {

using Outcome = HttpRequestParser::Outcome;

bool same(const HttpRequest& one, const HttpRequest& other) {
  return one.is_head == other.is_head && one.path == other.path && one.query == other.query &&
         one.host == other.host && one.keeps_alive == other.keeps_alive &&
         one.allows_chunks == other.allows_chunks;
}

// `piece` bytes more at a time, each time in memory of its own.
Outcome read(HttpRequestParser& parser, std::string_view bytes, size_t piece) {
  Outcome outcome = Outcome::need_more;
  for (size_t size = 0; size < bytes.size() && outcome == Outcome::need_more;) {
    size = std::min(size + piece, bytes.size());
    const std::string come(bytes.substr(0, size));
    outcome = parser.parse(come);
  }
  return outcome;
}

void check_again(const HttpRequest& request) {
  std::string text = request.is_head ? "HEAD " : "GET ";
  text += request.path;
  if (!request.query.empty()) text += "?" + request.query;
  text += request.allows_chunks ? " HTTP/1.1\r\n" : " HTTP/1.0\r\n";
  text += "Host: " + request.host + "\r\n";
  text += request.keeps_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
  HttpRequestParser parser;
  // What was added here may be too much for a head that was at the limit.
  if (text.size() > HttpRequestParser::kMaxHeadBytes) return;
  LARDER_ASSERT(parser.parse(text) == Outcome::complete);
  LARDER_ASSERT(parser.consumed() == text.size());
  LARDER_ASSERT(same(parser.request(), request));
}

}  // namespace
}  // namespace larder

// Input: a byte that says how large the pieces are, the bytes of the connection.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace larder;
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  HttpRequestParser whole;
  const Outcome outcome = read(whole, bytes, bytes.size());
  HttpRequestParser cut;
  LARDER_ASSERT(read(cut, bytes, size_t{data[0]} % 64 + 1) == outcome);
  switch (outcome) {
    case Outcome::need_more:
      LARDER_ASSERT(bytes.size() < HttpRequestParser::kMaxHeadBytes);
      break;
    case Outcome::malformed:
      LARDER_ASSERT(whole.status() >= 400 && whole.status() <= 505);
      LARDER_ASSERT(whole.status() == cut.status());
      break;
    case Outcome::complete:
      LARDER_ASSERT(whole.consumed() > 0 && whole.consumed() <= bytes.size());
      LARDER_ASSERT(whole.consumed() == cut.consumed());
      LARDER_ASSERT(same(whole.request(), cut.request()));
      LARDER_ASSERT(whole.request().path.starts_with('/'));
      check_again(whole.request());
      break;
  }
  return 0;
}
