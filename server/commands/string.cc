#include "server/command/arg_reader.h"
#include "server/commands/families.h"
#include "server/commands/reply_value.h"

namespace larder {
namespace {

// GET key
Status get(Context& ctx) {
  TRY(const auto value, ctx.find<String>(ctx.key(1)));
  reply_value(ctx, value);
  return ok;
}

constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"get", get, 2, kRead | kFast, one_key(1, kGet), "1.0.0", "O(1)",
        "key",
        "Returns the string value of a key."},
};

}  // namespace

CommandFamily string_commands() { return {"string", kCommands}; }

}  // namespace larder
