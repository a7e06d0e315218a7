// How SETBIT, GETBIT and BITFIELD say which bit they mean.
#pragma once

#include "server/base/numbers.h"
#include "server/command/context.h"

namespace larder {

// A bit of a string that may exist. `width`: for BITFIELD, how many bits "#1" is behind "#0".
inline Result<uint64_t> read_bit_offset(const Context& ctx, std::string_view text, int64_t width = 0) {
  const bool counts_fields = width > 0 && text.starts_with('#');
  if (counts_fields) text.remove_prefix(1);
  const auto number = parse_int64(text);
  int64_t offset = 0;
  if (!number || __builtin_mul_overflow(*number, counts_fields ? width : 1, &offset) || offset < 0 ||
      static_cast<uint64_t>(offset) >> 3 >= ctx.services.limits.max_bulk_bytes) {
    return errors::bit_offset_out_of_range();
  }
  return static_cast<uint64_t>(offset);
}

}  // namespace larder
