#include "server/network/stream_server.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/unit/network/test_network.h"

namespace larder {
namespace {

// Answers a line with as many pieces as it says, each `piece_bytes` of its first letter: "a3\n" is
// answered by three pieces of a's. "quit\n" is answered by "bye", and the end.
class LettersService final : public StreamService {
 public:
  std::unique_ptr<StreamHandler> open(const StreamPeer&) override {
    opened++;
    return std::make_unique<Handler>(*this);
  }
  int opened = 0;
  int closed = 0;
  int pieces = 0;
  size_t piece_bytes = 4;
  bool makes_slow_pieces = false;  // each takes all the time there is

 private:
  class Handler final : public StreamHandler {
   public:
    explicit Handler(LettersService& service) : service_(service) {}
    ~Handler() override { service_.closed++; }
    size_t receive(std::string_view unread) override {
      const size_t end = unread.find('\n');
      if (end == std::string_view::npos) return 0;
      ends_ = unread.substr(0, end) == "quit";
      letter_ = unread[0];
      left_ = ends_ ? 1 : unread[1] - '0';
      return end + 1;
    }
    StreamOutput next_output(Deadline deadline) override {
      service_.pieces++;
      while (service_.makes_slow_pieces && !deadline.has_passed()) {
      }
      if (ends_) return {"bye", StreamOutput::Then::close};
      text_.assign(service_.piece_bytes, letter_);
      return {text_, --left_ > 0 ? StreamOutput::Then::more : StreamOutput::Then::wait};
    }

   private:
    LettersService& service_;
    std::string text_;
    char letter_ = 0;
    int left_ = 0;
    bool ends_ = false;
  };
};

struct StreamNetwork : TestNetwork {
  LettersService service;
  std::optional<StreamServer> server;

