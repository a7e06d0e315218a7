// What the files of list commands have in common.
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>

#include "server/base/text.h"
#include "server/command/arg_reader.h"
#include "server/command/context.h"
#include "server/types/list.h"

namespace larder {

inline void reply_element(Context& ctx, const PackedEntry& element) {
  List::Digits digits;
  ctx.reply.bulk(element.text(digits));
}

// LEFT or RIGHT.
inline Result<End> parse_end(std::string_view text) {
  if (equals_ignoring_case(text, "left")) return End::front;
  if (equals_ignoring_case(text, "right")) return End::back;
  return errors::syntax();
}

inline std::string_view push_event(End end) {
  return end == End::front ? "lpush" : "rpush";
}
inline std::string_view pop_event(End end) {
  return end == End::front ? "lpop" : "rpop";
}

// Whether the arguments from `first` on can be elements: lists keep lengths in 32 bits.
inline Status check_elements(const Context& ctx, size_t first) {
  constexpr size_t kMaxElement = std::numeric_limits<uint32_t>::max() - 64;
  for (const std::string_view element : ctx.args(first)) {
    if (element.size() > kMaxElement) [[unlikely]]
      return errors::string_exceeds_limit();
  }
  return ok;
}

// Replies with `count` elements from that end on, the outermost first, and takes them away. `count`
// may be more than there are.
void pop_many(Context& ctx, Edit<List>& list, End end, uint64_t count);

}  // namespace larder
