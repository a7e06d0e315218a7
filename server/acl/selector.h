// A set of permissions: which commands may run, on which keys, and with which channels. A user has one,
// the root, and may have more; a request is allowed if one of them allows all of it.
//
// The rules are those of Redis 7.2 (https://redis.io/docs/latest/operate/oss_and_stack/management/security/acl/):
//
//   +get -debug +config|get +select|1     commands, subcommands, a command with one first argument
//   +@read -@dangerous +@all -@all        categories; allcommands, nocommands
//   ~users:* %R~cache:* %W~log:*          keys, to read and write, to read, to write; allkeys, resetkeys
//   &news.*                               channels; allchannels, resetchannels
//
// Later rules change what earlier ones said. The commands of a category are those that it has when the
// rule is given; all modules have brought theirs by then.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/acl/key_pattern.h"
#include "server/base/result.h"
#include "server/command/categories.h"
#include "server/command/command_table.h"

namespace larder {

// What of a request a rule forbids, by how much it says: when several selectors refuse, the last of
// these is told.
enum class Denied : uint8_t { nothing, command, key, channel };

struct Verdict {
  Denied denied = Denied::nothing;
  size_t argument = 0;  // the key or channel

  bool is_allowed() const { return denied == Denied::nothing; }
};

// A request as a selector looks at it: its keys are found once, whatever number of selectors ask.
class JudgedRequest {
 public:
  // `positions` is for the request alone until it is done with; it keeps its memory for the next.
  JudgedRequest(const Command& command, std::span<const std::string_view> arguments,
                std::vector<KeyPosition>& positions);

  const Command& command() const { return command_; }
  std::span<const std::string_view> arguments() const { return arguments_; }
  std::span<const KeyPosition> keys();

 private:
  const Command& command_;
  std::span<const std::string_view> arguments_;
  std::vector<KeyPosition>& positions_;
  bool has_keys_ = false;
};

class Selector {
 public:
  // Allows nothing, but for all channels where acl-pubsub-default says so. The table outlives it.
  Selector(const CommandTable& commands, bool all_channels);

  // Applies one rule. Errors are reasons (server/base/errors.h, "ACL"); nothing has changed then.
  Status apply(std::string_view rule);

  Verdict judge(JudgedRequest& request) const;
  bool may_listen(std::string_view channel, bool is_pattern) const;
  // Whether no key is out of bounds for this access (SORT reads keys that no argument names).
  bool has_all_keys(uint8_t access) const;
  bool has_all_channels() const { return all_channels_; }
  bool is_unrestricted() const { return all_commands_ && all_keys_ && all_channels_; }

  // The rules that make this selector again: "+@all -debug", "~a ~b", "&*".
  std::string command_rules() const;
  std::string key_rules() const;
  std::string channel_rules() const;
  // All three, in the order of ACL LIST.
  std::string rules() const;

 private:
  Status apply_command_rule(bool is_allowed, std::string_view name);
  Status apply_category_rule(bool is_allowed, std::string_view category);
  Status add_keys(std::string_view rule);
  Status add_channels(std::string_view pattern);
  Status allow_first_argument(std::string_view name, std::string_view argument);
  void allow_all_commands(bool is_allowed);
  void set(const Command& command, bool is_allowed);
  void set_bit(size_t id, bool is_allowed);
  bool has_bit(size_t id) const { return (allowed_[id / 64] >> (id % 64) & 1) != 0; }
  void remember_command_rule(bool is_allowed, std::string_view body);
  bool allows_command(const JudgedRequest& request) const;
  bool allows_key(std::string_view key, uint16_t key_flags) const;
  Verdict judge_channels(const JudgedRequest& request) const;

  const CommandTable* commands_;
  bool all_commands_ = false;  // without an exception
  bool all_keys_ = false;
  bool all_channels_;
  bool began_with_all_ = false;  // the rules begin with +@all, not with -@all
  std::vector<uint64_t> allowed_;  // by Command::id
  // +select|1: what the first argument of a command that is not allowed as a whole may be.
  std::map<size_t, std::vector<std::string>> first_arguments_;
  std::vector<std::string> command_rules_;  // those that were not overridden, in their order
  std::vector<KeyPattern> keys_;
  std::vector<NamePattern> channels_;
};

}  // namespace larder
