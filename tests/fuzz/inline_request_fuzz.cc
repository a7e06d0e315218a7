// Any line: the splitter never reads outside of it, and what it found can be quoted and split
// again.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/inline_request.h"

using namespace larder;

namespace {

// Quotes so that nothing but \x is needed to read it back.
std::string quote_hexadecimal(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string quoted = "\"";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    quoted += "\\x";
    quoted += kDigits[byte >> 4];
    quoted += kDigits[byte & 15];
  }
  return quoted + '"';
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // A copy of the exact size, so that the sanitizer sees reads beyond it.
  const std::vector<char> line(data, data + size);
  const auto arguments = split_quoted({line.data(), line.size()});
  if (!arguments) return 0;
  std::string again;
  for (const std::string& argument : *arguments) again += quote_hexadecimal(argument) + ' ';
  if (split_quoted(again) != arguments) std::abort();
  return 0;
}
