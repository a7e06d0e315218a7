// SHUTDOWN: how a server ends.
#include <catch2/catch.hpp>

#include "tests/support/test_server.h"

namespace larder {
namespace {

TEST_CASE("SHUTDOWN ends the server without a reply") {
  for (const std::vector<std::string>& request :
       std::vector<std::vector<std::string>>{{"SHUTDOWN"},
                                             {"shutdown", "nosave"},
                                             {"SHUTDOWN", "NOSAVE", "NOW", "FORCE"},
                                             {"SHUTDOWN", "SAVE", "FORCE"}}) {
    TestServer server;
    auto client = server.connect();
    client.send(request);
    CHECK(client.receive_eof());
    CHECK(server.wait_exit() == 0);
  }
}

TEST_CASE("replies that were due before a SHUTDOWN still arrive, and nothing behind it runs") {
  TestServer server;
  auto client = server.connect();
  client.send_raw("PING\r\nSHUTDOWN NOSAVE\r\nPING\r\n");
  CHECK(client.receive() == status("PONG"));
  CHECK(client.receive_eof());
  CHECK(server.wait_exit() == 0);
}

TEST_CASE("SHUTDOWN SAVE does not end a server that cannot save") {
  TestServer server;
  auto client = server.connect();
  CHECK(client("SHUTDOWN", "SAVE") == is_error("ERR Errors trying to SHUTDOWN. Check logs."));
  CHECK(client("PING") == status("PONG"));
  CHECK(server.is_running());
}

}  // namespace
}  // namespace larder
