// Transactions among several clients, and with what surrounds them.
#include <catch2/catch.hpp>

#include "tests/support/build.h"
#include "tests/support/reply_text.h"
#include "tests/support/test_server.h"

namespace larder {
namespace {

TEST_CASE("nobody's requests come between those of a transaction") {
  TestServer server;
  auto first = server.connect(), second = server.connect();
  constexpr int kRounds = 200;
  std::string requests;
  for (int i = 0; i < kRounds; i++) {
    requests += encode_request({"MULTI"}) + encode_request({"INCR", "n"}) +
                encode_request({"INCR", "n"}) + encode_request({"EXEC"});
  }
  first.send_raw(requests);
  second.send_raw(requests);
  for (TestClient* client : {&first, &second}) {
    for (int i = 0; i < kRounds; i++) {
      for (int skipped = 0; skipped < 3; skipped++) client->receive();
      const Reply reply = client->receive();
      REQUIRE(reply.children.size() == 2);
      REQUIRE(reply.children[1].integer == reply.children[0].integer + 1);
    }
  }
  CHECK(first("GET", "n") == std::to_string(4 * kRounds));
}

TEST_CASE("what a transaction queues is shown, and is gone afterwards") {
  TestServer server;
  auto admin = server.connect(), client = server.connect();
  const std::string id = std::to_string(client("CLIENT", "ID").integer);
  const auto line = [&] { return admin("CLIENT", "LIST", "ID", id).text; };
  client("MULTI");
  CHECK(line().find(" flags=x ") != std::string::npos);
  CHECK(line().find(" multi=0 ") != std::string::npos);
  client("SET", "key", std::string(100'000, 'x'));
  client("GET", "key");
  CHECK(line().find(" multi=2 ") != std::string::npos);
  const std::string shown = line();
  CHECK(std::stol(shown.substr(shown.find(" multi-mem=") + 11)) > 100'000);
  // Large arguments survive the turns until EXEC.
  const Reply reply = client("EXEC");
  REQUIRE(reply.children.size() == 2);
  CHECK(reply.children[1].text == std::string(100'000, 'x'));
  CHECK(line().find(" multi=-1 ") != std::string::npos);
  CHECK(line().find(" multi-mem=0 ") != std::string::npos);
}

TEST_CASE("CLIENT LIST names EXEC, and not the last request that it ran") {
  TestServer server;
  auto admin = server.connect(), client = server.connect();
  const std::string id = std::to_string(client("CLIENT", "ID").integer);
  client("MULTI");
  client("GET", "key");
  client("EXEC");
  CHECK(admin("CLIENT", "LIST", "ID", id).text.find(" cmd=exec ") != std::string::npos);
}

TEST_CASE("CLIENT LIST and INFO count watched keys") {
  TestServer server;
  auto admin = server.connect(), client = server.connect(), other = server.connect();
  const std::string id = std::to_string(client("CLIENT", "ID").integer);
  const auto count = [&] {
    const std::string text = admin("INFO", "clients").text;
    const size_t watchers = text.find("watching_clients:"), keys = text.find("total_watched_keys:");
    return text.substr(watchers, 18) + ' ' + text.substr(keys, 20);
  };
  const auto is_shown = [&](const std::string& field) {
    return admin("CLIENT", "LIST", "ID", id).text.find(field) != std::string::npos;
  };
  CHECK(count() == "watching_clients:0 total_watched_keys:0");
  client("WATCH", "a", "b", "a");
  other("WATCH", "a");
  CHECK(count() == "watching_clients:2 total_watched_keys:2");
  CHECK(is_shown(" watch=2 "));
  client("UNWATCH");
  CHECK(count() == "watching_clients:1 total_watched_keys:1");
  CHECK(is_shown(" watch=0 "));
  other("MULTI");
  other("EXEC");
  CHECK(count() == "watching_clients:0 total_watched_keys:0");
}

TEST_CASE("CLIENT LIST tells that a watched key has changed") {
  TestServer server;
  auto admin = server.connect(), client = server.connect();
  const std::string id = std::to_string(client("CLIENT", "ID").integer);
  client("WATCH", "key");
  admin("SET", "key", "1");
  CHECK(admin("CLIENT", "LIST", "ID", id).text.find(" flags=d ") != std::string::npos);
  client("UNWATCH");
  CHECK(admin("CLIENT", "LIST", "ID", id).text.find(" flags=N ") != std::string::npos);
}

TEST_CASE("a queue that grows beyond the limit of input ends the client") {
  TestServer server({"--client-query-buffer-limit", "1mb"});
  auto client = server.connect();
  client("MULTI");
  const std::string value(10'000, 'x');
  CHECK_THROWS([&] {
    for (int i = 0; i < 1000; i++) client("SET", "key", value);
  }());
  CHECK(server.connect()("EXISTS", "key") == 0);
}

TEST_CASE("a transaction that needs memory is refused while it is full") {
  // Their allocator does not tell how much is used.
  if (kHasSanitizers) return;
  TestServer server;
  auto client = server.connect();
  client("MULTI");
  client("SET", "key", "value");
  client("NOSUCH");  // the memory comes before errors of queueing
  server.connect()("CONFIG", "SET", "maxmemory", 1);
  CHECK(client("EXEC") == is_error("EXECABORT Transaction discarded because of: OOM command not "
                                   "allowed when used memory > 'maxmemory'."));
  client("MULTI");
  CHECK(client("SET", "key", "value") == error_starting("OOM "));
  CHECK(client("GET", "key") == error_starting("OOM "));
  CHECK(client("EXEC") == error_starting("EXECABORT "));
  client("MULTI");
  CHECK(client("DISCARD") == status("OK"));
  client("MULTI");
  CHECK(client("EXEC") == array());
  CHECK(client("EXISTS", "key") == 0);
}

TEST_CASE("a transaction that writes waits for the end of a pause of writes") {
  TestServer server;
  auto admin = server.connect(), writer = server.connect(), reader = server.connect();
  writer("MULTI");
  writer("SET", "key", "value");
  reader("MULTI");
  reader("GET", "key");
  admin("CLIENT", "PAUSE", 100'000, "WRITE");
  CHECK(reader("EXEC") == array(nil));
  writer.send({"EXEC"});
  CHECK(eventually(
      [&] { return admin("CLIENT", "LIST").text.find("flags=xb") != std::string::npos; }));
  admin("CLIENT", "UNPAUSE");
  CHECK(writer.receive() == array(status("OK")));
}

TEST_CASE("a client that is killed in the middle leaves nothing behind") {
  TestServer server;
  auto admin = server.connect();
  for (int i = 0; i < 20; i++) {
    auto client = server.connect();
    client("WATCH", "a", "b");
    client("MULTI");
    client("SET", "a", std::string(70'000, 'x'));
    CHECK(admin("CLIENT", "KILL", "TYPE", "normal") == 1);
    CHECK(client.receive_eof());
    CHECK(admin("SET", "a", "1") == status("OK"));
  }
  CHECK(admin("GET", "a") == "1");
}

TEST_CASE("killing oneself inside a transaction runs the rest of it") {
  TestServer server;
  auto admin = server.connect(), client = server.connect();
  client("MULTI");
  client("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no");
  client("SET", "key", "value");
  client.send({"EXEC"});
  CHECK(client.receive() == array(2, status("OK")));
  CHECK(client.receive_eof());
  CHECK(server.connect()("GET", "key") == "value");
}

TEST_CASE("replies that are switched off stay off for a transaction") {
  TestServer server;
  auto client = server.connect();
  client.send({"CLIENT", "REPLY", "OFF"});
  client.send({"MULTI"});
  client.send({"SET", "key", "value"});
  client.send({"EXEC"});
  client.send({"CLIENT", "REPLY", "ON"});
  CHECK(client.receive() == status("OK"));
  CHECK(client("GET", "key") == "value");
}

TEST_CASE("a watched key that expires unseen lets EXEC run nothing") {
  TestServer server;
  auto admin = server.connect(), client = server.connect();
  admin("SET", "key", "x", "PX", 20);
  client("WATCH", "key");
  client("MULTI");
  client("PING");
  CHECK(eventually([&] { return admin("DBSIZE") == 0; }));
  CHECK(client("EXEC") == nil);
}

TEST_CASE("errors of queueing and running are counted") {
  TestServer server;
  auto client = server.connect();
  client("SET", "text", "x");
  client("MULTI");
  client("SET", "text");
  client("EXEC");
  client("MULTI");
  client("INCR", "text");
  client("EXEC");
  const std::string stats = client("INFO", "commandstats").text;
  CHECK(stats.find("cmdstat_incr:calls=1,") != std::string::npos);
  CHECK(stats.find("cmdstat_exec:calls=2,") != std::string::npos);
  CHECK(client("INFO", "errorstats").text.find("errorstat_EXECABORT:count=1") != std::string::npos);
}

}  // namespace
}  // namespace larder
