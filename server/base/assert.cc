#include "server/base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace larder {
namespace {

// Static, because there may be no memory left to ask for.
char message[512];

}  // namespace

void assertion_failed(const char* condition, const char* file, int line) {
  char reason[480];
  std::snprintf(reason, sizeof(reason), "=== ASSERTION FAILED === %s:%d '%s' is not true", file,
                line, condition);
  end_process(reason);
}

void end_process(const char* reason) {
  std::snprintf(message, sizeof(message), "%s", reason);
  std::fprintf(stderr, "%s\n", message);
  std::abort();
}

const char* fatal_message() { return message; }

}  // namespace larder
