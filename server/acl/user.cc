#include "server/acl/user.h"

#include <algorithm>
#include <optional>

#include "protocol/inline_request.h"
#include "server/base/errors.h"
#include "server/base/text.h"

namespace larder {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

std::string to_hex(const Sha256& digest) {
  std::string text;
  for (const uint8_t byte : digest) {
    text += kHexDigits[byte >> 4];
    text += kHexDigits[byte & 0xf];
  }
  return text;
}

std::optional<Sha256> from_hex(std::string_view text) {
  Sha256 digest{};
  if (text.size() != 2 * digest.size()) return std::nullopt;
  for (size_t i = 0; i < text.size(); i++) {
    const size_t digit = kHexDigits.find(text[i]);
    if (digit == std::string_view::npos) return std::nullopt;
    digest[i / 2] = static_cast<uint8_t>(size_t{digest[i / 2]} << 4 | digit);
  }
  return digest;
}

// The rules of a selector, which are taken apart once more when they are read: what would come apart
// otherwise is in quotes.
std::string in_parentheses(const std::string& rules) {
  std::string text = "(";
  for (const std::string_view word : split(rules, ' ')) {
    if (text.size() > 1) text += ' ';
    const bool is_odd = word.ends_with(')') || word.find_first_of("\"'") != std::string_view::npos;
    text += is_odd ? quote(word) : word;
  }
  return text + ")";
}

}  // namespace

User::User(std::string_view user_name, const CommandTable& commands, bool all_channels_by_default)
    : ClientUser(user_name),
      commands_(&commands),
      all_channels_by_default_(all_channels_by_default),
      selectors_{Selector(commands, all_channels_by_default)} {
  note_restrictions();
}

void User::take(const User& other) {
  is_enabled_ = other.is_enabled_;
  needs_no_password_ = other.needs_no_password_;
  sanitizes_payload_ = other.sanitizes_payload_;
  passwords_ = other.passwords_;
  selectors_ = other.selectors_;
  note_restrictions();
}

void User::note_restrictions() {
  is_unrestricted = std::ranges::any_of(selectors_, &Selector::is_unrestricted);
}

// --- The verdict ---

bool User::has_password(const Sha256& digest) const {
  bool found = false;
  for (const Sha256& password : passwords_) found |= equal_in_constant_time(password, digest);
  return found;
}

Verdict User::judge(JudgedRequest& request) const {
  Verdict worst{Denied::command};
  for (const Selector& selector : selectors_) {
    const Verdict verdict = selector.judge(request);
    if (verdict.is_allowed()) return verdict;
    if (verdict.denied > worst.denied ||
        (verdict.denied == worst.denied && verdict.argument > worst.argument)) {
      worst = verdict;
    }
  }
  return worst;
}

bool User::may_listen(std::string_view channel, bool is_pattern) const {
  return std::ranges::any_of(
      selectors_, [&](const Selector& selector) { return selector.may_listen(channel, is_pattern); });
}

bool User::may_read_all_keys(JudgedRequest& request) const {
  return std::ranges::any_of(selectors_, [&](const Selector& selector) {
    return selector.has_all_keys(kReadKeys) && selector.judge(request).is_allowed();
  });
}

// --- Rules ---

Status User::apply(std::string_view rule) {
  const auto is = [&](std::string_view word) { return equals_ignoring_case(rule, word); };
  if (rule.empty()) return ok;
  if (is("on") || is("off")) {
    is_enabled_ = is("on");
  } else if (is("nopass") || is("resetpass")) {
    needs_no_password_ = is("nopass");
    passwords_.clear();
  } else if (is("sanitize-payload") || is("skip-sanitize-payload")) {
    sanitizes_payload_ = is("sanitize-payload");
  } else if (is("clearselectors")) {
    selectors_.erase(selectors_.begin() + 1, selectors_.end());
  } else if (is("reset")) {
    reset();
  } else if (std::string_view("><#!").find(rule[0]) != std::string_view::npos) {
    TRY(apply_password_rule(rule));
  } else if (rule.size() >= 2 && rule.front() == '(' && rule.back() == ')') {
    TRY(add_selector(rule.substr(1, rule.size() - 2)));
  } else {
    TRY(selectors_.front().apply(rule));
  }
  note_restrictions();
  return ok;
}

Status User::apply_password_rule(std::string_view rule) {
  const bool is_hash = rule[0] == '#' || rule[0] == '!';
  const auto digest = is_hash ? from_hex(rule.substr(1)) : sha256(rule.substr(1));
  if (!digest) return errors::acl_bad_password_hash();
  const auto known = std::ranges::find(passwords_, *digest);
  if (rule[0] == '>' || rule[0] == '#') {
    if (known == passwords_.end()) passwords_.push_back(*digest);
    needs_no_password_ = false;
    return ok;
  }
  if (known == passwords_.end()) return errors::acl_no_such_password();
  passwords_.erase(known);
  return ok;
}

Status User::add_selector(std::string_view rules) {
  const auto words = split_quoted(rules);
  if (!words) return errors::acl_syntax();
  Selector selector(*commands_, all_channels_by_default_);
  for (const std::string& word : *words) TRY(selector.apply(word));
  selectors_.push_back(std::move(selector));
  return ok;
}

void User::reset() {
  is_enabled_ = false;
  needs_no_password_ = false;
  sanitizes_payload_ = true;
  passwords_.clear();
  selectors_.clear();
  selectors_.emplace_back(*commands_, all_channels_by_default_);
}

Result<std::vector<std::string>> merge_selectors(std::span<const std::string_view> words) {
  std::vector<std::string> rules;
  std::optional<std::string_view> opened;  // the word with the parenthesis that is still open
  for (const std::string_view word : words) {
    if (opened) {
      rules.back() += ' ';
      rules.back() += word;
      if (word.ends_with(')')) opened.reset();
      continue;
    }
    if (word.starts_with('(') && !word.ends_with(')')) opened = word;
    rules.emplace_back(word);
  }
  if (opened) return errors::acl_unmatched_parenthesis(*opened);
  return rules;
}

// --- Texts ---

std::vector<std::string_view> User::flags() const {
  std::vector<std::string_view> flags{is_enabled_ ? "on" : "off"};
  if (needs_no_password_) flags.push_back("nopass");
  flags.push_back(sanitizes_payload_ ? "sanitize-payload" : "skip-sanitize-payload");
  return flags;
}

std::vector<std::string> User::password_hashes() const {
  std::vector<std::string> hashes;
  for (const Sha256& password : passwords_) hashes.push_back(to_hex(password));
  return hashes;
}

std::string User::rules() const {
  std::string text;
  for (const std::string_view flag : flags()) text += std::string(flag) + " ";
  for (const std::string& hash : password_hashes()) text += "#" + hash + " ";
  text += selectors_.front().rules();
  for (const Selector& selector : selectors().subspan(1)) text += " " + in_parentheses(selector.rules());
  return text;
}

}  // namespace larder
