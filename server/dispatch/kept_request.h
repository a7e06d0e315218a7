// A request whose arguments outlive the turn: of a client that has to wait before it runs.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/shared_bytes.h"

namespace larder {

struct KeptRequest {
  // Copies the arguments; those that lie in `blocks` keep the block instead.
  KeptRequest(std::span<const std::string_view> views, std::vector<SharedBytes> blocks);

  std::unique_ptr<char[]> texts;  // one behind the other, of arguments that are not large
  size_t text_bytes = 0;
  std::vector<SharedBytes> large;
  std::deque<std::string> replaced;  // see Wait::replacements
  std::vector<std::string_view> arguments;

  size_t memory() const;
};

}  // namespace larder
