// The server as a whole: what it is and does, the time, and its end.
#include <string>
#include <vector>

#include "server/acl/acl.h"
#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/base/text.h"
#include "server/command/arg_reader.h"
#include "server/commands/families.h"
#include "server/commands/lolwut.h"

namespace larder {
namespace {

// INFO [section [section ...]]
Status info(Context& ctx) {
  const auto may_run = [&ctx](std::string_view name) {
    const auto words = split(name, '|');
    const Command* command = ctx.services.commands.resolve(words);
    return command != nullptr && ctx.services.acl.may_run(ctx.client, *command, words);
  };
  ctx.reply.verbatim("txt", ctx.services.info.report(ctx.arguments().subspan(1), may_run));
  return ok;
}

// TIME
Status time(Context& ctx) {
  const int64_t now_us = wall_clock_us();
  ctx.reply.array(2);
  ctx.reply.bulk_integer(now_us / 1'000'000);
  ctx.reply.bulk_integer(now_us % 1'000'000);
  return ok;
}

// LOLWUT [VERSION version] [argument ...]
Status lolwut(Context& ctx) {
  // Other arguments belong to drawings that Larder does not have; they are ignored as Redis ignores
  // those of versions without a drawing.
  if (ctx.argc() >= 3 && equals_ignoring_case(ctx.arg(1), "VERSION")) {
    ArgReader args(ctx, 2);
    args.integer();
    TRY(args.status());
  }
  ctx.reply.verbatim("txt", draw_larder(ctx.keyspace.random));
  return ok;
}

// --- SHUTDOWN ---

struct ShutdownRequest {
  bool nosave = false;
  bool save = false;
  bool now = false;
  bool force = false;
  bool abort = false;
};

Result<ShutdownRequest> read_shutdown(Context& ctx) {
  ShutdownRequest request;
  ArgReader args(ctx, 1);
  while (args.has_more()) {
    if (args.option("NOSAVE")) {
      request.nosave = true;
    } else if (args.option("SAVE")) {
      request.save = true;
    } else if (args.option("NOW")) {
      request.now = true;
    } else if (args.option("FORCE")) {
      request.force = true;
    } else if (args.option("ABORT")) {
      request.abort = true;
    } else {
      args.fail(errors::syntax());
    }
  }
  TRY(args.finish());
  const bool ends = request.nosave || request.save || request.now || request.force;
  if ((request.abort && ends) || (request.save && request.nosave)) return errors::syntax();
  return request;
}

// SHUTDOWN [[NOSAVE | SAVE] [NOW] [FORCE] | ABORT]. No reply: the connection closes.
Status shutdown(Context& ctx) {
  TRY(const ShutdownRequest request, read_shutdown(ctx));
  // A shutdown waits for nothing, so that there is never one in progress when a command runs.
  if (request.abort) return errors::no_shutdown_in_progress();
  log::warning("User requested shutdown...");
  if (request.save && !request.force) {
    log::warning("SHUTDOWN SAVE: saving is not supported yet, so the server goes on.");
    return errors::shutdown_failed();
  }
  ctx.client.socket.close_after_flush();
  ctx.services.control.shut_down();
  return ok;
}

constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"info", info, -1, kLoading | kStale | kDangerous | kNondeterministic | kAllShards | kSpecialResponse, no_keys(), "1.0.0", "O(1)",
        "[section [section ...]]",
        "Returns what the server is, has and does."},
    {"lolwut", lolwut, -1, kRead | kFast, no_keys(), "5.0.0", "O(1)",
        "[VERSION version]",
        "Draws something, and tells the version."},
    {"shutdown", shutdown, -1, kAdmin | kNoScript | kLoading | kStale | kNoMulti | kAllowBusy, no_keys(), "1.0.0", "O(1)",
        "[[NOSAVE | SAVE] [NOW] [FORCE] | ABORT]",
        "Ends the server."},
    {"time", time, 1, kLoading | kStale | kFast | kNondeterministic, no_keys(), "2.6.0", "O(1)",
        "",
        "Returns the server's time: seconds since 1970, and microseconds."},
};

}  // namespace

CommandFamily server_commands() { return {"server", kCommands}; }

}  // namespace larder
