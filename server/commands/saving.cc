// SAVE and its kin, in a server that keeps its data in memory only: nothing is saved, and nobody is told
// that it was.
#include "server/command/arg_reader.h"
#include "server/commands/families.h"

namespace larder {
namespace {

// LASTSAVE. As in Redis, a server that has not saved yet names its start.
Status lastsave(Context& ctx) {
  ctx.reply.integer(ctx.services.control.last_save_seconds());
  return ok;
}

// SAVE
Status save(Context&) { return errors::not_supported_yet("Saving"); }

// BGSAVE [SCHEDULE]
Status bgsave(Context& ctx) {
  ArgReader args(ctx);
  args.option("SCHEDULE");
  TRY(args.finish());
  return errors::not_supported_yet("Saving");
}

// BGREWRITEAOF
Status bgrewriteaof(Context&) { return errors::not_supported_yet("The append only file"); }

constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"bgrewriteaof", bgrewriteaof, 1, kAdmin | kNoScript | kNoAsyncLoading, no_keys(), "1.0.0", "O(1)",
        "",
        "Makes the append only file as short as it can be, in the background."},
    {"bgsave", bgsave, -1, kAdmin | kNoScript | kNoAsyncLoading, no_keys(), "1.0.0", "O(1)",
        "[SCHEDULE]",
        "Saves all data in the background."},
    {"lastsave", lastsave, 1, kFast | kLoading | kStale | kAdminCategory | kDangerous | kNondeterministic, no_keys(), "1.0.0", "O(1)",
        "",
        "Returns when the data were saved last, in seconds since 1970."},
    {"save", save, 1, kAdmin | kNoScript | kNoMulti | kNoAsyncLoading, no_keys(), "1.0.0", "O(N) where N is the number of keys",
        "",
        "Saves all data while everybody waits."},
};

}  // namespace

CommandFamily saving_commands() { return {"server", kCommands}; }

}  // namespace larder
