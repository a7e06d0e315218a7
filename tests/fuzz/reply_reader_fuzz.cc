// Any bytes, in any pieces, give the same replies and the same end; and never more than the limits.
#include "protocol/reply_reader.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using larder::Reply;
using larder::ReplyReader;

struct Outcome {
  std::vector<Reply::Type> types;
  ReplyReader::State last = ReplyReader::State::incomplete;

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome read(std::string_view bytes, size_t piece) {
  ReplyReader reader({.depth = 16, .values = 4096, .line_bytes = 1024, .bulk_bytes = 65536});
  Outcome outcome;
  Reply reply;
  while (!bytes.empty() && outcome.last != ReplyReader::State::malformed) {
    reader.feed(bytes.substr(0, piece));
    bytes.remove_prefix(std::min(piece, bytes.size()));
    while ((outcome.last = reader.next(reply)) == ReplyReader::State::ready) {
      outcome.types.push_back(reply.type);
    }
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const size_t piece = size_t{data[0]} % 16 + 1;
  if (read(bytes, piece) != read(bytes, bytes.size())) std::abort();
  return 0;
}
