#include "server/network/socket_options.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>

namespace larder {
namespace {

constexpr int kKeepaliveProbes = 3;

void set(int fd, int level, int name, int value) {
  ::setsockopt(fd, level, name, &value, sizeof(value));
}

}  // namespace

void prepare_client_socket(int fd, ConnectionKind kind, int keepalive_seconds) {
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  if (kind == ConnectionKind::unix_socket) return;
  set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  if (keepalive_seconds <= 0) return;
  set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set(fd, IPPROTO_TCP, TCP_KEEPIDLE, keepalive_seconds);
  set(fd, IPPROTO_TCP, TCP_KEEPINTVL, std::max(1, keepalive_seconds / kKeepaliveProbes));
  set(fd, IPPROTO_TCP, TCP_KEEPCNT, kKeepaliveProbes);
}

int64_t age_of_last_data_ms(int fd) {
  tcp_info info{};
  socklen_t size = sizeof(info);
  if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return 0;
  return info.tcpi_last_data_recv;
}

}  // namespace larder
