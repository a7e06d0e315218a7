#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace larder {

// What a load tells about the replies it got. `nulls` and `zeros` are those of single values too,
// also inside arrays: a GET, DEL or EXPIRE of a key that is there produces neither.
struct ReplyTally {
  uint64_t errors = 0;
  uint64_t nulls = 0;
  uint64_t zeros = 0;
  std::string first_error;
};

// Finds the ends of RESP2 replies in a stream that may be cut anywhere, and keeps nothing of them.
// Much cheaper than parsing, so that the load costs less than the server that it measures. One
// object per connection.
class ReplyScanner {
 public:
  // Takes the next bytes of the stream; returns how many replies ended in them.
  size_t feed(std::string_view bytes, ReplyTally& tally) {
    size_t replies = 0;
    while (!bytes.empty()) {
      if (payload_left_ > 0) {
        const size_t length = std::min(payload_left_, bytes.size());
        bytes.remove_prefix(length);
        payload_left_ -= length;
        if (payload_left_ == 0) replies += end_value();
        continue;
      }
      const size_t end = bytes.find('\n');
      if (end == std::string_view::npos) {
        line_.append(bytes);
        break;
      }
      if (line_.empty()) {
        replies += take_line(bytes.substr(0, end), tally);
      } else {
        line_.append(bytes.substr(0, end));
        replies += take_line(line_, tally);
        line_.clear();
      }
      bytes.remove_prefix(end + 1);
    }
    return replies;
  }

 private:
  // Takes a line without its LF; its CR ends every number.
  size_t take_line(std::string_view line, ReplyTally& tally) {
    const char type = line.empty() ? '\0' : line.front();
    switch (type) {
      case '+':
        return end_value();
      case ':':
        if (line == ":0\r") tally.zeros++;
        return end_value();
      case '$':
      case '*': {
        const long length = std::atol(line.data() + 1);
        if (length < 0) tally.nulls++;
        if (type == '$') return length < 0 ? end_value() : begin_payload(length);
        values_left_ += static_cast<size_t>(std::max(length, 0L));
        return end_value();
      }
      default:
        // Anything that is no RESP2 counts as an error, and as a value, so that the load goes on.
        if (tally.errors++ == 0) tally.first_error = line;
        return end_value();
    }
  }

  size_t begin_payload(long length) {
    payload_left_ = static_cast<size_t>(length) + 2;
    return 0;
  }

  // An array counts as a value that ends at once and announces others.
  size_t end_value() {
    if (--values_left_ > 0) return 0;
    values_left_ = 1;
    return 1;
  }

  size_t values_left_ = 1;
  size_t payload_left_ = 0;
  std::string line_;  // of a line that was cut
};

}  // namespace larder
