// What module hotspots knows about single keys, for CACHE.ADVISE. It is asked with its commands;
// where it is not there, or is switched off, nothing is known.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "modules/stats/advice.h"
#include "server/module/host.h"

namespace larder {

struct KnownLoad {
  uint64_t measured_requests = 0;  // what all shares rest on
  std::vector<CacheFacts::HotKey> hot_keys;
  std::vector<CacheFacts::BigKey> big_keys;  // the largest first, a few
};

// Cost: that of HOTSPOTS KEYS and HOTSPOTS BIGKEYS, some microseconds for each key.
KnownLoad ask_known_load(Host& host);

// The name of a key for people: in quotes, the end of a long one left out.
std::string shown_key(std::string_view name, int64_t database);

}  // namespace larder
