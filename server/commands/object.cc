// OBJECT: how a value is kept, and how long ago it was used.
#include <string_view>

#include "server/command/context.h"
#include "server/commands/families.h"
#include "server/command/reply_help.h"

namespace larder {
namespace {

// Asking about a key does not make it look used. Without a key the reply is null.
template <class Function>
Status describe_key(Context& ctx, Function&& function) {
  const Database::Slot* slot = ctx.keyspace.find(ctx.database(), ctx.key(2), Lookup::peek);
  if (slot != nullptr) return function(*slot);
  ctx.reply.null();
  return ok;
}

// OBJECT ENCODING key
Status encoding(Context& ctx) {
  return describe_key(ctx, [&](const Database::Slot& slot) -> Status {
    ctx.reply.bulk(encoding_name(slot.get()->value()));
    return ok;
  });
}

// OBJECT FREQ key
Status freq(Context& ctx) {
  return describe_key(ctx, [&](const Database::Slot& slot) -> Status {
    const UsageKind kind = ctx.keyspace.usage.kind();
    if (kind != UsageKind::frequency && kind != UsageKind::hybrid) {
      return errors::frequency_not_tracked();
    }
    ctx.reply.integer(ctx.keyspace.usage.frequency(slot.bits()));
    return ok;
  });
}

// OBJECT IDLETIME key
Status idletime(Context& ctx) {
  return describe_key(ctx, [&](const Database::Slot& slot) -> Status {
    if (ctx.keyspace.usage.kind() == UsageKind::frequency) return errors::idle_time_not_tracked();
    ctx.reply.integer(ctx.keyspace.usage.idle_seconds(slot.bits()));
    return ok;
  });
}

// OBJECT REFCOUNT key. Values are not shared between keys; 1 is what Redis says of all but small
// integers.
Status refcount(Context& ctx) {
  return describe_key(ctx, [&](const Database::Slot&) -> Status {
    ctx.reply.integer(1);
    return ok;
  });
}

// OBJECT HELP
Status help(Context& ctx) {
  static constexpr std::string_view kLines[] = {
      "ENCODING <key>",
      "    Tell in which form the value of <key> is kept.",
      "FREQ <key>",
      "    Tell how often <key> is used, as a policy that counts uses sees it.",
      "IDLETIME <key>",
      "    Tell how many seconds ago <key> was last used, as exactly as the policy has it.",
      "REFCOUNT <key>",
      "    Tell how many keys share the value of <key>.",
  };
  reply_help(ctx, kLines);
  return ok;
}

constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"object", nullptr, -2, 0, no_keys(), "2.2.3", "Depends on the subcommand",
        "",
        "Groups commands that look at how a value is kept."},
    {"object|encoding", encoding, 3, kRead | kNondeterministic, one_key(2, kLook), "2.2.3", "O(1)",
        "key",
        "Tells in which form a value is kept."},
    {"object|freq", freq, 3, kRead | kNondeterministic, one_key(2, kLook), "4.0.0", "O(1)",
        "key",
        "Tells how often a key is used."},
    {"object|help", help, 2, kLoading | kStale, no_keys(), "6.2.0", "O(1)",
        "",
        "Explains the subcommands."},
    {"object|idletime", idletime, 3, kRead | kNondeterministic, one_key(2, kLook), "2.2.3", "O(1)",
        "key",
        "Tells how many seconds ago a key was last used."},
    {"object|refcount", refcount, 3, kRead | kNondeterministic, one_key(2, kLook), "2.2.3", "O(1)",
        "key",
        "Tells how many keys share a value."},
};

}  // namespace

CommandFamily object_commands() { return {"generic", kCommands}; }

}  // namespace larder
