// What a request waits for that cannot be answered yet: what Context::block takes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "server/types/value.h"

namespace larder {

class Context;

// The reply of BLPOP, XREAD and most others when nothing came in time.
void reply_null_array(Context& ctx);

struct Wait {
  // The arguments that are the keys. None: only time, CLIENT UNBLOCK or the owner ends the wait.
  size_t first_key = 0;
  size_t key_count = 0;
  // What a key has to hold for the request to be worth running again.
  Type type = Type::list;
  // Run again also when a key is removed or holds another type: for requests that have an error for
  // it.
  bool wakes_on_removal = false;
  // 0: for ever.
  int64_t timeout_ms = 0;
  // Writes the reply for when the time is up. It is called with the request's arguments.
  void (*at_timeout)(Context&) = reply_null_array;
  // Arguments (by index) that read differently when the request runs again: XREAD's $, which means
  // the last entry as of now.
  std::vector<std::pair<size_t, std::string>> replacements{};
};

}  // namespace larder
