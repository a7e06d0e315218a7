// Which version this is, and which version of Redis it behaves like.
#pragma once

#include <string_view>

namespace larder {

constexpr std::string_view larder_version() { return LARDER_VERSION; }

// What HELLO and INFO answer as Redis's version: client libraries decide by it which commands they use.
constexpr std::string_view redis_version() { return "7.2.4"; }

}  // namespace larder
