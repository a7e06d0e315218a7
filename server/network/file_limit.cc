#include "server/network/file_limit.h"

#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "server/base/log.h"

namespace larder {
namespace {

constexpr uint64_t kAssumedLimit = 1024;

// Only privileged processes can raise the hard limit; others get as far as it allows. Returns the
// limit that holds then, and sets `reason` if it is not the wanted one.
rlim_t raise_limit(const rlimit& current, rlim_t wanted, int& reason) {
  rlimit target{.rlim_cur = wanted, .rlim_max = std::max(wanted, current.rlim_max)};
  if (::setrlimit(RLIMIT_NOFILE, &target) == 0) return wanted;
  reason = errno;
  target = {.rlim_cur = std::min(wanted, current.rlim_max), .rlim_max = current.rlim_max};
  if (target.rlim_cur <= current.rlim_cur) return current.rlim_cur;
  return ::setrlimit(RLIMIT_NOFILE, &target) == 0 ? target.rlim_cur : current.rlim_cur;
}

void warn_about_fewer_clients(uint32_t asked, uint32_t possible, rlim_t limit, int reason) {
  const std::string wanted = std::to_string(asked + kReservedDescriptors);
  log::warning("You requested maxclients of " + std::to_string(asked) + " requiring at least " +
               wanted + " max file descriptors.");
  log::warning("Server can't set maximum open files to " + wanted +
               " because of OS error: " + std::strerror(reason) + ".");
  log::warning("Current maximum open files is " + std::to_string(limit) +
               ". maxclients has been reduced to " + std::to_string(possible) +
               " to compensate for low ulimit. If you need higher maxclients increase 'ulimit "
               "-n'.");
}

}  // namespace

Result<uint32_t> make_room_for_clients(uint32_t max_clients) {
  const rlim_t wanted = max_clients + kReservedDescriptors;
  rlimit current{};
  if (::getrlimit(RLIMIT_NOFILE, &current) != 0) {
    log::warning(std::string("Unable to obtain the current NOFILE limit (") + std::strerror(errno) +
                 "), assuming 1024 and setting the max clients configuration accordingly.");
    return std::min(max_clients, static_cast<uint32_t>(kAssumedLimit - kReservedDescriptors));
  }
  if (current.rlim_cur >= wanted) return max_clients;
  int reason = 0;
  const rlim_t limit = raise_limit(current, wanted, reason);
  if (limit >= wanted) {
    log::notice("Increased maximum number of open files to " + std::to_string(wanted) +
                " (it was originally set to " + std::to_string(current.rlim_cur) + ").");
    return max_clients;
  }
  if (limit <= kReservedDescriptors) {
    return Error("Your current 'ulimit -n' of " + std::to_string(limit) +
                 " is not enough for the server to start. Please increase your open file limit to "
                 "at least " +
                 std::to_string(wanted) + ". Exiting.");
  }
  const auto possible = static_cast<uint32_t>(limit - kReservedDescriptors);
  warn_about_fewer_clients(max_clients, possible, limit, reason);
  return possible;
}

}  // namespace larder
