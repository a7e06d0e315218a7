// Assertions for invariants that guard memory. They stay on in release builds, report where they
// failed and end the process; input from outside is never checked with them.
#pragma once

namespace larder {

// Prints the failed condition and aborts; the crash handler of the process adds the stack trace.
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);

// Ends the process in the same way for a reason that is nobody's bug, as a machine without memory.
[[noreturn]] void end_process(const char* reason);

// Why the process is being ended, or "": for the crash handler, which may write where standard error
// does not lead.
const char* fatal_message();

}  // namespace larder

#define LARDER_ASSERT(condition) \
  (__builtin_expect(static_cast<bool>(condition), 1) \
       ? static_cast<void>(0)                        \
       : ::larder::assertion_failed(#condition, __FILE__, __LINE__))
