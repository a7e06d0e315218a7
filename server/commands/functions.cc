// FUNCTION in a server that cannot run functions: its library is empty, and what follows from that is
// answered as Redis answers it. Tools and test suites flush functions before they begin.
#include <string_view>

#include "server/command/arg_reader.h"
#include "server/command/reply_help.h"
#include "server/commands/families.h"

namespace larder {
namespace {

// FUNCTION FLUSH [ASYNC | SYNC]
Status flush(Context& ctx) {
  if (ctx.argc() > 3) return errors::wrong_subcommand_arity(ctx.arg(1), "FUNCTION");
  if (ctx.argc() == 3 && !equals_ignoring_case(ctx.arg(2), "async") &&
      !equals_ignoring_case(ctx.arg(2), "sync")) {
    return errors::wrong_function_flush_mode();
  }
  ctx.reply.ok();
  return ok;
}

// FUNCTION LIST [LIBRARYNAME library-name-pattern] [WITHCODE]
Status list(Context& ctx) {
  bool has_pattern = false;
  bool with_code = false;
  ArgReader args(ctx, 2);
  while (args.has_more()) {
    if (!with_code && args.option("WITHCODE")) {
      with_code = true;
    } else if (!has_pattern && args.option("LIBRARYNAME")) {
      if (!args.has_more()) return errors::library_name_missing();
      args.text();
      has_pattern = true;
    } else {
      return errors::unknown_list_argument(args.text());
    }
  }
  ctx.reply.array(0);
  return ok;
}

// FUNCTION STATS. There is no engine that could run one.
Status stats(Context& ctx) {
  ctx.reply.map(2);
  ctx.reply.bulk("running_script");
  ctx.reply.null();
  ctx.reply.bulk("engines");
  ctx.reply.map(0);
  return ok;
}

// FUNCTION DELETE library-name
Status delete_library(Context&) { return errors::no_such_library(); }

// FUNCTION KILL
Status kill(Context&) { return errors::no_script_runs(); }

// FUNCTION LOAD, DUMP and RESTORE
Status cannot(Context& ctx) {
  return errors::not_supported_yet("FUNCTION " + to_upper(ctx.command().short_name()));
}

constexpr std::string_view kHelp[] = {
    "DELETE <LIBRARY NAME>",
    "    Remove a library.",
    "FLUSH [ASYNC|SYNC]",
    "    Remove all libraries.",
    "KILL",
    "    End the function that runs.",
    "LIST [LIBRARYNAME PATTERN] [WITHCODE]",
    "    Describe the libraries.",
    "STATS",
    "    Describe the function that runs, and the engines.",
    "DUMP, LOAD, RESTORE",
    "    Not supported yet.",
};

// FUNCTION HELP
Status help(Context& ctx) {
  reply_help(ctx, kHelp);
  return ok;
}

constexpr uint64_t kChange = kNoScript | kWrite;
constexpr uint64_t kEverywhere = kAllShards | kAllSucceeded;

constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"function", nullptr, -2, 0, no_keys(), "7.0.0", "",
        "",
        "Commands about functions."},
    {"function|delete", delete_library, 3, kChange | kEverywhere, no_keys(), "7.0.0", "O(1)",
        "library-name",
        "Removes a library and its functions."},
    {"function|dump", cannot, 2, kNoScript, no_keys(), "7.0.0", "O(N) where N is the number of functions",
        "",
        "Returns all libraries as one string."},
    {"function|flush", flush, -2, kChange | kEverywhere, no_keys(), "7.0.0", "O(N) where N is the number of functions",
        "[ASYNC | SYNC]",
        "Removes all libraries."},
    {"function|help", help, 2, kLoading | kStale, no_keys(), "7.0.0", "O(1)",
        "",
        "Lists the subcommands."},
    {"function|kill", kill, 2, kNoScript | kAllowBusy | kAllShards | kOneSucceeded, no_keys(), "7.0.0", "O(1)",
        "",
        "Ends the function that runs."},
    {"function|list", list, -2, kNoScript | kNondeterministicOrder, no_keys(), "7.0.0", "O(N) where N is the number of functions",
        "[LIBRARYNAME library-name-pattern] [WITHCODE]",
        "Describes the libraries."},
    {"function|load", cannot, -3, kChange | kDenyOom | kEverywhere, no_keys(), "7.0.0", "O(1)",
        "[REPLACE] function-code",
        "Adds a library."},
    {"function|restore", cannot, -3, kChange | kDenyOom | kEverywhere, no_keys(), "7.0.0", "O(N) where N is the number of functions",
        "serialized-value [FLUSH | APPEND | REPLACE]",
        "Brings back what FUNCTION DUMP returned."},
    {"function|stats", stats, 2, kNoScript | kAllowBusy | kNondeterministic | kAllShards | kSpecialResponse, no_keys(), "7.0.0", "O(1)",
        "",
        "Describes the function that runs, and the engines."},
};

}  // namespace

CommandFamily function_commands() { return {"scripting", kCommands}; }

}  // namespace larder
