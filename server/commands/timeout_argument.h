// The timeout of commands that block: seconds, with fractions, or milliseconds.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <string_view>

#include "server/base/errors.h"
#include "server/base/numbers.h"
#include "server/base/result.h"

namespace larder {

// Milliseconds, rounded up; 0 means for ever. The errors are those of Redis, which also accepts
// what rounds up to 0, such as -0.0001.
inline Result<int64_t> parse_timeout_seconds(std::string_view text, int64_t now_ms) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  const auto seconds = parse_long_double(text);
  if (!seconds) return errors::timeout_not_a_float();
  const long double timeout_ms = std::ceil(*seconds * 1000);
  if (timeout_ms < 0) return errors::timeout_negative();
  if (timeout_ms > static_cast<long double>(kMax - now_ms)) return errors::timeout_out_of_range();
  return static_cast<int64_t>(timeout_ms);
}

// The same for a whole number of milliseconds.
inline Result<int64_t> parse_timeout_ms(std::string_view text, int64_t now_ms) {
  const auto timeout_ms = parse_int64(text);
  if (!timeout_ms) return errors::timeout_not_an_integer();
  if (*timeout_ms < 0) return errors::timeout_negative();
  if (*timeout_ms > std::numeric_limits<int64_t>::max() - now_ms) {
    return errors::timeout_out_of_range();
  }
  return *timeout_ms;
}

}  // namespace larder
