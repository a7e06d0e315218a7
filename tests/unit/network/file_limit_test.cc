#include "server/network/file_limit.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

namespace larder {
namespace {

// Limits hold for the whole process and a lowered hard limit is final, so each case has its own.
template <class Function>
int exit_code_of(Function function) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(function());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

bool set_limit(rlim_t soft, rlim_t hard) {
  const rlimit limit{.rlim_cur = soft, .rlim_max = hard};
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

rlim_t soft_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

// Only without privileges is the hard limit a limit.
bool drop_privileges() {
  return ::geteuid() != 0 || ::seteuid(65534) == 0;
}

}  // namespace

TEST_CASE("the descriptor limit is raised to what the clients need", "[network]") {
  CHECK(exit_code_of([] {
          if (!set_limit(64, 512)) return 1;
          const auto clients = make_room_for_clients(400);
          if (!clients.is_ok() || clients.value() != 400) return 2;
          return soft_limit() == 432 ? 0 : 3;
        }) == 0);
}

TEST_CASE("where it cannot be raised far enough, there are fewer clients", "[network]") {
  CHECK(exit_code_of([] {
          if (!set_limit(64, 512) || !drop_privileges()) return 1;
          const auto clients = make_room_for_clients(10'000);
          if (!clients.is_ok() || clients.value() != 480) return 2;
          return soft_limit() == 512 ? 0 : 3;
        }) == 0);
}

TEST_CASE("a limit for no client at all is an error", "[network]") {
  CHECK(exit_code_of([] {
          if (!set_limit(30, 30) || !drop_privileges()) return 1;
          return make_room_for_clients(100).is_ok() ? 2 : 0;
        }) == 0);
}

}  // namespace larder
