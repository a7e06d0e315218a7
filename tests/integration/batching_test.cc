// CLIENT BATCH in a real server: how many writes messages take, and what becomes of clients that do
// not read.
#include <catch2/catch.hpp>
#include <csignal>

#include "tests/support/reply_text.h"
#include "tests/support/server_figures.h"
#include "tests/support/test_server.h"

namespace larder {
namespace {

TEST_CASE("a hundred messages one by one reach a client that gathers them in two writes") {
  TestServer server;
  auto publisher = server.connect(), listener = server.connect();
  const bool gathers = GENERATE(true, false);
  if (gathers) listener("CLIENT", "BATCH", "ON", "SIZE", "50", "INTERVAL", "60000");
  listener("SUBSCRIBE", "c");
  const int64_t before = info_number(publisher, "stats", "total_writes_processed");
  for (int i = 0; i < 100; i++) CHECK(publisher("PUBLISH", "c", std::to_string(i)) == 1);
  for (int i = 0; i < 100; i++) {
    REQUIRE(listener.receive() == array("message", "c", std::to_string(i)));
  }
  // A reply to each PUBLISH, and one to the INFO before.
  const int64_t writes = info_number(publisher, "stats", "total_writes_processed") - before;
  CHECK(writes == 101 + (gathers ? 2 : 100));
}

TEST_CASE("notifications and invalidations are gathered as messages are") {
  TestServer server({"--notify-keyspace-events", "KEA"});
  auto writer = server.connect(), listener = server.connect();
  listener.use_resp3();
  listener("CLIENT", "BATCH", "ON", "SIZE", "4", "INTERVAL", "60000");
  listener("CLIENT", "TRACKING", "ON");
  listener("PSUBSCRIBE", "__keyspace*");
  listener("GET", "k");
  const int64_t before = info_number(writer, "stats", "total_writes_processed");
  writer("SET", "k", "1");
  writer("SET", "k", "2");
  writer("DEL", "k");
  const std::string channel = "__keyspace@0__:k";
  std::vector<Reply> replies;
  for (int i = 0; i < 4; i++) replies.push_back(listener.receive());
  const auto count = [&](const Expected& expected) {
    return std::ranges::count_if(replies, [&](const Reply& reply) { return reply == expected; });
  };
  CHECK(count(push("invalidate", array("k"))) == 1);
  CHECK(count(push("pmessage", "__keyspace*", channel, "set")) == 2);
  CHECK(replies.back() == push("pmessage", "__keyspace*", channel, "del"));
  CHECK(info_number(writer, "stats", "total_writes_processed") - before == 5);
}

TEST_CASE("what is gathered counts as waiting output, and leaves when the server ends") {
  TestServer server;
  auto publisher = server.connect();
  constexpr int kListeners = 20;
  std::vector<TestClient> listeners;
  for (int i = 0; i < kListeners; i++) {
    listeners.push_back(server.connect());
    listeners.back()("CLIENT", "BATCH", "ON", "SIZE", "1000000", "INTERVAL", "60000");
    listeners.back()("SUBSCRIBE", "c");
  }
  const std::string message(100, 'x');
  constexpr int kMessages = 400;
  for (int i = 0; i < kMessages; i++) publisher("PUBLISH", "c", message);
  // No connection is told apart here from one that does not read.
  CHECK(info_number(publisher, "memory", "mem_not_counted_for_evict") >=
        kListeners * kMessages * 100);
  server.signal(SIGTERM);
  for (TestClient& listener : listeners) {
    for (int i = 0; i < kMessages; i++) {
      REQUIRE(listener.receive() == array("message", "c", message));
    }
  }
}

TEST_CASE("who gathers and does not read is cut off as anybody else") {
  TestServer server({"--client-output-buffer-limit", "pubsub 1mb 0 0"});
  auto publisher = server.connect(), slow = server.connect();
  slow("CLIENT", "BATCH", "ON", "SIZE", "1000000", "INTERVAL", "60000");
  slow("SUBSCRIBE", "c");
  const std::string message(1000, 'x');
  // More than the limit and all buffers of sockets on the way.
  bool hears = true;
  for (int i = 0; i < 100'000 && hears; i++) hears = publisher("PUBLISH", "c", message) == 1;
  CHECK_FALSE(hears);
  CHECK(eventually([&] { return info_number(publisher, "clients", "connected_clients") == 1; }));
}

}  // namespace
}  // namespace larder
