// What the network counts, for INFO.
#pragma once

#include "server/info/info.h"

namespace larder {

struct NetworkStats : InfoGroup {
  NetworkStats() : InfoGroup("Stats") {}

  Counter connections_received{*this, "total_connections_received"};
  Counter connections_rejected{*this, "rejected_connections"};
  Counter input_bytes{*this, "total_net_input_bytes"};
  Counter output_bytes{*this, "total_net_output_bytes"};
  Counter reads{*this, "total_reads_processed"};
  Counter writes{*this, "total_writes_processed"};
  Counter turns{*this, "eventloop_cycles"};
};

}  // namespace larder
