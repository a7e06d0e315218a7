#include "server/network/reactor.h"

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <memory>
#include <thread>

#include "tests/unit/network/test_network.h"

namespace larder {

TEST_CASE("requests of one read are answered with one write", "[network]") {
  TestNetwork network;
  TestClient client = network.connect();
  Connection* connection = client.connection();
  client.send("one\ntwo\nthree\n");
  network.reactor.turn();
  client.receive();
  CHECK(client.received() == "one\ntwo\nthree\n");
  CHECK(network.stats.input_bytes == 14);
  CHECK(network.stats.output_bytes == 14);
  CHECK(connection->input_memory() == 0);
}

TEST_CASE("a request split at every byte is put together again", "[network]") {
  TestNetwork network;
  TestClient client = network.connect();
  Connection* connection = client.connection();
  const std::string request = "a longer line\nand another\n";
  for (size_t i = 0; i < request.size(); i++) {
    client.send(request.substr(i, 1));
    network.reactor.turn();
    const bool is_whole = request[i] == '\n';
    CHECK((connection->input_memory() == 0) == is_whole);
    CHECK(connection->unread().empty() == is_whole);
  }
  client.receive();
  CHECK(client.received() == request);
}

TEST_CASE("what is left over from a pipeline stays, and idle connections hold no buffer",
          "[network]") {
  TestNetwork network;
  TestClient client = network.connect();
  Connection* connection = client.connection();
  client.send("done\nhalf");
  network.reactor.turn();
  CHECK(connection->unread() == "half");
  client.send(" a line\nrest");
  network.reactor.turn();
  CHECK(connection->unread() == "rest");
  client.send("\n");
  network.reactor.turn();
  client.receive();
  CHECK(client.received() == "done\nhalf a line\nrest\n");
  CHECK(connection->input_memory() == 0);
}

TEST_CASE("views of a turn stay valid until run_turn returns", "[network]") {
  TestNetwork network;
  std::vector<std::string_view> views;
  std::vector<std::string> seen;
  std::vector<TestClient> clients;
  network.owner.on_ready = [&](Connection& connection) {
    views.push_back(connection.unread());
    connection.consume(connection.unread().size());
    if (views.size() % 3 == 0) connection.close_now();
    if (views.size() == 40) {
      for (const std::string_view view : views) seen.emplace_back(view);
    }
  };
  for (int i = 0; i < 40; i++) {
    clients.push_back(network.connect());
    clients.back().send("client " + std::to_string(i));
  }
  network.reactor.turn();
  REQUIRE(seen.size() == 40);
  for (int i = 0; i < 40; i++) {
    CHECK(std::count(seen.begin(), seen.end(), "client " + std::to_string(i)) == 1);
  }
}

TEST_CASE("requests left for later run in the next turns without new bytes", "[network]") {
  TestNetwork network;
  size_t turns = 0;
  network.owner.on_ready = [&](Connection& connection) {
    turns++;
    ScriptedOwner::echo_line(connection);
    if (!connection.unread().empty()) connection.run_again();
  };
  TestClient client = network.connect();
  client.send("1\n2\n3\n4\n");
  // Each of these may wait, and none does: otherwise the test hangs here.
  for (int i = 0; i < 4; i++) network.reactor.turn();
  client.receive();
  CHECK(turns == 4);
  CHECK(client.received() == "1\n2\n3\n4\n");
  CHECK(network.owner.ready_counts == std::vector<size_t>{1, 1, 1, 1});
}

TEST_CASE("an endless pipeline is read no further than 64 KB while it waits to be run",
          "[network]") {
  TestNetwork network;
  network.owner.on_ready = [&](Connection& connection) { connection.run_again(); };
  TestClient client = network.connect();
  Connection* connection = client.connection();
  for (int i = 0; i < 20; i++) {
    client.send(std::string(64 * 1024, 'x'));
    network.reactor.turn();
  }
  CHECK(connection->unread().size() >= TurnArena::kReadBytes);
  CHECK(connection->unread().size() < 2 * TurnArena::kReadBytes);
}

TEST_CASE("a turn that reads more than the arena holds leaves nobody behind", "[network]") {
  TestNetwork network;
  constexpr size_t kClients = 40;  // 40 x 64 KB = 2.5 MB
  const std::string load(60'000, 'x');
  std::vector<TestClient> clients;
  std::vector<size_t> lines(kClients + 1);
  network.owner.on_ready = [&](Connection& connection) {
    lines[connection.id()]++;
    connection.consume(connection.unread().size());
  };
  for (size_t i = 0; i < kClients; i++) clients.push_back(network.connect());
  // All have bytes all the time, so who is skipped in one turn must come first in the next.
  for (int turn = 0; turn < 9; turn++) {
    for (auto& client : clients) client.send(load);
    network.reactor.turn();
  }
  for (size_t id = 1; id <= kClients; id++) CHECK(lines[id] >= 2);
}

TEST_CASE("who finds the arena full is read in the next turn, however many they are", "[network]") {
  TestNetwork network;
  constexpr size_t kClients = 200;  // 200 x 60 KB = 12 MB
  const std::string load(60'000, 'x');
  std::vector<TestClient> clients;
  std::vector<size_t> reads(kClients + 1);
  network.owner.on_ready = [&](Connection& connection) {
    reads[connection.id()]++;
    connection.consume(connection.unread().size());
  };
  for (size_t i = 0; i < kClients; i++) {
    clients.push_back(network.connect());
    clients.back().send(load);
  }
  network.reactor.turn();
  const size_t first = kClients - static_cast<size_t>(std::ranges::count(reads, 0u)) + 1;
  CHECK(first < kClients / 2);
  network.reactor.turn();
  for (size_t id = 1; id <= kClients; id++) CHECK(reads[id] >= 1);
}

TEST_CASE("a slow reader gets everything, and is not read from meanwhile", "[network]") {
  TestNetwork network;
  TestClient client = network.connect(16 * 1024);
  Connection* connection = client.connection();
  const std::string reply(3 * 1024 * 1024, 'r');
  size_t runs = 0;
  network.owner.on_ready = [&](Connection& ready) {
    runs++;
    ready.consume(ready.unread().size());
    ready.output().append(reply);
  };
  client.send("first");
  network.reactor.turn();
  CHECK(connection->output_is_backed_up());
  CHECK(network.reactor.queued_output() == connection->queued_output().block_memory());
  CHECK(network.reactor.queued_output() >= connection->queued_output().bytes());
  client.send("second");
  network.settle();
  CHECK(runs == 1);

  while (client.received().size() < reply.size() - Connection::kBackedUpBytes / 2 - 100'000) {
    client.receive(10'000);
    network.reactor.turn(false);
    REQUIRE(runs == 1);
  }
  CHECK(network.owner.drained.empty());
  REQUIRE(network.until([&] {
    client.receive();
    return client.received().size() == 2 * reply.size();
  }));
  CHECK(runs == 2);
  CHECK(network.owner.drained == std::vector<uint64_t>{1});
  CHECK(client.received() == reply + reply);
}

TEST_CASE("a client that sends everything before it reads is not waited for", "[network]") {
  TestNetwork network;
  TestClient client = network.connect(16 * 1024);
  Connection* connection = client.connection();
  const std::string reply(3 * 1024 * 1024, 'r');
  size_t runs = 0;
  network.owner.on_ready = [&](Connection& ready) {
    runs++;
    ready.consume(ready.unread().size());
    ready.output().append(reply);
  };
  client.send("first");
  network.reactor.turn();
  client.send("second");
  network.settle();
  REQUIRE(runs == 1);

  // It has not read anything between two looks: the second request is run all the same.
  connection->relent_if_stuck();
  network.settle();
  CHECK(runs == 1);
  connection->relent_if_stuck();
  network.settle();
  CHECK(runs == 2);

  REQUIRE(network.until([&] {
    client.receive();
    return client.received().size() == 2 * reply.size();
  }));
  CHECK(client.received() == reply + reply);
  network.settle();
  CHECK_FALSE(connection->output_is_backed_up());
}

TEST_CASE("leftover requests wait while the output is backed up", "[network]") {
  TestNetwork network;
  TestClient client = network.connect(16 * 1024);
  const std::string reply(2 * 1024 * 1024, 'r');
  size_t runs = 0;
  network.owner.on_ready = [&](Connection& ready) {
    runs++;
    ready.consume(1);
    ready.output().append(reply);
    if (!ready.unread().empty()) ready.run_again();
  };
  client.send("123");
  network.settle();
  CHECK(runs == 1);
  REQUIRE(network.until([&] {
    client.receive();
    return client.received().size() == 3 * reply.size();
  }));
  CHECK(runs == 3);
}

TEST_CASE("who is held is read ahead up to a bound, and goes on afterwards", "[network]") {
  TestNetwork network;
  TestClient client = network.connect();
  Connection* connection = client.connection();
  connection->hold();
  network.owner.on_ready = [](Connection&) {};
  size_t sent = 0;
  const auto send_more = [&] {
    sent += client.send(std::string(65'536, 'x'));
    return connection->unread().size() >= Connection::kHeldBytes;
  };
  REQUIRE(network.until(send_more));
  for (int i = 0; i < 100; i++) {
    send_more();
    network.reactor.turn(false);
  }
  CHECK(connection->unread().size() < Connection::kHeldBytes + 65'536);
  CHECK(connection->unread().size() < sent);
  const size_t held = connection->unread().size();
  connection->release();
  CHECK(network.until([&] { return connection->unread().size() > held; }));
}

TEST_CASE("the end of a client that is held closes it, read ahead or not", "[network]") {
  TestNetwork network;
  TestClient client = network.connect();
  client.connection()->hold();
  network.owner.on_ready = [](Connection&) {};
  SECTION("when it had sent nothing") {}
  SECTION("when it had sent something") { client.send("line"); }
  SECTION("when it had sent more than is read ahead") {
    REQUIRE(network.until([&] {
      client.send(std::string(65'536, 'x'));
      return client.connection()->unread().size() >= Connection::kHeldBytes;
    }));
    client.send("more");
    network.settle();
  }
  client.close();
  CHECK(network.until([&] { return !network.owner.closed.empty(); }));
}

TEST_CASE("a half-closed client gets all replies, then the end", "[network]") {
  TestNetwork network;
  network.owner.on_ready = [&](Connection& connection) {
    ScriptedOwner::echo_line(connection);
    if (connection.unread().find('\n') != std::string_view::npos) connection.run_again();
  };
  TestClient client = network.connect();
  client.send("1\n2\n3\nunfinished");
  client.end_sending();
  REQUIRE(network.until([&] { return !client.receive(); }));
  CHECK(client.received() == "1\n2\n3\n");
  CHECK(network.owner.closed == std::vector<uint64_t>{1});
  CHECK(network.reactor.connection_count() == 0);
}

TEST_CASE("a half-closed slow reader gets all of a large reply", "[network]") {
  TestNetwork network;
  TestClient client = network.connect(16 * 1024);
  const std::string reply(4 * 1024 * 1024, 'r');
  network.owner.on_ready = [&](Connection& ready) {
    if (ready.unread().empty()) return;
    ready.consume(ready.unread().size());
    ready.output().append(reply);
  };
  client.send("get");
  client.end_sending();
  REQUIRE(network.until([&] { return !client.receive(50'000); }));
  CHECK(client.received() == reply);
}

TEST_CASE("a client that vanishes is reported once", "[network]") {
  TestNetwork network;
  TestClient client = network.connect();
  Connection* connection = client.connection();
  SECTION("while idle") {
    client.close();
  }
  SECTION("with a reply on its way") {
    client.send("line\n");
    client.close();
  }
  SECTION("while it is held") {
    connection->hold();
    client.close();
  }
  REQUIRE(network.until([&] { return !network.owner.closed.empty(); }));
  network.settle();
  CHECK(network.owner.closed.size() == 1);
  CHECK(network.reactor.find(1) == nullptr);
}

TEST_CASE("close_after_flush sends what is queued and reads no more", "[network]") {
  TestNetwork network;
  network.owner.on_ready = [&](Connection& connection) {
    connection.output().append("bye\n");
    connection.close_after_flush();
  };
  TestClient client = network.connect();
  client.send("quit");
  REQUIRE(network.until([&] { return !client.receive(); }));
  CHECK(client.received() == "bye\n");
}

TEST_CASE("a connection can close another one that is ready in the same turn", "[network]") {
  TestNetwork network;
  std::vector<TestClient> clients;
  size_t runs = 0;
  network.owner.on_ready = [&](Connection& connection) {
    runs++;
    for (uint64_t id = 1; id <= 3; id++) {
      Connection* other = network.reactor.find(id);
      if (other == nullptr || id == connection.id()) continue;
      other->output().append("lost");
      other->close_now();
    }
    connection.output().append("alone\n");
  };
  for (int i = 0; i < 3; i++) clients.push_back(network.connect());
  for (auto& client : clients) client.send("kill\n");
  network.settle();
  CHECK(runs == 1);
  CHECK(network.owner.closed.size() == 2);
  CHECK(network.reactor.connection_count() == 1);
  std::string all;
  for (auto& client : clients) {
    client.receive();
    all += client.received();
  }
  CHECK(all == "alone\n");
}

TEST_CASE("connection_closed may close further connections", "[network]") {
  TestNetwork network;
  std::vector<TestClient> clients;
  for (int i = 0; i < 3; i++) clients.push_back(network.connect());
  network.owner.on_closed = [&](Connection& connection) {
    if (Connection* next = network.reactor.find(connection.id() + 1)) next->close_now();
  };
  network.reactor.find(1)->close_now();
  network.reactor.turn(false);
  CHECK(network.owner.closed == std::vector<uint64_t>{1, 2, 3});
}

TEST_CASE("output queued outside of run_turn leaves after the next run_turn", "[network]") {
  TestNetwork network;
  TestClient client = network.connect();
  Connection* connection = client.connection();
  bool is_pushed = false;
  network.owner.on_rest = [&] {
    if (!std::exchange(is_pushed, true)) connection->output().append("push");
    return false;
  };
  network.reactor.turn(false);
  client.receive();
  CHECK(client.received().empty());
  network.reactor.turn();  // does not wait
  client.receive();
  CHECK(client.received() == "push");
}

TEST_CASE("rest that has more to do keeps the loop from waiting", "[network]") {
  TestNetwork network;
  int slices = 0;
  network.owner.on_rest = [&] { return ++slices < 5; };
  network.reactor.turn(false);
  for (int i = 0; i < 4; i++) network.reactor.turn();
  CHECK(slices == 5);
}

TEST_CASE("functions posted by other threads run in the loop's thread", "[network]") {
  TestNetwork network;
  const auto loop_thread = std::this_thread::get_id();
  int calls = 0;
  bool is_same_thread = true;
  std::thread poster([&] {
    for (int i = 0; i < 1000; i++) {
      network.reactor.post([&] {
        is_same_thread &= std::this_thread::get_id() == loop_thread;
        if (++calls == 1000) network.reactor.stop();
      });
    }
  });
  network.reactor.run();
  poster.join();
  CHECK(calls == 1000);
  CHECK(is_same_thread);
}

TEST_CASE("500 connections each get their own replies", "[network]") {
  TestNetwork network;
  std::vector<TestClient> clients;
  for (int i = 0; i < 500; i++) clients.push_back(network.connect());
  for (int round = 0; round < 3; round++) {
    for (size_t i = 0; i < clients.size(); i++) {
      clients[i].send("round " + std::to_string(round) + " of " + std::to_string(i) + "\n");
    }
    network.reactor.turn();
  }
  network.settle();
  for (size_t i = 0; i < clients.size(); i++) {
    clients[i].receive();
    std::string expected;
    for (int round = 0; round < 3; round++) {
      expected += "round " + std::to_string(round) + " of " + std::to_string(i) + "\n";
    }
    REQUIRE(clients[i].received() == expected);
  }
}

TEST_CASE("a connection is idle while no byte comes or goes", "[network]") {
  TestNetwork network;
  TestClient client = network.connect();
  Connection* connection = client.connection();
  const auto is_idle = [&] { return connection->idle_ms() >= 3; };
  REQUIRE(network.until(is_idle));
  client.send("half a line");
  network.reactor.turn();
  CHECK(connection->idle_ms() == 0);
  REQUIRE(network.until(is_idle));
  connection->output().append("a reply");
  network.reactor.turn();
  CHECK(connection->idle_ms() == 0);
}

TEST_CASE("destroying the reactor reports and closes what is left", "[network]") {
  ScriptedOwner owner;
  {
    auto network = std::make_unique<TestNetwork>();
    network->owner.on_closed = [&](Connection& connection) {
      owner.closed.push_back(connection.id());
    };
    TestClient client = network->connect();
    Connection* connection = client.connection();
    connection->output().append("never sent");
  }
  CHECK(owner.closed == std::vector<uint64_t>{1});
}

}  // namespace larder
