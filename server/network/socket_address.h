// Socket addresses as texts, in Redis's forms: "127.0.0.1:6379", "[::1]:6379",
// "/run/larder.sock:0".
#pragma once

#include <sys/socket.h>

#include <string>

namespace larder {

struct SocketAddresses {
  std::string peer;
  std::string local;
  bool is_local = false;  // the peer is on this machine: loopback or a Unix socket
};

// Both ends of a connected socket; a side that cannot be told (the peer is gone already) is "?:0".
// For Unix sockets both are the path of the listening one, as Redis shows them.
SocketAddresses addresses_of(int fd);

std::string address_text(const sockaddr_storage& address);

}  // namespace larder
