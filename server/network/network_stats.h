// What the network counts, for INFO.
#pragma once

#include "server/info/info.h"

namespace larder {

struct NetworkStats : InfoGroup {
  NetworkStats() : InfoGroup("Stats") {
    on_reset([this] { longest_turn_us = 0; });
  }

  Counter connections_received{*this, "total_connections_received"};
  Counter connections_rejected{*this, "rejected_connections"};
  Counter input_bytes{*this, "total_net_input_bytes"};
  Counter output_bytes{*this, "total_net_output_bytes"};
  Counter reads{*this, "total_reads_processed"};
  Counter writes{*this, "total_writes_processed"};
  // Turns of the loop, and how long they took without the wait for something to do.
  Counter turns{*this, "eventloop_cycles"};
  Counter turns_us{*this, "eventloop_duration_sum"};
  int64_t longest_turn_us = 0;
  Field longest_turn{*this, "eventloop_duration_max", [this] { return longest_turn_us; }};
};

}  // namespace larder
