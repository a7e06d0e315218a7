// Any bytes, in any pieces, give the same replies and the same end; and what was understood,
// written again, says the same.
#include "protocol/reply_reader.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using larder::Reply;
using larder::ReplyReader;

struct Outcome {
  std::vector<Reply> replies;
  ReplyReader::State last = ReplyReader::State::incomplete;
};

// A NaN is the same as another here.
bool same(const Reply& one, const Reply& other);
bool same(const std::vector<Reply>& one, const std::vector<Reply>& other) {
  return std::ranges::equal(one, other, [](const Reply& a, const Reply& b) { return same(a, b); });
}
bool same(const Reply& one, const Reply& other) {
  const bool same_real = one.real == other.real || (std::isnan(one.real) && std::isnan(other.real));
  return one.type == other.type && one.text == other.text && one.format == other.format &&
         one.integer == other.integer && same_real && same(one.children, other.children) &&
         same(one.attributes, other.attributes);
}

// What a writer would have sent for the reply.
void write(const Reply& reply, std::string& out);
void write_all(std::string_view header, size_t count, const std::vector<Reply>& values,
               std::string& out) {
  out += std::string(header) + std::to_string(count) + "\r\n";
  for (const Reply& value : values) write(value, out);
}
void write_bulk(char mark, const std::string& bytes, std::string& out) {
  out += mark + std::to_string(bytes.size()) + "\r\n" + bytes + "\r\n";
}
void write(const Reply& reply, std::string& out) {
  if (!reply.attributes.empty()) {
    write_all("|", reply.attributes.size() / 2, reply.attributes, out);
  }
  switch (reply.type) {
    case Reply::Type::status:
      out += "+" + reply.text + "\r\n";
      break;
    case Reply::Type::error:
      out += "-" + reply.text + "\r\n";
      break;
    case Reply::Type::integer:
      out += ":" + std::to_string(reply.integer) + "\r\n";
      break;
    case Reply::Type::bulk:
      write_bulk('$', reply.text, out);
      break;
    case Reply::Type::nil:
      out += "_\r\n";
      break;
    case Reply::Type::nil_array:
      out += "*-1\r\n";
      break;
    case Reply::Type::array:
      write_all("*", reply.children.size(), reply.children, out);
      break;
    case Reply::Type::map:
      write_all("%", reply.children.size() / 2, reply.children, out);
      break;
    case Reply::Type::set:
      write_all("~", reply.children.size(), reply.children, out);
      break;
    case Reply::Type::push:
      write_all(">", reply.children.size(), reply.children, out);
      break;
    case Reply::Type::real:
      out += "," + reply.text + "\r\n";
      break;
    case Reply::Type::boolean:
      out += reply.integer != 0 ? "#t\r\n" : "#f\r\n";
      break;
    case Reply::Type::big_number:
      out += "(" + reply.text + "\r\n";
      break;
    case Reply::Type::verbatim:
      write_bulk('=', reply.format + ":" + reply.text, out);
      break;
    case Reply::Type::bulk_error:
      write_bulk('!', reply.text, out);
      break;
  }
}

Outcome read(std::string_view bytes, size_t piece) {
  ReplyReader reader({.depth = 16, .values = 4096, .line_bytes = 1024, .bulk_bytes = 65536});
  Outcome outcome;
  Reply reply;
  while (!bytes.empty() && outcome.last != ReplyReader::State::malformed) {
    reader.feed(bytes.substr(0, piece));
    bytes.remove_prefix(std::min(piece, bytes.size()));
    while ((outcome.last = reader.next(reply)) == ReplyReader::State::ready) {
      outcome.replies.push_back(reply);
    }
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const size_t piece = size_t{data[0]} % 16 + 1;
  const Outcome cut = read(bytes, piece);
  const Outcome whole = read(bytes, bytes.size());
  if (cut.last != whole.last || !same(cut.replies, whole.replies)) std::abort();
  // What was understood, written again, says the same.
  std::string written;
  for (const Reply& reply : whole.replies) write(reply, written);
  if (!same(read(written, written.size()).replies, whole.replies)) std::abort();
  return 0;
}
