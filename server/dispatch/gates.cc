#include "server/dispatch/gates.h"

#include <algorithm>
#include <string>

#include "server/acl/acl.h"
#include "server/base/clock.h"
#include "server/base/text.h"
#include "server/dispatch/transaction.h"

namespace larder {
namespace {

// Redis shows at most this many bytes of an unknown command's name and of its arguments.
constexpr size_t kMaxShown = 128;

Error unknown_command(std::span<const std::string_view> arguments) {
  std::string shown;
  for (size_t i = 1; i < arguments.size() && shown.size() < kMaxShown; i++) {
    shown += '\'';
    shown += arguments[i].substr(0, kMaxShown - shown.size());
    shown += "' ";
  }
  return errors::unknown_command(arguments[0].substr(0, kMaxShown), shown);
}

Status is_known(const Command* command, std::span<const std::string_view> arguments) {
  if (command == nullptr) [[unlikely]] return unknown_command(arguments);
  // resolve() stops at the container when it knows no such subcommand.
  if (command->is_container() && arguments.size() >= 2) [[unlikely]] {
    return errors::unknown_subcommand(arguments[1].substr(0, kMaxShown),
                                      to_upper(command->full_name()));
  }
  return ok;
}

Status has_right_arity(const Command& command, size_t arguments) {
  if (command.arity_fits(arguments)) [[likely]] return ok;
  return errors::wrong_arity(command.full_name());
}

Status is_enabled(const Command& command, const Client& client, const GateRules& rules) {
  if (!command.has(kProtected | kNoMulti)) [[likely]] return ok;
  if (command.has(kNoMulti) && client.is_in_transaction()) return errors::not_in_transaction();
  if (!command.has(kProtected)) return ok;
  if (rules.debug_command == GateRules::Allowed::yes) return ok;
  if (rules.debug_command == GateRules::Allowed::local && client.socket.is_local()) return ok;
  const std::string name = to_upper(command.full_name().substr(0, command.full_name().find('|')));
  return errors::command_disabled("enable-debug-command", name);
}

Status is_authenticated(const Command& command, const Client& client) {
  if (client.is_authenticated || command.has(kNoAuth)) [[likely]] return ok;
  return errors::no_auth();
}

Status is_permitted(const Context& context, const Command& command,
                    std::span<const std::string_view> arguments) {
  return context.services.acl.check(context.client, command, arguments);
}

// What is queued takes memory, whatever it is.
bool is_queued(const Command& command, const Client& client) {
  return client.is_in_transaction() && !runs_in_transaction(command);
}

// Makes room for so many bytes, measured for whoever listens.
bool make_room(const Context& context, size_t bytes) {
  Eviction& eviction = context.keyspace.eviction;
  auto& slow_event = context.services.hooks.slow_event;
  if (!slow_event.is_used()) [[likely]] return eviction.make_room(bytes);
  const int64_t began_ns = monotonic_ns();
  const bool has_room = eviction.make_room(bytes);
  slow_event("eviction-cycle", monotonic_ns() - began_ns);
  return has_room;
}

Status has_memory(const Context& context, const Command& command,
                  std::span<const std::string_view> arguments) {
  if (!context.keyspace.eviction.has_limit()) [[likely]] return ok;
  if (!command.has(kDenyOom) && !is_queued(command, context.client)) return ok;
  if (!context.keyspace.eviction.is_over_limit()) [[likely]] return ok;
  size_t bytes = 0;
  for (const std::string_view argument : arguments) bytes += argument.size();
  const bool has_room = make_room(context, bytes);
  // What was evicted is told before the reply, which has not begun. Not to who is muted: what is written
  // now is taken back then.
  if (context.client.waiting_push_bytes != 0 && context.client.reply_mode == ReplyMode::on) [[unlikely]] {
    context.services.pushes.deliver_waiting(context.client);
  }
  return has_room ? ok : Status(errors::out_of_memory());
}

}  // namespace

Status pass_gates(const Context& context, const Command* command,
                  std::span<const std::string_view> arguments, const GateRules& rules) {
  TRY(is_known(command, arguments));
  TRY(has_right_arity(*command, arguments.size()));
  TRY(is_enabled(*command, context.client, rules));
  TRY(is_authenticated(*command, context.client));
  TRY(is_permitted(context, *command, arguments));
  return has_memory(context, *command, arguments);
}

}  // namespace larder
