// The parts of COMMAND that are long enough for files of their own.
#pragma once

#include "server/command/context.h"
#include "server/command/flag_names.h"

namespace larder {

// COMMAND DOCS [command-name [command-name ...]]
Status command_docs(Context& ctx);

// The flags that are set, by their names, as a set of simple strings.
void reply_flags(ReplyWriter& reply, std::span<const FlagName> names, uint64_t flags);

}  // namespace larder
