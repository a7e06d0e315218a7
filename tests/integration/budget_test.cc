// Budgets in a running server: who is told when a number of INFO becomes too large, and what a
// restart keeps.
#include <catch2/catch.hpp>
#include <string>

#include "tests/support/eventually.h"
#include "tests/support/reply_text.h"
#include "tests/support/test_server.h"

namespace larder {
namespace {

TEST_CASE("a budget publishes, logs and shows when its state changes") {
  TestServer server;
  auto client = server.connect(), listener = server.connect();
  listener("PSUBSCRIBE", "__budget__:*");
  REQUIRE(client("BUDGET", "SET", "keys", "METRIC", "db0.keys", "WARN", "3", "ERROR", "5", "WINDOW",
                 "1")
              .is_error());  // there is no db0 yet
  REQUIRE(client("SET", "k0", "v") == status("OK"));
  REQUIRE(client("BUDGET", "SET", "keys", "METRIC", "db0.keys", "WARN", "3", "ERROR", "5", "WINDOW",
                 "1") == status("OK"));
  for (int i = 1; i < 10; i++) client("SET", "k" + std::to_string(i), "v");
  const auto message = [](std::string_view text) {
    return array("pmessage", "__budget__:*", "__budget__:keys", text);
  };
  // The first look may have come between two of the keys.
  Reply told = listener.receive();
  while (told != message("state=error former=unknown metric=db0.keys value=10") &&
         told != message("state=error former=warn metric=db0.keys value=10") &&
         told != message("state=error former=ok metric=db0.keys value=10")) {
    INFO(told.text);
    REQUIRE(told.children.size() == 4);
    REQUIRE(told.children[3].text.find("state=ok") == std::string::npos);
    told = listener.receive();
  }
  CHECK(client("INFO", "alerts").text.find("budget_keys:state=error,metric=db0.keys,value=10,") !=
        std::string::npos);
  CHECK(client("INFO", "alerts").text.find("budgets_error:1\r\n") != std::string::npos);
  for (int i = 1; i < 10; i++) client("DEL", "k" + std::to_string(i));
  do told = listener.receive();
  while (told.children.at(3).text.find("state=ok") == std::string::npos);
  CHECK(server.log().find("Budget 'keys' is error") != std::string::npos);
  CHECK(server.log().find("Budget 'keys' is ok") != std::string::npos);
}

TEST_CASE("budgets of the configuration file, and CONFIG REWRITE") {
  TestServer server({.config =
                         "budget memory METRIC used_memory WARN 1e15 ERROR 2e15\n"
                         "budget later METRIC cmdstat_get.calls WARN 100 ERROR 200 WINDOW 60\n"});
  auto client = server.connect();
  CHECK(client("BUDGET", "LIST").children.size() == 2);
  CHECK(client("BUDGET", "DEL", "memory") == 1);
  CHECK(client("BUDGET", "SET", "clients", "METRIC", "connected_clients", "TARGET", "10", "WARN",
               "1000", "ERROR", "5000") == status("OK"));
  CHECK(client("CONFIG", "REWRITE") == status("OK"));
  server.options().config = server.folder().read("test.conf");
  server.restart();
  auto again = server.connect();
  const Reply budgets = again("BUDGET", "LIST");
  REQUIRE(budgets.children.size() == 2);
  CHECK(budgets.children[0].children[1].text == "clients");
  CHECK(budgets.children[1].children[1].text == "later");
}

TEST_CASE("a budget watches how long clients wait, while that is measured") {
  TestServer server;
  auto client = server.connect();
  client("GET", "k");
  REQUIRE(client("BUDGET", "SET", "slow", "METRIC", "latency_service_usec.p99", "WARN", "0.001",
                 "ERROR", "0.002", "WINDOW", "1") == status("OK"));
  const auto state = [&] {
    return client("BUDGET", "STATUS", "slow").children.at(0).children.at(3).text;
  };
  CHECK(eventually([&] { return state() == "error"; }));
  client("CONFIG", "SET", "latency-tracking", "no");
  CHECK(eventually([&] { return state() == "unknown"; }));
}

TEST_CASE("what is well again after CONFIG RESETSTAT is told") {
  TestServer server;
  auto client = server.connect(), listener = server.connect();
  listener("SUBSCRIBE", "__budget__:keys");
  client("SET", "k", "v");
  REQUIRE(client("BUDGET", "SET", "keys", "METRIC", "db0.keys", "WARN", "10", "ERROR", "20",
                 "WINDOW", "1") == status("OK"));
  REQUIRE(eventually(
      [&] { return client("INFO", "alerts").text.find("budgets_ok:1\r\n") != std::string::npos; }));
  client("FLUSHALL");
  CHECK(listener.receive() ==
        array("message", "__budget__:keys", "state=unknown former=ok metric=db0.keys value=none"));
  client("CONFIG", "RESETSTAT");
  client("SET", "k", "v");
  CHECK(listener.receive() ==
        array("message", "__budget__:keys", "state=ok former=unknown metric=db0.keys value=1"));
  CHECK(server.log().find("Budget 'keys' is ok, was unknown") != std::string::npos);
}

TEST_CASE("a line of the file that is no budget ends the start, with the reason") {
  TestServer server(
      {.config = "budget memory METRIC used_memory WARN 5 ERROR 5\n", .start = false});
  CHECK_THROWS_WITH(server.start(), Catch::Contains("WARN and ERROR must not be equal"));
}

}  // namespace
}  // namespace larder
