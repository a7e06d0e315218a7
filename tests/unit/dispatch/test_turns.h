// A dispatcher with a reactor, all commands of the core, and clients in the test's own thread:
// turns happen when the test says so.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "server/commands/families.h"
#include "server/dispatch/dispatcher.h"
#include "tests/support/test_services.h"
#include "tests/unit/network/test_network.h"

namespace larder {

class TestTurns final : public TestServices, public TurnHandler {
 public:
  TestTurns() {
    for (const CommandFamily& family : core_commands()) commands.add(family);
    REQUIRE(acl.start("").is_ok());
    dispatcher.rules().request_limits.max_bulk_bytes = limits.max_bulk_bytes;
    // Time decides about nothing, unless a test wants it to.
    hooks.pace.turn_us = 3'600'000'000;
    hooks.turn_finished.add([this](const FinishedTurn& turn) { finished.push_back(turn); });
  }

  TestClient& connect() {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    auto adopted = reactor.adopt(ends[0], ConnectionKind::unix_socket);
    REQUIRE(adopted.is_ok());
    dispatcher.open(*adopted.value());
    peers.push_back(std::make_unique<TestClient>(ends[1], adopted.value()));
    return *peers.back();
  }
  // A request `times` times over, all of which fit into the socket.
  static void send(TestClient& client, const std::string& request, size_t times = 1) {
    std::string bytes;
    for (size_t i = 0; i < times; i++) bytes += request;
    REQUIRE(client.send(bytes) == bytes.size());
  }
  static size_t replies(TestClient& client) {
    client.receive(kMostReceived);
    return static_cast<size_t>(std::ranges::count(client.received(), '\n'));
  }
  void turn() { reactor.turn(false); }
  static constexpr size_t kMostReceived = 256 * 1024;

  // TurnHandler
  void run_turn(std::span<Connection* const> ready) override {
    dispatcher.run_turn(ready, reactor.turn_began_us());
    hooks.before_flush();
  }
  bool rest() override { return false; }
  void connection_closed(Connection& connection) override { dispatcher.close(connection); }

  Dispatcher dispatcher{services};
  NetworkStats network_stats;
  std::vector<FinishedTurn> finished;
  std::vector<std::unique_ptr<TestClient>> peers;
  Reactor reactor{*this, network_stats};  // goes first: it closes the connections
};

}  // namespace larder
