// How members of sets become replies.
#pragma once

#include "server/command/context.h"
#include "server/types/set.h"

namespace larder {

inline void reply_member(Context& ctx, PackedEntry entry) {
  if (entry.is_text()) {
    PackedEntry::Digits unused;
    ctx.reply.bulk(entry.text(unused));
  } else {
    ctx.reply.bulk_integer(entry.integer());
  }
}

// Members of a set one after the other, until the reply is full. The caller announces how many.
inline void reply_all_members(Context& ctx, const Set& set) {
  uint64_t position = 0;
  do {
    position = set.scan(position, [&](PackedEntry entry) { reply_member(ctx, entry); });
  } while (position != 0 && !ctx.reply.chain().overflowed());
}

}  // namespace larder
