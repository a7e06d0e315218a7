// ACL: users and what they may do.
#include <algorithm>
#include <string>
#include <vector>

#include "server/acl/acl.h"
#include "server/base/random.h"
#include "server/command/arg_reader.h"
#include "server/command/reply_help.h"
#include "server/commands/families.h"

namespace larder {
namespace {

constexpr int64_t kMaxPasswordBits = 4096;
constexpr int64_t kDefaultPasswordBits = 256;
constexpr int64_t kDefaultLogEntries = 10;

// --- Users ---

// What the request that is only tried would have said may be a password.
bool is_of_dry_run(std::span<const std::string_view>, size_t index, const Options&) { return index >= 4; }

// The user's name and rules: passwords are among them.
bool is_about_user(std::span<const std::string_view>, size_t index, const Options&) { return index >= 2; }

// ACL SETUSER username [rule [rule ...]]
Status setuser(Context& ctx) {
  TRY(ctx.services.acl.set_user(ctx.arg(2), ctx.arguments().subspan(3)));
  ctx.reply.ok();
  return ok;
}

// ACL DELUSER username [username ...]
Status deluser(Context& ctx) {
  for (const std::string_view name : ctx.args(2)) {
    if (name == "default") return errors::acl_default_user_stays();
  }
  int64_t removed = 0;
  for (const std::string_view name : ctx.args(2)) removed += ctx.services.acl.remove_user(name);
  ctx.reply.integer(removed);
  return ok;
}

void reply_selector(ReplyWriter& reply, const Selector& selector) {
  reply.bulk("commands");
  reply.bulk(selector.command_rules());
  reply.bulk("keys");
  reply.bulk(selector.key_rules());
  reply.bulk("channels");
  reply.bulk(selector.channel_rules());
}

// ACL GETUSER username
Status getuser(Context& ctx) {
  const User* user = ctx.services.acl.find(ctx.arg(2));
  if (user == nullptr) {
    ctx.reply.null();
    return ok;
  }
  ReplyWriter& reply = ctx.reply;
  reply.map(6);
  const auto flags = user->flags();
  reply.bulk("flags");
  reply.set(flags.size());
  for (const std::string_view flag : flags) reply.bulk(flag);
  const auto hashes = user->password_hashes();
  reply.bulk("passwords");
  reply.array(hashes.size());
  for (const std::string& hash : hashes) reply.bulk(hash);
  // The root stands here and not among the others, as it did when there were no others.
  reply_selector(reply, user->selectors().front());
  const auto others = user->selectors().subspan(1);
  reply.bulk("selectors");
  reply.array(others.size());
  for (const Selector& selector : others) {
    reply.map(3);
    reply_selector(reply, selector);
  }
  return ok;
}

// ACL LIST
Status list(Context& ctx) {
  const Acl::Users& users = ctx.services.acl.users();
  ctx.reply.array(users.size());
  for (const auto& [name, user] : users) ctx.reply.bulk("user " + name + " " + user->rules());
  return ok;
}

// ACL USERS
Status users(Context& ctx) {
  const Acl::Users& all = ctx.services.acl.users();
  ctx.reply.array(all.size());
  for (const auto& [name, user] : all) ctx.reply.bulk(name);
  return ok;
}

// ACL WHOAMI
Status whoami(Context& ctx) {
  if (ctx.client.user == nullptr) {
    ctx.reply.null();
  } else {
    ctx.reply.bulk(ctx.client.user->name);
  }
  return ok;
}

// ACL LOAD
Status load(Context& ctx) {
  TRY(ctx.services.acl.load());
  ctx.reply.ok();
  return ok;
}

// ACL SAVE
Status save(Context& ctx) {
  TRY(ctx.services.acl.save());
  ctx.reply.ok();
  return ok;
}

// --- Verdicts ---

std::string refusal(const User& user, const Command& command, const Verdict& verdict,
                    std::string_view object) {
  const std::string beginning = "User " + user.name + " has no permissions to ";
  if (verdict.denied == Denied::command) {
    return beginning + "run the '" + std::string(command.full_name()) + "' command";
  }
  return beginning + "access the '" + std::string(object) + "' " +
         (verdict.denied == Denied::key ? "key" : "channel");
}

// ACL DRYRUN username command [arg [arg ...]]
Status dryrun(Context& ctx) {
  const User* user = ctx.services.acl.find(ctx.arg(2));
  if (user == nullptr) return errors::acl_no_such_user(ctx.arg(2));
  const auto request = ctx.arguments().subspan(3);
  const Command* command = ctx.services.commands.resolve(request);
  if (command == nullptr || (command->is_container() && request.size() > 1)) {
    return errors::acl_no_such_command(request[0]);
  }
  if (!command->arity_fits(request.size())) return errors::wrong_arity(command->full_name());
  const Verdict verdict = ctx.services.acl.judge(*user, *command, request);
  if (verdict.is_allowed()) {
    ctx.reply.ok();
  } else {
    ctx.reply.bulk(refusal(*user, *command, verdict, request[verdict.argument]));
  }
  return ok;
}

// ACL CAT [category]
Status cat(Context& ctx) {
  if (ctx.argc() > 3) return errors::wrong_subcommand_arity(ctx.arg(1), "ACL");
  if (ctx.argc() == 2) {
    ctx.reply.array(kCategoryNames.size());
    for (const std::string_view name : kCategoryNames) ctx.reply.bulk(name);
    return ok;
  }
  const auto category = find_category(ctx.arg(2));
  if (!category) return errors::acl_unknown_category(ctx.arg(2));
  auto list = ctx.reply.deferred_array();
  size_t count = 0;
  for (const Command& command : ctx.services.commands.rows()) {
    if ((categories_of(command) & *category) == 0) continue;
    ctx.reply.bulk(command.full_name());
    count++;
  }
  list.finish(count);
  return ok;
}

// ACL GENPASS [bits]
Status genpass(Context& ctx) {
  if (ctx.argc() > 3) return errors::wrong_subcommand_arity(ctx.arg(1), "ACL");
  ArgReader args(ctx, 2);
  const int64_t bits = args.has_more() ? args.integer() : kDefaultPasswordBits;
  TRY(args.finish());
  if (bits <= 0 || bits > kMaxPasswordBits) return errors::acl_password_bits(kMaxPasswordBits);
  ctx.reply.bulk(random_hex(static_cast<size_t>((bits + 3) / 4)));
  return ok;
}

// --- The log ---

void reply_log_entry(ReplyWriter& reply, const AclLog::Entry& entry, int64_t now_ms) {
  reply.map(10);
  reply.bulk("count");
  reply.integer(static_cast<int64_t>(entry.count));
  reply.bulk("reason");
  reply.bulk(name_of(entry.reason));
  reply.bulk("context");
  reply.bulk(entry.context);
  reply.bulk("object");
  reply.bulk(entry.object);
  reply.bulk("username");
  reply.bulk(entry.username);
  reply.bulk("age-seconds");
  reply.number(static_cast<double>(now_ms - entry.updated_ms) / 1000);
  reply.bulk("client-info");
  reply.bulk(entry.client_info);
  reply.bulk("entry-id");
  reply.integer(static_cast<int64_t>(entry.id));
  reply.bulk("timestamp-created");
  reply.integer(entry.created_ms);
  reply.bulk("timestamp-last-updated");
  reply.integer(entry.updated_ms);
}

// ACL LOG [count | RESET]
Status log(Context& ctx) {
  if (ctx.argc() > 3) return errors::wrong_subcommand_arity(ctx.arg(1), "ACL");
  AclLog& log = ctx.services.acl.log;
  ArgReader args(ctx, 2);
  if (args.has_more() && args.option("RESET")) {
    log.clear();
    ctx.reply.ok();
    return ok;
  }
  const int64_t wanted = args.has_more() ? args.integer() : kDefaultLogEntries;
  TRY(args.finish());
  const size_t count =
      std::min(static_cast<size_t>(std::max(wanted, int64_t{0})), log.entries().size());
  ctx.reply.array(count);
  for (size_t i = 0; i < count; i++) reply_log_entry(ctx.reply, log.entries()[i], ctx.now_ms());
  return ok;
}

constexpr std::string_view kHelp[] = {
    "CAT [<category>]",
    "    The categories of commands, or the commands of one of them.",
    "DELUSER <username> [<username> ...]",
    "    Remove users, and close the connections of those who are logged in as one of them.",
    "DRYRUN <username> <command> [<arg> ...]",
    "    Whether the user may run the command, which is not run.",
    "GENPASS [<bits>]",
    "    A new password of 256 bits, or of as many as asked for.",
    "GETUSER <username>",
    "    What the user may do.",
    "LIST",
    "    All users, as lines of a file.",
    "LOAD",
    "    Read the file of users again: all of it, or nothing if a line is wrong.",
    "LOG [<count> | RESET]",
    "    The requests that were refused lately, or an end to remembering them.",
    "SAVE",
    "    Write the users to their file.",
    "SETUSER <username> <rule> [<rule> ...]",
    "    Create or change a user: all rules, or none if one is wrong.",
    "USERS",
    "    The names of all users.",
    "WHOAMI",
    "    The user of this connection.",
};

// ACL HELP
Status help(Context& ctx) {
  reply_help(ctx, kHelp);
  return ok;
}

constexpr uint64_t kOpen = kNoScript | kLoading | kStale;
constexpr uint64_t kClosed = kOpen | kAdmin;

constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"acl", nullptr, -2, 0, no_keys(), "6.0.0", "",
        "",
        "Commands about users and what they may do."},
    {"acl|cat", cat, -2, kOpen, no_keys(), "6.0.0", "O(1) since the categories and commands are a fixed set",
        "[category]",
        "Lists the categories of commands, or the commands of one."},
    {"acl|deluser", deluser, -3, kClosed | kAllNodes | kAllSucceeded, no_keys(), "6.0.0",
        "O(1) amortized for each user",
        "username [username ...]",
        "Removes users and closes their connections."},
    {"acl|dryrun", dryrun, -4, kClosed, no_keys(), "7.0.0", "O(1)",
        "username command [arg [arg ...]]",
        "Tells whether a user may run a command, without running it.", {}, {}, nullptr, is_of_dry_run},
    {"acl|genpass", genpass, -2, kOpen, no_keys(), "6.0.0", "O(1)",
        "[bits]",
        "Makes a password."},
    {"acl|getuser", getuser, 3, kClosed, no_keys(), "6.0.0", "O(N) in the rules of the user",
        "username",
        "Returns what a user may do."},
    {"acl|help", help, 2, kLoading | kStale, no_keys(), "6.0.0", "O(1)",
        "",
        "Lists the subcommands."},
    {"acl|list", list, 2, kClosed, no_keys(), "6.0.0", "O(N) in the users",
        "",
        "Lists the users with their rules, as lines of a file."},
    {"acl|load", load, 2, kClosed, no_keys(), "6.0.0", "O(N) in the users",
        "",
        "Reads the file of users again."},
    {"acl|log", log, -2, kClosed, no_keys(), "6.0.0", "O(N) in the entries shown",
        "[count | RESET]",
        "Lists requests that were refused."},
    {"acl|save", save, 2, kClosed | kAllNodes | kAllSucceeded, no_keys(), "6.0.0",
        "O(N) in the users",
        "",
        "Writes the users to their file."},
    {"acl|setuser", setuser, -3, kClosed | kAllNodes | kAllSucceeded, no_keys(), "6.0.0",
        "O(N) in the rules",
        "username [rule [rule ...]]",
        "Creates a user or changes what it may do.", {}, {}, nullptr, is_about_user},
    {"acl|users", users, 2, kClosed, no_keys(), "6.0.0", "O(N) in the users",
        "",
        "Lists the names of the users."},
    {"acl|whoami", whoami, 2, kOpen, no_keys(), "6.0.0", "O(1)",
        "",
        "Returns the name of the connection's user."},
};

}  // namespace

CommandFamily acl_commands() { return {"server", kCommands}; }

}  // namespace larder
