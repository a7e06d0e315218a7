// What is set on a client's socket before it is used.
#pragma once

#include <cstdint>

#include "server/network/connection.h"

namespace larder {

// Non-blocking, close-on-exec, and for TCP no delay of small replies, and keepalive probes after
// `keepalive_seconds` of silence (three, a third of that time apart; 0: none). Failures leave the
// socket as it is: it works without.
void prepare_client_socket(int fd, ConnectionKind kind, int keepalive_seconds);

// How long ago the kernel received the last bytes of a TCP connection, to a few milliseconds; 0: just
// now, or it does not tell. A system call.
int64_t age_of_last_data_ms(int fd);

}  // namespace larder
