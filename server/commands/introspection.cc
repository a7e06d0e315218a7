#include "server/commands/introspection.h"

#include <string>

#include "server/base/glob.h"
#include "server/command/categories.h"
#include "server/command/flag_names.h"
#include "server/commands/families.h"
#include "server/command/reply_help.h"

namespace larder {
namespace {

constexpr uint64_t kAnytime = kLoading | kStale | kConnectionCategory;

size_t count_flags(std::span<const FlagName> names, uint64_t flags) {
  size_t count = 0;
  for (const FlagName& name : names) count += (flags & name.flag) != 0 ? 1 : 0;
  return count;
}

void reply_tips(ReplyWriter& reply, uint64_t flags) {
  reply.set(count_flags(kTips, flags));
  for (const FlagName& tip : kTips) {
    if ((flags & tip.flag) != 0) reply.bulk(tip.name);
  }
}

void reply_categories(ReplyWriter& reply, Categories categories) {
  reply.set(static_cast<size_t>(__builtin_popcount(categories)));
  for (size_t i = 0; i < kCategoryNames.size(); i++) {
    if ((categories >> i & 1) != 0) reply.simple("@" + std::string(kCategoryNames[i]));
  }
}

// A map of a method's name and its numbers.
void reply_method(ReplyWriter& reply, std::string_view type, size_t parameters) {
  reply.map(2);
  reply.bulk("type");
  reply.bulk(type);
  reply.bulk("spec");
  reply.map(parameters);
}
void reply_parameter(ReplyWriter& reply, std::string_view name, int value) {
  reply.bulk(name);
  reply.integer(value);
}

void reply_begin_search(ReplyWriter& reply, const KeySpec& spec) {
  reply.bulk("begin_search");
  if (spec.begin == KeySpec::Begin::index) {
    reply_method(reply, "index", 1);
    reply_parameter(reply, "index", spec.index);
  } else if (spec.begin == KeySpec::Begin::keyword) {
    reply_method(reply, "keyword", 2);
    reply.bulk("keyword");
    reply.bulk(spec.keyword);
    reply_parameter(reply, "startfrom", spec.index);
  } else {
    reply_method(reply, "unknown", 0);
  }
}

void reply_find_keys(ReplyWriter& reply, const KeySpec& spec) {
  reply.bulk("find_keys");
  if (spec.find == KeySpec::Find::range) {
    reply_method(reply, "range", 3);
    reply_parameter(reply, "lastkey", spec.last);
    reply_parameter(reply, "keystep", spec.step);
    reply_parameter(reply, "limit", spec.limit);
  } else if (spec.find == KeySpec::Find::counted) {
    reply_method(reply, "keynum", 3);
    reply_parameter(reply, "keynumidx", spec.count_index);
    reply_parameter(reply, "firstkey", spec.first);
    reply_parameter(reply, "keystep", spec.step);
  } else {
    reply_method(reply, "unknown", 0);
  }
}

void reply_key_specs(ReplyWriter& reply, const KeySpecs& specs) {
  reply.set(specs.count);
  for (const KeySpec& spec : specs.all()) {
    reply.map(3);
    reply.bulk("flags");
    reply_flags(reply, kKeyFlags, spec.flags);
    reply_begin_search(reply, spec);
    reply_find_keys(reply, spec);
  }
}

void reply_command(ReplyWriter& reply, const Command& command) {
  const KeyRange& keys = command.key_range();
  reply.array(10);
  reply.bulk(command.full_name());
  reply.integer(command.spec().arity);
  reply_flags(reply, kCommandFlags, command.flags());
  reply.integer(keys.first);
  reply.integer(keys.last);
  reply.integer(keys.step);
  reply_categories(reply, categories_of(command));
  reply_tips(reply, command.flags());
  reply_key_specs(reply, command.spec().keys);
  if (!command.is_container()) return reply.set(0);
  reply.array(command.subcommands().size());
  for (const Command* subcommand : command.subcommands()) reply_command(reply, *subcommand);
}

void reply_all_commands(Context& ctx) {
  const auto commands = ctx.services.commands.commands();
  ctx.reply.array(commands.size());
  for (const Command* command : commands) reply_command(ctx.reply, *command);
}

// COMMAND
Status command(Context& ctx) {
  if (ctx.argc() > 1) return errors::unknown_subcommand(ctx.arg(1).substr(0, 128), "COMMAND");
  reply_all_commands(ctx);
  return ok;
}

// COMMAND COUNT
Status count(Context& ctx) {
  ctx.reply.integer(static_cast<int64_t>(ctx.services.commands.commands().size()));
  return ok;
}

// COMMAND INFO [command-name [command-name ...]]
Status info(Context& ctx) {
  if (ctx.argc() == 2) {
    reply_all_commands(ctx);
    return ok;
  }
  ctx.reply.array(ctx.argc() - 2);
  for (const std::string_view name : ctx.args(2)) {
    if (const Command* found = ctx.services.commands.find_full(name)) {
      reply_command(ctx.reply, *found);
    } else {
      ctx.reply.null();
    }
  }
  return ok;
}

// What COMMAND LIST leaves in the list.
struct ListFilter {
  enum class By { nothing, module, category, pattern };
  By by = By::nothing;
  std::string_view text = {};

