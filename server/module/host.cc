#include "server/module/host.h"

namespace larder {

// The one line that joins memory pressure with eviction.
size_t Host::evict_keys(size_t bytes, Deadline deadline) {
  return services_.keyspace.evict(bytes, deadline);
}

}  // namespace larder
