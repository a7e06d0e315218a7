// What the server is to a module. It grows with what modules need, and stays small.
#pragma once

#include "server/command/context.h"
#include "server/command/hooks.h"

namespace larder {

class Host {
 public:
  // The services outlive the host.
  explicit Host(Services& services) : services_(services) {}
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  // Keys, and the hooks about them: key_changed, key_added, key_missed, flushed.
  Keyspace& keyspace() { return services_.keyspace; }
  // Everybody who is connected. Keep ids, not pointers, or listen to hooks().client_closed.
  ClientList& clients() { return services_.clients; }
  // Sends something to a client that did not ask for it now.
  Pushes& pushes() { return services_.pushes; }
  // The other hooks.
  Hooks& hooks() { return services_.hooks; }
  // All commands, and all options, other modules' too.
  const CommandTable& commands() const { return services_.commands; }
  const Options& options() const { return services_.options; }
  // For fields outside of the module's own section.
  void add_info(InfoGroup& group) { services_.info.add(group); }

 private:
  Services& services_;
};

}  // namespace larder
