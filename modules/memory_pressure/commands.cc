// MEMORY PRESSURE: a subcommand of a container that the core brings.
#include <cmath>
#include <optional>

#include "modules/memory_pressure/memory_pressure.h"
#include "server/base/text.h"

namespace larder {
namespace {

std::optional<MemoryLevel> find_level(std::string_view name) {
  for (const MemoryLevel level : {MemoryLevel::moderate, MemoryLevel::aggressive}) {
    if (equals_ignoring_case(level_name(level), name)) return level;
  }
  return std::nullopt;
}

double two_decimals(double value) { return std::round(value * 100) / 100; }

void reply_actions(ReplyWriter& reply, const Relief& relief) {
  size_t count = 0;
  for (const auto& outcome : relief.outcomes()) count += outcome.at_ms != 0;
  reply.array(count);
  for (const auto& outcome : relief.outcomes()) {
    if (outcome.at_ms == 0) continue;
    reply.map(4);
    reply.bulk("action");
    reply.bulk(outcome.name);
    reply.bulk("at");
    reply.integer(outcome.at_ms / 1000);
    reply.bulk("freed");
    reply.integer(static_cast<int64_t>(outcome.freed_bytes));
    reply.bulk("runs");
    reply.integer(static_cast<int64_t>(outcome.runs));
  }
}

Status show(Context& ctx) {
  MemoryPressure& pressure = ctx.owner<MemoryPressure>();
  const PressureLevel& level = pressure.level();
  ReplyWriter& reply = ctx.reply;
  reply.map(8);
  reply.bulk("level");
  reply.bulk(level_name(level.level()));
  reply.bulk("source");
  reply.bulk(source_name(level.source()));
  reply.bulk("used");
  reply.integer(static_cast<int64_t>(level.bytes()));
  reply.bulk("limit");
  reply.integer(static_cast<int64_t>(level.limit()));
  reply.bulk("percent");
  reply.number(two_decimals(level.percent()));
  reply.bulk("psi");
  reply.number(level.reading().stall_percent);
  reply.bulk("since");
  reply.integer(level.since_ms() / 1000);
  reply.bulk("actions");
  reply_actions(reply, pressure.relief());
  return ok;
}

void reply_freed(Context& ctx) {
  ctx.reply.integer(static_cast<int64_t>(ctx.owner<MemoryPressure>().relief().freed_bytes()));
}

// MEMORY PRESSURE [RUN <moderate | aggressive>]
Status pressure(Context& ctx) {
  if (ctx.argc() == 2) {
    ctx.owner<MemoryPressure>().check();
    return show(ctx);
  }
  if (ctx.argc() != 4 || !equals_ignoring_case(ctx.arg(2), "RUN")) return errors::syntax();
  const auto level = find_level(ctx.arg(3));
  if (!level) return errors::syntax();
  if (!ctx.may_block) {
    ctx.owner<MemoryPressure>().run_steps_at_once(*level);
    reply_freed(ctx);
    return ok;
  }
  ctx.owner<MemoryPressure>().run_steps(*level, ctx.client);
  Wait wait;
  wait.at_timeout = reply_freed;
  return ctx.block(std::move(wait));
}

constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"memory|pressure", pressure, -2, kAdmin | kNoScript | kBlocking | kNondeterministic | kAllShards,
        no_keys(), "7.2.0", "O(1), or with RUN that of the steps, in slices",
        "[RUN <moderate | aggressive>]",
        "Tells how short of memory the server is, or gives memory back now and returns the bytes."},
};

}  // namespace

std::vector<CommandFamily> memory_pressure_commands() { return {{"server", kCommands}}; }

}  // namespace larder
