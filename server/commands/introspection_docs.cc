#include <array>

#include "server/command/syntax.h"
#include "server/commands/introspection.h"

namespace larder {
namespace {

constexpr std::string_view kTypeNames[] = {"string",    "integer",    "double", "key",  "pattern",
                                           "unix-time", "pure-token", "oneof",  "block"};

constexpr uint64_t kOptional = 1;
constexpr uint64_t kMultiple = 2;
constexpr uint64_t kMultipleToken = 4;
constexpr FlagName kArgumentFlags[] = {
    {kOptional, "optional"}, {kMultiple, "multiple"}, {kMultipleToken, "multiple_token"}};
constexpr FlagName kDocFlags[] = {{1, "deprecated"}};

uint64_t flags_of(const Argument& argument) {
  return (argument.is_optional ? kOptional : 0) | (argument.is_multiple ? kMultiple : 0) |
         (argument.repeats_token ? kMultipleToken : 0);
}

// A map whose pairs are text and text; pairs without a text are left out.
using TextPairs = std::initializer_list<std::pair<std::string_view, std::string_view>>;
size_t count_present(TextPairs pairs) {
  size_t count = 0;
  for (const auto& pair : pairs) count += pair.second.empty() ? 0u : 1u;
  return count;
}
void reply_present(ReplyWriter& reply, TextPairs pairs) {
  for (const auto& [name, text] : pairs) {
    if (text.empty()) continue;
    reply.bulk(name);
    reply.bulk(text);
  }
}

void reply_arguments(ReplyWriter& reply, const std::vector<Argument>& arguments);

void reply_argument(ReplyWriter& reply, const Argument& argument) {
  const bool has_parts =
      argument.type == Argument::Type::one_of || argument.type == Argument::Type::block;
  const TextPairs begin = {{"name", argument.name},
                           {"type", kTypeNames[static_cast<size_t>(argument.type)]},
                           {"display_text", has_parts ? std::string_view() : argument.name}};
  const TextPairs token = {{"token", argument.token}};
  const uint64_t flags = flags_of(argument);
  reply.map(count_present(begin) + count_present(token) + (argument.key_spec >= 0 ? 1 : 0) +
            (flags != 0 ? 1 : 0) + (has_parts ? 1 : 0));
  reply_present(reply, begin);
  if (argument.key_spec >= 0) {
    reply.bulk("key_spec_index");
    reply.integer(argument.key_spec);
  }
  reply_present(reply, token);
  if (flags != 0) {
    reply.bulk("flags");
    reply_flags(reply, kArgumentFlags, flags);
  }
  if (has_parts) {
    reply.bulk("arguments");
    reply_arguments(reply, argument.arguments);
  }
}

void reply_arguments(ReplyWriter& reply, const std::vector<Argument>& arguments) {
  reply.array(arguments.size());
  for (const Argument& argument : arguments) reply_argument(reply, argument);
}

// A command's name and what there is to know about it.
void reply_docs(ReplyWriter& reply, const Command& command) {
  const CommandSpec& spec = command.spec();
  const auto arguments = parse_syntax(spec).value_or(std::vector<Argument>());
  const bool is_deprecated = !spec.deprecated_since.empty();
  const TextPairs begin = {{"summary", spec.summary},
                           {"since", spec.since},
                           {"group", command.group()},
                           {"complexity", spec.complexity}};
  const TextPairs end = {{"deprecated_since", spec.deprecated_since},
                         {"replaced_by", spec.replaced_by}};
  reply.bulk(spec.name);
  reply.map(count_present(begin) + (is_deprecated ? 1 : 0) + count_present(end) +
            (arguments.empty() ? 0 : 1) + (command.is_container() ? 1 : 0));
  reply_present(reply, begin);
  if (is_deprecated) {
    reply.bulk("doc_flags");
    reply_flags(reply, kDocFlags, 1);
  }
  reply_present(reply, end);
  if (!arguments.empty()) {
    reply.bulk("arguments");
    reply_arguments(reply, arguments);
  }
  if (command.is_container()) {
    reply.bulk("subcommands");
    reply.map(command.subcommands().size());
    for (const Command* subcommand : command.subcommands()) reply_docs(reply, *subcommand);
  }
}

}  // namespace

Status command_docs(Context& ctx) {
  const CommandTable& table = ctx.services.commands;
  if (ctx.argc() == 2) {
    ctx.reply.map(table.commands().size());
    for (const Command* command : table.commands()) reply_docs(ctx.reply, *command);
    return ok;
  }
  std::vector<const Command*> found;
  for (const std::string_view name : ctx.args(2)) {
    if (const Command* command = table.find_full(name)) found.push_back(command);
  }
  ctx.reply.map(found.size());
  for (const Command* command : found) reply_docs(ctx.reply, *command);
  return ok;
}

}  // namespace larder
