// A client's socket for unit tests: made-up facts, and output that stays where it is.
#pragma once

#include <string_view>

#include "server/clients/client.h"

namespace larder {

class FakeSocket final : public ClientSocket {
 public:
  std::string_view peer_address() const override { return "127.0.0.1:50000"; }
  std::string_view local_address() const override { return "127.0.0.1:6379"; }
  int fd() const override { return 9; }
  bool is_unix_socket() const override { return is_unix; }
  bool is_local() const override { return true; }
  OutputChain& output() override {
    flushes++;
    return chain;
  }
  OutputChain& held_output() override { return chain; }
  const OutputChain& queued_output() const override { return chain; }
  size_t input_bytes() const override { return 26; }
  size_t input_unused() const override { return 1000; }
  size_t argument_bytes() const override { return 10; }
  uint64_t received_bytes() const override { return 300; }
  uint64_t sent_bytes() const override { return sent; }
  size_t memory() const override { return 2000; }
  void close_after_flush() override {}
  void close_now() override { is_closed = true; }
  bool is_closing() const override { return is_closed; }

  OutputChain chain;
  int flushes = 0;  // how often the reactor would have been asked for one
  uint64_t sent = 400;
  bool is_unix = false;
  bool is_closed = false;
};

}  // namespace larder
