// Transactions: what is queued and run is in dispatch.
#include "server/command/context.h"
#include "server/commands/families.h"

namespace larder {
namespace {

constexpr uint64_t kAnytime = kNoScript | kLoading | kStale;

// MULTI
Status multi(Context& ctx) {
  if (ctx.client.is_in_transaction()) return errors::nested_multi();
  ctx.services.control.begin_transaction(ctx.client);
  ctx.reply.ok();
  return ok;
}

// EXEC
Status exec(Context& ctx) {
  if (!ctx.client.is_in_transaction()) return errors::exec_without_multi();
  return ctx.services.control.run_transaction(ctx);
}

// DISCARD
Status discard(Context& ctx) {
  if (!ctx.client.is_in_transaction()) return errors::discard_without_multi();
  ctx.services.control.discard_transaction(ctx.client);
  ctx.reply.ok();
  return ok;
}

// WATCH key [key ...]
Status watch(Context& ctx) {
  if (ctx.client.is_in_transaction()) return errors::watch_inside_multi();
  for (size_t i = 1; i < ctx.argc(); i++) ctx.services.control.watch(ctx.client, ctx.key(i));
  ctx.reply.ok();
  return ok;
}

// UNWATCH
Status unwatch(Context& ctx) {
  ctx.services.control.unwatch(ctx.client);
  ctx.reply.ok();
  return ok;
}

constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"discard", discard, 1, kAnytime | kFast | kAllowBusy, no_keys(), "2.0.0",
        "O(N) in the requests that were queued",
        "",
        "Forgets the requests that were queued, and the keys that are watched."},
    {"exec", exec, 1, kAnytime | kSkipSlowlog, no_keys(), "1.2.0",
        "that of the requests that were queued",
        "",
        "Runs the requests that were queued, with nobody else's between them."},
    {"multi", multi, 1, kAnytime | kFast | kAllowBusy, no_keys(), "1.2.0", "O(1)",
        "",
        "Queues the requests that follow, for EXEC to run them together."},
    {"unwatch", unwatch, 1, kAnytime | kFast | kAllowBusy, no_keys(), "2.2.0", "O(1)",
        "",
        "Forgets the keys that are watched."},
    {"watch", watch, -2, kAnytime | kFast | kAllowBusy, keys_from(1, kLook), "2.2.0",
        "O(log N) for every key, in the clients that watch it",
        "key [key ...]",
        "Lets the next EXEC run nothing if one of the keys has changed by then."},
};

}  // namespace

CommandFamily transaction_commands() {
  return {"transactions", kCommands};
}

}  // namespace larder
