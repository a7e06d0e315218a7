#include "server/process/identity.h"

#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

namespace larder {
namespace {

Error refuse(const std::string& user, std::string_view why) {
  return Error("Can't run as '" + user + "' (run-as): " + std::string(why));
}

std::vector<gid_t> groups_of(const passwd& user) {
  int count = 0;
  ::getgrouplist(user.pw_name, user.pw_gid, nullptr, &count);
  std::vector<gid_t> groups(static_cast<size_t>(count));
  ::getgrouplist(user.pw_name, user.pw_gid, groups.data(), &count);
  groups.resize(static_cast<size_t>(count));
  return groups;
}

std::vector<gid_t> groups_of_process() {
  std::vector<gid_t> groups(static_cast<size_t>(std::max(::getgroups(0, nullptr), 0)));
  const int count = ::getgroups(static_cast<int>(groups.size()), groups.data());
  groups.resize(static_cast<size_t>(std::max(count, 0)));
  return groups;
}

}  // namespace

Result<Identity> Identity::of(const std::string& user) {
  if (user.empty()) return Identity();
  errno = 0;
  const passwd* const entry = ::getpwnam(user.c_str());
  if (entry == nullptr)
    return refuse(user, errno == 0 ? "there is no such user" : std::strerror(errno));
  if (entry->pw_uid == ::geteuid()) return Identity();
  if (::geteuid() != 0) return refuse(user, "only root can become another user");
  Identity identity;
  identity.user_ = user;
  identity.uid_ = entry->pw_uid;
  identity.gid_ = entry->pw_gid;
  identity.groups_ = groups_of(*entry);
  return identity;
}

Error Identity::failed(const char* call) const {
  return refuse(user_, std::string(call) + ": " + std::strerror(errno));
}

// The user comes last, because only root may change groups.
Status Identity::lend() const {
  if (::setgroups(groups_.size(), groups_.data()) != 0) return failed("setgroups");
  if (::setegid(gid_) != 0) return failed("setegid");
  if (::seteuid(uid_) != 0) return failed("seteuid");
  return ok;
}

Status Identity::take_back(const std::vector<gid_t>& groups) const {
  if (::seteuid(::getuid()) != 0) return failed("seteuid");
  if (::setegid(::getgid()) != 0) return failed("setegid");
  if (::setgroups(groups.size(), groups.data()) != 0) return failed("setgroups");
  return ok;
}

Status Identity::lend_to(const std::function<Status()>& make) const {
  if (!is_another()) return make();
  const std::vector<gid_t> groups = groups_of_process();
  TRY(lend());
  Status made = make();
  TRY(take_back(groups));
  return made;
}

Status Identity::assume() const {
  if (!is_another()) return ok;
  if (::setgroups(groups_.size(), groups_.data()) != 0) return failed("setgroups");
  if (::setresgid(gid_, gid_, gid_) != 0) return failed("setresgid");
  if (::setresuid(uid_, uid_, uid_) != 0) return failed("setresuid");
  if (::setuid(0) == 0) return refuse(user_, "the system would let it become root again");
  // The system gives a process that was another's no core dump and makes its files in /proc root's
  // (oom_score_adj is one). Whoever may look into it now is this user, or root.
  ::prctl(PR_SET_DUMPABLE, 1);
  return ok;
}

}  // namespace larder
