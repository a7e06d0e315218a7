// How short of memory the server is.
#pragma once

#include <cstdint>
#include <string_view>

namespace larder {

// moderate: what costs nobody anything is given back. aggressive: the limit is near, and what clients
// may notice is better than what comes at the limit.
enum class MemoryLevel : uint8_t { normal, moderate, aggressive };

constexpr std::string_view level_name(MemoryLevel level) {
  switch (level) {
    case MemoryLevel::normal: return "normal";
    case MemoryLevel::moderate: return "moderate";
    case MemoryLevel::aggressive: return "aggressive";
  }
  return "";
}

}  // namespace larder
