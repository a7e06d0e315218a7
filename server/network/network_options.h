// The options of the network, with the names, defaults and limits of Redis 7.2. The owner reads
// them at start and says with on_change what a CONFIG SET does.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "server/base/errors.h"
#include "server/config/option.h"
#include "server/network/output_limits.h"

namespace larder {

struct NetworkOptions : OptionGroup {
  static constexpr size_t kMaxBindAddresses = 16;
  static constexpr int64_t kMegabyte = 1024 * 1024;

  NetworkOptions() : OptionGroup("Network") {
    bind.check([](const std::vector<std::string>& addresses) -> Status {
      if (addresses.size() > kMaxBindAddresses) return errors::too_many_bind_addresses();
      return ok;
    });
  }

  Option<std::vector<std::string>> bind{
      *this,
      "bind",
      {"*", "-::*"},
      {.help = "Addresses to listen on: IPv4, IPv6, * and ::* for all of a family. One with a - in "
               "front may be missing on this machine."}};
  Option<uint16_t> port{*this, "port", 6379, {.max = 65535, .help = "TCP port; 0 closes it."}};
  Option<std::string> bind_source_addr{
      *this,
      "bind-source-addr",
      "",
      {.help = "Local address for connections that the server makes itself, to its primary."}};
  Option<std::string> unixsocket{
      *this,
      "unixsocket",
      "",
      {.immutable = true, .help = "Path of a Unix socket to listen on; empty: none."}};
  Option<uint32_t> unixsocketperm{
      *this,
      "unixsocketperm",
      0,
      {.max = 0777,
       .unit = Unit::octal,
       .immutable = true,
       .help = "Permissions of the Unix socket, as in chmod; 0: those that the umask leaves."}};
  Option<int> tcp_backlog{
      *this,
      "tcp-backlog",
      511,
      {.immutable = true,
       .help = "Clients that may wait to be accepted. The kernel allows no more than "
               "net.core.somaxconn."}};
  Option<int> tcp_keepalive{
      *this,
      "tcp-keepalive",
      300,
      {.unit = Unit::seconds,
       .help = "Seconds of silence after which TCP probes whether a client is still there; 0: "
               "never."}};
  Option<int> timeout{*this,
                      "timeout",
                      0,
                      {.unit = Unit::seconds,
                       .help = "Seconds after which an idle client is disconnected; 0: never."}};
  Option<uint32_t> maxclients{
      *this,
      "maxclients",
      10'000,
      {.min = 1,
       .help = "Clients at the same time; more are refused with an error. Each needs a "
               "descriptor."}};
  Option<bool> protected_mode{
      *this,
      "protected-mode",
      true,
      {.help = "Without a password for the default user, accept only clients of this machine."}};
  Option<uint64_t> proto_max_bulk_len{
      *this,
      "proto-max-bulk-len",
      512 * kMegabyte,
      {.min = kMegabyte,
       .max = 4095 * kMegabyte,  // lengths in entries have 32 bits
       .unit = Unit::bytes,
       .help = "The longest argument of a request, and the longest string value."}};
  Option<uint64_t> client_query_buffer_limit{
      *this,
      "client-query-buffer-limit",
      1024 * kMegabyte,
      {.min = kMegabyte,
       .unit = Unit::bytes,
       .help = "What a client may have sent of one request before it is disconnected."}};
  Option<int64_t> maxmemory_clients{
      *this,
      "maxmemory-clients",
      0,
      {.min = -100,
       .unit = Unit::bytes_or_percent,
       .help = "What all clients together may take: those that take most are disconnected beyond it, "
               "unless CLIENT NO-EVICT protects them. 5% is a part of maxmemory; 0: no limit."}};
  Option<OutputLimits> client_output_buffer_limit{
      *this,
      "client-output-buffer-limit",
      OutputLimits(),
      {.help = "Class (normal, replica, pubsub), hard limit, soft limit, seconds: a client whose "
               "waiting output exceeds the hard limit, or the soft limit for that long, is "
               "disconnected. 0: no limit. One line per class."}};
  Option<int64_t> unread_output_limit{
      *this,
      "unread-output-limit",
      -25,
      {.min = -100,
       .unit = Unit::bytes_or_percent,
       .help = "For clients whose class has no hard limit: whose waiting output exceeds this gets no "
               "further replies before it reads, and is disconnected when it reads nothing for ten "
               "seconds. 25% is a part of maxmemory, or without it of the machine's memory, between "
               "64 MB and 1 GB; 0: no limit."}};

  // In bytes, given those of maxmemory (0: none) and of the machine; 0: no limit.
  size_t unread_output_bytes(size_t maxmemory, size_t machine_bytes) const {
    const int64_t limit = unread_output_limit.get();
    const size_t bytes = bytes_of(limit, maxmemory != 0 ? maxmemory : machine_bytes);
    return limit >= 0 ? bytes : std::clamp<size_t>(bytes, 64 * kMegabyte, 1024 * kMegabyte);
  }
};

}  // namespace larder
