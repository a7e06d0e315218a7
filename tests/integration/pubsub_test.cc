// Publish and subscribe between several clients, and notifications about keys.
#include <catch2/catch.hpp>

#include "tests/support/reply_text.h"
#include "tests/support/test_server.h"

namespace larder {
namespace {

constexpr size_t kMegabyte = 1024 * 1024;

std::string field_of(TestClient& client, const std::string& section, const std::string& name) {
  const std::string text = client("INFO", section).text;
  const size_t at = text.find("\r\n" + name + ":");
  if (at == std::string::npos) return "none";
  const size_t begin = at + name.size() + 3;
  return text.substr(begin, text.find('\r', begin) - begin);
}

TEST_CASE("messages arrive in the order in which they were published") {
  TestServer server;
  auto publisher = server.connect(), second = server.connect(), third = server.connect();
  third.use_resp3();
  CHECK(second("SUBSCRIBE", "c") == array("subscribe", "c", 1));
  CHECK(third("PSUBSCRIBE", "*") == push("psubscribe", "*", 1));
  std::string requests;
  constexpr int kMessages = 1000;
  for (int i = 0; i < kMessages; i++) {
    requests += encode_request({"PUBLISH", "c", std::to_string(i)});
  }
  publisher.send_raw(requests);
  for (int i = 0; i < kMessages; i++) {
    REQUIRE(publisher.receive() == 2);
    REQUIRE(second.receive() == array("message", "c", std::to_string(i)));
    REQUIRE(third.receive() == push("pmessage", "*", "c", std::to_string(i)));
  }
}

TEST_CASE("pushes and replies of one connection keep their order") {
  TestServer server;
  auto client = server.connect();
  client.use_resp3();
  std::string requests;
  for (const std::vector<std::string>& request :
       std::vector<std::vector<std::string>>{{"SUBSCRIBE", "a", "b"},
                                             {"PUBLISH", "a", "1"},
                                             {"SET", "k", "v"},
                                             {"MULTI"},
                                             {"PUBLISH", "b", "2"},
                                             {"GET", "k"},
                                             {"EXEC"},
                                             {"UNSUBSCRIBE", "a"},
                                             {"PUBLISH", "a", "3"},
                                             {"PING"}}) {
    requests += encode_request(request);
  }
  client.send_raw(requests);
  CHECK(client.receive() == push("subscribe", "a", 1));
  CHECK(client.receive() == push("subscribe", "b", 2));
  CHECK(client.receive() == 1);
  CHECK(client.receive() == push("message", "a", "1"));
  CHECK(client.receive() == status("OK"));
  CHECK(client.receive() == status("OK"));
  CHECK(client.receive() == status("QUEUED"));
  CHECK(client.receive() == status("QUEUED"));
  CHECK(client.receive() == array(1, "v"));
  CHECK(client.receive() == push("message", "b", "2"));
  CHECK(client.receive() == push("unsubscribe", "a", 1));
  CHECK(client.receive() == 0);
  CHECK(client.receive() == status("PONG"));
}

TEST_CASE("subscribing in a transaction answers inside its reply") {
  TestServer server;
  auto client = server.connect();
  client("MULTI");
  client("SUBSCRIBE", "a");
  client("PING");
  client("PUBLISH", "a", "x");
  CHECK(client("EXEC") == array(array("subscribe", "a", 1), array("pong", ""), 1));
  CHECK(client.receive() == array("message", "a", "x"));
}

TEST_CASE("who has switched replies off still hears messages and confirmations") {
  TestServer server;
  auto client = server.connect(), other = server.connect();
  client.use_resp3();
  client.send({"CLIENT", "REPLY", "OFF"});
  client.send({"SUBSCRIBE", "c"});
  CHECK(client.receive() == push("subscribe", "c", 1));
  client.send({"PUBLISH", "c", "own"});
  CHECK(client.receive() == push("message", "c", "own"));
  CHECK(other("PUBLISH", "c", "other") == 1);
  CHECK(client.receive() == push("message", "c", "other"));
  client.send({"PUNSUBSCRIBE"});
  const Reply nothing_to_leave = client.receive();
  REQUIRE(nothing_to_leave.children.size() == 3);
  CHECK(nothing_to_leave.children[0].text == "punsubscribe");
  CHECK(nothing_to_leave.children[1].is_nil());
  client.send({"CLIENT", "REPLY", "ON"});
  CHECK(client.receive() == status("OK"));
}

TEST_CASE("a client that goes away listens to nothing any more") {
  TestServer server;
  auto admin = server.connect();
  {
    auto client = server.connect();
    client("SUBSCRIBE", "c");
    client("SSUBSCRIBE", "c");
    client("PSUBSCRIBE", "c");
    CHECK(admin("PUBSUB", "NUMSUB", "c") == array("c", 1));
    CHECK(field_of(admin, "stats", "pubsub_channels") == "1");
    CHECK(field_of(admin, "stats", "pubsub_patterns") == "1");
    CHECK(field_of(admin, "stats", "pubsubshard_channels") == "1");
    CHECK(field_of(admin, "clients", "pubsub_clients") == "1");
  }
  CHECK(eventually([&] { return admin("PUBSUB", "NUMPAT") == 0; }));
  CHECK(admin("PUBLISH", "c", "x") == 0);
  CHECK(admin("SPUBLISH", "c", "x") == 0);
  CHECK(field_of(admin, "clients", "pubsub_clients") == "0");
}

TEST_CASE("CLIENT LIST and CLIENT KILL know who listens") {
  TestServer server;
  auto admin = server.connect(), client = server.connect();
  client("SUBSCRIBE", "a");
  client("PSUBSCRIBE", "p*");
  client("SSUBSCRIBE", "s");
  const std::string line = admin("CLIENT", "LIST", "TYPE", "pubsub").text;
  CHECK(line.find(" flags=P ") != std::string::npos);
  CHECK(line.find(" sub=1 psub=1 ssub=1 ") != std::string::npos);
  CHECK(std::count(line.begin(), line.end(), '\n') == 1);
  client("UNSUBSCRIBE");
  client("PUNSUBSCRIBE");
  client("SUNSUBSCRIBE");
  CHECK(admin("CLIENT", "LIST", "TYPE", "pubsub").text.empty());
  client("SUBSCRIBE", "a");
  CHECK(admin("CLIENT", "KILL", "TYPE", "pubsub") == 1);
  CHECK(client.receive_eof());
  CHECK(eventually([&] { return admin("PUBSUB", "NUMSUB", "a") == array("a", 0); }));
}

TEST_CASE("a subscriber that does not read is cut off by the limit of its class") {
  TestServer server({"--client-output-buffer-limit", "pubsub 3mb 0 0"});
  auto admin = server.connect(), slow = server.connect();
  slow("SUBSCRIBE", "c");
  const std::string message(kMegabyte, 'x');
  // Socket buffers on the way take some megabytes.
  int sent = 0;
  while (sent < 100 && admin("PUBLISH", "c", message) == 1) sent++;
  CHECK(sent >= 2);
  CHECK(sent < 100);
  CHECK(server.log().find("overcoming of output buffer limits") != std::string::npos);
  CHECK(admin("CLIENT", "LIST", "TYPE", "pubsub").text.empty());
}

TEST_CASE("the limit of subscribers is not that of others, and ends with the subscription") {
  TestServer server({"--client-output-buffer-limit", "pubsub 100kb 0 0"});
  auto client = server.connect();
  client.use_resp3();
  client("SET", "big", std::string(200'000, 'x'));
  CHECK(client("GET", "big").text.size() == 200'000);
  client("SUBSCRIBE", "c");
  client("UNSUBSCRIBE", "c");
  CHECK(client("GET", "big").text.size() == 200'000);
  client("SUBSCRIBE", "c");
  client.send({"GET", "big"});
  CHECK_THROWS(client.receive());
}

TEST_CASE("a large message to many is in memory once") {
  TestServer server({"--client-output-buffer-limit", "pubsub 0 0 0"});
  auto admin = server.connect();
  std::vector<TestClient> clients;
  constexpr int kClients = 20;
  for (int i = 0; i < kClients; i++) {
    clients.push_back(server.connect());
    clients.back()("SUBSCRIBE", "c");
  }
  const std::string message(4 * kMegabyte, 'x');
  // Nobody reads yet. Five such messages are far more than the sockets take.
  constexpr int kMessages = 5;
  for (int i = 0; i < kMessages; i++) CHECK(admin("PUBLISH", "c", message) == kClients);
  CHECK(std::stoll(field_of(admin, "memory", "used_memory")) <
        static_cast<long long>(3 * kMessages * message.size()));
  for (TestClient& client : clients) {
    for (int i = 0; i < kMessages; i++) REQUIRE(client.receive() == array("message", "c", message));
  }
}

TEST_CASE("a silent subscriber is not an idle client") {
  TestServer server({"--timeout", "1"});
  auto subscriber = server.connect(), idle = server.connect();
  subscriber("SUBSCRIBE", "c");
  idle("PING");
  CHECK(idle.receive_eof());
  auto admin = server.connect();
  CHECK(admin("PUBLISH", "c", "x") == 1);
  CHECK(subscriber.receive() == array("message", "c", "x"));
}

TEST_CASE("keys that expire are told about when their time comes, without being looked at") {
  TestServer server({"--notify-keyspace-events", "Ex"});
  auto admin = server.connect(), listener = server.connect();
  listener("SUBSCRIBE", "__keyevent@0__:expired");
  admin("SET", "stays", "x");
  const auto start = std::chrono::steady_clock::now();
  admin("SET", "goes", "x", "PX", 200);
  CHECK(listener.receive() == array("message", "__keyevent@0__:expired", "goes"));
  const auto waited = std::chrono::steady_clock::now() - start;
  CHECK(waited >= 190ms);
  CHECK(waited < 2s);
}

TEST_CASE("one's own changes are told behind their replies") {
  TestServer server({"--notify-keyspace-events", "KEA"});
  auto client = server.connect();
  client.use_resp3();
  client("PSUBSCRIBE", "__key*");
  client.send({"SET", "k", "v"});
  CHECK(client.receive() == status("OK"));
  CHECK(client.receive() == push("pmessage", "__key*", "__keyspace@0__:k", "set"));
  CHECK(client.receive() == push("pmessage", "__key*", "__keyevent@0__:set", "k"));
}

TEST_CASE("events follow CONFIG SET at once, and are counted by nobody when off") {
  TestServer server;
  auto admin = server.connect(), listener = server.connect();
  listener("PSUBSCRIBE", "*");
  admin("SET", "a", "1");
  admin("CONFIG", "SET", "notify-keyspace-events", "K$");
  admin("SET", "b", "1");
  CHECK(listener.receive() == array("pmessage", "*", "__keyspace@0__:b", "set"));
  admin("CONFIG", "SET", "notify-keyspace-events", "");
  admin("SET", "c", "1");
  admin("PUBLISH", "end", "");
  CHECK(listener.receive() == array("pmessage", "*", "end", ""));
}

TEST_CASE("no pattern takes long") {
  TestServer server;
  auto admin = server.connect(), listener = server.connect();
  std::string pattern;
  for (int i = 0; i < 1000; i++) pattern += "a*";
  listener("PSUBSCRIBE", pattern + "b");
  const auto start = std::chrono::steady_clock::now();
  CHECK(admin("PUBLISH", std::string(10'000, 'a'), "x") == 0);
  CHECK(std::chrono::steady_clock::now() - start < 5s);
}

TEST_CASE("who may no longer hear a channel is closed") {
  TestServer server;
  auto admin = server.connect(), listener = server.connect(), other = server.connect();
  CHECK(admin("ACL", "SETUSER", "ann", "on", "nopass", "+@all", "&a", "&b", "&p*") == status("OK"));
  CHECK(listener("AUTH", "ann", "x") == status("OK"));
  CHECK(other("AUTH", "ann", "x") == status("OK"));
  listener.send({"SUBSCRIBE", "a"});
  listener.receive();
  other.send({"PSUBSCRIBE", "p*"});
  other.receive();
  CHECK(admin("ACL", "SETUSER", "ann", "resetchannels", "&p*") == status("OK"));
  CHECK(listener.receive_eof());
  CHECK(admin("PUBLISH", "p1", "m") == 1);
  CHECK(admin("ACL", "SETUSER", "ann", "resetchannels", "&p1") == status("OK"));
  other.receive();
  CHECK(other.receive_eof());
}

}  // namespace
}  // namespace larder
