// DEBUG: for tests of the server and of its clients. Refused unless enable-debug-command allows it.
#include "server/commands/debug.h"

#include <algorithm>
#include <array>
#include <bit>
#include <ctime>
#include <string>

#include "server/base/glob.h"
#include "server/base/log.h"
#include "server/base/numbers.h"
#include "server/commands/families.h"
#include "server/command/reply_help.h"
#include "server/config/file_writer.h"

namespace larder {
namespace {

// A switch as Redis reads it: what is no number is 0.
bool is_on(std::string_view text) {
  return parse_int64(text).value_or(0) != 0;
}

// DEBUG SLEEP seconds. The whole server sleeps.
Status sleep(Context& ctx) {
  constexpr double kMaxSeconds = 1e6;
  const double seconds = std::clamp(parse_double(ctx.arg(2)).value_or(0), 0.0, kMaxSeconds);
  timespec duration{};
  duration.tv_sec = static_cast<time_t>(seconds);
  duration.tv_nsec = static_cast<long>((seconds - static_cast<double>(duration.tv_sec)) * 1e9);
  nanosleep(&duration, nullptr);
  ctx.reply.ok();
  return ok;
}

// DEBUG LOG message
Status write_log(Context& ctx) {
  log::warning("DEBUG LOG: " + std::string(ctx.arg(2)));
  ctx.reply.ok();
  return ok;
}

// DEBUG SET-ACTIVE-EXPIRE switch
Status set_active_expire(Context& ctx) {
  ctx.keyspace.set_active_expiry(is_on(ctx.arg(2)));
  ctx.reply.ok();
  return ok;
}

// DEBUG PAUSE-CRON switch
Status pause_cron(Context& ctx) {
  ctx.services.control.set_housekeeping(!is_on(ctx.arg(2)));
  ctx.reply.ok();
  return ok;
}

// DEBUG STRINGMATCH-LEN text pattern
Status stringmatch_len(Context& ctx) {
  ctx.reply.integer(glob_matches(ctx.arg(3), ctx.arg(2)) ? 1 : 0);
  return ok;
}

// DEBUG CONFIG-REWRITE-FORCE-ALL
Status rewrite_all(Context& ctx) {
  const Status written = rewrite_config_file(ctx.services.control.config_file(),
                                             ctx.services.options, RewriteScope::all);
  if (!written.is_ok()) return errors::config_rewrite_all_failed(written.text());
  ctx.reply.ok();
  return ok;
}

// DEBUG RELOAD [option ...]
Status reload(Context& ctx) {
  for (size_t i = 2; i < ctx.argc(); i++) {
    const auto is = [&](std::string_view name) { return equals_ignoring_case(ctx.arg(i), name); };
    if (!is("MERGE") && !is("NOFLUSH") && !is("NOSAVE")) return errors::wrong_reload_option();
  }
  return errors::not_supported_yet("DEBUG RELOAD");
}

// DEBUG LOADAOF
Status load_aof(Context&) {
  return errors::not_supported_yet("DEBUG LOADAOF");
}

// DEBUG CLIENT-EVICTION: how many clients take how much, by powers of two.
Status client_eviction(Context& ctx) {
  const OptionBase* limit = ctx.services.options.find("maxmemory-clients");
  if (limit == nullptr || limit->text() == "0") return errors::no_client_eviction();
  struct Bucket {
    size_t clients = 0;
    size_t bytes = 0;
  };
  std::array<Bucket, 64> buckets{};
  for (const auto& [id, client] : ctx.services.clients.all()) {
    const size_t bytes = client->socket.memory();
    Bucket& bucket = buckets[static_cast<size_t>(std::bit_width(bytes))];
    bucket.clients++;
    bucket.bytes += bytes;
  }
  std::string text;
  for (size_t i = 0; i < buckets.size(); i++) {
    if (buckets[i].clients == 0) continue;
    text += "below " + std::to_string(uint64_t{1} << i) + " bytes: " +
            std::to_string(buckets[i].clients) + " clients, " + std::to_string(buckets[i].bytes) +
            " bytes\n";
  }
  ctx.reply.verbatim("txt", text);
  return ok;
}

// --- What tests of Redis switch, and Larder has nothing to switch for ---

Status accept(Context& ctx) {
  ctx.reply.ok();
  return ok;
}

// DEBUG REPLYBUFFER setting value
Status reply_buffer(Context& ctx) {
  const std::string_view setting = ctx.arg(2);
  if (equals_ignoring_case(setting, "resizing")) return accept(ctx);
  if (!equals_ignoring_case(setting, "peak-reset-time")) {
    return errors::wrong_subcommand_arity(ctx.arg(1), "DEBUG");
  }
  const bool is_word =
      equals_ignoring_case(ctx.arg(3), "never") || equals_ignoring_case(ctx.arg(3), "reset");
  if (!is_word && !parse_int64(ctx.arg(3))) return errors::not_an_integer();
  return accept(ctx);
}

// DEBUG QUICKLIST-PACKED-THRESHOLD size
Status packed_threshold(Context& ctx) {
  const auto size = parse_memory_size(ctx.arg(2));
  if (!size || *size > UINT32_MAX) return errors::wrong_packed_threshold();
  return accept(ctx);
}

constexpr std::string_view kHelpLines[] = {
    "ASSERT",
    "    Crash by a failed assertion.",
    "CHANGE-REPL-ID",
    "    Accepted; there is no replication to disturb.",
    "CLIENT-EVICTION",
    "    Show what the limit for all clients together counts.",
    "CONFIG-REWRITE-FORCE-ALL",
    "    Like CONFIG REWRITE, but with a line for every option.",
    "DIGEST",
    "    A hash of all data.",
    "DIGEST-VALUE [<key> ...]",
    "    Hashes of values.",
    "ERROR <text>",
    "    Answer with this error.",
    "HTSTATS <dbid>",
    "    How full the tables of a database are.",
    "LEAK <string>",
    "    Lose the memory of a copy of this string.",
    "LOG <message>",
    "    Write to the server's log.",
    "OBJECT <key>",
    "    Show how a key is kept.",
    "OOM",
    "    Crash because memory is not to be had.",
    "PANIC",
    "    Crash for no reason.",
    "PAUSE-CRON <0|1>",
    "    Stop looking after clients and figures.",
    "POPULATE <count> [<prefix>] [<size>]",
    "    Create string keys named <prefix>:<number>; the prefix is 'key' unless given.",
    "PROTOCOL <type>",
    "    Answer with a value of this type: string, integer, double, bignum, null, array, set,",
    "    map, attrib, push, verbatim, true, false.",
    "RELOAD [MERGE] [NOFLUSH] [NOSAVE]",
    "    Save the data and load them again. Not supported yet.",
    "SEGFAULT",
    "    Crash by a wrong write.",
    "SET-ACTIVE-EXPIRE <0|1>",
    "    With 0, keys expire only when somebody asks for them.",
    "SLEEP <seconds>",
    "    Stop the whole server for a while.",
    "STRINGMATCH-LEN <string> <pattern>",
    "    Whether a string matches a pattern.",
    "AOF-FLUSH-SLEEP, DICT-RESIZING, QUICKLIST-PACKED-THRESHOLD, REPLICATE, REPLYBUFFER,",
    "SET-DISABLE-DENY-SCRIPTS, SET-SKIP-CHECKSUM-VALIDATION",
    "    Accepted without effect.",
};

Status help(Context& ctx) {
  reply_help(ctx, kHelpLines);
  return ok;
}

constexpr DebugCommand kGeneral[] = {
    {"help", 2, 2, help},
    {"sleep", 3, 3, sleep},
    {"log", 3, 3, write_log},
    {"set-active-expire", 3, 3, set_active_expire},
    {"pause-cron", 3, 3, pause_cron},
    {"stringmatch-len", 4, 4, stringmatch_len},
    {"config-rewrite-force-all", 2, 2, rewrite_all},
    {"reload", 2, SIZE_MAX, reload},
    {"loadaof", 2, SIZE_MAX, load_aof},
    {"client-eviction", 2, 2, client_eviction},
    {"replybuffer", 4, 4, reply_buffer},
    {"quicklist-packed-threshold", 3, 3, packed_threshold},
    {"change-repl-id", 2, 2, accept},
    {"dict-resizing", 3, 3, accept},
    {"aof-flush-sleep", 3, 3, accept},
    {"set-skip-checksum-validation", 3, 3, accept},
    {"set-disable-deny-scripts", 3, 3, accept},
    {"replicate", 3, SIZE_MAX, accept},
};

const DebugCommand* find(std::string_view name, size_t arguments) {
  for (const auto& commands : {std::span<const DebugCommand>(kGeneral), debug_data_commands(),
                               debug_protocol_commands(), debug_crash_commands()}) {
    for (const DebugCommand& command : commands) {
      if (!equals_ignoring_case(name, command.name)) continue;
      const bool fits = arguments >= command.min_arguments && arguments <= command.max_arguments;
      return fits ? &command : nullptr;
    }
  }
  return nullptr;
}

// DEBUG subcommand [argument ...]
Status debug(Context& ctx) {
  const DebugCommand* command = find(ctx.arg(1), ctx.argc());
  if (command == nullptr) return errors::wrong_subcommand_arity(ctx.arg(1), "DEBUG");
  return command->function(ctx);
}

constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"debug", debug, -2, kAdmin | kNoScript | kLoading | kStale | kProtected, no_keys(), "1.0.0", "depends on the subcommand",
        "",
        "Commands for tests of the server."},
};

}  // namespace

CommandFamily debug_commands() { return {"server", kCommands}; }

}  // namespace larder
