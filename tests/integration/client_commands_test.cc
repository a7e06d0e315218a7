// CLIENT PAUSE and CLIENT KILL: what one client does to others.
#include <catch2/catch.hpp>
#include <csignal>

#include "tests/support/reply_text.h"
#include "tests/support/test_server.h"

namespace larder {
namespace {

// True when the server has read what was sent before and has nothing to say to `client`.
bool is_held(TestClient& client, TestClient& other) {
  // The reply to CLIENT ID comes through every pause, and after what arrived before it.
  return other("CLIENT", "ID").integer > 0 && !client.receive_within(0ms).has_value();
}

TEST_CASE("CLIENT PAUSE holds writes back and lets them through afterwards") {
  TestServer server;
  auto admin = server.connect(), writer = server.connect(), second = server.connect(),
       reader = server.connect();
  CHECK(admin("SET", "k", "before") == status("OK"));
  CHECK(admin("CLIENT", "PAUSE", 100'000, "WRITE") == status("OK"));
  writer.send_raw(encode_request({"GET", "k"}) + encode_request({"SET", "k", "held"}) +
                  encode_request({"GET", "k"}) + encode_request({"INCR", "n"}));
  second.send({"SET", "big", std::string(100'000, 'x')});
  CHECK(writer.receive() == "before");
  CHECK(is_held(writer, admin));
  CHECK(is_held(second, admin));
  CHECK(reader("GET", "k") == "before");
  CHECK(reader("DBSIZE") == 1);
  CHECK(admin("CLIENT", "UNPAUSE") == status("OK"));
  CHECK(writer.receive() == status("OK"));
  CHECK(writer.receive() == "held");
  CHECK(writer.receive() == 1);
  CHECK(second.receive() == status("OK"));
  CHECK(reader("STRLEN", "big") == 100'000);
}

TEST_CASE("CLIENT PAUSE holds everything back until its time is over") {
  TestServer server;
  auto admin = server.connect(), client = server.connect();
  const auto start = std::chrono::steady_clock::now();
  CHECK(admin("CLIENT", "PAUSE", 200) == status("OK"));
  CHECK(client("PING") == status("PONG"));
  CHECK(std::chrono::steady_clock::now() - start >= 190ms);
  CHECK(admin("PING") == status("PONG"));
}

TEST_CASE("what reads and yet leaves something behind waits for a pause of writes") {
  TestServer server;
  auto admin = server.connect(), counter = server.connect(), publisher = server.connect();
  CHECK(admin("PFADD", "hll", "a") == 1);
  CHECK(admin("CLIENT", "PAUSE", 100'000, "WRITE") == status("OK"));
  counter.send({"PFCOUNT", "hll"});
  publisher.send({"PUBLISH", "channel", "message"});
  CHECK(is_held(counter, admin));
  CHECK(is_held(publisher, admin));
  CHECK(admin("CLIENT", "UNPAUSE") == status("OK"));
  CHECK(counter.receive() == 1);
  CHECK(publisher.receive() == 0);
}

TEST_CASE("a short pause of everything ends before a longer one of writes") {
  TestServer server;
  auto admin = server.connect(), reader = server.connect(), writer = server.connect();
  CHECK(admin("CLIENT", "PAUSE", 100, "ALL") == status("OK"));
  CHECK(admin("CLIENT", "PAUSE", 100'000, "WRITE") == status("OK"));
  reader.send({"GET", "k"});
  writer.send({"SET", "k", "v"});
  CHECK(reader.receive() == nil);
  CHECK(is_held(writer, admin));
  CHECK(admin("CLIENT", "UNPAUSE") == status("OK"));
  CHECK(writer.receive() == status("OK"));
}

TEST_CASE("who leaves while it is held back does not want its requests to run any more") {
  TestServer server;
  auto admin = server.connect(), writer = server.connect();
  CHECK(admin("CLIENT", "PAUSE", 100'000, "WRITE") == status("OK"));
  writer.send_raw(encode_request({"SET", "k", "v"}) + encode_request({"GET", "k"}));
  CHECK(is_held(writer, admin));
  writer.half_close();
  CHECK(writer.receive_eof());
  CHECK(admin("CLIENT", "UNPAUSE") == status("OK"));
  CHECK(admin("EXISTS", "k") == 0);
}

TEST_CASE("a client that is held back can be killed, and can leave") {
  TestServer server;
  auto admin = server.connect(), killed = server.connect(), leaving = server.connect();
  const Reply id = killed("CLIENT", "ID");
  CHECK(admin("CLIENT", "PAUSE", 100'000, "WRITE") == status("OK"));
  killed.send({"SET", "killed", "1"});
  leaving.send({"SET", "leaving", "1"});
  CHECK(is_held(killed, admin));
  leaving.close();
  CHECK(admin("CLIENT", "KILL", "ID", id.integer) == 1);
  CHECK(killed.receive_eof());
  CHECK(admin("CLIENT", "UNPAUSE") == status("OK"));
  CHECK(admin("EXISTS", "killed") == 0);
  CHECK(server.stop() == 0);
}

TEST_CASE("SIGTERM ends a server that is paused") {
  TestServer server;
  auto admin = server.connect(), writer = server.connect();
  CHECK(admin("CLIENT", "PAUSE", 100'000) == status("OK"));
  writer.send({"SET", "k", "v"});
  CHECK(is_held(writer, admin));
  server.signal(SIGTERM);
  CHECK(server.wait_exit() == 0);
}

TEST_CASE("CLIENT KILL disconnects whom it names and nobody else") {
  TestServer server;
  auto admin = server.connect(), victim = server.connect(), bystander = server.connect();
  const Reply id = victim("CLIENT", "ID");
  SECTION("by id") {
    CHECK(admin("CLIENT", "KILL", "ID", id.integer) == 1);
  }
  SECTION("by name in the list") {
    const std::string info = victim("CLIENT", "INFO").text;
    const size_t begin = info.find("addr=") + 5;
    const std::string address = info.substr(begin, info.find(' ', begin) - begin);
    CHECK(admin("CLIENT", "KILL", address) == status("OK"));
  }
  SECTION("all but itself") {
    CHECK(admin("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes").integer >= 2);
    CHECK(bystander.receive_eof());
    bystander = server.connect();
  }
  CHECK(victim.receive_eof());
  CHECK(bystander("PING") == status("PONG"));
  CHECK(admin("CLIENT", "KILL", "ID", id.integer) == 0);
}

TEST_CASE("a client that is killed in the turn in which it has sent requests") {
  TestServer server;
  for (int round = 0; round < 20; round++) {
    auto first = server.connect(), second = server.connect(), third = server.connect();
    const std::string kills =
        encode_request({"CLIENT", "KILL", "ID", std::to_string(first("CLIENT", "ID").integer)}) +
        encode_request({"CLIENT", "KILL", "ID", std::to_string(second("CLIENT", "ID").integer)}) +
        encode_request({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no"});
    std::string work;
    for (int i = 0; i < 50; i++) work += encode_request({"APPEND", "k", std::string(100, 'x')});
    third("PING");
    // All of it arrives in the same turn.
    server.signal(SIGSTOP);
    first.send_raw(work);
    third.send_raw(kills + work);
    second.send_raw(work);
    server.signal(SIGCONT);
    for (TestClient* client : {&first, &second, &third}) {
      CHECK_THROWS_WITH(
          [&] {
            for (;;) client->receive();
          }(),
          "the server closed the connection");
    }
    REQUIRE(server.connect()("PING") == status("PONG"));
  }
}

}  // namespace
}  // namespace larder
