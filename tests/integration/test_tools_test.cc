// The test tools against a real server: what all other integration tests stand on.
#include <catch2/catch.hpp>
#include <csignal>

#include "tests/support/test_server.h"
#include "tests/support/transcript_player.h"

namespace larder {
namespace {

TEST_CASE("a client sends requests and compares replies") {
  TestServer server;
  auto client = server.connect();
  CHECK(client("SET", "k", "v") == status("OK"));
  CHECK(client("GET", "k") == "v");
  CHECK(client("GET", "none") == nil);
  CHECK(client("INCR", "n") == 1);
  CHECK(client("INCR", "k") == is_error("ERR value is not an integer or out of range"));
  CHECK(client("MGET", "k", "none") == array("v", nil));
  CHECK_FALSE(client("GET", "k") == nil);
  client.use_resp3();
  CHECK(client("GET", "none") == nil);
}

TEST_CASE("raw bytes, half-closed connections and the end of a stream") {
  TestServer server;
  auto client = server.connect();
  client.send_raw("PING\r\n*1\r\n$4\r\nPI");
  CHECK(client.receive() == status("PONG"));
  CHECK_FALSE(client.receive_within(0ms).has_value());
  client.send_raw("NG\r\n");
  client.half_close();
  CHECK(client.receive() == status("PONG"));
  CHECK(client.receive_eof());
}

TEST_CASE("a server is restarted on its port and ended by a signal") {
  TestServer server;
  const int port = server.port();
  CHECK(server.connect()("PING") == status("PONG"));
  server.restart();
  CHECK(server.port() == port);
  CHECK(server.connect()("PING") == status("PONG"));
  server.signal(SIGKILL);
  CHECK(server.wait_exit() == -SIGKILL);
  CHECK_THROWS(server.connect());
  CHECK(server.log().find("Ready to accept connections") != std::string::npos);
}

TEST_CASE("a server answers on a unix socket") {
  TestServer server({"--unixsocket", "larder.sock"});
  auto client = TestClient::connect_unix(server.folder().path("larder.sock"));
  CHECK(client("PING") == status("PONG"));
}

TEST_CASE("a server that ends badly fails its test, unless the test waited for it") {
  const auto kill_server = [](bool waits) {
    TestServer server;
    auto client = server.connect();
    server.signal(SIGKILL);
    CHECK(client.receive_eof());
    if (waits) CHECK(server.wait_exit() == -SIGKILL);
  };
  CHECK_THROWS_WITH(kill_server(false), Catch::StartsWith("the server ended with -9"));
  CHECK_NOTHROW(kill_server(true));
  TestServer server;
  CHECK(server.stop() == 0);
}

TEST_CASE("a server that cannot start says why") {
  CHECK_THROWS_WITH(TestServer({"--port", "no number"}), Catch::Contains("did not start"));
}

std::vector<std::string> failures_of(int port, std::string text) {
  TranscriptPlayer player({.port = port, .bound = 100ms});
  const Transcript transcript = parse_transcript("file", std::move(text));
  player.play(transcript, 2);
  player.play(transcript, 3);
  player.finish(transcript);
  return player.report().failures;
}

TEST_CASE("a transcript that tells the truth passes, one that does not fails with its place") {
  TestServer server;
  CHECK(failures_of(server.port(), "> SET k v\nOK\n> GET none\n(nil)\n").empty());
  const auto failures = failures_of(server.port(), "# comment\n\n> INCR n\n(integer) 2\n");
  REQUIRE(failures.size() == 2);
  CHECK(failures[0] ==
        "file:3: RESP2: > INCR n\n  expected:\n    (integer) 2\n  got:\n    (integer) 1");
  CHECK(failures_of(server.port(), "> PING\n").size() == 2);  // nothing expected
  CHECK(failures_of(server.port(), ">> \"PING\\r\\nPING\\r\\n\"\nPONG\n").size() ==
        2);  // one too many
  CHECK(failures_of(server.port(), "> PING\nPONG\n(closed)\n").size() == 2);
  CHECK(failures_of(server.port(), "> PING\n(no reply)\n").size() == 2);
  CHECK(failures_of(server.port(), "> PING\n(blocked)\n").size() == 2);
  CHECK(failures_of(server.port(), "> GET none\n(nil)\n[resp3]\n\"x\"\n").size() == 1);
}

}  // namespace
}  // namespace larder
