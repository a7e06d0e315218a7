// All options of the server.
#pragma once

#include <string>

#include "server/acl/acl_options.h"
#include "server/config/compatibility.h"
#include "server/config/options.h"
#include "server/dispatch/dispatch_options.h"
#include "server/keyspace/defragmentation_options.h"
#include "server/keyspace/eviction_options.h"
#include "server/keyspace/keyspace_options.h"
#include "server/keyspace/type_options.h"
#include "server/network/network_options.h"
#include "server/network/tls_options.h"
#include "server/process/identity.h"
#include "server/process/process_options.h"

namespace larder {

// In the order of the example file. Made before the server, because the file and the command line
// are read, and the process goes to the background, before there is a loop.
struct Configuration {
  Configuration();
  // That of clients without TLS, or of those with it; 0: there is none.
  uint16_t first_port() const { return network.port.get() != 0 ? network.port.get() : tls.port.get(); }

  NetworkOptions network;
  TlsOptions tls;
  ProcessOptions process;
  DispatchOptions dispatch;
  AclOptions acl;
  KeyspaceOptions keyspace;
  EvictionOptions eviction;
  DefragmentationOptions defragmentation;
  TypeOptions types;
  CompatibilityOptions compatibility;
  Options options;
  std::string file;               // absolute; empty: none
  std::string supervisor = "no";  // who started the process: no, systemd, upstart
  Identity identity;              // who it becomes
};

}  // namespace larder
