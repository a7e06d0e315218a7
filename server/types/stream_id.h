// The name of a stream's entry: a moment in milliseconds and a number within it, written "ms-seq".
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace larder {

struct StreamId {
  uint64_t ms = 0;
  uint64_t seq = 0;

  static constexpr StreamId max() { return {UINT64_MAX, UINT64_MAX}; }
  auto operator<=>(const StreamId&) const = default;
  bool is_zero() const { return ms == 0 && seq == 0; }

  // The neighbours; none behind the largest and before the smallest.
  std::optional<StreamId> next() const {
    if (seq != UINT64_MAX) return StreamId{ms, seq + 1};
    if (ms != UINT64_MAX) return StreamId{ms + 1, 0};
    return std::nullopt;
  }
  std::optional<StreamId> previous() const {
    if (seq != 0) return StreamId{ms, seq - 1};
    if (ms != 0) return StreamId{ms - 1, UINT64_MAX};
    return std::nullopt;
  }

  static constexpr size_t kMaxText = 41;
  // Writes the text to `out`, which has room for kMaxText; returns its length.
  size_t format(char* out) const;
  std::string to_string() const;
};

// Reads "ms-seq", or "ms" with `missing_seq` as its second part. As generous as Redis's: leading
// zeros, a '+' and spaces before a number are fine, and a NUL ends the text.
std::optional<StreamId> parse_stream_id(std::string_view text, uint64_t missing_seq);
// One of the two numbers.
std::optional<uint64_t> parse_stream_number(std::string_view text);

}  // namespace larder
