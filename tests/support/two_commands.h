// Two commands, "one" and "two", that do nothing: for tests of what is told and shown of commands.
#pragma once

#include "server/command/command_spec.h"
#include "server/command/context.h"

namespace larder {

inline Status do_nothing(Context& ctx) {
  ctx.reply.ok();
  return ok;
}

inline constexpr CommandSpec kTwoCommands[] = {
    {"one", do_nothing, 1, kRead, no_keys(), "1.0.0", "O(1)", "", "One."},
    {"two", do_nothing, 1, kRead, no_keys(), "1.0.0", "O(1)", "", "Two."},
};

}  // namespace larder
