// Sockets that listen: how each kind is made, without a loop.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <string>

#include "server/base/result.h"

namespace larder {

// Owns a listening descriptor, and the file of a Unix socket; closing it removes the file if it is
// still the one that was made.
class ListeningSocket {
 public:
  // One address: IPv4, IPv6 (then only that), a host name, "*" or "::*" for all of a family. Errors
  // name address, port and reason. With an error, `error_number` (if given) tells what bind said.
  static Result<ListeningSocket> tcp(const std::string& address, uint16_t port, int backlog,
                                     int* error_number = nullptr);
  // `permissions` 0: those that the umask leaves; else they are set before anyone can connect. A
  // socket file that nobody listens on any more is replaced. Errors: the path is too long,
  // something else lies there, another server listens there.
  static Result<ListeningSocket> unix_socket(const std::string& path, mode_t permissions,
                                             int backlog);

  ListeningSocket() = default;
  ListeningSocket(ListeningSocket&& other) noexcept;
  ListeningSocket& operator=(ListeningSocket&& other) noexcept;
  ~ListeningSocket() { close(); }

  int fd() const { return fd_; }
  bool is_unix() const { return !path_.empty(); }
  const std::string& path() const { return path_; }  // empty for TCP
  void close();

 private:
  explicit ListeningSocket(int fd) : fd_(fd) {}

  int fd_ = -1;
  std::string path_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

// Logs a warning if the kernel will cut the backlog to net.core.somaxconn.
void warn_about_short_backlog(int backlog);

}  // namespace larder
