#include "server/commands/scan_options.h"

#include <limits>

#include "server/base/errors.h"
#include "server/base/glob.h"

namespace larder {

Result<uint64_t> ScanCursor::parse(std::string_view text) {
  const bool is_negative = text.starts_with('-');
  std::string_view digits = text;
  if (is_negative || digits.starts_with('+')) digits.remove_prefix(1);
  if (digits.empty() && !text.empty()) return errors::invalid_cursor();
  uint64_t cursor = 0;
  for (const char digit : digits) {
    if (digit < '0' || digit > '9' || __builtin_mul_overflow(cursor, uint64_t{10}, &cursor) ||
        __builtin_add_overflow(cursor, static_cast<uint64_t>(digit - '0'), &cursor)) {
      return errors::invalid_cursor();
    }
  }
  return (is_negative ? uint64_t{0} - cursor : cursor) << kShift;
}

bool ScanOptions::read(ArgReader& args) {
  if (args.option("COUNT")) {
    count = args.integer();
    if (count < 1) args.fail(errors::syntax());
    return true;
  }
  if (args.option("MATCH")) {
    pattern = args.text();
    return true;
  }
  return false;
}

bool ScanOptions::admits(std::string_view text) const {
  return pattern == "*" || glob_matches(pattern, text);
}

int64_t ScanOptions::max_steps() const {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  return count > kMax / 10 ? kMax : count * 10;
}

}  // namespace larder
