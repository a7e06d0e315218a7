// What the commands about when fields of a hash end have in common: times, and FIELDS numfields
// field ...
#pragma once

#include <algorithm>

#include "server/base/numbers.h"
#include "server/base/text.h"
#include "server/command/context.h"

namespace larder {

enum class TimeUnit : int64_t { milliseconds = 1, seconds = 1000 };
enum class TimeOrigin { now, epoch };

// The latest moment at which Redis lets a field end: it keeps 46 bits of it.
inline constexpr int64_t kLatestFieldEndMs = (int64_t{1} << 46) - 1;

// The moment that an argument means, in milliseconds since 1970. It may have passed.
// Errors: no integer; negative; too late.
inline Result<int64_t> read_field_end(const Context& ctx, std::string_view text, TimeUnit unit,
                                      TimeOrigin origin) {
  const auto amount = parse_int64(text);
  if (!amount) return errors::not_an_integer();
  if (*amount < 0) return errors::negative_expire_time();
  const auto milliseconds = static_cast<int64_t>(unit);
  const int64_t origin_ms = origin == TimeOrigin::now ? ctx.now_ms() : 0;
  if (*amount > (kLatestFieldEndMs - origin_ms) / milliseconds) {
    return errors::invalid_expire_time(ctx.command_name());
  }
  return *amount * milliseconds + origin_ms;
}

// The names behind FIELDS, which has to stand at `position`, with their number, which has to be
// right. `bad_count`: the error for one that is no positive integer.
inline Result<std::span<const std::string_view>> read_fields(const Context& ctx, size_t position,
                                                             Error (*bad_count)()) {
  if (position + 1 >= ctx.argc() || !equals_ignoring_case(ctx.arg(position), "FIELDS")) {
    return errors::fields_missing();
  }
  const auto count = parse_int64(ctx.arg(position + 1));
  if (!count || *count < 1) return bad_count();
  const auto names = ctx.arguments().subspan(position + 2);
  if (static_cast<uint64_t>(*count) != names.size()) return errors::field_count_mismatch();
  return names;
}

}  // namespace larder
