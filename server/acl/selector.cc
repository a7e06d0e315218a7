#include "server/acl/selector.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "server/base/errors.h"
#include "server/base/text.h"

namespace larder {
namespace {

// The file of users and CONFIG REWRITE put rules on one line, without quotes.
bool has_spaces(std::string_view text) {
  return std::ranges::any_of(
      text, [](char c) { return c == '\0' || std::isspace(static_cast<unsigned char>(c)) != 0; });
}

uint8_t needed_access(uint16_t key_flags) {
  unsigned access = 0;
  if ((key_flags & kAccess) != 0) access |= kReadKeys;
  if ((key_flags & (kInsertData | kRemoveData | kUpdate)) != 0) access |= kWriteKeys;
  return static_cast<uint8_t>(access);
}

std::string joined(const auto& items, auto&& text_of) {
  std::string text;
  for (const auto& item : items) {
    if (!text.empty()) text += ' ';
    text += text_of(item);
  }
  return text;
}

}  // namespace

// --- The request ---

JudgedRequest::JudgedRequest(const Command& command, std::span<const std::string_view> arguments,
                             std::vector<KeyPosition>& positions)
    : command_(command), arguments_(arguments), positions_(positions) {}

std::span<const KeyPosition> JudgedRequest::keys() {
  if (!std::exchange(has_keys_, true)) {
    positions_.clear();
    find_command_keys(command_, arguments_, positions_);
    std::erase_if(positions_, [](const KeyPosition& key) { return (key.flags & kNotKey) != 0; });
  }
  return positions_;
}

// --- The verdict ---

Selector::Selector(const CommandTable& commands, bool all_channels)
    : commands_(&commands), all_channels_(all_channels), allowed_(commands.rows().size() / 64 + 1) {}

Verdict Selector::judge(JudgedRequest& request) const {
  if (!all_commands_ && !request.command().has(kNoAuth) && !allows_command(request)) {
    return {Denied::command};
  }
  if (!all_keys_) {
    for (const KeyPosition& key : request.keys()) {
      if (!allows_key(request.arguments()[key.index], key.flags)) return {Denied::key, key.index};
    }
  }
  return all_channels_ ? Verdict() : judge_channels(request);
}

bool Selector::allows_command(const JudgedRequest& request) const {
  const size_t id = request.command().id();
  if (has_bit(id)) return true;
  const auto known = first_arguments_.find(id);
  if (known == first_arguments_.end() || request.arguments().size() < 2) return false;
  return std::ranges::any_of(known->second, [&](const std::string& argument) {
    return equals_ignoring_case(argument, request.arguments()[1]);
  });
}

bool Selector::allows_key(std::string_view key, uint16_t key_flags) const {
  const uint8_t access = needed_access(key_flags);
  return std::ranges::any_of(keys_, [&](const KeyPattern& pattern) {
    return (pattern.access & access) == access && pattern.names.matches(key);
  });
}

Verdict Selector::judge_channels(const JudgedRequest& request) const {
  const ChannelArguments& channels = request.command().spec().channels;
  if (channels.first == 0) return {};
  const size_t count = channels.has_several ? request.arguments().size() : channels.first + 1;
  for (size_t i = channels.first; i < count; i++) {
    if (!may_listen(request.arguments()[i], channels.are_patterns)) return {Denied::channel, i};
  }
  return {};
}

bool Selector::may_listen(std::string_view channel, bool is_pattern) const {
  if (all_channels_) return true;
  return std::ranges::any_of(channels_, [&](const NamePattern& allowed) {
    // Which channels a pattern means cannot be told; it has to be one of those that were given.
    return is_pattern ? allowed.text() == channel : allowed.matches(channel);
  });
}

bool Selector::has_all_keys(uint8_t access) const {
  return all_keys_ || std::ranges::any_of(keys_, [&](const KeyPattern& pattern) {
    return (pattern.access & access) == access && pattern.names.text() == "*";
  });
}

// --- Rules ---

Status Selector::apply(std::string_view rule) {
  if (rule.empty()) return ok;
  const auto is = [&](std::string_view word) { return equals_ignoring_case(rule, word); };
  if (is("allkeys") || is("~*")) {
    all_keys_ = true;
    keys_.clear();
  } else if (is("resetkeys")) {
    all_keys_ = false;
    keys_.clear();
  } else if (is("allchannels") || is("&*")) {
    all_channels_ = true;
    channels_.clear();
  } else if (is("resetchannels")) {
    all_channels_ = false;
    channels_.clear();
  } else if (is("allcommands") || is("+@all")) {
    allow_all_commands(true);
  } else if (is("nocommands") || is("-@all")) {
    allow_all_commands(false);
  } else if (rule[0] == '~' || rule[0] == '%') {
    return add_keys(rule);
  } else if (rule[0] == '&') {
    return add_channels(rule.substr(1));
  } else if (rule[0] == '+' || rule[0] == '-') {
    const bool is_allowed = rule[0] == '+';
    if (rule.substr(1).starts_with('@')) return apply_category_rule(is_allowed, rule.substr(2));
    return apply_command_rule(is_allowed, rule.substr(1));
  } else {
    return errors::acl_syntax();
  }
  return ok;
}

Status Selector::add_keys(std::string_view rule) {
  if (all_keys_) return errors::acl_all_keys_already();
  unsigned access = kReadAndWriteKeys;
  size_t at = 1;
  if (rule[0] == '%') {
    access = 0;
    for (; at < rule.size() && rule[at] != '~'; at++) {
      const char letter = to_upper(rule[at]);
      const unsigned more = letter == 'R' ? kReadKeys : letter == 'W' ? kWriteKeys : 0;
      if (more == 0 || (access & more) != 0) return errors::acl_syntax();
      access |= more;
    }
    // "%" and "%R" without "~", and "%~pattern", which allows nothing, are mistakes.
    if (at == rule.size() || access == 0) return errors::acl_syntax();
    at++;
  }
  const std::string_view pattern = rule.substr(at);
  if (has_spaces(pattern)) return errors::acl_syntax();
  const auto known = std::ranges::find_if(
      keys_, [&](const KeyPattern& key) { return key.names.text() == pattern; });
  if (known != keys_.end()) {
    known->access = static_cast<uint8_t>(known->access | access);
  } else {
    keys_.push_back({NamePattern(pattern), static_cast<uint8_t>(access)});
  }
  return ok;
}

Status Selector::add_channels(std::string_view pattern) {
  if (all_channels_) return errors::acl_all_channels_already();
  if (has_spaces(pattern)) return errors::acl_syntax();
  NamePattern channel(pattern);
  if (std::ranges::find(channels_, channel) == channels_.end()) channels_.push_back(std::move(channel));
  return ok;
}

Status Selector::apply_category_rule(bool is_allowed, std::string_view category) {
  const auto bits = find_category(category);
  if (!bits) return errors::acl_unknown_command();
  for (const Command& command : commands_->rows()) {
    if ((categories_of(command) & *bits) != 0) set(command, is_allowed);
  }
  remember_command_rule(is_allowed, "@" + to_lower(category));
  return ok;
}

Status Selector::apply_command_rule(bool is_allowed, std::string_view name) {
  if (const Command* command = commands_->find_full(name)) {
    set(*command, is_allowed);
    remember_command_rule(is_allowed, command->full_name());
    return ok;
  }
  const size_t bar = name.rfind('|');
  if (!is_allowed || bar == std::string_view::npos) return errors::acl_unknown_command();
  return allow_first_argument(name.substr(0, bar), name.substr(bar + 1));
}

// Of a command without subcommands: of one that has them, every subcommand has been found already.
Status Selector::allow_first_argument(std::string_view name, std::string_view argument) {
  const Command* command = commands_->find_full(name);
  if (command == nullptr) return errors::acl_unknown_command();
  if (command->is_subcommand()) return errors::acl_first_argument_of_subcommand();
  if (argument.empty() || has_spaces(argument)) return errors::acl_syntax();
  if (command->is_container()) return errors::acl_unknown_command();
  std::vector<std::string>& known = first_arguments_[command->id()];
  if (std::ranges::none_of(known, [&](const std::string& one) {
        return equals_ignoring_case(one, argument);
      })) {
    known.emplace_back(argument);
  }
  remember_command_rule(true, to_lower(std::string(name) + "|" + std::string(argument)));
  return ok;
}

void Selector::allow_all_commands(bool is_allowed) {
  std::ranges::fill(allowed_, is_allowed ? ~uint64_t{0} : 0);
  all_commands_ = is_allowed;
  began_with_all_ = is_allowed;
  command_rules_.clear();
  first_arguments_.clear();
}

// A container stands for its subcommands.
void Selector::set(const Command& command, bool is_allowed) {
  set_bit(command.id(), is_allowed);
  first_arguments_.erase(command.id());
  for (const Command* subcommand : command.subcommands()) set_bit(subcommand->id(), is_allowed);
}

void Selector::set_bit(size_t id, bool is_allowed) {
  const uint64_t bit = uint64_t{1} << (id % 64);
  if (is_allowed) {
    allowed_[id / 64] |= bit;
  } else {
    allowed_[id / 64] &= ~bit;
    all_commands_ = false;
  }
}

// A rule takes the place of an earlier one about the same, and of those about parts of it.
void Selector::remember_command_rule(bool is_allowed, std::string_view body) {
  std::erase_if(command_rules_, [&](const std::string& known) {
    const std::string_view known_body = std::string_view(known).substr(1);
    return known_body.starts_with(body) &&
           (known_body.size() == body.size() || known_body[body.size()] == '|');
  });
  command_rules_.push_back((is_allowed ? "+" : "-") + std::string(body));
}

// --- Texts ---

std::string Selector::command_rules() const {
  std::string text = began_with_all_ ? "+@all" : "-@all";
  for (const std::string& rule : command_rules_) text += " " + rule;
  return text;
}

std::string Selector::key_rules() const {
  if (all_keys_) return "~*";
  return joined(keys_, [](const KeyPattern& key) { return key.rule(); });
}

std::string Selector::channel_rules() const {
  if (all_channels_) return "&*";
  return joined(channels_, [](const NamePattern& channel) { return "&" + channel.text(); });
}

std::string Selector::rules() const {
  std::string text = key_rules();
  if (!text.empty()) text += ' ';
  if (!all_channels_) text += "resetchannels ";
  const std::string channels = channel_rules();
  if (!channels.empty()) text += channels + " ";
  return text + command_rules();
}

}  // namespace larder
