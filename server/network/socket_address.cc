#include "server/network/socket_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <array>
#include <cstring>

namespace larder {
namespace {

constexpr const char* kUnknown = "?:0";

std::string with_port(std::string host, in_port_t port) {
  return std::move(host) + ":" + std::to_string(ntohs(port));
}

bool is_loopback(const sockaddr_storage& address) {
  if (address.ss_family == AF_UNIX) return true;
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    return (ntohl(v4.sin_addr.s_addr) >> 24) == 127;
  }
  if (address.ss_family != AF_INET6) return false;
  const in6_addr& v6 = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
  return IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127);
}

using NameFunction = int (*)(int, sockaddr*, socklen_t*);
bool read_name(NameFunction function, int fd, sockaddr_storage& address) {
  socklen_t length = sizeof(address);
  return function(fd, reinterpret_cast<sockaddr*>(&address), &length) == 0;
}

}  // namespace

std::string address_text(const sockaddr_storage& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.ss_family == AF_UNIX) {
    const auto& local = reinterpret_cast<const sockaddr_un&>(address);
    return std::string(local.sun_path, strnlen(local.sun_path, sizeof(local.sun_path))) + ":0";
  }
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
    return with_port(text.data(), v4.sin_port);
  }
  if (address.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
    return with_port("[" + std::string(text.data()) + "]", v6.sin6_port);
  }
  return kUnknown;
}

SocketAddresses addresses_of(int fd) {
  SocketAddresses addresses{.peer = kUnknown, .local = kUnknown};
  sockaddr_storage address{};
  if (read_name(getsockname, fd, address)) addresses.local = address_text(address);
  if (address.ss_family == AF_UNIX) {
    addresses.peer = addresses.local;
    addresses.is_local = true;
    return addresses;
  }
  address = {};
  if (read_name(getpeername, fd, address)) {
    addresses.peer = address_text(address);
    addresses.is_local = is_loopback(address);
  }
  return addresses;
}

}  // namespace larder
