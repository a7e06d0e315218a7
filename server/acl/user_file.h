// The file of users (aclfile): a line for each, "user NAME RULES".
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "server/acl/user.h"
#include "server/base/result.h"

namespace larder {

using MakeUser = std::function<User(std::string_view name)>;

// The users of a file, all of them, or an error that names every wrong line. Empty lines are
// skipped; comments are mistakes, because ACL SAVE could not keep them. `make` gives a user without
// rights.
Result<std::vector<User>> read_user_file(const std::string& path, const MakeUser& make);
// The same for the text of such a file; `path` is for the messages.
Result<std::vector<User>> parse_user_file(std::string_view text, const std::string& path,
                                          const MakeUser& make);

// Writes beside the file, makes sure that it is on the disk, and takes the file's place.
// Error: the reason, for the log.
Status write_user_file(const std::string& path, std::string_view text);

}  // namespace larder
