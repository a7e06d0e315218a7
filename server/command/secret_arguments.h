// What of a request may be shown to others than its client: in the slow log, to MONITOR.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "server/command/command_table.h"

namespace larder {

inline constexpr std::string_view kRedacted = "(redacted)";

// The argument, or what stands for one that is secret (CommandSpec::secret_rule).
inline std::string_view shown_argument(const Command& command,
                                       std::span<const std::string_view> arguments, size_t index,
                                       const Options& options) {
  const SecretRule rule = command.spec().secret_rule;
  return rule != nullptr && rule(arguments, index, options) ? kRedacted : arguments[index];
}

}  // namespace larder
