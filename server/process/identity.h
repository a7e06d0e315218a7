// Who the process runs as: the option run-as. A server that root starts takes what only root may
// have, and then is somebody else for the rest of its life.
//
//   as root         reads the configuration, the users (aclfile) and the keys of TLS, listens on
//                   TCP ports, raises limits
//   as that user    makes what is written: the log, the Unix socket, the pid file. The user has to
//                   open, replace and remove them later; and root that writes where another
//                   user may put links can be led to any file of the machine.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "server/base/result.h"

namespace larder {

class Identity {
 public:
  // The process stays who it is.
  Identity() = default;
  // That of a user, with all groups; "": the process stays who it is, and so it does where it is
  // that user already. Errors, which name the option: no such user; the process is not root's.
  static Result<Identity> of(const std::string& user);

  // Runs `make` with the rights of the user, and with those of the process again afterwards. While
  // there is one thread: another would have these rights as well. Error: that of `make`, or the
  // system's.
  Status lend_to(const std::function<Status()>& make) const;
  // From now on, for all threads and with no way back. Error: the system's reason.
  Status assume() const;

 private:
  bool is_another() const { return !user_.empty(); }
  Error failed(const char* call) const;
  Status lend() const;
  Status take_back(const std::vector<gid_t>& groups) const;

  std::string user_;  // empty: the process stays who it is
  uid_t uid_ = 0;
  gid_t gid_ = 0;
  std::vector<gid_t> groups_;
};

}  // namespace larder
