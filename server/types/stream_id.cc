#include "server/types/stream_id.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>

#include "server/base/numbers.h"

namespace larder {
namespace {

// Redis parses in a buffer of this size, its final NUL included.
constexpr size_t kMaxGiven = 127;

}  // namespace

size_t StreamId::format(char* out) const {
  char* end = std::to_chars(out, out + 20, ms).ptr;
  *end++ = '-';
  end = std::to_chars(end, end + 20, seq).ptr;
  return static_cast<size_t>(end - out);
}

std::string StreamId::to_string() const {
  std::array<char, kMaxText> text;
  return {text.data(), format(text.data())};
}

std::optional<uint64_t> parse_stream_number(std::string_view text) {
  if (text.size() > kMaxGiven) return std::nullopt;
  if (const auto number = parse_int64(text)) {
    if (*number < 0) return std::nullopt;
    return static_cast<uint64_t>(*number);
  }
  std::array<char, kMaxGiven + 1> buffer{};
  text.copy(buffer.data(), text.size());
  char* end = nullptr;
  errno = 0;
  const uint64_t number = std::strtoull(buffer.data(), &end, 10);
  if (errno != 0 || end == buffer.data() || *end != '\0') return std::nullopt;
  return number;
}

std::optional<StreamId> parse_stream_id(std::string_view text, uint64_t missing_seq) {
  if (text.size() > kMaxGiven) return std::nullopt;
  text = text.substr(0, text.find('\0'));
  const size_t dash = text.find('-');
  const auto ms = parse_stream_number(text.substr(0, dash));
  if (!ms) return std::nullopt;
  if (dash == std::string_view::npos) return StreamId{*ms, missing_seq};
  const auto seq = parse_stream_number(text.substr(dash + 1));
  if (!seq) return std::nullopt;
  return StreamId{*ms, *seq};
}

}  // namespace larder
