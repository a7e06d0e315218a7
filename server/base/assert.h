// Assertions for invariants that guard memory. They stay on in release builds, report where they
// failed and end the process; input from outside is never checked with them.
#pragma once

namespace larder {

// Prints the failed condition and aborts; the crash handler of the process adds the stack trace.
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);

}  // namespace larder

#define LARDER_ASSERT(condition) \
  (__builtin_expect(static_cast<bool>(condition), 1) \
       ? static_cast<void>(0)                        \
       : ::larder::assertion_failed(#condition, __FILE__, __LINE__))
