// recv and send that a signal does not end, with the error as a negative errno.
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include <cerrno>
#include <cstddef>
#include <string_view>

namespace larder {

inline ssize_t receive_some(int fd, void* room, size_t size) {
  ssize_t result;
  do {
    result = ::recv(fd, room, size, 0);
  } while (result < 0 && errno == EINTR);
  return result < 0 ? -errno : result;
}

inline ssize_t send_some(int fd, std::string_view bytes) {
  ssize_t result;
  do {
    result = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  } while (result < 0 && errno == EINTR);
  return result < 0 ? -errno : result;
}

// Of what they return: there is nothing to read, or no room, at the moment.
inline bool would_block(ssize_t result) {
  return result == -EAGAIN || result == -EWOULDBLOCK;
}

}  // namespace larder
