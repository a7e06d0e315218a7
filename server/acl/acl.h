// Access control: who may log in, and who may do what. Owns the users, the file they come from, and the
// log of what was refused.
//
// A client points at its user (Client::user), so a rule that changes is obeyed from the next request on.
// A user without restrictions, which is what most clients are, costs a request one branch.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/acl/acl_log.h"
#include "server/acl/acl_options.h"
#include "server/acl/user.h"
#include "server/clients/client_list.h"
#include "server/command/hooks.h"
#include "server/info/info.h"

namespace larder {

struct AclStats : InfoGroup {
  AclStats() : InfoGroup("Stats") {}
  Counter denied_logins{*this, "acl_access_denied_auth"};
  Counter denied_commands{*this, "acl_access_denied_cmd"};
  Counter denied_keys{*this, "acl_access_denied_key"};
  Counter denied_channels{*this, "acl_access_denied_channel"};
  Counter denied_certificates{*this, "acl_access_denied_tls_cert"};
};

class Acl {
 public:
  using Users = std::map<std::string, std::shared_ptr<User>, std::less<>>;

  // All of them outlive this. There is no user before start().
  struct Parts {
    AclOptions& options;
    const CommandTable& commands;
    ClientList& clients;
    Hooks& hooks;
  };
  explicit Acl(const Parts& parts);
  Acl(const Acl&) = delete;
  Acl& operator=(const Acl&) = delete;

  // When all commands are known: makes the default user, and those of the configuration or of the file.
  // `password`: requirepass. Error: the complete message for log and terminal.
  Status start(std::string_view password);

  // --- Verdicts ---
  // Whether the client may run this. Error: NOPERM, which is counted and in the log then.
  Status check(const Client& client, const Command& command,
               std::span<const std::string_view> arguments) {
    if (client.user == nullptr || client.user->is_unrestricted) [[likely]] return ok;
    return check_rules(client, command, arguments, false);
  }
  // The same for a request that MULTI has queued, at EXEC.
  Status check_queued(const Client& client, const Command& command,
                      std::span<const std::string_view> arguments) {
    if (client.user == nullptr || client.user->is_unrestricted) [[likely]] return ok;
    return check_rules(client, command, arguments, true);
  }
  // What a user may do, without a trace (ACL DRYRUN).
  Verdict judge(const User& user, const Command& command, std::span<const std::string_view> arguments);
  bool may_run(const Client& client, const Command& command,
               std::span<const std::string_view> arguments);
  // Whether the request may also read keys that none of its arguments names (SORT BY).
  bool may_read_all_keys(const Client& client, const Command& command,
                         std::span<const std::string_view> arguments);

  // --- Logging in ---
  void log_in_by_default(Client& client) const;
  // Error: WRONGPASS, which is counted and in the log then. `object`: what the log names, "AUTH".
  Status authenticate(Client& client, std::string_view name, std::string_view password,
                      std::string_view object);
  // A client whose certificate says that it is `name`. Without such a user the client stays who
  // it is; when the user is disabled, it has to log in. Both are counted and in the log then.
  void log_in_by_certificate(Client& client, std::string_view name);
  bool needs_password() const;  // the default user
  // requirepass: the default user's only password; empty: none is needed.
  void set_default_password(std::string_view password);

  // --- Users ---
  const Users& users() const { return users_; }
  const User* find(std::string_view name) const;
  // Makes or changes a user: all rules, or none. Clients that listen to what the user may no longer hear
  // are closed. Error: the whole reply.
  Status set_user(std::string_view name, std::span<const std::string_view> rules);
  // Removes a user and closes its clients. False: no such user. The default user cannot go.
  bool remove_user(std::string_view name);
  // ACL LOAD and SAVE. Errors: whole replies; nothing has changed then.
  Status load();
  Status save() const;

  AclLog log;
  AclStats stats;

 private:
  static constexpr std::string_view kDefaultUser = "default";

  User make_user(std::string_view name) const;
  User make_default_user() const;
  void apply_default_password(std::string_view password);
  Status load_lines();
  Status load_file();
  Status check_rules(const Client& client, const Command& command,
                     std::span<const std::string_view> arguments, bool was_queued);
  void note_denial(const Client& client, DenialReason reason, std::string_view object,
                   std::string_view user);
  void put(User user);
  void close_clients(const User& user);
  void close_forbidden_listeners(const User& user);
  void tell_options();

  AclOptions& options_;
  const CommandTable& commands_;
  ClientList& clients_;
  Hooks& hooks_;
  Users users_;
  std::vector<KeyPosition> positions_;  // of the request that is being judged
};

}  // namespace larder
