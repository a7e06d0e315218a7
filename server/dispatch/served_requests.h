// The requests whose replies have not been written yet, for Hooks::requests_served.
//
// An entry is a client's share of a run of commands and not a request, so that a pipeline costs
// one. Kept from turn to turn for its memory. Empty while nobody listens.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "server/command/hooks.h"

namespace larder {

class Session;

class ServedRequests {
 public:
  explicit ServedRequests(const Hooks& hooks) : hooks_(hooks) {}

  // So many calls have run for this session, whose requests could be read when its client says.
  void add(const Session& session, const Command& command, uint64_t calls) {
    if (hooks_.requests_served.is_used()) note(session, command, calls);
  }
  // Their replies have been written.
  void tell();
  // The session ends.
  void forget(const Session& session);
  // Frees the memory that was kept for the next turns.
  void shrink() { shares_.shrink_to_fit(); }

 private:
  struct Share {
    const Session* session;  // nullptr: it has ended
    const Command* command;
    uint64_t calls;
    int64_t readable_us;
    uint32_t epoch;  // Hooks::served_epoch when it was noted
  };
  void note(const Session& session, const Command& command, uint64_t calls);

  const Hooks& hooks_;
  std::vector<Share> shares_;
};

}  // namespace larder
