// What the dispatcher measures of commands, for those who listen: see Hooks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "server/clients/client.h"
#include "server/command/command_table.h"

namespace larder {

// Calls of one command that were timed together.
//
// Reading the clock costs a good part of what a short command costs, so consecutive requests of the
// same short command (Command::is_timed_in_runs) are timed as one run: each of them counts with the
// mean, and one slow call in a run shows in the sum only. Timed by themselves are all other
// commands, what EXEC runs, what has waited, large requests, and, while somebody asks for it
// (Hooks::exact_timing), everything.
struct TimedRun {
  const Command& command;
  uint64_t calls;
  int64_t nanoseconds;  // of all calls together; of a request that waited, without the waiting
  // Of a single call; nullptr and empty otherwise. Valid while the listener runs.
  const Client* client = nullptr;
  std::span<const std::string_view> arguments{};

  int64_t mean_ns() const {
    return calls == 1 ? nanoseconds : nanoseconds / static_cast<int64_t>(calls);
  }
};

// A command that has run, with its request: valid while the listener runs.
struct FinishedCommand {
  const Client& client;
  const Command& command;
  std::span<const std::string_view> arguments;
};

// The same, with the bytes of the request (as an array of bulk strings) and of the reply.
struct CommandTransfer {
  const Client& client;
  const Command& command;
  std::span<const std::string_view> arguments;
  size_t request_bytes;
  size_t reply_bytes;
};

// A command that was measured by itself, with all that it cost and found: what Hooks::request_measured
// tells. Valid while the listener runs.
struct MeasuredRequest {
  const Client& client;
  const Command& command;
  std::span<const std::string_view> arguments;
  int64_t nanoseconds;
  size_t request_bytes;
  size_t reply_bytes;
  uint64_t hits;  // keys that were looked up for reading and were there
  uint64_t misses;
  // How many requests it stands for, so that sums of figures times their weight are true in the mean.
  uint32_t weight;
};

}  // namespace larder
