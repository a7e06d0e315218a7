#include "server/base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace larder {

void assertion_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "=== ASSERTION FAILED === %s:%d '%s' is not true\n", file, line, condition);
  std::abort();
}

}  // namespace larder
