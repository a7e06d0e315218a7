// Options of access control.
#pragma once

#include <string>
#include <vector>

#include "server/config/option.h"

namespace larder {

// The `user` lines of the configuration file; each: the name, then rules. What they mean is known only
// when all commands are there, at start.
class UserLines {
 public:
  UserLines() = default;
  explicit UserLines(std::vector<Words> lines) : lines_(std::move(lines)) {}

  // Errors: a user twice, a name with spaces.
  Status read(WordsView words, Reading reading);
  std::string text() const { return {}; }
  std::vector<Words> lines() const { return lines_; }
  bool operator==(const UserLines&) const = default;

 private:
  std::vector<Words> lines_;
};

// Whether a user can have this name: not empty, no white space, no NUL, which would break lines of files.
bool is_user_name(std::string_view name);

enum class ChannelDefault { all, none };
inline constexpr EnumName<ChannelDefault> kChannelDefaultNames[] = {
    {"allchannels", ChannelDefault::all}, {"resetchannels", ChannelDefault::none}};

struct AclOptions : OptionGroup {
  AclOptions() : OptionGroup("Security") {}

  Option<std::string> aclfile{
      *this,
      "aclfile",
      "",
      {.immutable = true,
       .help = "A file of users, a line each: user NAME RULES. ACL LOAD reads it again, ACL SAVE "
               "writes it. Not together with `user` lines in this file."}};
  Option<UserLines> user{
      *this,
      "user",
      UserLines(),
      {.secret = true,
       .file_only = true,
       .help = "A user, and what they may do: user NAME on >PASSWORD ~KEYS &CHANNELS +@CATEGORY "
               "-COMMAND ... The user \"default\" is who clients are before they log in."}};
  Option<ChannelDefault> acl_pubsub_default{
      *this, "acl-pubsub-default", ChannelDefault::none, kChannelDefaultNames,
      {.help = "Whether new users may use all channels or none."}};
  Option<int64_t> acllog_max_len{
      *this, "acllog-max-len", 128, {.help = "How many refused requests ACL LOG remembers."}};
};

}  // namespace larder
