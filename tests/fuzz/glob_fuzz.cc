// Glob patterns: no input may read outside its bytes or take more than pattern x text. The first
// byte says how long the pattern is and whether case counts; the rest is pattern and text.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "server/base/assert.h"
#include "server/base/glob.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  const std::string_view pattern = bytes.substr(0, data[0] >> 1);
  const std::string_view text = bytes.substr(pattern.size());
  const bool ignore_case = (data[0] & 1) != 0;

  const bool matches = larder::glob_matches(pattern, text, ignore_case);
  LARDER_ASSERT(matches == larder::glob_matches(pattern, text, ignore_case));
  if (larder::glob_is_literal(pattern) && !ignore_case) LARDER_ASSERT(matches == (pattern == text));
  LARDER_ASSERT(larder::glob_matches("*", text, ignore_case));
  return 0;
}
