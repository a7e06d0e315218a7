// What ends or restricts a session: limits of input and output, the login, waiting.
#include <catch2/catch.hpp>
#include <string>

#include "tests/support/test_server.h"

namespace larder {
namespace {

// The first `sent` bytes of the payload of SET k, announced as `bytes` long.
std::string start_of_set(size_t bytes, size_t sent) {
  return "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$" + std::to_string(bytes) + "\r\n" +
         std::string(sent, 'v');
}

TEST_CASE("a large argument counts for client-query-buffer-limit before it comes") {
  TestServer server({"--client-query-buffer-limit", "1mb"});
  auto client = server.connect();
  CHECK(client("SET", "k", std::string(1'000'000, 'v')) == status("OK"));
  client.send_raw(start_of_set(2'000'000, 100));
  CHECK(client.receive_eof());
  auto other = server.connect();
  CHECK(other("STRLEN", "k") == 1'000'000);
  CHECK(other("INFO", "stats").text.find("client_query_buffer_limit_disconnections:1\r") !=
        std::string::npos);
}

TEST_CASE("all large arguments of a request together count for client-query-buffer-limit") {
  TestServer server({"--client-query-buffer-limit", "1mb"});
  auto client = server.connect();
  const std::string value(400'000, 'v');
  for (int i = 0; i < 3; i++) CHECK(client("MSET", "a", value, "b", value) == status("OK"));
  const std::string argument = "$400000\r\n" + value + "\r\n";
  client.send_raw("*4\r\n$4\r\nMGET\r\n" + argument + argument + "$400000\r\nv");
  CHECK(client.receive_eof());
}

TEST_CASE("an AUTH that had to wait lifts the limits of strangers") {
  TestServer server({"--requirepass", "secret"});
  auto admin = server.connect();
  CHECK(admin("AUTH", "secret") == status("OK"));
  const std::string value(200'000, 'v');
  CHECK(admin("SET", "k", value) == status("OK"));
  auto client = server.connect();
  CHECK(admin("CLIENT", "PAUSE", "100000") == status("OK"));
  client.send({"AUTH", "secret"});
  CHECK_FALSE(client.receive_within(50ms).has_value());
  CHECK(admin("CLIENT", "UNPAUSE") == status("OK"));
  CHECK(client.receive() == status("OK"));
  CHECK(client("GET", "k") == value);
}

TEST_CASE("a soft output limit of more seconds than there are never strikes") {
  TestServer server({"--client-output-buffer-limit", "normal 0 1 9223372036854775807"});
  auto client = server.connect();
  const std::string value(4'000'000, 'v');
  CHECK(client("SET", "k", value) == status("OK"));
  for (int i = 0; i < 4; i++) client.send({"GET", "k"});
  // The cron has looked at least twice when a key that ends later than that is gone.
  auto other = server.connect();
  CHECK(other("SET", "clock", "1", "PX", "300") == status("OK"));
  CHECK(eventually([&] { return other("EXISTS", "clock") == 0; }));
  for (int i = 0; i < 4; i++) CHECK(client.receive() == value);
}

}  // namespace
}  // namespace larder
