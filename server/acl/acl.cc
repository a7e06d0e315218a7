#include "server/acl/acl.h"

#include <algorithm>
#include <utility>

#include "server/acl/user_file.h"
#include "server/base/clock.h"
#include "server/base/errors.h"
#include "server/base/log.h"
#include "server/base/text.h"

namespace larder {
namespace {

// What a user of the configuration is allowed before its own rules say anything: nothing.
constexpr std::string_view kEverything[] = {"on", "nopass", "+@all", "~*", "&*"};

// Of what the log keeps of strangers and of those who have few rights: they can make names and keys
// as long as they like. Common names of certificates have at most 64 bytes by the standard, to which
// nothing keeps them.
constexpr size_t kLoggedNameBytes = 128;
constexpr size_t kLoggedObjectBytes = 1024;
constexpr size_t kLoggedClientBytes = 4096;

}  // namespace

Acl::Acl(const Parts& parts)
    : options_(parts.options),
      commands_(parts.commands),
      clients_(parts.clients),
      hooks_(parts.hooks) {}

User Acl::make_user(std::string_view name) const {
  return {name, commands_, options_.acl_pubsub_default.get() == ChannelDefault::all};
}

User Acl::make_default_user() const {
  User user = make_user(kDefaultUser);
  for (const std::string_view rule : kEverything) (void)user.apply(rule);
  return user;
}

// --- Start ---

Status Acl::start(std::string_view password) {
  put(make_default_user());
  if (!password.empty()) apply_default_password(password);
  log.set_limit(static_cast<size_t>(options_.acllog_max_len.get()));
  options_.acllog_max_len.on_change([this]() -> Status {
    log.set_limit(static_cast<size_t>(options_.acllog_max_len.get()));
    return ok;
  });
  const bool has_lines = !options_.user.get().lines().empty();
  if (options_.aclfile.get().empty()) return load_lines();
  if (has_lines) return errors::acl_file_and_lines();
  if (Status loaded = load_file(); !loaded.is_ok()) return errors::acl_startup_failed(loaded.text());
  return ok;
}

Status Acl::load_lines() {
  for (const Words& line : options_.user.get().lines()) {
    const std::vector<std::string_view> words(line.begin() + 1, line.end());
    User user = make_user(line[0]);
    TRY(const auto rules, merge_selectors(words));
    for (const std::string& rule : rules) {
      if (Status applied = user.apply(rule); !applied.is_ok()) {
        return errors::acl_line_refused(line[0], applied.text());
      }
    }
    if (!user.is_enabled()) {
      log::notice("The user '" + user.name + "' is disabled: there is no 'on' among its rules. Make "
                  "sure this is not a configuration error.");
    }
    put(std::move(user));
  }
  return ok;
}

// --- Verdicts ---

Verdict Acl::judge(const User& user, const Command& command,
                   std::span<const std::string_view> arguments) {
  JudgedRequest request(command, arguments, positions_);
  return user.judge(request);
}

bool Acl::may_run(const Client& client, const Command& command,
                  std::span<const std::string_view> arguments) {
  if (client.user == nullptr || client.user->is_unrestricted) return true;
  return judge(static_cast<const User&>(*client.user), command, arguments).is_allowed();
}

Status Acl::check_rules(const Client& client, const Command& command,
                        std::span<const std::string_view> arguments, bool was_queued) {
  const auto& user = static_cast<const User&>(*client.user);
  const Verdict verdict = judge(user, command, arguments);
  switch (verdict.denied) {
    case Denied::nothing: return ok;
    case Denied::command:
      ++stats.denied_commands;
      note_denial(client, DenialReason::command, command.full_name(), user.name);
      if (was_queued) return errors::acl_queued_command_denied();
      return errors::acl_command_denied(user.name, command.full_name());
    case Denied::key:
      ++stats.denied_keys;
      note_denial(client, DenialReason::key, arguments[verdict.argument], user.name);
      return was_queued ? errors::acl_queued_key_denied() : errors::acl_key_denied();
    case Denied::channel:
      ++stats.denied_channels;
      note_denial(client, DenialReason::channel, arguments[verdict.argument], user.name);
      return was_queued ? errors::acl_queued_channel_denied() : errors::acl_channel_denied();
  }
  return ok;
}

bool Acl::may_read_all_keys(const Client& client, const Command& command,
                            std::span<const std::string_view> arguments) {
  if (client.user == nullptr || client.user->is_unrestricted) return true;
  JudgedRequest request(command, arguments, positions_);
  return static_cast<const User&>(*client.user).may_read_all_keys(request);
}

void Acl::note_denial(const Client& client, DenialReason reason, std::string_view object,
                      std::string_view user) {
  const int64_t now_ms = wall_clock_ms();
  log.add({reason, client.is_in_transaction() ? "multi" : "toplevel",
           std::string(object.substr(0, kLoggedObjectBytes)),
           std::string(user.substr(0, kLoggedNameBytes)),
           describe(client, now_ms).substr(0, kLoggedClientBytes)},
          now_ms);
}

// --- Logging in ---

bool Acl::needs_password() const {
  const User* user = find(kDefaultUser);
  return user != nullptr && !(user->needs_no_password() && user->is_enabled());
}

void Acl::log_in_by_default(Client& client) const {
  const auto found = users_.find(kDefaultUser);
  if (found != users_.end()) client.user = found->second;
  client.is_authenticated = !needs_password();
}

Status Acl::authenticate(Client& client, std::string_view name, std::string_view password,
                         std::string_view object) {
  const auto found = users_.find(name);
  // The digest is made whoever it is, so that the time does not tell which users there are.
  const Sha256 digest = sha256(password);
  const User* user = found == users_.end() ? nullptr : found->second.get();
  const bool matches = user != nullptr && (user->needs_no_password() || user->has_password(digest));
  if (!matches || !user->is_enabled()) {
    ++stats.denied_logins;
    note_denial(client, DenialReason::auth, object, name);
    return errors::wrong_password();
  }
  client.user = found->second;
  client.is_authenticated = true;
  return ok;
}

void Acl::log_in_by_certificate(Client& client, std::string_view name) {
  const auto found = users_.find(name);
  const bool is_known = found != users_.end();
  if (!is_known || !found->second->is_enabled()) {
    ++stats.denied_certificates;
    // Whoever switched the user off did not mean it to be the default one from then on.
    if (is_known) client.is_authenticated = false;
    return note_denial(client, DenialReason::certificate, "", name);
  }
  client.user = found->second;
  client.is_authenticated = true;
}

void Acl::set_default_password(std::string_view password) {
  apply_default_password(password);
  // A line about the default user would undo it at the next start.
  if (!options_.user.get().lines().empty()) tell_options();
}

void Acl::apply_default_password(std::string_view password) {
  User& user = *users_.find(kDefaultUser)->second;
  (void)user.apply("resetpass");
  (void)user.apply(password.empty() ? "nopass" : ">" + std::string(password));
}

// --- Users ---

const User* Acl::find(std::string_view name) const {
  const auto found = users_.find(name);
  return found == users_.end() ? nullptr : found->second.get();
}

Status Acl::set_user(std::string_view name, std::span<const std::string_view> words) {
  if (!is_user_name(name)) return errors::acl_user_name_has_spaces();
  TRY(const auto rules, merge_selectors(words));
  const User* known = find(name);
  User user = known == nullptr ? make_user(name) : *known;
  user.set_channel_default(options_.acl_pubsub_default.get() == ChannelDefault::all);
  for (const std::string& rule : rules) {
    if (Status applied = user.apply(rule); !applied.is_ok()) {
      return errors::acl_rule_refused(rule, applied.text());
    }
  }
  put(std::move(user));
  tell_options();
  return ok;
}

// Into the place of the user who has the name already, to whom clients point.
void Acl::put(User user) {
  const auto found = users_.find(user.name);
  if (found == users_.end()) {
    std::string name = user.name;
    users_.emplace(std::move(name), std::make_shared<User>(std::move(user)));
    return;
  }
  found->second->take(user);
  close_forbidden_listeners(*found->second);
}

bool Acl::remove_user(std::string_view name) {
  const auto found = users_.find(name);
  if (found == users_.end() || name == kDefaultUser) return false;
  const std::shared_ptr<User> user = found->second;
  users_.erase(found);
  close_clients(*user);
  tell_options();
  return true;
}

void Acl::close_clients(const User& user) {
  for (const auto& [id, client] : clients_.all()) {
    if (client->user.get() != &user) continue;
    // Who deletes itself still hears how many users are gone.
    client->is_being_answered ? client->socket.close_after_flush() : client->socket.close_now();
  }
}

void Acl::close_forbidden_listeners(const User& user) {
  if (user.is_unrestricted) return;
  hooks_.channel_rights_changed(
      {user, [&user](std::string_view name, bool is_pattern) { return user.may_listen(name, is_pattern); }});
}

// --- The file ---

Status Acl::load_file() {
  TRY(auto loaded, read_user_file(options_.aclfile.get(),
                                  [this](std::string_view name) { return make_user(name); }));
  const auto is_loaded = [&](std::string_view name) {
    return std::ranges::any_of(loaded, [&](const User& user) { return user.name == name; });
  };
  if (!is_loaded(kDefaultUser)) loaded.push_back(make_default_user());
  std::vector<std::string> gone;
  for (const auto& [name, user] : users_) {
    if (!is_loaded(name)) gone.push_back(name);
  }
  for (const std::string& name : gone) remove_user(name);
  for (User& user : loaded) {
    // Whoever is logged in under rules that are others now has to show a password again. The default
    // user's clients never showed one.
    const auto known = users_.find(user.name);
    const bool is_changed = known != users_.end() && known->second->rules() != user.rules();
    if (is_changed && user.name != kDefaultUser) close_clients(*known->second);
    put(std::move(user));
  }
  return ok;
}

Status Acl::load() {
  if (options_.aclfile.get().empty()) return errors::no_acl_file();
  return load_file();
}

Status Acl::save() const {
  if (options_.aclfile.get().empty()) return errors::no_acl_file();
  std::string text;
  for (const auto& [name, user] : users_) text += "user " + name + " " + user->rules() + "\n";
  if (Status written = write_user_file(options_.aclfile.get(), text); !written.is_ok()) {
    log::warning(written.text());
    return errors::acl_save_failed();
  }
  return ok;
}

// CONFIG REWRITE writes what there is now, unless the users have a file of their own.
void Acl::tell_options() {
  if (!options_.aclfile.get().empty()) return;
  std::vector<Words> lines;
  for (const auto& [name, user] : users_) {
    Words words{name};
    const std::string rules = user->rules();
    for (const std::string_view word : split(rules, ' ')) words.emplace_back(word);
    lines.push_back(std::move(words));
  }
  options_.user.assign(UserLines(std::move(lines)));
}

}  // namespace larder
