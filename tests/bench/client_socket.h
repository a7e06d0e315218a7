#pragma once

namespace larder {

// Connects to a port of this machine and returns the socket, non-blocking and without Nagle's
// delay; -1 and errno on failure.
int connect_client(int port);

}  // namespace larder
