// How streams become replies.
#pragma once

#include <array>

#include "server/command/context.h"
#include "server/types/stream.h"

namespace larder {

inline void reply_stream_id(Context& ctx, StreamId id) {
  std::array<char, StreamId::kMaxText> text;
  ctx.reply.bulk({text.data(), id.format(text.data())});
}

// An entry: its ID, and its fields and values in turns.
inline void reply_stream_entry(Context& ctx, const StreamEntry& entry) {
  ctx.reply.array(2);
  reply_stream_id(ctx, entry.id);
  ctx.reply.array(2 * entry.field_count());
  PackedEntry::Digits digits;
  entry.for_each([&](PackedEntry field, PackedEntry value) {
    ctx.reply.bulk(field.text(digits));
    ctx.reply.bulk(value.text(digits));
  });
}

// The entries that a cursor finds, at most `count`; 0: all.
inline void reply_stream_entries(Context& ctx, StreamCursor cursor, uint64_t count = 0) {
  ReplyWriter::Deferred reply = ctx.reply.deferred_array();
  uint64_t written = 0;
  StreamEntry entry;
  while ((count == 0 || written < count) && !ctx.reply.chain().overflowed() && cursor.next(entry)) {
    reply_stream_entry(ctx, entry);
    written++;
  }
  reply.finish(written);
}

}  // namespace larder
