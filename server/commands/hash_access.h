// How the commands of hashes open them, and how fields become replies.
#pragma once

#include "server/command/context.h"
#include "server/types/hash.h"

namespace larder {

// The first argument's hash for changing, as Context::edit opens it. What has ended in a small hash
// is removed first; it may be that nothing is left, and the key is missing.
inline Result<Edit<Hash>> open_hash(Context& ctx) {
  TRY(auto hash, ctx.edit<Hash>(ctx.key(1)));
  if (hash && hash->is_due(ctx.now_ms())) [[unlikely]] {
    hash.remove_expired_fields(Deadline::never());
  }
  return hash;
}

// The same for reading.
inline Result<Found<Hash>> find_hash(Context& ctx) {
  const Key key = ctx.key(1);
  TRY(const auto hash, ctx.find<Hash>(key));
  if (!hash || !hash->is_due(ctx.now_ms())) [[likely]]
    return hash;
  TRY(const auto cleaned, open_hash(ctx));
  return cleaned ? Found<Hash>(cleaned.entry()) : Found<Hash>();
}

inline void reply_entry(Context& ctx, const PackedEntry& entry) {
  PackedEntry::Digits digits;
  ctx.reply.bulk(entry.text(digits));
}

// The value of a field, or null.
inline void reply_field(Context& ctx, const std::optional<HashField>& field) {
  field ? reply_entry(ctx, field->value()) : ctx.reply.null();
}

}  // namespace larder
