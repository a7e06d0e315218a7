// How values become replies.
#pragma once

#include "server/command/context.h"
#include "server/types/string.h"

namespace larder {

// A string value as a bulk string; nothing as null. Large values leave without being copied.
inline void reply_value(Context& ctx, const Found<String>& value) {
  if (!value) return ctx.reply.null();
  if (SharedBytes block = value->shared()) [[unlikely]] {
    const std::string_view bytes = block.view();
    return ctx.reply.bulk_external(bytes, block.detach(),
                                   [](void* owner) { SharedBytes::attach(owner); });
  }
  String::Digits digits;
  ctx.reply.bulk(value->bytes(digits));
}

}  // namespace larder
