// What a server without replicas and without a primary can say about replication, all of it true: it is
// a primary that nobody follows.
#include <optional>
#include <string_view>

#include "server/command/arg_reader.h"
#include "server/commands/families.h"
#include "server/commands/timeout_argument.h"

namespace larder {
namespace {

// ROLE
Status role(Context& ctx) {
  ctx.reply.array(3);
  ctx.reply.bulk("master");
  ctx.reply.integer(0);
  ctx.reply.array(0);
  return ok;
}

// REPLICAOF <host port | NO ONE>, and SLAVEOF
Status replicaof(Context& ctx) {
  constexpr int64_t kMaxPort = 65535;
  // It is the primary that this would make it.
  if (equals_ignoring_case(ctx.arg(1), "no") && equals_ignoring_case(ctx.arg(2), "one")) {
    ctx.reply.ok();
    return ok;
  }
  const auto port = parse_int64(ctx.arg(2));
  if (!port || *port < 0 || *port > kMaxPort) return errors::invalid_primary_port();
  return errors::not_supported_yet("Replication");
}

struct FailoverRequest {
  bool has_target = false;
  bool force = false;
  bool abort = false;
  bool has_timeout = false;
};

Result<FailoverRequest> read_failover(Context& ctx) {
  FailoverRequest request;
  ArgReader args(ctx);
  while (args.has_more()) {
    if (!request.has_timeout && args.left() >= 2 && args.option("TIMEOUT")) {
      const int64_t timeout_ms = args.integer();
      if (!args.has_failed() && timeout_ms <= 0) args.fail(errors::failover_timeout_not_positive());
      request.has_timeout = true;
    } else if (args.left() == 1 && ctx.argc() == 2 && args.option("ABORT")) {
      request.abort = true;
    } else if (!request.has_target && args.left() >= 3 && args.option("TO")) {
      args.text();
      args.integer();
      request.has_target = true;
    } else if (!request.force && args.option("FORCE")) {
      request.force = true;
    } else {
      args.fail(errors::syntax());
    }
  }
  TRY(args.finish());
  return request;
}

// FAILOVER [TO host port [FORCE]] [ABORT] [TIMEOUT milliseconds]
Status failover(Context& ctx) {
  TRY(const FailoverRequest request, read_failover(ctx));
  if (request.abort) return errors::no_failover_in_progress();
  return errors::no_replicas_for_failover();
}

// --- Waiting for replicas, of which there are none ---

void reply_no_replicas(Context& ctx) { ctx.reply.integer(0); }

// WAIT numreplicas timeout
Status wait(Context& ctx) {
  TRY(const int64_t timeout_ms, parse_timeout_ms(ctx.arg(2), ctx.now_ms()));
  const auto replicas = parse_int64(ctx.arg(1));
  if (!replicas) return errors::not_an_integer();
  if (*replicas <= 0) {
    reply_no_replicas(ctx);
    return ok;
  }
  return ctx.block({.timeout_ms = timeout_ms, .at_timeout = reply_no_replicas});
}

// Whether the local file has it, and how many replicas have.
void reply_nothing_synced(Context& ctx) {
  ctx.reply.array(2);
  ctx.reply.integer(0);
  ctx.reply.integer(0);
}

// WAITAOF numlocal numreplicas timeout
Status waitaof(Context& ctx) {
  TRY(const int64_t timeout_ms, parse_timeout_ms(ctx.arg(3), ctx.now_ms()));
  const auto local = parse_int64(ctx.arg(1));
  if (!local) return errors::not_an_integer();
  if (*local < 0 || *local > 1) return errors::integer_not_between(0, 1);
  const auto replicas = parse_int64(ctx.arg(2));
  if (!replicas) return errors::not_an_integer();
  if (*replicas < 0) return errors::must_be_positive();
  if (*local == 1) return errors::waitaof_without_file();
  if (*replicas == 0) {
    reply_nothing_synced(ctx);
    return ok;
  }
  return ctx.block({.timeout_ms = timeout_ms, .at_timeout = reply_nothing_synced});
}

constexpr uint64_t kFollow = kAdmin | kNoScript | kStale | kNoAsyncLoading;
constexpr uint64_t kWait = kBlocking | kConnectionCategory | kAllShards | kAggregateMin;

constexpr CommandSpec kServerCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"failover", failover, -1, kAdmin | kNoScript | kStale, no_keys(), "6.2.0", "O(1)",
        "[TO host port [FORCE]] [ABORT] [TIMEOUT milliseconds]",
        "Changes places with a replica."},
    {"replicaof", replicaof, 3, kFollow, no_keys(), "5.0.0", "O(1)",
        "<host port | NO ONE>",
        "Makes the server a replica of another, or a primary."},
    {"role", role, 1, kNoScript | kLoading | kStale | kFast | kAdminCategory | kDangerous, no_keys(), "2.8.12", "O(1)",
        "",
        "Returns the server's part in replication."},
    {"slaveof", replicaof, 3, kFollow, no_keys(), "1.0.0", "O(1)",
        "<host port | NO ONE>",
        "Makes the server a replica of another, or a primary.",
        "5.0.0", "`REPLICAOF`"},
};

constexpr CommandSpec kGenericCommands[] = {
    {"wait", wait, 3, kWait, no_keys(), "3.0.0", "O(1)",
        "numreplicas timeout",
        "Waits until so many replicas have what the connection wrote."},
    {"waitaof", waitaof, 4, kWait, no_keys(), "7.2.0", "O(1)",
        "numlocal numreplicas timeout",
        "Waits until what the connection wrote is on the disk, here and at so many replicas."},
};

}  // namespace

CommandFamily replication_commands() { return {"server", kServerCommands}; }
CommandFamily wait_commands() { return {"generic", kGenericCommands}; }

}  // namespace larder
