#include "server/process/identity.h"

#include <pwd.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "tests/unit/process/child.h"

namespace larder {
namespace {

constexpr const char* kAnother = "nobody";

// Only root can become somebody else.
bool is_root() {
  if (::geteuid() == 0) return true;
  WARN("not root: nobody else to become");
  return false;
}

std::string own_name() {
  const passwd* const entry = ::getpwuid(::geteuid());
  return entry == nullptr ? "" : entry->pw_name;
}

uid_t owner_of(const std::string& path) {
  struct stat file {};
  REQUIRE(::lstat(path.c_str(), &file) == 0);
  return file.st_uid;
}

TEST_CASE("without run-as, or as the user that it is, a process stays who it is") {
  for (const std::string& user : {std::string(), own_name()}) {
    const auto identity = Identity::of(user);
    REQUIRE(identity.is_ok());
    const uid_t before = ::geteuid();
    bool was_called = false;
    CHECK(identity.value()
              .lend_to([&]() -> Status {
                was_called = true;
                return ok;
              })
              .is_ok());
    CHECK(was_called);
    CHECK(identity.value().assume().is_ok());
    CHECK(::geteuid() == before);
  }
}

TEST_CASE("a user that does not exist is named") {
  const auto identity = Identity::of("no-such-user");
  REQUIRE_FALSE(identity.is_ok());
  CHECK(identity.text() == "Can't run as 'no-such-user' (run-as): there is no such user");
}

TEST_CASE("what is made with lent rights belongs to the user, and the rights come back") {
  if (!is_root()) return;
  TemporaryFolder folder;
  ::chmod(folder.root().c_str(), 0777);
  const auto identity = Identity::of(kAnother);
  REQUIRE(identity.is_ok());
  const int groups = ::getgroups(0, nullptr);
  const auto create = [&]() -> Status {
    std::ofstream(folder.path("made")) << "x";
    // Not by root's rights.
    if (std::ofstream("/etc/larder-test").is_open()) return Error("wrote as root");
    return Error("the error of what was called");
  };
  const Status made = identity.value().lend_to(create);
  REQUIRE_FALSE(made.is_ok());
  CHECK(made.text() == "the error of what was called");
  CHECK(owner_of(folder.path("made")) == ::getpwnam(kAnother)->pw_uid);
  CHECK(::geteuid() == 0);
  CHECK(::getegid() == 0);
  CHECK(::getgroups(0, nullptr) == groups);
}

TEST_CASE("who has become another user has nothing of root's left, and stays") {
  if (!is_root()) return;
  TemporaryFolder folder;
  const passwd user = *::getpwnam(kAnother);
  const int status = run_in_child(
      [&] {
        const auto identity = Identity::of(kAnother);
        if (!identity.is_ok() || !identity.value().assume().is_ok()) return 1;
        uid_t uids[3];
        gid_t gids[3];
        ::getresuid(&uids[0], &uids[1], &uids[2]);
        ::getresgid(&gids[0], &gids[1], &gids[2]);
        for (int i = 0; i < 3; i++) {
          if (uids[i] != user.pw_uid || gids[i] != user.pw_gid) return 2;
        }
        gid_t groups[64];
        const int count = ::getgroups(64, groups);
        for (int i = 0; i < count; i++) {
          if (groups[i] == 0) return 3;
        }
        if (::setuid(0) == 0) return 4;
        // As its own: the score for the kernel's choice in need of memory can still be changed.
        if (!std::ofstream("/proc/self/oom_score_adj").is_open()) return 5;
        const auto back = Identity::of("root");
        if (back.is_ok()) return 6;
        return back.text() == "Can't run as 'root' (run-as): only root can become another user" ? 0
                                                                                                : 7;
      },
      folder.path("errors"));
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

}  // namespace
}  // namespace larder
