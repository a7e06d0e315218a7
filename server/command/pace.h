// How much the loop does at a time, and what it has done: see Hooks.
//
// A server that does little at a time answers soon, one that does much answers cheaply. The core
// keeps to what stands here, whoever may have put it there; without anybody it is bounded too.
#pragma once

#include <cstddef>
#include <cstdint>

namespace larder {

struct Pace {
  // About how many requests a turn runs, whether one client has sent them or many. Half of the
  // clients that are ready get a share of them, one request at least, so that no client has to wait
  // for more than two turns.
  size_t turn_requests = 4096;
  // After so many microseconds a turn begins no further round, and after ten times as many it ends
  // wherever it is: the bound of requests that take much longer than those before them.
  int64_t turn_us = 1000;
  // Whether the keys of a batch are hashed and brought near before the first of its requests runs.
  bool looks_ahead = false;
  // How long one slice of background work may take between two turns: expiry, eviction, and freeing
  // what was removed. Where a backlog grows, a slice is longer all the same.
  int64_t slice_us = 300;
};

// A turn that has run at least one request. The time is that of parsing, looking ahead and running:
// what the number of requests decides about, without the kernel's reads and writes.
struct FinishedTurn {
  size_t requests;
  size_t prefetched_keys;
  int64_t nanoseconds;
  // Requests are left for the next turn.
  bool was_cut;
};

// Background work between two turns that took at least a slice, or was the rest of such.
struct FinishedSlice {
  int64_t allowed_us;  // Pace::slice_us, or more where a backlog grows
  int64_t nanoseconds;
  // Work is left for the next slice.
  bool was_cut;
};

}  // namespace larder
