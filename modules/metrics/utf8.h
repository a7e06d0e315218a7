// Data as text that other programs accept.
#pragma once

#include <string>
#include <string_view>

namespace larder {

// Calls `append` with runs of valid UTF-8 and with "\xHH" for each byte that belongs to none: keys
// are bytes, and neither JSON nor a label may hold all of them.
template <class Append>
void for_each_valid(std::string_view bytes, Append&& append);

// The length of the valid sequence that `bytes` begins with (1 to 4), or 0. Overlong forms and
// surrogates are not valid.
size_t utf8_length(std::string_view bytes);

template <class Append>
void for_each_valid(std::string_view bytes, Append&& append) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  while (!bytes.empty()) {
    size_t valid = 0;
    while (valid < bytes.size()) {
      const size_t length = utf8_length(bytes.substr(valid));
      if (length == 0) break;
      valid += length;
    }
    if (valid > 0) append(bytes.substr(0, valid));
    bytes.remove_prefix(valid);
    if (bytes.empty()) return;
    const auto byte = static_cast<unsigned char>(bytes[0]);
    const char escaped[] = {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
    append(std::string_view(escaped, sizeof(escaped)));
    bytes.remove_prefix(1);
  }
}

}  // namespace larder
