// CONFIG: the options of the running server.
#include <string>
#include <vector>

#include "server/base/log.h"
#include "server/command/context.h"
#include "server/commands/families.h"
#include "server/command/reply_help.h"
#include "server/config/file_writer.h"

namespace larder {
namespace {

// CONFIG GET parameter [parameter ...]
Status get(Context& ctx) {
  const auto found = ctx.services.options.get(ctx.arguments().subspan(2));
  ctx.reply.map(found.size());
  for (const Options::Shown& option : found) {
    ctx.reply.bulk(option.name);
    ctx.reply.bulk(option.value);
  }
  return ok;
}

// Whether this client may change protected options.
Authority authority_of(const Context& ctx) {
  const OptionBase* option = ctx.services.options.find("enable-protected-configs");
  const std::string allowed = option == nullptr ? "no" : option->text();
  const bool may = allowed == "yes" || (allowed == "local" && ctx.client.socket.is_local());
  return may ? Authority::protected_too : Authority::ordinary;
}

// CONFIG SET parameter value [parameter value ...]
Status set(Context& ctx) {
  if (ctx.argc() % 2 != 0) return errors::syntax();
  std::vector<NameAndValue> settings;
  for (size_t i = 2; i < ctx.argc(); i += 2) settings.push_back({ctx.arg(i), ctx.arg(i + 1)});
  TRY(ctx.services.options.set(settings, authority_of(ctx)));
  ctx.reply.ok();
  return ok;
}

// The value of an option that is a secret, or of an unknown one: its name may be misspelt. What
// follows the name of a secret is one wherever it stands, because an argument may have been forgotten.
bool is_secret_value(std::span<const std::string_view> arguments, size_t index,
                     const Options& options) {
  if (index < 3) return false;
  const OptionBase* option = options.find(arguments[index - 1]);
  if (option == nullptr) return index % 2 == 1;
  return option->attributes().secret;
}

// CONFIG REWRITE
Status rewrite(Context& ctx) {
  const std::string file = ctx.services.control.config_file();
  if (Status written = rewrite_config_file(file, ctx.services.options); !written.is_ok()) {
    log::warning("CONFIG REWRITE failed: " + written.text());
    return written;
  }
  log::notice("CONFIG REWRITE executed with success.");
  ctx.reply.ok();
  return ok;
}

// CONFIG RESETSTAT
Status resetstat(Context& ctx) {
  ctx.services.control.reset_statistics();
  ctx.reply.ok();
  return ok;
}

constexpr std::string_view kHelp[] = {
    "GET <pattern> [<pattern> ...]",
    "    The options whose names match, and their values.",
    "SET <option> <value> [<option> <value> ...]",
    "    Change options: all of them, or none if one value is wrong.",
    "RESETSTAT",
    "    Set the counters of INFO back to 0.",
    "REWRITE",
    "    Bring the values of today into the configuration file.",
};

// CONFIG HELP
Status help(Context& ctx) {
  reply_help(ctx, kHelp);
  return ok;
}

constexpr uint64_t kConfig = kAdmin | kNoScript | kLoading | kStale;
constexpr uint64_t kEverywhere = kAllNodes | kAllSucceeded;

constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"config", nullptr, -2, 0, no_keys(), "2.0.0", "",
        "",
        "Commands about the server's options."},
    {"config|get", get, -3, kConfig, no_keys(), "2.0.0", "O(N) where N is the number of options",
        "parameter [parameter ...]",
        "Returns the options that match, and their values."},
    {"config|help", help, 2, kLoading | kStale, no_keys(), "5.0.0", "O(1)",
        "",
        "Lists the subcommands."},
    {"config|resetstat", resetstat, 2, kConfig | kEverywhere, no_keys(), "2.0.0", "O(1)",
        "",
        "Sets the counters of INFO back to 0."},
    {"config|rewrite", rewrite, 2, kConfig | kEverywhere, no_keys(), "2.8.0", "O(N) where N is the number of options",
        "",
        "Brings the values of today into the configuration file."},
    {"config|set", set, -4, kConfig | kEverywhere, no_keys(), "2.0.0", "O(N) where N is the number of options given",
        "parameter value [parameter value ...]",
        "Changes options while the server runs.", {}, {}, nullptr, is_secret_value},
};

}  // namespace

CommandFamily config_commands() { return {"server", kCommands}; }

}  // namespace larder
