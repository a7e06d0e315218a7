// What the network counts, for INFO.
#pragma once

#include "server/info/info.h"

namespace larder {

struct NetworkStats : InfoGroup {
  NetworkStats() : InfoGroup("Stats") {}

  Counter connections_received{*this, "total_connections_received"};
  Counter input_bytes{*this, "total_net_input_bytes"};
  Counter output_bytes{*this, "total_net_output_bytes"};
};

}  // namespace larder
