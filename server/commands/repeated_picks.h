// How much SRANDMEMBER, HRANDFIELD and ZRANDMEMBER answer when a negative count asks for elements
// that may come again. Nothing that the server holds bounds such a reply, and one request could
// take all memory and all time; where Redis goes on until there is none, "value is out of range" is
// the answer here.
#pragma once

#include <cstddef>
#include <cstdint>

#include "server/command/context.h"

namespace larder {

class RepeatedPicks {
 public:
  // Short elements, so many of them, take about half a second.
  static constexpr uint64_t kMostPicks = 5'000'000;

  // Error: too many, whatever they are.
  static Status check(const Context& ctx, uint64_t count) {
    if (count > kMostPicks && !has_limit(ctx)) return errors::value_out_of_range();
    return ok;
  }

  // In front of the reply's first byte.
  explicit RepeatedPicks(Context& ctx)
      : ctx_(ctx), mark_(ctx.reply.mark()), before_(ctx.reply.chain().bytes()) {}

  // Whether to write another one.
  bool has_room() const { return !ctx_.reply.chain().overflowed() && !is_too_long(); }
  // Behind the last. Error: together they are longer than a string may be; the reply is taken back.
  Status finish() {
    if (ctx_.reply.chain().overflowed() || !is_too_long()) return ok;
    ctx_.reply.rewind(mark_);
    return errors::value_out_of_range();
  }

 private:
  static bool has_limit(const Context& ctx) {
    return ctx.reply.chain().limit() != OutputChain::kNoLimit;
  }
  bool is_too_long() const {
    return !has_limit(ctx_) &&
           ctx_.reply.chain().bytes() - before_ > ctx_.services.limits.max_bulk_bytes;
  }

  Context& ctx_;
  ReplyWriter::Mark mark_;
  size_t before_;
};

}  // namespace larder
