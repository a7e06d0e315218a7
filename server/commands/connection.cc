#include <limits>
#include <optional>

#include "server/acl/acl.h"
#include "server/base/version.h"
#include "server/command/arg_reader.h"
#include "server/commands/families.h"

namespace larder {
namespace {

constexpr std::string_view kDefaultUser = "default";

// What every command that manages the session itself may do at any time.
constexpr uint64_t kSession = kNoAuth | kNoScript | kLoading | kStale | kFast | kAllowBusy;

// PING [message]
Status ping(Context& ctx) {
  if (ctx.argc() > 2) return errors::wrong_arity(ctx.command_name());
  // Where pushes look like replies, the answer looks like a push.
  if (ctx.client.type == ClientType::pubsub && ctx.client.resp_version == RespVersion::resp2) {
    ctx.reply.array(2);
    ctx.reply.bulk("pong");
    ctx.reply.bulk(ctx.argc() == 1 ? std::string_view() : ctx.arg(1));
    return ok;
  }
  if (ctx.argc() == 1) {
    ctx.reply.simple("PONG");
  } else {
    ctx.reply.bulk(ctx.arg(1));
  }
  return ok;
}

// ECHO message
Status echo(Context& ctx) {
  ctx.reply.bulk(ctx.arg(1));
  return ok;
}

// QUIT
Status quit(Context& ctx) {
  ctx.reply.ok();
  ctx.client.socket.close_after_flush();
  return ok;
}

// RESET
Status reset(Context& ctx) {
  ctx.services.control.discard_transaction(ctx.client);
  ctx.services.hooks.client_reset(ctx.client);
  ctx.client.reset();
  ctx.services.acl.log_in_by_default(ctx.client);
  ctx.reply.set_version(ctx.client.resp_version);
  ctx.reply.simple("RESET");
  return ok;
}

// AUTH [username] password
Status auth(Context& ctx) {
  if (ctx.argc() > 3) return errors::syntax();
  Acl& acl = ctx.services.acl;
  if (ctx.argc() == 2) {
    if (!acl.needs_password()) return errors::no_password_is_set();
    TRY(acl.authenticate(ctx.client, kDefaultUser, ctx.arg(1), ctx.arg(0)));
  } else {
    TRY(acl.authenticate(ctx.client, ctx.arg(1), ctx.arg(2), ctx.arg(0)));
  }
  ctx.reply.ok();
  return ok;
}

// The name and the password.
bool is_login(std::span<const std::string_view>, size_t index, const Options&) { return index > 0; }

struct HelloOptions {
  std::optional<RespVersion> version;
  std::optional<std::pair<std::string_view, std::string_view>> login;
  std::optional<std::string_view> name;
};

Result<HelloOptions> parse_hello(const Context& ctx) {
  HelloOptions options;
  if (ctx.argc() == 1) return options;
  const auto version = parse_int64(ctx.arg(1));
  if (!version) return errors::protocol_version_not_an_integer();
  if (*version < 2 || *version > 3) return errors::no_protocol();
  options.version = *version == 3 ? RespVersion::resp3 : RespVersion::resp2;

  ArgReader args(ctx, 2);
  while (args.has_more()) {
    if (args.left() >= 3 && args.option("AUTH")) {
      const std::string_view user = args.text();
      options.login.emplace(user, args.text());
    } else if (args.left() >= 2 && args.option("SETNAME")) {
      options.name = args.text();
      if (!is_listable(*options.name)) return errors::invalid_client_name();
    } else {
      return errors::hello_syntax(args.text());
    }
  }
  return options;
}

// The two words behind an AUTH, also where the request is wrong: a password whose user was forgotten is
// one all the same. Asked for each argument of requests that may have many, so it looks back two steps.
bool is_login_of_hello(std::span<const std::string_view> arguments, size_t index, const Options&) {
  const auto is_auth = [&](size_t at) { return at >= 1 && equals_ignoring_case(arguments[at], "AUTH"); };
  return index > 1 && (is_auth(index - 1) || is_auth(index - 2));
}

// HELLO [protover [AUTH username password] [SETNAME clientname]]
Status hello(Context& ctx) {
  Client& client = ctx.client;
  TRY(const HelloOptions options, parse_hello(ctx));
  if (options.login) {
    TRY(ctx.services.acl.authenticate(client, options.login->first, options.login->second, ctx.arg(0)));
  }
  if (!client.is_authenticated) return errors::no_auth_for_hello();
  if (options.name) client.name = *options.name;
  if (options.version) client.resp_version = *options.version;
  ctx.reply.set_version(client.resp_version);

  ctx.reply.map(7);
  ctx.reply.bulk("server");
  ctx.reply.bulk("redis");
  ctx.reply.bulk("version");
  ctx.reply.bulk(redis_version());
  ctx.reply.bulk("proto");
  ctx.reply.integer(static_cast<int64_t>(client.resp_version));
  ctx.reply.bulk("id");
  ctx.reply.integer(static_cast<int64_t>(client.id));
  ctx.reply.bulk("mode");
  ctx.reply.bulk("standalone");
  ctx.reply.bulk("role");
  ctx.reply.bulk("master");
  ctx.reply.bulk("modules");
  ctx.reply.array(0);
  return ok;
}

// SELECT index
Status select(Context& ctx) {
  using Limit = std::numeric_limits<int32_t>;
  const auto index = parse_int64(ctx.arg(1));
  if (!index) return errors::not_an_integer();
  if (*index < Limit::min() || *index > Limit::max()) {
    return errors::integer_not_between(Limit::min(), Limit::max());
  }
  if (*index < 0 || static_cast<size_t>(*index) >= ctx.keyspace.database_count()) {
    return errors::database_index_out_of_range();
  }
  ctx.client.database = static_cast<size_t>(*index);
  ctx.reply.ok();
  return ok;
}

constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"auth", auth, -2, kSession, no_keys(), "1.0.0", "O(N)",
        "[username] password",
        "Logs the connection in, as a user or as the default one.", {}, {}, nullptr, is_login},
    {"echo", echo, 2, kLoading | kStale | kFast, no_keys(), "1.0.0", "O(1)",
        "message",
        "Answers with the message it got."},
    {"hello", hello, -1, kSession, no_keys(), "6.0.0", "O(1)",
        "[protover [AUTH username password] [SETNAME clientname]]",
        "Opens the conversation: chooses the protocol, logs in, names the connection.", {}, {}, nullptr,
        is_login_of_hello},
    {"ping", ping, -1, kFast | kAllShards | kAllSucceeded, no_keys(), "1.0.0", "O(1)",
        "[message]",
        "Answers, to show that the server does."},
    {"quit", quit, -1, kSession, no_keys(), "1.0.0", "O(1)",
        "",
        "Closes the connection once all replies have left.",
        "7.2.0", "just closing the connection"},
    {"reset", reset, 1, kSession, no_keys(), "6.2.0", "O(1)",
        "",
        "Makes the connection what it was when it was new."},
    {"select", select, 2, kLoading | kStale | kFast, no_keys(), "1.0.0", "O(1)",
        "index",
        "Chooses the database that the connection works with."},
};

}  // namespace

CommandFamily connection_commands() {
  return {"connection", kCommands};
}

}  // namespace larder
