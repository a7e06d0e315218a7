// What all clients take together, and who has to go when that is too much (maxmemory-clients).
//
// While there is a limit, the sum is kept after each turn from the sessions whose buffers may have
// changed in it; without one nothing is counted, and evict() looks at everybody.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>

#include "server/info/info.h"

namespace larder {

class Session;
using Sessions = std::unordered_map<uint64_t, std::unique_ptr<Session>>;

class ClientMemory {
 public:
  // Redis's: a lower limit would end clients that do nothing.
  static constexpr size_t kLeastLimit = 128 * 1024;

  // 0: no limit. Counts everybody once.
  void set_limit(size_t bytes, const Sessions& sessions);
  bool has_limit() const { return limit_ > 0; }
  bool is_exceeded() const { return total_ > limit_ && limit_ > 0 && total_ > hopeless_total_; }
  size_t limit() const { return limit_; }
  size_t total() const { return total_; }

  // The session's buffers may have changed.
  void note(Session& session);
  // The session ends.
  void forget(Session& session);

  // For the tick: lets the next turn try again, whoever could not be closed the last time.
  void hope_again() { hopeless_total_ = 0; }

  // Closes those that take most until the others take at most `allowed` bytes; returns the bytes of
  // the closed. Costs a look at each client and a sort.
  size_t evict(size_t allowed, const Sessions& sessions, int64_t now_ms);

  InfoGroup info{"Stats"};

 private:
  size_t limit_ = 0;
  size_t total_ = 0;
  // What those took together who could not be closed, the last time; not to be tried again before
  // it is more.
  size_t hopeless_total_ = 0;
  Counter evicted_{info, "evicted_clients"};
};

}  // namespace larder
