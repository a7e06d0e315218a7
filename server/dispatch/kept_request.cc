#include "server/dispatch/kept_request.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "protocol/resp.h"

namespace larder {

KeptRequest::KeptRequest(std::span<const std::string_view> views, std::vector<SharedBytes> blocks)
    : large(std::move(blocks)), arguments(views.begin(), views.end()) {
  const auto is_in_block = [this](std::string_view argument) {
    // Looks only at what can be one: a request may have many of both kinds.
    if (argument.size() <= kLargeBulk) return false;
    return std::ranges::any_of(
        large, [&](const SharedBytes& block) { return block.data() == argument.data(); });
  };
  for (const std::string_view argument : arguments) {
    if (!is_in_block(argument)) text_bytes += argument.size();
  }
  texts = std::make_unique_for_overwrite<char[]>(text_bytes);
  char* at = texts.get();
  for (std::string_view& argument : arguments) {
    if (is_in_block(argument)) continue;
    if (!argument.empty()) std::memcpy(at, argument.data(), argument.size());
    argument = {at, argument.size()};
    at += argument.size();
  }
}

size_t KeptRequest::memory() const {
  size_t bytes = sizeof(*this) + text_bytes + arguments.capacity() * sizeof(std::string_view);
  for (const std::string& text : replaced) bytes += sizeof(text) + text.capacity();
  for (const SharedBytes& block : large) bytes += block.size();
  return bytes;
}

}  // namespace larder
