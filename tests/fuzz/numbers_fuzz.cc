// Numbers from outside: whatever is read must be written as a text that reads back as the same
// number, and an integer must have had its one canonical form.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "server/base/assert.h"
#include "server/base/numbers.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto value = larder::parse_int64(text)) LARDER_ASSERT(larder::to_text(*value) == text);
  if (const auto value = larder::parse_uint64(text)) LARDER_ASSERT(std::to_string(*value) == text);
  if (const auto value = larder::parse_double(text)) {
    LARDER_ASSERT(larder::parse_double(larder::format_double(*value)) == *value);
  }
  if (const auto value = larder::parse_long_double(text)) {
    LARDER_ASSERT(!larder::format_long_double(*value).empty());
  }
  if (const auto bytes = larder::parse_memory_size(text)) {
    LARDER_ASSERT(larder::parse_memory_size(std::to_string(*bytes)) == *bytes);
    (void)larder::format_bytes_human(*bytes);
  }
  return 0;
}
