// What stands between a request and its command.
#pragma once

#include "server/base/result.h"
#include "server/command/context.h"

namespace larder {

// What gates have to know beyond the context.
struct GateRules {
  // Who may use DEBUG, as enable-debug-command says: 0 nobody, 1 everybody, 2 clients of this machine.
  enum class Allowed { no, yes, local } debug_command = Allowed::no;
};

// Passes the request through all gates, in the order in which clients of Redis see their errors: an
// unknown command (nullptr) and a wrong number of arguments before a missing login, a full memory after
// all three. A few nanoseconds where nothing is in the way; where memory is full, what eviction takes.
Status pass_gates(const Context& context, const Command* command,
                  std::span<const std::string_view> arguments, const GateRules& rules);

}  // namespace larder
