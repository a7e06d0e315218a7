// One client: its socket, its parser, its state, and what of its requests has to wait.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/request_parser.h"
#include "server/base/shared_bytes.h"
#include "server/clients/client.h"
#include "server/dispatch/blocking.h"
#include "server/dispatch/kept_request.h"
#include "server/dispatch/transaction.h"
#include "server/network/connection.h"

namespace larder {

// What decides how much output may wait for a client, to notice a change of it.
struct OutputClassOf {
  bool is_authenticated;
  bool is_monitor;
  ClientType type;
  explicit OutputClassOf(const Client& client)
      : is_authenticated(client.is_authenticated),
        is_monitor(client.is_monitor),
        type(client.type) {}
  bool operator==(const OutputClassOf&) const = default;
};

class Session final : public ClientSocket {
 public:
  Session(Connection& connection, int64_t now_ms)
      : client(connection.id(), *this, now_ms), connection_(connection) {}

  Client client;
  RequestParser parser;
  // Large arguments of the request that is being parsed or run, in their order.
  std::vector<SharedBytes> large;
  size_t large_bytes = 0;  // of those that came while it was parsed
  void drop_large() {
    large.clear();
    large_bytes = 0;
  }
  // Set by the dispatcher: the rest of the input may hold another whole request.
  bool parser_may_continue = false;
  // The same: what the last turn left of it.
  enum class Left : uint8_t {
    nothing,
    everything,  // it was ready, and passed over
    rest,        // it had a share, and has more to run
  } left = Left::nothing;
  // A request that waits; nothing behind it is parsed. Without a waiter, CLIENT PAUSE holds it back.
  std::unique_ptr<KeptRequest> kept;
  std::unique_ptr<Blocking::Waiter> waiter;
  // What the attempts to run the request that waits have taken so far.
  int64_t spent_ns = 0;
  // From the first MULTI or WATCH until what they began is over.
  std::unique_ptr<Transaction> transaction;
  // What ClientMemory has counted for it.
  size_t counted_bytes = 0;
  // The first moment of an output above the soft limit, by the monotonic clock; 0: it is below.
  int64_t over_soft_limit_since_ms = 0;

  Connection& connection() { return connection_; }
  const Connection& connection() const { return connection_; }
  // Nothing more of what the client sends is to be run: it is being closed or waits.
  bool is_stopped() const { return kept != nullptr || connection_.is_closing(); }

  // ClientSocket
  std::string_view peer_address() const override { return connection_.peer_address(); }
  std::string_view local_address() const override { return connection_.local_address(); }
  int fd() const override { return connection_.fd(); }
  bool is_unix_socket() const override { return connection_.kind() == ConnectionKind::unix_socket; }
  bool is_local() const override { return connection_.is_local(); }
  OutputChain& output() override { return connection_.output(); }
  const OutputChain& queued_output() const override { return connection_.queued_output(); }
  OutputChain& held_output() override { return connection_.held_output(); }
  size_t input_bytes() const override { return connection_.unread().size(); }
  size_t input_unused() const override { return connection_.input_unused(); }
  size_t argument_bytes() const override { return parser.memory(); }
  uint64_t received_bytes() const override { return connection_.received_bytes(); }
  uint64_t sent_bytes() const override { return connection_.sent_bytes(); }
  size_t memory() const override {
    return sizeof(*this) + connection_.memory() + parser.memory() +
           (kept == nullptr ? 0 : kept->memory()) + client.queued_bytes;
  }
  void close_after_flush() override { connection_.close_after_flush(); }
  void close_now() override { connection_.close_now(); }
  bool is_closing() const override { return connection_.is_closing(); }

 private:
  Connection& connection_;
};

}  // namespace larder
