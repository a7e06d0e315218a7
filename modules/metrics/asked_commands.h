// The commands that this module asks other modules' knowledge with: each only reports.
#pragma once

#include <string_view>

namespace larder {

inline constexpr std::string_view kAskedCommands[] = {
    "budget|status",     "cache.advise",     "commandlog|get",      "commandlog|len",
    "hotspots|bigkeys",  "hotspots|clients", "hotspots|keys",       "hotspots|namespaces",
    "latency|histogram", "latency|latest",   "latency|percentiles", "slowlog|get",
};

}  // namespace larder
