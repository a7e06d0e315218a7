#include <string>

#include "server/command/arg_reader.h"
#include "server/commands/client_filter.h"
#include "server/commands/families.h"
#include "server/commands/timeout_argument.h"
#include "server/command/reply_help.h"

namespace larder {
namespace {

constexpr uint64_t kAnytime = kNoScript | kLoading | kStale;

// The argument as ON or OFF.
Result<bool> parse_switch(std::string_view text) {
  if (equals_ignoring_case(text, "on")) return true;
  if (equals_ignoring_case(text, "off")) return false;
  return errors::syntax();
}

// Of a subcommand with an optional argument that got too many.
Error too_many_arguments(const Context& ctx) {
  return errors::wrong_subcommand_arity(ctx.arg(1), "CLIENT");
}

// CLIENT ID
Status id(Context& ctx) {
  ctx.reply.integer(static_cast<int64_t>(ctx.client.id));
  return ok;
}

// CLIENT GETNAME
Status getname(Context& ctx) {
  if (ctx.client.name.empty()) {
    ctx.reply.null();
  } else {
    ctx.reply.bulk(ctx.client.name);
  }
  return ok;
}

// CLIENT SETNAME connection-name
Status setname(Context& ctx) {
  if (!is_listable(ctx.arg(2))) return errors::invalid_client_name();
  ctx.client.name = ctx.arg(2);
  ctx.reply.ok();
  return ok;
}

// CLIENT SETINFO <LIB-NAME libname | LIB-VER libver>
Status setinfo(Context& ctx) {
  const std::string_view attribute = ctx.arg(2);
  std::string* target = nullptr;
  if (equals_ignoring_case(attribute, "lib-name")) target = &ctx.client.library_name;
  if (equals_ignoring_case(attribute, "lib-ver")) target = &ctx.client.library_version;
  if (target == nullptr) return errors::unrecognized_client_attribute(attribute);
  if (!is_listable(ctx.arg(3))) return errors::invalid_client_attribute(attribute);
  *target = ctx.arg(3);
  ctx.reply.ok();
  return ok;
}

// CLIENT INFO
Status info(Context& ctx) {
  ctx.reply.verbatim("txt", describe(ctx.client, ctx.now_ms()) + "\n");
  return ok;
}

// CLIENT LIST TYPE type
Status list_type(Context& ctx) {
  const auto type = find_client_type(ctx.arg(3));
  if (!type) return errors::unknown_client_type(ctx.arg(3));
  std::string lines;
  for (const auto& [number, client] : ctx.services.clients.all()) {
    if (client->type != *type || client->socket.is_closing()) continue;
    lines += describe(*client, ctx.now_ms()) + "\n";
  }
  ctx.reply.verbatim("txt", lines);
  return ok;
}

// CLIENT LIST ID client-id [client-id ...]
Status list_ids(Context& ctx) {
  std::string lines;
  for (const std::string_view text : ctx.args(3)) {
    const auto number = parse_int64(text);
    if (!number) return errors::invalid_client_id();
    const Client* client = ctx.services.clients.find(static_cast<uint64_t>(*number));
    if (client == nullptr || client->socket.is_closing()) continue;
    lines += describe(*client, ctx.now_ms()) + "\n";
  }
  ctx.reply.verbatim("txt", lines);
  return ok;
}

// CLIENT LIST [TYPE type] [ID client-id [client-id ...]]
Status list(Context& ctx) {
  if (ctx.argc() == 4 && equals_ignoring_case(ctx.arg(2), "type")) return list_type(ctx);
  if (ctx.argc() > 3 && equals_ignoring_case(ctx.arg(2), "id")) return list_ids(ctx);
  if (ctx.argc() != 2) return errors::syntax();
  std::string lines;
  for (const auto& [number, client] : ctx.services.clients.all()) {
    if (!client->socket.is_closing()) lines += describe(*client, ctx.now_ms()) + "\n";
  }
  ctx.reply.verbatim("txt", lines);
  return ok;
}

// Closes every client that matches. The caller is only counted: its reply is still to be written.
int64_t close_matching(Context& ctx, const ClientFilter& filter, bool& includes_caller) {
  int64_t closed = 0;
  for (const auto& [number, client] : ctx.services.clients.all()) {
    if (client->socket.is_closing()) continue;
    if (!filter.matches(*client, ctx.client, ctx.now_ms())) continue;
    closed++;
    if (client == &ctx.client) {
      includes_caller = true;
    } else {
      client->socket.close_now();
    }
  }
  return closed;
}

// CLIENT KILL <ip:port | option value [option value ...]>
Status kill(Context& ctx) {
  const bool is_old_form = ctx.argc() == 3;
  ClientFilter filter;
  if (is_old_form) {
    filter.address = ctx.arg(2);
    filter.skip_caller = false;
  } else {
    TRY(filter, parse_client_filter(ctx, 2));
  }
  bool includes_caller = false;
  const int64_t closed = close_matching(ctx, filter, includes_caller);
  if (is_old_form) {
    if (closed == 0) return errors::no_such_client();
    ctx.reply.ok();
  } else {
    ctx.reply.integer(closed);
  }
  if (includes_caller) ctx.client.socket.close_after_flush();
  return ok;
}

// CLIENT PAUSE timeout [WRITE | ALL]
Status pause(Context& ctx) {
  if (ctx.argc() > 4) return too_many_arguments(ctx);
  PauseMode mode = PauseMode::all;
  if (ctx.argc() == 4) {
    if (equals_ignoring_case(ctx.arg(3), "write")) {
      mode = PauseMode::writes;
    } else if (!equals_ignoring_case(ctx.arg(3), "all")) {
      return errors::wrong_pause_mode();
    }
  }
  TRY(const int64_t for_ms, parse_timeout_ms(ctx.arg(2), ctx.now_ms()));
  ctx.services.control.pause_clients(mode, for_ms);
  ctx.reply.ok();
  return ok;
}

// CLIENT UNPAUSE
Status unpause(Context& ctx) {
  ctx.services.control.unpause_clients();
  ctx.reply.ok();
  return ok;
}

// CLIENT UNBLOCK client-id [TIMEOUT | ERROR]
Status unblock(Context& ctx) {
  if (ctx.argc() > 4) return too_many_arguments(ctx);
  bool with_error = false;
  if (ctx.argc() == 4) {
    with_error = equals_ignoring_case(ctx.arg(3), "error");
    if (!with_error && !equals_ignoring_case(ctx.arg(3), "timeout")) {
      return errors::wrong_unblock_reason();
    }
  }
  const auto number = parse_int64(ctx.arg(2));
  if (!number) return errors::not_an_integer();
  Client* client = ctx.services.clients.find(static_cast<uint64_t>(*number));
  const bool was_blocked = client != nullptr && ctx.services.control.unblock(*client, with_error);
  ctx.reply.integer(was_blocked ? 1 : 0);
  return ok;
}

// CLIENT REPLY <ON | OFF | SKIP>
Status reply(Context& ctx) {
  ReplyMode& mode = ctx.client.reply_mode;
  if (equals_ignoring_case(ctx.arg(2), "on")) {
    mode = ReplyMode::on;
    ctx.reply.ok();
  } else if (equals_ignoring_case(ctx.arg(2), "off")) {
    mode = ReplyMode::off;
  } else if (equals_ignoring_case(ctx.arg(2), "skip")) {
    // Who hears nothing anyway must not be made to listen again after the next command.
    if (mode != ReplyMode::off) mode = ReplyMode::skip_next;
  } else {
    return errors::syntax();
  }
  return ok;
}

// CLIENT NO-EVICT <ON | OFF>
Status no_evict(Context& ctx) {
  TRY(ctx.client.no_evict, parse_switch(ctx.arg(2)));
  ctx.reply.ok();
  return ok;
}

// CLIENT NO-TOUCH <ON | OFF>
Status no_touch(Context& ctx) {
  TRY(ctx.client.no_touch, parse_switch(ctx.arg(2)));
  ctx.reply.ok();
  return ok;
}

constexpr std::string_view kHelp[] = {
    "GETNAME",
    "    The name of this connection.",
    "ID",
    "    The number of this connection.",
    "INFO",
    "    This connection's line of LIST.",
    "KILL <ip:port>",
    "    Close the connection from this address.",
    "KILL <option> <value> [<option> <value> [...]]",
    "    Close the connections that meet all conditions:",
    "    * ADDR (<ip:port>|<unixsocket>:0): where it comes from.",
    "    * ID <client-id>: its number.",
    "    * LADDR (<ip:port>|<unixsocket>:0): which of our addresses it came to.",
    "    * MAXAGE <seconds>: it is at least as old.",
    "    * SKIPME (YES|NO): leave out this connection (default: yes).",
    "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB): what it is used for.",
    "    * USER <username>: who is logged in.",
    "LIST [TYPE (NORMAL|MASTER|REPLICA|PUBSUB)|ID <client-id> [<client-id> ...]]",
    "    One line for each connection, or for some.",
    "NO-EVICT (ON|OFF)",
    "    Whether this connection is kept when all clients together use too much memory.",
    "NO-TOUCH (ON|OFF)",
    "    Whether what this connection reads counts as used, for eviction.",
    "PAUSE <timeout> [WRITE|ALL]",
    "    Let clients wait with their commands, or with those that write, for some milliseconds.",
    "REPLY (ON|OFF|SKIP)",
    "    Send replies to this connection, send none, or leave out the next one.",
    "SETINFO (LIB-NAME|LIB-VER) <value>",
    "    Tell which client library uses this connection.",
    "SETNAME <name>",
    "    Give this connection a name.",
    "UNBLOCK <client-id> [TIMEOUT|ERROR]",
    "    End the wait of a blocked connection.",
    "UNPAUSE",
    "    End a PAUSE.",
};

// CLIENT HELP
Status help(Context& ctx) {
  reply_help(ctx, kHelp);
  return ok;
}

constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"client", nullptr, -2, 0, no_keys(), "2.4.0", "",
        "",
        "Commands about this connection and about others."},
    {"client|getname", getname, 2, kAnytime, no_keys(), "2.6.9", "O(1)",
        "",
        "Returns the connection's name."},
    {"client|help", help, 2, kLoading | kStale, no_keys(), "5.0.0", "O(1)",
        "",
        "Lists the subcommands."},
    {"client|id", id, 2, kAnytime, no_keys(), "5.0.0", "O(1)",
        "",
        "Returns the connection's number, which no other gets while the server runs."},
    {"client|info", info, 2, kAnytime | kNondeterministic, no_keys(), "6.2.0", "O(1)",
        "",
        "Describes the connection."},
    {"client|kill", kill, -3, kAnytime | kAdmin, no_keys(), "2.4.0", "O(N)",
        "<ip:port | <[ID client-id] | [TYPE <NORMAL | MASTER | SLAVE | REPLICA | PUBSUB>] | "
        "[USER username] | [ADDR ip:port] | [LADDR ip:port] | [SKIPME <YES | NO>] | "
        "[MAXAGE maxage]> [<[ID client-id] | [TYPE <NORMAL | MASTER | SLAVE | REPLICA | PUBSUB>] | "
        "[USER username] | [ADDR ip:port] | [LADDR ip:port] | [SKIPME <YES | NO>] | "
        "[MAXAGE maxage]> ...]>",
        "Closes connections."},
    {"client|list", list, -2, kAnytime | kAdmin | kNondeterministic, no_keys(), "2.4.0", "O(N)",
        "[TYPE <NORMAL | MASTER | REPLICA | PUBSUB>] [ID client-id [client-id ...]]",
        "Describes all connections, or some."},
    {"client|no-evict", no_evict, 3, kAnytime | kAdmin, no_keys(), "7.0.0", "O(1)",
        "<ON | OFF>",
        "Exempts the connection from being closed when clients use too much memory."},
    {"client|no-touch", no_touch, 3, kAnytime, no_keys(), "7.2.0", "O(1)",
        "<ON | OFF>",
        "Lets the connection read keys without making them look used."},
    {"client|pause", pause, -3, kAnytime | kAdmin, no_keys(), "3.0.0", "O(1)",
        "timeout [WRITE | ALL]",
        "Lets all clients wait for a while."},
    {"client|reply", reply, 3, kAnytime, no_keys(), "3.2.0", "O(1)",
        "<ON | OFF | SKIP>",
        "Says whether the connection wants replies."},
    {"client|setinfo", setinfo, 4, kAnytime | kAllNodes | kAllSucceeded, no_keys(), "7.2.0", "O(1)",
        "<LIB-NAME libname | LIB-VER libver>",
        "Tells which client library uses the connection."},
    {"client|setname", setname, 3, kAnytime | kAllNodes | kAllSucceeded, no_keys(), "2.6.9", "O(1)",
        "connection-name",
        "Gives the connection a name."},
    {"client|unblock", unblock, -3, kAnytime | kAdmin, no_keys(), "5.0.0", "O(log N)",
        "client-id [TIMEOUT | ERROR]",
        "Ends the wait of a blocked client."},
    {"client|unpause", unpause, 2, kAnytime | kAdmin, no_keys(), "6.2.0", "O(N)",
        "",
        "Lets paused clients go on."},
};

}  // namespace

CommandFamily client_commands() {
  return {"connection", kCommands};
}

}  // namespace larder
