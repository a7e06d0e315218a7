// Which clients CLIENT KILL is about.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "server/base/result.h"
#include "server/clients/client.h"
#include "server/command/context.h"

namespace larder {

// Conditions that all have to be met; one that is not set is. Views into the request's arguments.
struct ClientFilter {
  std::optional<uint64_t> id;
  std::optional<ClientType> type;
  std::optional<std::string_view> address;
  std::optional<std::string_view> local_address;
  std::optional<std::string_view> user;
  int64_t min_age_seconds = 0;  // MAXAGE: only clients that are at least as old
  bool skip_caller = true;

  bool matches(const Client& client, const Client& caller, int64_t now_ms) const;
};

// Pairs of option and value from the argument `first` on.
Result<ClientFilter> parse_client_filter(const Context& ctx, size_t first);

}  // namespace larder
