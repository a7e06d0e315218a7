// Client-side caching between several clients: who is told what, when, and in which order.
#include <catch2/catch.hpp>
#include <set>

#include "tests/support/build.h"
#include "tests/support/eventually.h"
#include "tests/support/reply_text.h"
#include "tests/support/test_server.h"

namespace larder {
namespace {

constexpr Reply::Type kPush = Reply::Type::push;

int64_t field_of(TestClient& client, const std::string& name) {
  const std::string text = client("INFO", "everything").text;
  const size_t at = text.find("\r\n" + name + ":");
  return at == std::string::npos ? -1 : std::stoll(text.substr(at + name.size() + 3));
}

TestClient tracking_client(TestServer& server, const std::vector<std::string>& options = {}) {
  auto client = server.connect();
  client.use_resp3();
  std::vector<std::string> request = {"CLIENT", "TRACKING", "ON"};
  request.insert(request.end(), options.begin(), options.end());
  REQUIRE(client.call(request) == status("OK"));
  return client;
}

Expected invalidation(const std::string& key) {
  return push("invalidate", array(key));
}

std::string key_name(int number) {
  return "key:" + std::to_string(number);
}

TEST_CASE("everybody who has read a key is told once") {
  TestServer server;
  auto writer = server.connect();
  writer("SET", "k", "1");
  std::vector<TestClient> readers;
  for (int i = 0; i < 50; i++) {
    readers.push_back(tracking_client(server));
    CHECK(readers.back()("GET", "k") == "1");
    CHECK(readers.back()("GET", "k") == "1");
  }
  CHECK(field_of(writer, "tracking_clients") == 50);
  CHECK(field_of(writer, "tracking_total_keys") == 1);
  CHECK(field_of(writer, "tracking_total_items") == 50);
  writer("SET", "k", "2");
  writer("SET", "k", "3");
  for (TestClient& reader : readers) {
    CHECK(reader.receive() == invalidation("k"));
    CHECK(reader("PING") == status("PONG"));
    CHECK_FALSE(reader.receive_within(0ms).has_value());
  }
  CHECK(field_of(writer, "tracking_total_keys") == 0);
  CHECK(field_of(writer, "tracking_total_items") == 0);
}

TEST_CASE("a key that expires by itself is told, to broadcasts and with NOLOOP as well") {
  TestServer server({"--enable-debug-command", "yes"});
  auto reader = tracking_client(server, {"NOLOOP"});
  auto listener = tracking_client(server, {"BCAST", "PREFIX", "short", "NOLOOP"});
  reader("SET", "short", "1", "PX", "20");
  CHECK(listener.receive() == invalidation("short"));
  CHECK(reader("GET", "short") == "1");
  CHECK(reader.receive() == invalidation("short"));
  CHECK(listener.receive() == invalidation("short"));
  // The same for one that its own look-up finds expired.
  auto admin = server.connect();
  REQUIRE(admin("DEBUG", "SET-ACTIVE-EXPIRE", "0") == status("OK"));
  listener("SET", "short", "1", "PX", "1");
  CHECK(eventually([&] { return listener("EXISTS", "short") == 0; }));
  CHECK(listener.receive() == invalidation("short"));
}

TEST_CASE("a blocked client's own change is told behind its reply") {
  TestServer server;
  auto client = tracking_client(server);
  auto pusher = server.connect();
  pusher("RPUSH", "target", "a");
  client("LRANGE", "target", "0", "-1");
  client.send({"BLMOVE", "source", "target", "LEFT", "LEFT", "0"});
  CHECK(eventually([&] { return field_of(pusher, "blocked_clients") == 1; }));
  pusher("RPUSH", "source", "x");
  CHECK(client.receive() == "x");
  CHECK(client.receive() == invalidation("target"));
}

TEST_CASE("what a blocked reader was served is tracked, with CLIENT CACHING too") {
  TestServer server;
  auto client = tracking_client(server, {"OPTIN"});
  auto writer = server.connect();
  client("CLIENT", "CACHING", "YES");
  client.send({"XREAD", "BLOCK", "0", "STREAMS", "s", "$"});
  CHECK(eventually([&] { return field_of(writer, "blocked_clients") == 1; }));
  writer("XADD", "s", "1-1", "f", "v");
  // It was tracked when it began to wait; being served tracks it anew.
  std::vector<Reply> received = {client.receive(), client.receive()};
  CHECK((received[0].type == kPush) != (received[1].type == kPush));
  writer("XADD", "s", "2-1", "f", "v");
  CHECK(client.receive() == invalidation("s"));
  client("XLEN", "s");
  writer("XADD", "s", "3-1", "f", "v");
  CHECK(client("PING") == status("PONG"));
}

TEST_CASE("messages and replies of one connection keep their order") {
  TestServer server;
  auto client = tracking_client(server);
  std::string requests;
  constexpr int kRounds = 200;
  for (int i = 0; i < kRounds; i++) {
    requests += encode_request({"GET", "k"});
    requests += encode_request({"SET", "k", std::to_string(i)});
  }
  client.send_raw(requests);
  for (int i = 0; i < kRounds; i++) {
    if (i == 0) {
      REQUIRE(client.receive() == nil);
    } else {
      REQUIRE(client.receive() == std::to_string(i - 1));
    }
    REQUIRE(client.receive() == status("OK"));
    REQUIRE(client.receive() == invalidation("k"));
  }
}

TEST_CASE("a transaction tracks what its commands read, and nothing else") {
  TestServer server;
  auto client = tracking_client(server);
  auto writer = server.connect();
  const std::string key(100, 'k');
  client("MULTI");
  client("SET", "written", "1");
  client("GET", key);
  client("EXEC");
  CHECK(field_of(writer, "tracking_total_keys") == 1);
  CHECK(field_of(writer, "tracking_total_items") == 1);
  writer("SET", key, "1");
  CHECK(client.receive() == invalidation(key));
  CHECK(field_of(writer, "tracking_total_keys") == 0);
  // Behind it CLIENT CACHING has ended.
  client("CLIENT", "TRACKING", "ON", "OPTIN");
  client("CLIENT", "CACHING", "YES");
  client("MULTI");
  client("GET", key);
  client("CLIENT", "GETNAME");
  client("EXEC");
  client("GET", "behind");
  CHECK(field_of(writer, "tracking_total_keys") == 1);
}

TEST_CASE("a message never reaches a client that has changed its protocol meanwhile") {
  TestServer server;
  auto client = tracking_client(server);
  client("GET", "k");
  client("MULTI");
  client("SET", "k", "1");
  client("HELLO", "2");
  client("EXEC");
  CHECK(client("PING") == status("PONG"));
  // In RESP2 it still tracks, and hears nothing.
  client("GET", "k");
  auto writer = server.connect();
  writer("SET", "k", "2");
  CHECK(client("PING") == status("PONG"));
  CHECK(field_of(writer, "tracking_clients") == 1);
}

TEST_CASE("clients that want no replies get their messages") {
  TestServer server;
  auto client = tracking_client(server);
  auto writer = server.connect();
  client("GET", "k");
  client.send({"CLIENT", "REPLY", "OFF"});
  client.send({"SET", "k", "own"});
  CHECK(client.receive() == invalidation("k"));
  client.send({"GET", "k"});
  client.send({"CLIENT", "REPLY", "ON"});
  CHECK(client.receive() == status("OK"));
  writer("SET", "k", "foreign");
  CHECK(client.receive() == invalidation("k"));
}

TEST_CASE("RESET, TRACKING OFF and the end of the connection end tracking") {
  TestServer server;
  auto writer = server.connect();
  auto first = tracking_client(server), second = tracking_client(server), third = server.connect();
  third.use_resp3();
  third("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "a");
  for (int i = 0; i < 100; i++) {
    first("GET", key_name(i));
    second("GET", key_name(i));
  }
  CHECK(field_of(writer, "tracking_clients") == 3);
  CHECK(field_of(writer, "tracking_total_prefixes") == 1);
  CHECK(field_of(writer, "mem_tracking_table") > 0);
  CHECK(first("RESET") == status("RESET"));
  CHECK(second("CLIENT", "TRACKING", "OFF") == status("OK"));
  writer("SET", key_name(1), "x");
  writer("SET", "a", "x");
  CHECK(third.receive() == invalidation("a"));
  CHECK(second("PING") == status("PONG"));
  CHECK(first("PING") == status("PONG"));
  third.close();
  CHECK(eventually([&] { return field_of(writer, "tracking_clients") == 0; }));
  CHECK(field_of(writer, "tracking_total_keys") == 0);
  CHECK(field_of(writer, "tracking_total_items") == 0);
  CHECK(field_of(writer, "tracking_total_prefixes") == 0);
  CHECK(eventually([&] { return field_of(writer, "mem_tracking_table") < 1024; }));
}

TEST_CASE("a newcomer is not told of what those before it have read") {
  TestServer server;
  auto writer = server.connect();
  auto stays = tracking_client(server);
  stays("GET", "other");
  for (int round = 0; round < 20; round++) {
    auto leaves = tracking_client(server);
    for (int i = 0; i < 10; i++) leaves("GET", key_name(i));
    auto killed = tracking_client(server);
    killed("GET", "k");
    CHECK(writer("CLIENT", "KILL", "ID", killed("CLIENT", "ID").integer) == 1);
  }
  auto fresh = tracking_client(server);
  fresh("GET", "fresh");
  for (int i = 0; i < 10; i++) writer("SET", key_name(i), "x");
  writer("SET", "k", "x");
  writer("SET", "fresh", "x");
  CHECK(fresh.receive() == invalidation("fresh"));
  CHECK(eventually([&] { return field_of(writer, "tracking_total_items") == 1; }));
}

TEST_CASE("the table is bounded, and clients are told of what it forgets") {
  TestServer server({"--tracking-table-max-keys", "1000"});
  auto client = tracking_client(server);
  auto admin = server.connect();
  constexpr int kKeys = 5000;
  std::string requests;
  for (int i = 0; i < kKeys; i++) requests += encode_request({"GET", key_name(i)});
  client.send_raw(requests);
  std::set<std::string> forgotten;
  int replies = 0;
  while (replies < kKeys || forgotten.size() < kKeys - 1000) {
    const Reply reply = client.receive();
    if (reply.type != kPush) {
      replies++;
    } else {
      REQUIRE(forgotten.insert(reply.children[1].children[0].text).second);
    }
  }
  CHECK(field_of(admin, "tracking_total_keys") == 1000);
  // What it has forgotten is not told again, what it has not is.
  for (int i = 0; i < kKeys; i++) {
    admin("SET", key_name(i), "x");
    if (forgotten.contains(key_name(i))) continue;
    REQUIRE(client.receive() == invalidation(key_name(i)));
  }
  CHECK(client("PING") == status("PONG"));

  // A smaller bound takes effect without any traffic.
  for (int i = 0; i < 900; i++) client("GET", key_name(i));
  CHECK(admin("CONFIG", "SET", "tracking-table-max-keys", "1") == status("OK"));
  for (int i = 0; i < 899; i++) REQUIRE(client.receive().type == kPush);
  CHECK(field_of(admin, "tracking_total_keys") == 1);
  CHECK(admin("CONFIG", "SET", "tracking-table-max-keys", "0") == status("OK"));
  for (int i = 0; i < 2000; i++) client("GET", key_name(i));
  CHECK(field_of(admin, "tracking_total_keys") >= 2000);
}

TEST_CASE("a flush forgets a large table at once") {
  TestServer server;
  auto client = tracking_client(server);
  auto admin = server.connect();
  constexpr int kKeys = 100'000;
  std::string requests;
  for (int i = 0; i < kKeys; i++) requests += encode_request({"EXISTS", key_name(i)});
  client.send_raw(requests);
  for (int i = 0; i < kKeys; i++) REQUIRE(client.receive() == 0);
  CHECK(field_of(admin, "tracking_total_keys") == kKeys);
  if (!kHasSanitizers) CHECK(field_of(admin, "mem_tracking_table") < 60 * kKeys);
  CHECK(admin("FLUSHALL") == status("OK"));
  CHECK(field_of(admin, "tracking_total_keys") == 0);
  CHECK(client.receive() == push("invalidate", nil));
  CHECK(eventually([&] { return field_of(admin, "mem_tracking_table") < 1024; }));
  CHECK(client("PING") == status("PONG"));
}

TEST_CASE("broadcasts of a turn are one message for each prefix") {
  TestServer server;
  auto writer = server.connect();
  auto all = tracking_client(server, {"BCAST"});
  auto users = tracking_client(server, {"BCAST", "PREFIX", "user:", "PREFIX", "page:"});
  std::vector<TestClient> others;
  for (int i = 0; i < 100; i++) {
    others.push_back(tracking_client(server, {"BCAST", "PREFIX", "own" + std::to_string(i) + ":"}));
  }
  CHECK(field_of(writer, "tracking_total_prefixes") == 103);
  writer("MSET", "user:2", "x", "user:1", "x", "page:1", "x", "own7:k", "x", "user:2", "y");
  CHECK(all.receive() == push("invalidate", array("own7:k", "page:1", "user:1", "user:2")));
  CHECK(users.receive() == push("invalidate", array("user:1", "user:2")));
  CHECK(users.receive() == push("invalidate", array("page:1")));
  CHECK(others[7].receive() == invalidation("own7:k"));
  CHECK(others[70]("PING") == status("PONG"));
  // With NOLOOP a client hears of a key if another was the last to change it.
  auto deaf = tracking_client(server, {"BCAST", "PREFIX", "n", "NOLOOP"});
  deaf("MSET", "n1", "1", "n2", "1");
  writer("SET", "n2", "2");
  CHECK(deaf.receive() == invalidation("n2"));
  deaf("SET", "n1", "2");
  CHECK(deaf("PING") == status("PONG"));
  CHECK_FALSE(deaf.receive_within(0ms).has_value());
}

TEST_CASE("a redirection that breaks is reported until it is replaced") {
  TestServer server;
  auto writer = server.connect();
  auto target = server.connect(), successor = server.connect();
  target("SUBSCRIBE", "__redis__:invalidate");
  successor("SUBSCRIBE", "__redis__:invalidate");
  const std::string list = writer("CLIENT", "LIST", "TYPE", "pubsub").text;
  const int64_t id = std::stoll(list.substr(3));
  const int64_t next_id = std::stoll(list.substr(list.find("\nid=") + 4));
  auto reader = tracking_client(server, {"REDIRECT", std::to_string(id)});
  auto second = server.connect();
  CHECK(second("CLIENT", "TRACKING", "ON", "REDIRECT", id) == status("OK"));
  reader("GET", "k");
  second("GET", "other");
  writer("MSET", "k", "1", "other", "1");
  CHECK(target.receive() == array("message", "__redis__:invalidate", array("k")));
  CHECK(target.receive() == array("message", "__redis__:invalidate", array("other")));
  target.close();
  CHECK(eventually([&] { return field_of(writer, "pubsub_clients") == 1; }));
  reader("GET", "k");
  writer("SET", "k", "2");
  CHECK(reader.receive() == push("tracking-redir-broken", id));
  CHECK(reader("CLIENT", "TRACKING", "ON", "REDIRECT", next_id) == status("OK"));
  reader("GET", "k");
  writer("SET", "k", "3");
  CHECK(successor.receive() == array("message", "__redis__:invalidate", array("k")));
}

TEST_CASE("a client that changes ten thousand keys that it tracks is told of each") {
  TestServer server;
  auto client = tracking_client(server);
  constexpr int kKeys = 10'000;
  std::vector<std::string> get = {"MGET"}, set = {"MSET"};
  for (int i = 0; i < kKeys; i++) {
    get.push_back(key_name(i));
    set.insert(set.end(), {key_name(i), "x"});
  }
  client.call(get);
  client.send(set);
  CHECK(client.receive() == status("OK"));
  for (int i = 0; i < kKeys; i++) REQUIRE(client.receive() == invalidation(key_name(i)));
}

}  // namespace
}  // namespace larder
