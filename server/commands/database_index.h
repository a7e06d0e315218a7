// The number of a database among the arguments of MOVE, COPY and their kin.
#pragma once

#include <limits>

#include "server/base/numbers.h"
#include "server/command/context.h"

namespace larder {

// Errors, in Redis's words: not an integer, more than 32 bits, no such database.
inline Result<Database*> parse_database_index(Context& ctx, std::string_view text) {
  constexpr int64_t kMin = std::numeric_limits<int32_t>::min();
  constexpr int64_t kMax = std::numeric_limits<int32_t>::max();
  const auto index = parse_int64(text);
  if (!index) return errors::not_an_integer();
  if (*index < kMin || *index > kMax) {
    return errors::value_not_between(to_text(kMin), to_text(kMax));
  }
  if (*index < 0 || *index >= static_cast<int64_t>(ctx.keyspace.database_count())) {
    return errors::database_index_out_of_range();
  }
  return &ctx.keyspace.database(static_cast<size_t>(*index));
}

}  // namespace larder