  bool accepts(const Command& candidate) const {
    switch (by) {
      case By::nothing:
        return true;
      case By::module:
        return false;  // no command comes from a module that was loaded at run time
      case By::category:
        return (categories_of(candidate) & find_category(text).value_or(0)) != 0;
      case By::pattern:
        return glob_matches(text, candidate.full_name(), true);
    }
    return false;
  }
};

Result<ListFilter> parse_list_filter(const Context& ctx) {
  if (ctx.argc() == 2) return ListFilter();
  if (ctx.argc() != 5 || !equals_ignoring_case(ctx.arg(2), "filterby")) return errors::syntax();
  const std::string_view by = ctx.arg(3);
  if (equals_ignoring_case(by, "module")) return ListFilter{ListFilter::By::module, ctx.arg(4)};
  if (equals_ignoring_case(by, "aclcat")) return ListFilter{ListFilter::By::category, ctx.arg(4)};
  if (equals_ignoring_case(by, "pattern")) return ListFilter{ListFilter::By::pattern, ctx.arg(4)};
  return errors::syntax();
}

// COMMAND LIST [FILTERBY <MODULE module-name | ACLCAT category | PATTERN pattern>]
Status list(Context& ctx) {
  TRY(const ListFilter filter, parse_list_filter(ctx));
  auto names = ctx.reply.deferred_array();
  size_t accepted = 0;
  for (const Command& row : ctx.services.commands.rows()) {
    if (!filter.accepts(row)) continue;
    ctx.reply.bulk(row.full_name());
    accepted++;
  }
  names.finish(accepted);
  return ok;
}

// That request might have been one with a password.
bool is_of_described_request(std::span<const std::string_view>, size_t index, const Options&) {
  return index >= 3;
}

// The keys of the request behind the subcommand's name. Empty: it has none, and needs none.
Result<std::vector<KeyPosition>> keys_of_request(const Context& ctx) {
  const auto request = ctx.arguments().subspan(2);
  const Command* found = ctx.services.commands.resolve(request);
  if (found == nullptr || (found->is_container() && request.size() > 1)) {
    return errors::invalid_command();
  }
  if (found->spec().keys.count == 0) return errors::command_has_no_keys();
  if (!found->arity_fits(request.size())) return errors::wrong_arity_of_command();
  std::vector<KeyPosition> positions;
  const bool is_valid = find_command_keys(*found, request, positions);
  if ((!is_valid || positions.empty()) && !found->has(kNoMandatoryKeys)) {
    return errors::invalid_arguments_of_command();
  }
  return positions;
}

// COMMAND GETKEYS command [arg [arg ...]]
Status getkeys(Context& ctx) {
  TRY(const std::vector<KeyPosition> keys, keys_of_request(ctx));
  ctx.reply.array(keys.size());
  for (const KeyPosition& key : keys) ctx.reply.bulk(ctx.arg(key.index + 2));
  return ok;
}

// COMMAND GETKEYSANDFLAGS command [arg [arg ...]]
Status getkeysandflags(Context& ctx) {
  TRY(const std::vector<KeyPosition> keys, keys_of_request(ctx));
  ctx.reply.array(keys.size());
  for (const KeyPosition& key : keys) {
    ctx.reply.array(2);
    ctx.reply.bulk(ctx.arg(key.index + 2));
    reply_flags(ctx.reply, kKeyFlags, key.flags);
  }
  return ok;
}

constexpr std::string_view kHelp[] = {
    "(no subcommand)",
    "    Describe all commands, as INFO does.",
    "COUNT",
    "    The number of commands, without subcommands.",
    "DOCS [<command-name> ...]",
    "    What all or some commands are for, and their arguments.",
    "GETKEYS <full-command>",
    "    The keys in a command with its arguments.",
    "GETKEYSANDFLAGS <full-command>",
    "    The same, and what the command does to each key.",
    "INFO [<command-name> ...]",
    "    Arity, flags, keys and categories of all or some commands.",
    "LIST [FILTERBY (MODULE <module-name>|ACLCAT <category>|PATTERN <pattern>)]",
    "    The names of all or some commands and subcommands.",
};

// COMMAND HELP
Status help(Context& ctx) {
  reply_help(ctx, kHelp);
  return ok;
}

constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"command", command, -1, kAnytime | kNondeterministicOrder, no_keys(), "2.8.13", "O(N)",
        "",
        "Describes all commands."},
    {"command|count", count, 2, kAnytime, no_keys(), "2.8.13", "O(1)",
        "",
        "Counts the commands."},
    {"command|docs", command_docs, -2, kAnytime | kNondeterministicOrder,
        no_keys(), "7.0.0", "O(N)",
        "[command-name [command-name ...]]",
        "Tells what commands are for and what arguments they take."},
    {"command|getkeys", getkeys, -3, kAnytime, no_keys(), "2.8.13", "O(N)",
        "command [arg [arg ...]]",
        "Finds the keys in a command with its arguments.", {}, {}, nullptr, is_of_described_request},
    {"command|getkeysandflags", getkeysandflags, -3, kAnytime, no_keys(), "7.0.0", "O(N)",
        "command [arg [arg ...]]",
        "Finds the keys in a command with its arguments, and what it does to them.", {}, {}, nullptr,
        is_of_described_request},
    {"command|help", help, 2, kAnytime, no_keys(), "5.0.0", "O(1)",
        "",
        "Lists the subcommands."},
    {"command|info", info, -2, kAnytime | kNondeterministicOrder, no_keys(), "2.8.13", "O(N)",
        "[command-name [command-name ...]]",
        "Describes some commands, or all."},
    {"command|list", list, -2, kAnytime | kNondeterministicOrder, no_keys(), "7.0.0", "O(N)",
        "[FILTERBY <MODULE module-name | ACLCAT category | PATTERN pattern>]",
        "Names the commands and subcommands."},
};

}  // namespace

void reply_flags(ReplyWriter& reply, std::span<const FlagName> names, uint64_t flags) {
  reply.set(count_flags(names, flags));
  for (const FlagName& name : names) {
    if ((flags & name.flag) != 0) reply.simple(name.name);
  }
}

CommandFamily introspection_commands() {
  return {"server", kCommands};
}

}  // namespace larder
