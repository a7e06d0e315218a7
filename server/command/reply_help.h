// The answer of HELP, which every container has.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "server/base/text.h"
#include "server/command/context.h"

namespace larder {

// `lines`: a form of the command, and below it, indented by four spaces, what it does.
inline void reply_help(Context& ctx, std::span<const std::string_view> lines) {
  const std::string_view full_name = ctx.command_name();
  ctx.reply.array(lines.size() + 3);
  ctx.reply.simple(to_upper(full_name.substr(0, full_name.find('|'))) +
                   " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
  for (const std::string_view line : lines) ctx.reply.simple(line);
  ctx.reply.simple("HELP");
  ctx.reply.simple("    Print this help.");
}

}  // namespace larder
