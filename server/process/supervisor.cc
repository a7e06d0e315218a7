#include "server/process/supervisor.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "server/base/clock.h"
#include "server/base/numbers.h"

namespace larder {
namespace {

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// A line break would begin another assignment of the protocol.
std::string status_line(std::string_view text) {
  std::string line = "STATUS=" + std::string(text);
  for (char& c : line) {
    if (c == '\n') c = ' ';
  }
  return line;
}

}  // namespace

Supervisor::Supervisor(Supervision wanted) : socket_(variable("NOTIFY_SOCKET")) {
  const bool has_upstart = !variable("UPSTART_JOB").empty();
  if (wanted == Supervision::automatic) {
    wanted = has_upstart        ? Supervision::upstart
             : !socket_.empty() ? Supervision::systemd
                                : Supervision::no;
  }
  if (wanted == Supervision::upstart && !has_upstart) {
    log::warning("upstart supervision requested, but UPSTART_JOB not found!");
  } else if (wanted == Supervision::systemd && socket_.empty()) {
    log::warning("systemd supervision requested, but NOTIFY_SOCKET not found!");
  } else {
    kind_ = wanted;
  }
  if (is_present()) log::notice("Supervised by " + std::string(name()));
}

std::string_view Supervisor::name() const {
  switch (kind_) {
    case Supervision::systemd:
      return "systemd";
    case Supervision::upstart:
      return "upstart";
    default:
      return "no";
  }
}

void Supervisor::status(std::string_view text) const {
  tell(status_line(text));
}

void Supervisor::ready(std::string_view text) const {
  if (kind_ == Supervision::upstart) {
    // Only the first job of this name waits; a server started by this one is nobody's business.
    ::unsetenv("UPSTART_JOB");
    ::raise(SIGSTOP);
  }
  tell("READY=1\n" + status_line(text));
}

void Supervisor::reloading() const {
  tell("RELOADING=1\nMONOTONIC_USEC=" + to_text(monotonic_us()));
}

void Supervisor::stopping() const {
  tell("STOPPING=1");
}

void Supervisor::tell(std::string_view message) const {
  if (kind_ != Supervision::systemd) return;
  const Status sent = send(message);
  if (!sent.is_ok()) log::warning("systemd supervision error: " + sent.text());
}

Status Supervisor::send(std::string_view message) const {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const bool is_name = socket_[0] == '/' || socket_[0] == '@';
  if (!is_name || socket_.size() < 2 || socket_.size() >= sizeof(address.sun_path)) {
    return Error("NOTIFY_SOCKET is not the name of a Unix socket");
  }
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  if (socket_[0] == '@') address.sun_path[0] = '\0';  // a name outside the file system
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());

  const int file = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (file < 0) return Error(std::strerror(errno));
  const ssize_t sent = ::sendto(file, message.data(), message.size(), MSG_NOSIGNAL,
                                reinterpret_cast<const sockaddr*>(&address), length);
  const int reason = errno;
  ::close(file);
  if (sent != static_cast<ssize_t>(message.size())) return Error(std::strerror(reason));
  return ok;
}

}  // namespace larder
