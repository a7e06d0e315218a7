// How much of what clients have sent a turn runs, and of whom.
#include <algorithm>

#include "tests/unit/dispatch/test_turns.h"

namespace larder {
namespace {

const std::string kPing = "PING\r\n";

TEST_CASE("with many busy clients nobody waits for more than two turns", "[turn]") {
  TestTurns turns;
  turns.hooks.pace.turn_requests = GENERATE(size_t{1}, size_t{100}, size_t{4096});
  constexpr size_t kClients = 300;
  constexpr size_t kRequests = 200;
  for (size_t i = 0; i < kClients; i++) TestTurns::send(turns.connect(), kPing, kRequests);
  std::vector<size_t> answered(kClients);
  std::vector<size_t> waited(kClients);
  size_t longest_wait = 0;
  for (size_t turn = 0; turn < 2 * kRequests; turn++) {
    turns.turn();
    for (size_t i = 0; i < kClients; i++) {
      const size_t now = TestTurns::replies(*turns.peers[i]);
      const bool waits = now == answered[i] && now < kRequests;
      waited[i] = waits ? waited[i] + 1 : 0;
      longest_wait = std::max(longest_wait, waited[i]);
      answered[i] = now;
    }
  }
  // A turn without an answer is a wait that ends in the second.
  CHECK(longest_wait <= 1);
  for (const size_t count : answered) CHECK(count == kRequests);
}

TEST_CASE("who sends more than a read takes does not keep others from being read", "[turn]") {
  TestTurns turns;
  turns.hooks.pace.turn_requests = 1000;
  constexpr size_t kClients = 60;  // of which sixteen fill what a turn reads
  const std::string large = "ECHO " + std::string(1000, 'x') + "\r\n";
  for (size_t i = 0; i < kClients; i++) TestTurns::send(turns.connect(), large, 100);
  turns.turn();
  turns.turn();
  for (const auto& client : turns.peers) CHECK(TestTurns::replies(*client) > 0);
}

TEST_CASE("a turn of few clients runs as many requests as its bound says", "[turn]") {
  TestTurns turns;
  turns.hooks.pace.turn_requests = 500;
  for (int i = 0; i < 4; i++) TestTurns::send(turns.connect(), kPing, 1000);
  size_t requests = 0;
  while (requests < 4000) {
    turns.turn();
    REQUIRE(!turns.finished.empty());
    const FinishedTurn& turn = turns.finished.back();
    requests += turn.requests;
    // A share of each client may come on top.
    CHECK(turn.requests <= 500 + 32);
    CHECK(turn.was_cut == (requests < 4000));
    if (turn.was_cut) CHECK(turn.requests >= 500);
    CHECK(turn.nanoseconds >= 0);
  }
  CHECK(turns.finished.size() == 8);
}

TEST_CASE("a client with one request is not held up by those with many", "[turn]") {
  TestTurns turns;
  turns.hooks.pace.turn_requests = 64;
  for (int i = 0; i < 50; i++) TestTurns::send(turns.connect(), kPing, 1000);
  turns.turn();
  TestClient& modest = turns.connect();
  TestTurns::send(modest, kPing);
  turns.turn();
  CHECK(TestTurns::replies(modest) == 1);
}

TEST_CASE("a turn answers half of the clients in full rather than all in part", "[turn]") {
  TestTurns turns;
  turns.hooks.pace.turn_requests = 400;
  constexpr size_t kClients = 50;
  constexpr size_t kRequests = 16;
  for (size_t i = 0; i < kClients; i++) TestTurns::send(turns.connect(), kPing, kRequests);
  for (const size_t answered : {kClients / 2, kClients}) {
    turns.turn();
    for (size_t i = 0; i < kClients; i++) {
      CHECK(TestTurns::replies(*turns.peers[i]) == (i < answered ? kRequests : 0));
    }
  }
  CHECK(turns.finished.size() == 2);
}

TEST_CASE("who was passed over goes before who comes, and both before who had a share", "[turn]") {
  TestTurns turns;
  turns.hooks.pace.turn_requests = 4;
  constexpr size_t kBusy = 4;
  for (size_t i = 0; i < kBusy; i++) TestTurns::send(turns.connect(), kPing, 100);
  turns.turn();  // the first two have their share
  TestTurns::send(turns.connect(), kPing);
  const auto answered = [&](size_t peer) { return TestTurns::replies(*turns.peers[peer]); };
  CHECK(answered(0) == 2);
  CHECK(answered(2) == 0);
  turns.turn();
  CHECK(answered(2) > 0);
  CHECK(answered(3) > 0);
  CHECK(answered(4) == 1);
  CHECK(answered(1) == 2);
}

TEST_CASE("who was passed over goes before those whose requests were held back", "[turn]") {
  TestTurns turns;
  constexpr size_t kHeld = 60;
  constexpr size_t kBusy = 12;
  turns.dispatcher.pause(PauseMode::writes, 3'600'000);
  for (size_t i = 0; i < kHeld; i++) TestTurns::send(turns.connect(), "SET k v\r\n");
  while (turns.dispatcher.blocked().clients < kHeld) turns.turn();
  turns.hooks.pace.turn_requests = 8;
  TestTurns::send(turns.connect(), "CLIENT UNPAUSE\r\n");
  for (size_t i = 0; i < kBusy; i++) TestTurns::send(turns.connect(), kPing, 100);
  turns.turn();
  turns.turn();
  for (size_t i = kHeld; i < turns.peers.size(); i++) CHECK(TestTurns::replies(*turns.peers[i]) > 0);
}

// Requests that take so long that each turn is over after its first batch.
TEST_CASE("who had nothing in a turn that ended early is first in the next", "[turn]") {
  TestTurns turns;
  turns.hooks.pace.turn_us = -1'000'000;
  constexpr size_t kClients = 40;
  constexpr size_t kRequests = 200;
  for (size_t i = 0; i < kClients; i++) TestTurns::send(turns.connect(), kPing, kRequests);
  for (bool is_done = false; !is_done;) {
    turns.turn();
    size_t least = SIZE_MAX;
    size_t most = 0;
    for (const auto& client : turns.peers) {
      const size_t count = TestTurns::replies(*client);
      least = std::min(least, count);
      most = std::max(most, count);
    }
    REQUIRE(most - least <= 32);
    REQUIRE(turns.finished.size() < 100);
    is_done = least == kRequests;
  }
  // Of 128 requests, and what the last client of a batch had beyond.
  for (const FinishedTurn& turn : turns.finished) CHECK(turn.requests < 128 + 32);
}

// KEYS is timed by itself: where the turn's time is over from its beginning, each ends it.
TEST_CASE("a slow request ends a turn that takes too long, and all come in their order", "[turn]") {
  TestTurns turns;
  turns.hooks.pace.turn_us = -1'000'000;
  constexpr size_t kClients = 5;
  constexpr size_t kRequests = 3;
  for (size_t i = 0; i < kClients; i++) TestTurns::send(turns.connect(), "KEYS x\r\n", kRequests);
  for (size_t turn = 1; turn <= kClients * kRequests; turn++) {
    turns.turn();
    CHECK(turns.finished.size() == turn);
    CHECK(turns.finished.back().requests == 1);
    for (size_t i = 0; i < kClients; i++) {
      INFO("turn " << turn << ", client " << i);
      CHECK(TestTurns::replies(*turns.peers[i]) == turn / kClients + (turn % kClients > i ? 1 : 0));
    }
  }
}

TEST_CASE("a large argument that came in full survives the end of a turn", "[turn]") {
  TestTurns turns;
  TestClient& slow = turns.connect();
  TestClient& large = turns.connect();
  const std::string value(100'000, 'v');
  const std::string request = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100000\r\n" + value + "\r\n";
  // What is left of it comes together with the slow request, which ends the turn.
  REQUIRE(large.send(request.substr(0, 60'000)) == 60'000);
  turns.turn();
  turns.turn();
  turns.hooks.pace.turn_us = -1'000'000;
  TestTurns::send(slow, "KEYS x\r\n", 2);
  const std::string rest = request.substr(60'000) + "STRLEN k\r\n";
  REQUIRE(large.send(rest) == rest.size());
  for (int i = 0; i < 6; i++) turns.turn();
  CHECK(TestTurns::replies(slow) == 2);
  large.receive();
  CHECK(large.received() == "+OK\r\n:100000\r\n");
}

TEST_CASE("requests that were held back count like others when they run", "[turn]") {
  TestTurns turns;
  turns.hooks.pace.turn_requests = 16;
  turns.hooks.pace.turn_us = 0;  // a turn ends with its first batch
  constexpr size_t kClients = 100;
  for (size_t i = 0; i < kClients; i++) TestTurns::send(turns.connect(), kPing);
  turns.dispatcher.pause(PauseMode::all, 3'600'000);
  while (turns.dispatcher.blocked().clients < kClients) turns.turn();
  turns.finished.clear();
  turns.dispatcher.unpause();
  const auto answered = [&] {
    size_t count = 0;
    for (const auto& client : turns.peers) count += TestTurns::replies(*client);
    return count;
  };
  turns.turn();
  CHECK(answered() == 16);
  for (size_t i = 0; i < kClients && answered() < kClients; i++) turns.turn();
  CHECK(answered() == kClients);
  for (const FinishedTurn& turn : turns.finished) CHECK(turn.requests <= 16);
}

TEST_CASE("who does not read gets no more replies than may wait, and all of them later", "[turn]") {
  TestTurns turns;
  constexpr size_t kValue = 400'000;
  constexpr size_t kRequests = 32;
  TestClient& client = turns.connect();
  TestTurns::send(client, "SETRANGE k " + std::to_string(kValue - 1) + " x\r\n");
  TestTurns::send(client, "GET k\r\n", kRequests);
  for (int i = 0; i < 3; i++) turns.turn();
  CHECK(client.connection()->queued_output().bytes() <= Connection::kBackedUpBytes + 2 * kValue);
  const auto all_came = [&] {
    client.receive();
    return client.received().size() >= kRequests * kValue;
  };
  for (int i = 0; i < 1000 && !all_came(); i++) turns.turn();
  client.receive();
  CHECK(static_cast<size_t>(std::ranges::count(client.received(), '$')) == kRequests);
}

TEST_CASE("of many clients the server looks at a part at a time, and at all in turn", "[turn]") {
  TestTurns turns;
  constexpr size_t kClients = 1200;
  for (size_t i = 0; i < kClients; i++) turns.connect();
  for (const size_t slow : {size_t{0}, size_t{700}, size_t{1199}}) {
    TestTurns::send(*turns.peers[slow], "SETRANGE k 1999999 x\r\nGET k\r\n");
  }
  turns.turn();
  const auto check = [&] {
    turns.dispatcher.check_clients(0, 10);
    return turns.services.clients.slow().size();
  };
  for (int pass = 0; pass < 2; pass++) {
    CHECK(check() == (pass == 0 ? 1 : 3));
    CHECK(check() == (pass == 0 ? 2 : 3));
    CHECK(check() == 3);
  }
  turns.peers[0]->receive();
  turns.peers.erase(turns.peers.begin() + 1199);
  turns.turn();
  CHECK(turns.services.clients.slow().size() == 2);
  for (int i = 0; i < 10; i++) {
    turns.turn();
    turns.peers[0]->receive();
  }
  CHECK(check() == 1);
}

TEST_CASE("turns without a request are not told", "[turn]") {
  TestTurns turns;
  turns.connect();
  turns.turn();
  turns.connect().send("PI");
  turns.turn();
  CHECK(turns.finished.empty());
}

// --- Durable batches ---

// Stands for whoever writes changes to disk: one write for all changes of a turn, if there are any.
class Journal {
 public:
  explicit Journal(TestTurns& turns) : turns_(turns) {
    turns.hooks.before_flush.add([this] { write(); });
  }
  void write() {
    calls++;
    // Nothing that was confirmed so far is newer than what was written.
    CHECK(confirmed() <= written);
    if (turns_.keyspace.changes() == written) return;
    written = turns_.keyspace.changes();
    writes++;
  }

  // How many SETs clients have seen the end of.
  size_t confirmed() const {
    size_t count = 0;
    for (const auto& client : turns_.peers) {
      client->receive(TestTurns::kMostReceived);
      count += static_cast<size_t>(std::ranges::count(client->received(), '+'));
    }
    return count;
  }

  size_t calls = 0;
  size_t writes = 0;
  uint64_t written = 0;

 private:
  TestTurns& turns_;
};

TEST_CASE("one write serves all changes of a turn, before any of them is confirmed", "[turn]") {
  TestTurns turns;
  Journal journal(turns);
  constexpr size_t kClients = 50;
  constexpr size_t kSets = 40;
  for (size_t i = 0; i < kClients; i++) {
    TestTurns::send(turns.connect(), "SET key value\r\n", kSets);
  }
  while (journal.written < kClients * kSets) {
    turns.turn();
    REQUIRE(journal.calls < 100);
  }
  CHECK(journal.writes == turns.finished.size());
  CHECK(journal.writes <= 2);
  CHECK(journal.confirmed() == kClients * kSets);
  // Turns in which nothing changes need no write, and turns without clients are turns.
  const size_t calls = journal.calls;
  TestTurns::send(*turns.peers[0], "GET key\r\n");
  turns.turn();
  turns.turn();
  CHECK(journal.calls == calls + 2);
  CHECK(journal.writes == turns.finished.size() - 1);
}

}  // namespace
}  // namespace larder
