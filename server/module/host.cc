#include "server/module/host.h"

namespace larder {

// The one line that joins memory pressure with eviction.
size_t Host::evict_keys([[maybe_unused]] size_t bytes, [[maybe_unused]] Deadline deadline) {
  return 0;
}

}  // namespace larder
