// Tells the service manager that started the server how it is doing. systemd listens on a datagram
// socket whose name is in $NOTIFY_SOCKET (Type=notify; the protocol is described in sd_notify(3));
// upstart waits until the process stops itself (expect stop).
#pragma once

#include <string>
#include <string_view>

#include "server/base/result.h"
#include "server/process/process_options.h"

namespace larder {

class Supervisor {
 public:
  Supervisor() = default;  // nobody listens
  // Looks at the environment, and says in the log what it found. Where the wanted manager did not
  // start this process, nobody listens, and the server may go to the background.
  explicit Supervisor(Supervision wanted);

  bool is_present() const { return kind_ != Supervision::no; }
  // "no", "systemd" or "upstart": INFO's process_supervised.
  std::string_view name() const;

  // A line for people, which `systemctl status` shows.
  void status(std::string_view text) const;
  void ready(std::string_view text) const;
  void reloading() const;  // followed by ready()
  void stopping() const;

 private:
  void tell(std::string_view message) const;
  Status send(std::string_view message) const;

  Supervision kind_ = Supervision::no;
  std::string socket_;
};

}  // namespace larder
