// The process's limit of open descriptors, which has to allow `maxclients` and what the server
// itself needs.
#pragma once

#include <cstdint>

#include "server/base/result.h"

namespace larder {

// Descriptors beside the clients': files, listeners, the loop, replication.
inline constexpr uint64_t kReservedDescriptors = 32;

// Raises RLIMIT_NOFILE to what `max_clients` needs, as far as the system lets us. Returns how many
// clients there can be, at most `max_clients`; when that is fewer, or when the limit was raised,
// the log says so in Redis's words. Errors: not even one client fits.
Result<uint32_t> make_room_for_clients(uint32_t max_clients);

}  // namespace larder
