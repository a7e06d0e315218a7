// The answer of HELP, which every container has.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/text.h"
#include "server/command/context.h"

namespace larder {

// `lines`: a form of the command, and below it, indented by four spaces, what it does. Subcommands that
// a module brings to somebody else's container follow, as their rows describe them.
inline void reply_help(Context& ctx, std::span<const std::string_view> lines) {
  const std::string_view full_name = ctx.command_name();
  const std::string_view name = full_name.substr(0, full_name.find('|'));
  const Command& container = *ctx.services.commands.find(name);
  std::vector<std::string> added;
  for (const Command* command : container.subcommands()) {
    if (command->owner() == container.owner()) continue;
    const CommandSpec& spec = command->spec();
    added.push_back(to_upper(command->short_name()));
    if (!spec.syntax.empty()) added.back().append(" ").append(spec.syntax);
    added.push_back("    " + std::string(spec.summary));
  }
  ctx.reply.array(lines.size() + added.size() + 3);
  ctx.reply.simple(to_upper(name) + " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
  for (const std::string_view line : lines) ctx.reply.simple(line);
  for (const std::string& line : added) ctx.reply.simple(line);
  ctx.reply.simple("HELP");
  ctx.reply.simple("    Print this help.");
}

}  // namespace larder
