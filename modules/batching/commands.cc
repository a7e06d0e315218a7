// CLIENT BATCH.
#include "modules/batching/batching.h"
#include "server/command/arg_reader.h"

namespace larder {
namespace {

constexpr uint64_t kAnytime = kNoScript | kLoading | kStale;

// CLIENT BATCH <ON | OFF> [SIZE messages] [INTERVAL milliseconds]
Status batch(Context& ctx) {
  PushBatches& batches = ctx.owner<Batching>().push_batches();
  ArgReader args(ctx, 2);
  if (args.option("OFF")) {
    TRY(args.finish());
    batches.end(ctx.client);
    ctx.reply.ok();
    return ok;
  }
  if (!args.option("ON")) return errors::syntax();
  PushBatchRules rules;
  while (args.has_more()) {
    if (args.option("SIZE")) {
      rules.size = static_cast<size_t>(args.integer(1, PushBatchRules::kMostSize));
    } else if (args.option("INTERVAL")) {
      rules.interval_ms = args.integer(1, PushBatchRules::kMostIntervalMs);
    } else {
      args.fail(errors::syntax());
    }
  }
  TRY(args.finish());
  batches.begin(ctx.client, rules);
  ctx.reply.ok();
  return ok;
}

constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"client|batch", batch, -3, kAnytime, no_keys(), "7.2.0", "O(1)",
     "<ON | OFF> [SIZE messages] [INTERVAL milliseconds]",
     "Gathers what is pushed to the connection, so that several messages leave in one write."},
};

}  // namespace

std::vector<CommandFamily> batching_commands() {
  return {{"connection", kCommands}};
}

}  // namespace larder
