// How values become replies.
#pragma once

#include "server/command/context.h"
#include "server/types/string.h"

namespace larder {

// From this length on, a part of a shared block leaves without being copied.
inline constexpr size_t kLargeReply = 4096;

// `bytes` of the block, which stays alive until they were sent.
inline void reply_shared(Context& ctx, std::string_view bytes, SharedBytes block) {
  ctx.reply.bulk_external(bytes, block.detach(), [](void* owner) { SharedBytes::attach(owner); });
}

// A string value as a bulk string; nothing as null. Large values leave without being copied.
inline void reply_value(Context& ctx, const Found<String>& value) {
  if (!value) return ctx.reply.null();
  if (SharedBytes block = value->shared()) [[unlikely]] {
    const std::string_view bytes = block.view();
    return reply_shared(ctx, bytes, std::move(block));
  }
  String::Digits digits;
  ctx.reply.bulk(value->bytes(digits));
}

}  // namespace larder
