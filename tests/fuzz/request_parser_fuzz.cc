// Any bytes, in any pieces: the parser never reads outside of them, and understands the same
// whether they come at once, one by one, or in pieces that the input itself chooses. What it
// understood, written as plain requests, it understands again.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/request_parser.h"

using namespace larder;

namespace {

struct Reading {
  std::vector<std::vector<std::string>> requests;
  std::string error;
  size_t unread = 0;
  bool operator==(const Reading&) const = default;
};

// Takes the next piece's length from `pieces`, or all there is.
size_t next_piece(std::string_view& pieces, size_t left) {
  if (pieces.empty()) return left;
  const size_t length = static_cast<unsigned char>(pieces[0]) % 32 + size_t{1};
  pieces.remove_prefix(1);
  return length < left ? length : left;
}

// Feeds `stream` and cuts it as `pieces` says. The buffer is reallocated to the exact size each
// time.
Reading read(std::string_view stream, std::string_view pieces, const RequestLimits& limits) {
  Reading reading;
  RequestParser parser;
  std::unique_ptr<char[]> buffer;
  size_t size = 0;
  while (!stream.empty()) {
    const size_t piece = next_piece(pieces, stream.size());
    auto grown = std::make_unique<char[]>(size + piece);
    std::string_view(buffer.get(), size).copy(grown.get(), size);
    stream.copy(grown.get() + size, piece);
    buffer = std::move(grown);
    size += piece;
    stream.remove_prefix(piece);

    for (;;) {
      std::vector<std::string_view> arguments;
      const auto outcome = parser.parse({buffer.get(), size}, limits, arguments);
      if (outcome == RequestParser::Outcome::error) {
        reading.error = parser.error_reason();
        if (reading.error.empty()) std::abort();
        return reading;
      }
      if (outcome != RequestParser::Outcome::complete) {
        if (!arguments.empty()) std::abort();
        break;
      }
      const size_t consumed = parser.consumed();
      if (consumed == 0 || consumed > size) std::abort();
      reading.requests.emplace_back(arguments.begin(), arguments.end());
      parser.release_arguments();
      auto rest = std::make_unique<char[]>(size - consumed);
      std::string_view(buffer.get(), size).copy(rest.get(), size - consumed, consumed);
      buffer = std::move(rest);
      size -= consumed;
    }
  }
  reading.unread = size;
  return reading;
}

std::string as_plain_requests(const Reading& reading) {
  std::string text;
  for (const auto& request : reading.requests) {
    text += "*" + std::to_string(request.size()) + "\r\n";
    for (const std::string& argument : request) {
      text += "$" + std::to_string(argument.size()) + "\r\n" + argument + "\r\n";
    }
  }
  return text;
}

}  // namespace

// Input: a byte of choices, a byte that says how many bytes of cuts follow, the stream.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const RequestLimits limits{
      .max_arguments = 20,
      .max_bulk_bytes = (data[0] & 1) != 0 ? kMaxBulkBytes : 100,
      .max_inline_bytes = (data[0] & 2) != 0 ? kMaxInlineBytes : 40,
      .authenticated = (data[0] & 4) != 0,
  };
  std::string_view rest(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::string_view pieces = rest.substr(0, data[1] % 16);
  rest.remove_prefix(pieces.size());

  const Reading whole = read(rest, {}, limits);
  const std::string single_bytes(rest.size(), '\0');
  if (read(rest, single_bytes, limits) != whole) std::abort();
  if (read(rest, pieces, limits) != whole) std::abort();
  // An inline request may have more arguments than limits allow a plain one.
  const Reading again = read(as_plain_requests(whole), pieces, {});
  if (again.requests != whole.requests || !again.error.empty() || again.unread != 0) std::abort();
  return 0;
}
