#include "server/network/listening_socket.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <utility>

#include "server/base/log.h"

namespace larder {
namespace {

constexpr int kSocketFlags = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;

using AddressList = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

Error could_not_listen(const std::string& where, const std::string& why) {
  return Error("Could not create server listening socket " + where + ": " + why);
}

Error could_not_listen(const std::string& where, const char* step, int error_number) {
  return could_not_listen(where, std::string(step) + ": " + std::strerror(error_number));
}

bool set(int fd, int level, int name) {
  const int on = 1;
  return ::setsockopt(fd, level, name, &on, sizeof(on)) == 0;
}

// The step that failed, or null; errno tells why.
const char* bind_and_listen(int fd, const addrinfo& address, int backlog) {
  // Without V6ONLY "::*" would take the IPv4 port as well, and "*" beside it would fail.
  if (address.ai_family == AF_INET6 && !set(fd, IPPROTO_IPV6, IPV6_V6ONLY)) return "IPV6_V6ONLY";
  if (!set(fd, SOL_SOCKET, SO_REUSEADDR)) return "SO_REUSEADDR";
  if (::bind(fd, address.ai_addr, address.ai_addrlen) != 0) return "bind";
  if (::listen(fd, backlog) != 0) return "listen";
  return nullptr;
}

Result<sockaddr_un> unix_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) {
    return could_not_listen(
        path, "the path must have 1 to " + std::to_string(sizeof(address.sun_path) - 1) + " bytes");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

// EAGAIN is a server whose queue is full.
bool someone_listens(const sockaddr_un& address) {
  const int fd = ::socket(AF_UNIX, kSocketFlags, 0);
  if (fd < 0) return false;
  const bool is_answered =
      ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 ||
      errno == EAGAIN;
  ::close(fd);
  return is_answered;
}

// What a server leaves behind when it is killed. Nothing but a dead socket is ever removed.
Status remove_stale_socket(const sockaddr_un& address) {
  struct stat file {};
  if (::lstat(address.sun_path, &file) != 0) return ok;
  if (!S_ISSOCK(file.st_mode)) {
    return could_not_listen(address.sun_path, "there is a file of that name that is not a socket");
  }
  if (someone_listens(address)) {
    return could_not_listen(address.sun_path, "another server listens there");
  }
  ::unlink(address.sun_path);
  return ok;
}

}  // namespace

Result<ListeningSocket> ListeningSocket::tcp(const std::string& address, uint16_t port, int backlog,
                                             int* error_number) {
  const std::string where = address + ":" + std::to_string(port);
  const bool is_v6 = address.find(':') != std::string::npos;
  const bool is_any = address == (is_v6 ? "::*" : "*");
  addrinfo hints{};
  hints.ai_family = is_v6 ? AF_INET6 : AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const int lookup = ::getaddrinfo(is_any ? nullptr : address.c_str(), std::to_string(port).c_str(),
                                   &hints, &found);
  const AddressList addresses(found, &::freeaddrinfo);
  if (lookup != 0) return could_not_listen(where, ::gai_strerror(lookup));

  ListeningSocket socket(::socket(found->ai_family, kSocketFlags, found->ai_protocol));
  const char* failed = socket.fd_ < 0 ? "socket" : bind_and_listen(socket.fd_, *found, backlog);
  if (failed != nullptr) {
    const int reason = errno;
    if (error_number != nullptr) *error_number = reason;
    return could_not_listen(where, failed, reason);
  }
  return socket;
}

// Between bind and listen every connect is refused: the moment to set the permissions.
Result<ListeningSocket> ListeningSocket::unix_socket(const std::string& path, mode_t permissions,
                                                     int backlog) {
  TRY(const sockaddr_un address, unix_address(path));
  TRY(remove_stale_socket(address));
  ListeningSocket socket(::socket(AF_UNIX, kSocketFlags, 0));
  if (socket.fd_ < 0) return could_not_listen(path, "socket", errno);
  if (::bind(socket.fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return could_not_listen(path, "bind", errno);
  }
  struct stat file {};
  if (::lstat(address.sun_path, &file) == 0) {
    socket.path_ = path;
    socket.device_ = file.st_dev;
    socket.inode_ = file.st_ino;
  }
  if (permissions != 0 && ::chmod(address.sun_path, permissions) != 0) {
    return could_not_listen(path, "chmod", errno);
  }
  if (::listen(socket.fd_, backlog) != 0) return could_not_listen(path, "listen", errno);
  return socket;
}

ListeningSocket::ListeningSocket(ListeningSocket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      path_(std::exchange(other.path_, {})),
      device_(other.device_),
      inode_(other.inode_) {}

ListeningSocket& ListeningSocket::operator=(ListeningSocket&& other) noexcept {
  close();
  fd_ = std::exchange(other.fd_, -1);
  path_ = std::exchange(other.path_, {});
  device_ = other.device_;
  inode_ = other.inode_;
  return *this;
}

void ListeningSocket::close() {
  if (fd_ < 0) return;
  struct stat file {};
  if (!path_.empty() && ::lstat(path_.c_str(), &file) == 0 && file.st_dev == device_ &&
      file.st_ino == inode_) {
    ::unlink(path_.c_str());
  }
  path_.clear();
  ::close(std::exchange(fd_, -1));
}

void warn_about_short_backlog(int backlog) {
  int limit = 0;
  if (!(std::ifstream("/proc/sys/net/core/somaxconn") >> limit)) return;
  if (limit <= 0 || limit >= backlog) return;
  log::warning("WARNING: The TCP backlog setting of " + std::to_string(backlog) +
               " cannot be enforced because /proc/sys/net/core/somaxconn is set to the lower "
               "value of " +
               std::to_string(limit) + ".");
}

}  // namespace larder
