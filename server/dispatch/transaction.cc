#include "server/dispatch/transaction.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace larder {
namespace {

constexpr std::array<std::string_view, 6> kRunAtOnce = {"exec",  "discard", "multi",
                                                        "watch", "quit",    "reset"};

}  // namespace

bool runs_in_transaction(const Command& command) {
  return std::ranges::find(kRunAtOnce, command.full_name()) != kRunAtOnce.end();
}

bool is_exec(const Command& command) {
  return command.full_name() == "exec";
}

}  // namespace larder
