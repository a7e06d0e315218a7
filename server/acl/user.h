// A user: whether and how one may log in under this name, and what one may do then.
//
//   on off                      whether anybody can log in
//   >password <password         adds a password, takes one away
//   #hash !hash                 the same by its SHA-256
//   nopass resetpass            any password will do; none will
//   (+get ~cache:*)             another selector; clearselectors takes them away
//   reset                       back to a user that may do nothing
//
// and every rule of a selector (selector.h), which is about the root.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/acl/selector.h"
#include "server/base/digest.h"
#include "server/clients/client.h"

namespace larder {

class User final : public ClientUser {
 public:
  // May do nothing. The table outlives the user.
  User(std::string_view name, const CommandTable& commands, bool all_channels_by_default);

  // What acl-pubsub-default says now: for the selectors that rules make from here on.
  void set_channel_default(bool all_channels) { all_channels_by_default_ = all_channels; }

  // Applies one rule. Errors are reasons. Several rules that belong together are applied to a copy, which
  // takes the user's place when all were right.
  Status apply(std::string_view rule);
  // Takes over everything but the name.
  void take(const User& other);

  bool is_enabled() const { return is_enabled_; }
  bool needs_no_password() const { return needs_no_password_; }
  // Whether the password is one of the user's. Takes the same time whichever it is, and wherever it differs.
  bool has_password(const Sha256& digest) const;

  Verdict judge(JudgedRequest& request) const;
  bool may_listen(std::string_view channel, bool is_pattern) const;
  // Whether one selector allows the request and reading any key besides.
  bool may_read_all_keys(JudgedRequest& request) const;

  // What ACL GETUSER shows.
  std::vector<std::string_view> flags() const;
  std::vector<std::string> password_hashes() const;
  std::span<const Selector> selectors() const { return selectors_; }  // the root first
  // The rules that make this user again, as ACL LIST shows them and the file has them.
  std::string rules() const;

 private:
  Status apply_password_rule(std::string_view rule);
  Status add_selector(std::string_view rules);
  void reset();
  void note_restrictions();

  const CommandTable* commands_;
  bool all_channels_by_default_;
  bool is_enabled_ = false;
  bool needs_no_password_ = false;
  bool sanitizes_payload_ = true;  // shown, and obeyed by nothing: payloads are always checked
  std::vector<Sha256> passwords_;
  std::vector<Selector> selectors_;
};

// The rules of several words, with those of a selector in parentheses put together. Error: the
// parenthesis is not closed.
Result<std::vector<std::string>> merge_selectors(std::span<const std::string_view> words);

}  // namespace larder