  explicit StreamNetwork(const StreamLimits& limits = {}) {
    server.emplace(reactor, service, limits);
  }
  TestClient join(int buffer_bytes = 0) {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    if (buffer_bytes > 0) {
      for (const int end : ends) {
        ::setsockopt(end, SOL_SOCKET, SO_SNDBUF, &buffer_bytes, sizeof(buffer_bytes));
      }
    }
    server->adopt(ends[0]);
    return TestClient(ends[1], nullptr);
  }
  bool receives(TestClient& client, std::string_view text) {
    return until([&] {
      client.receive();
      return client.received() == text;
    });
  }
  bool ends(TestClient& client) {
    return until([&] { return !client.receive(); });
  }
};

TEST_CASE("stream server: messages are answered in pieces, wherever they are cut") {
  StreamNetwork network;
  TestClient client = network.join();
  for (const char c : std::string("a3\n")) {
    client.send({&c, 1});
    network.settle();
  }
  CHECK(network.receives(client, "aaaaaaaaaaaa"));
  client.send("b1\nc2\n");
  CHECK(network.receives(client, "aaaaaaaaaaaabbbbcccccccc"));
  CHECK(network.server->connection_count() == 1);
}

TEST_CASE("stream server: whoever ends is let go, from either side") {
  StreamNetwork network;
  TestClient quits = network.join();
  TestClient leaves = network.join();
  TestClient half = network.join();
  quits.send("quit\n");
  CHECK(network.ends(quits));
  CHECK(quits.received() == "bye");
  leaves.close();
  half.send("a2\n");
  half.end_sending();
  CHECK(network.ends(half));
  CHECK(half.received() == "aaaaaaaa");
  CHECK(network.until([&] { return network.service.closed == 3; }));
  CHECK(network.server->connection_count() == 0);
}

TEST_CASE("stream server: a message that is never whole is bounded in size and time") {
  StreamNetwork network({.unread_bytes = 100, .message_ms = 30});
  TestClient large = network.join();
  large.send(std::string(100, 'x'));
  CHECK(network.ends(large));
  TestClient slow = network.join();
  // Byte after byte does not help: the time counts from the first.
  CHECK(network.until([&] {
    slow.send("x");
    return !slow.receive();
  }));
}

TEST_CASE("stream server: who is idle, or does not read, is dropped in time") {
  StreamNetwork network({.output_ms = 30, .idle_ms = 30});
  TestClient idle = network.join();
  CHECK(network.ends(idle));
  network.service.piece_bytes = 1 << 20;
  TestClient deaf = network.join(4096);
  deaf.send("a9\n");
  CHECK(network.until([&] { return network.service.closed == 2; }));
}

TEST_CASE("stream server: a slow reader is asked for no more than it takes") {
  StreamNetwork network;
  network.service.piece_bytes = 300'000;
  TestClient client = network.join(4096);
  client.send("a3\n");
  network.settle();
  network.settle();
  CHECK(network.service.pieces == 1);
  CHECK(network.receives(client, std::string(900'000, 'a')));
  CHECK(network.service.pieces == 3);
}

TEST_CASE(
    "stream server: of too many the one that has been idle longest goes, and nobody who is "
    "served") {
  StreamNetwork network({.connections = 2});
  TestClient busy = network.join(4096);
  network.service.piece_bytes = 300'000;
  busy.send("a1\n");
  network.settle();
  TestClient idle = network.join();
  network.settle();
  TestClient third = network.join();
  CHECK(network.ends(idle));
  network.service.piece_bytes = 300'000;
  third.send("b1\n");
  network.settle();
  // Now both have output that waits.
  TestClient fourth = network.join();
  CHECK(network.ends(fourth));
  CHECK(network.receives(busy, std::string(300'000, 'a')));
}

TEST_CASE("stream server: where nobody is idle, the one that has been asking for longest goes") {
  StreamNetwork network({.connections = 3});
  TestClient busy = network.join(4096);
  network.service.piece_bytes = 300'000;
  busy.send("a1\n");
  network.settle();
  TestClient asking = network.join();
  asking.send("b");
  network.settle();
  TestClient later = network.join();
  later.send("c");
  network.settle();
  network.service.piece_bytes = 4;
  TestClient fourth = network.join();
  CHECK(network.ends(asking));
  fourth.send("d1\n");
  CHECK(network.receives(fourth, "dddd"));
  later.send("1\n");
  CHECK(network.receives(later, "cccc"));
  CHECK(network.receives(busy, std::string(300'000, 'a')));
}

TEST_CASE("stream server: pieces that take long come one in a turn, from all in turn") {
  StreamNetwork network;
  network.service.makes_slow_pieces = true;
  TestClient first = network.join();
  TestClient second = network.join();
  first.send("a9\n");
  second.send("b9\n");
  // The turn that reads already makes the first one.
  network.reactor.turn(false);
  const int before = network.service.pieces;
  CHECK(before == 1);
  for (int turn = 1; turn <= 6; turn++) {
    network.reactor.turn(false);
    CHECK(network.service.pieces == before + turn);
  }
  first.receive();
  second.receive();
  CHECK(first.received().size() + second.received().size() == 28);
  CHECK(std::max(first.received().size(), second.received().size()) == 16);
}

TEST_CASE("stream server: it listens, elsewhere, and no more") {
  StreamNetwork network;
  CHECK(network.server->listen({"127.0.0.1"}, 0).is_ok());
  TestClient client = network.join();
  client.send("a1\n");
  CHECK(network.receives(client, "aaaa"));
  CHECK(network.server->listen({"127.0.0.1"}, 0).is_ok());
  CHECK(network.ends(client));
  CHECK(!network.server->listen({"192.0.2.1"}, 1).is_ok());
}

TEST_CASE("stream server: it may go while it serves") {
  StreamNetwork network;
  TestClient client = network.join(4096);
  network.service.piece_bytes = 300'000;
  client.send("a9\n");
  network.settle();
  network.server.reset();
  CHECK(network.service.closed == 1);
  CHECK(network.ends(client));
}

}  // namespace
}  // namespace larder
