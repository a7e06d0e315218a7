#include "server/configuration.h"

namespace larder {

Configuration::Configuration() {
  options.add(network);
  options.add(tls);
  options.add(dispatch);
  options.add(acl);
  options.add(keyspace);
  options.add(eviction);
  options.add(defragmentation);
  options.add(types);
  options.add(process);
  options.add(compatibility);
}

}  // namespace larder
