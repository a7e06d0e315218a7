#include "server/commands/client_filter.h"

#include "server/acl/acl.h"
#include "server/command/arg_reader.h"

namespace larder {
namespace {

Result<uint64_t> parse_client_id(std::string_view text) {
  const auto id = parse_int64(text);
  if (!id || *id < 1) return errors::client_id_not_positive();
  return static_cast<uint64_t>(*id);
}

Result<int64_t> parse_age(std::string_view text) {
  const auto seconds = parse_int64(text);
  if (!seconds) return errors::max_age_not_an_integer();
  if (*seconds < 1) return errors::max_age_not_positive();
  return *seconds;
}

Result<bool> parse_skip(std::string_view text) {
  if (equals_ignoring_case(text, "yes")) return true;
  if (equals_ignoring_case(text, "no")) return false;
  return errors::syntax();
}

Status parse_pair(const Context& ctx, std::string_view option, std::string_view value,
                  ClientFilter& filter) {
  if (equals_ignoring_case(option, "id")) {
    TRY(filter.id, parse_client_id(value));
  } else if (equals_ignoring_case(option, "type")) {
    filter.type = find_client_type(value);
    if (!filter.type) return errors::unknown_client_type(value);
  } else if (equals_ignoring_case(option, "addr")) {
    filter.address = value;
  } else if (equals_ignoring_case(option, "laddr")) {
    filter.local_address = value;
  } else if (equals_ignoring_case(option, "user")) {
    if (ctx.services.acl.find(value) == nullptr) return errors::no_such_user(value);
    filter.user = value;
  } else if (equals_ignoring_case(option, "skipme")) {
    TRY(filter.skip_caller, parse_skip(value));
  } else if (equals_ignoring_case(option, "maxage")) {
    TRY(filter.min_age_seconds, parse_age(value));
  } else {
    return errors::syntax();
  }
  return ok;
}

}  // namespace

bool ClientFilter::matches(const Client& client, const Client& caller, int64_t now_ms) const {
  if (skip_caller && &client == &caller) return false;
  if (id && client.id != *id) return false;
  if (type && client.type != *type) return false;
  if (address && client.socket.peer_address() != *address) return false;
  if (local_address && client.socket.local_address() != *local_address) return false;
  if (user && (!client.is_authenticated || client.user == nullptr || client.user->name != *user)) return false;
  return seconds_since(client.created_ms, now_ms) >= min_age_seconds;
}

Result<ClientFilter> parse_client_filter(const Context& ctx, size_t first) {
  ClientFilter filter;
  ArgReader args(ctx, first);
  while (args.has_more()) {
    const std::string_view option = args.text();
    const std::string_view value = args.text();
    TRY(args.status());  // an option without a value
    TRY(parse_pair(ctx, option, value, filter));
  }
  return filter;
}

}  // namespace larder
