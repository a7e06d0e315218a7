// What the server tells of itself while several clients work: slow logs, MONITOR, latencies, the
// figures of INFO.
#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <vector>

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

int64_t number_of(TestClient& client, const std::string& section, const std::string& name) {
  return std::stoll(field_of(client, section, name));
}

// The part of "calls=3,usec=7,..." that belongs to `name`.
int64_t part_of(const std::string& text, const std::string& name) {
  const size_t at = text.find(name + "=");
  REQUIRE(at != std::string::npos);
  return std::stoll(text.substr(at + name.size() + 1));
}

// DEBUG SLEEP and DEBUG ERROR are for tests like these.
std::vector<std::string> with_debug(std::vector<std::string> arguments = {}) {
  arguments.insert(arguments.end(), {"--enable-debug-command", "yes"});
  return arguments;
}

std::string many(const std::string& request, int times) {
  std::string requests;
  for (int i = 0; i < times; i++) requests += request;
  return requests;
}

// The arguments of the entries of a log, the newest first.
std::vector<std::string> logged(const Reply& entries) {
  std::vector<std::string> requests;
  for (const Reply& entry : entries.children) {
    std::string request;
    for (const Reply& argument : entry.children.at(3).children) {
      request += (request.empty() ? "" : " ") + argument.text;
    }
    requests.push_back(request);
  }
  return requests;
}

TEST_CASE("a HELLO of very many words is logged without comparing each with each") {
  TestServer server({"--slowlog-log-slower-than", "0", "--commandlog-request-larger-than", "1"});
  auto client = server.connect();
  std::vector<std::string> request{"HELLO", "3"};
  request.resize(300'000, "x");
  const Reply refused = client.call(request);
  CHECK(refused.type == Reply::Type::error);
  const Reply entries = client("SLOWLOG", "GET", 1);
  CHECK(client("SLOWLOG", "LEN").integer >= 1);
  request = {"HELLO", "3", "AUTH", "forgotten"};
  CHECK(client.call(request).type == Reply::Type::error);
  CHECK(to_text(client("SLOWLOG", "GET", 1)).find("forgotten") == std::string::npos);
}

TEST_CASE("requests that are timed together count all, each with its share") {
  TestServer server;
  auto client = server.connect();
  client("SET", "k", "v");
  client("CONFIG", "RESETSTAT");
  constexpr int kRequests = 1000;
  client.send_raw(many(encode_request({"GET", "k"}), kRequests));
  for (int i = 0; i < kRequests; i++) REQUIRE(client.receive() == "v");
  const std::string stats = field_of(client, "commandstats", "cmdstat_get");
  CHECK(part_of(stats, "calls") == kRequests);
  CHECK(part_of(stats, "usec") > 0);
  const Reply histogram = client("LATENCY", "HISTOGRAM", "get");
  CHECK(histogram.children.at(1).children.at(1) == kRequests);
  // The last bucket holds them all.
  CHECK(histogram.children.at(1).children.at(3).children.back() == kRequests);
}

TEST_CASE("the slow log finds what is slow among requests that came together") {
  TestServer server(with_debug({"--slowlog-log-slower-than", "20000"}));
  auto client = server.connect();
  client("CLIENT", "SETNAME", "sleeper");
  client.send_raw(many(encode_request({"GET", "k"}), 50) +
                  encode_request({"DEBUG", "SLEEP", "0.03"}) +
                  many(encode_request({"GET", "k"}), 50));
  for (int i = 0; i < 101; i++) client.receive();
  const Reply log = client("SLOWLOG", "GET");
  const auto requests = logged(log);
  const auto found = std::find(requests.begin(), requests.end(), "DEBUG SLEEP 0.03");
  REQUIRE(found != requests.end());
  const Reply& entry = log.children.at(static_cast<size_t>(found - requests.begin()));
  CHECK(entry.children.at(2).integer >= 30'000);
  CHECK(entry.children.at(5) == "sleeper");
}

TEST_CASE("with a small threshold every request is in the slow log by itself") {
  TestServer server({"--slowlog-log-slower-than", "0"});
  auto client = server.connect();
  client("SLOWLOG", "RESET");
  std::string requests;
  for (int i = 0; i < 20; i++) requests += encode_request({"GET", "k" + std::to_string(i)});
  client.send_raw(requests);
  for (int i = 0; i < 20; i++) CHECK(client.receive() == nil);
  const auto entries = logged(client("SLOWLOG", "GET", "20"));
  REQUIRE(entries.size() == 20);
  CHECK(entries.front() == "GET k19");
  CHECK(entries.back() == "GET k0");
}

TEST_CASE("a request that waited is logged once, without the wait") {
  TestServer server(with_debug({"--slowlog-log-slower-than", "0"}));
  auto waiter = server.connect(), other = server.connect();
  waiter.send({"BLPOP", "queue", "0"});
  REQUIRE(eventually([&] { return number_of(other, "clients", "blocked_clients") == 1; }));
  other("DEBUG", "SLEEP", "0.05");
  other("SLOWLOG", "RESET");
  other("RPUSH", "queue", "x");
  CHECK(waiter.receive() == array("queue", "x"));
  const Reply log = other("SLOWLOG", "GET");
  const auto requests = logged(log);
  const auto found = std::find(requests.begin(), requests.end(), "BLPOP queue 0");
  REQUIRE(found != requests.end());
  CHECK(std::count(requests.begin(), requests.end(), "BLPOP queue 0") == 1);
  CHECK(log.children.at(static_cast<size_t>(found - requests.begin())).children.at(2).integer <
        50'000);
  CHECK(part_of(field_of(other, "commandstats", "cmdstat_blpop"), "calls") == 1);
}

TEST_CASE("a wait that ends without an answer counts as a call") {
  TestServer server;
  auto waiter = server.connect(), other = server.connect();
  CHECK(waiter("BLPOP", "queue", "0.01") == nil);
  CHECK(part_of(field_of(other, "commandstats", "cmdstat_blpop"), "calls") == 1);
  CHECK(part_of(field_of(other, "commandstats", "cmdstat_blpop"), "usec") < 10'000);
}

TEST_CASE("COMMANDLOG has large requests and large replies, also of large arguments") {
  TestServer server;
  auto client = server.connect();
  const std::string large(2 * kMegabyte, 'x');
  client("SET", "small", "x");
  client("SET", "large", large);
  client.send_raw(encode_request({"GET", "small"}) + encode_request({"GET", "large"}) +
                  encode_request({"GET", "small"}));
  for (int i = 0; i < 3; i++) client.receive();
  const Reply requests = client("COMMANDLOG", "GET", "-1", "large-request");
  REQUIRE(requests.children.size() == 1);
  CHECK(requests.children[0].children.at(2).integer ==
        static_cast<int64_t>(encode_request({"SET", "large", large}).size()));
  CHECK(
      requests.children[0].children.at(3) ==
      array("SET", "large",
            std::string(128, 'x') + "... (" + std::to_string(large.size() - 128) + " more bytes)"));
  const Reply replies = client("COMMANDLOG", "GET", "-1", "large-reply");
  CHECK(logged(replies) == std::vector<std::string>{"GET large"});
  CHECK(replies.children[0].children.at(2).integer ==
        static_cast<int64_t>(large.size() + std::string("$2097152\r\n\r\n").size()));
}

TEST_CASE("all who watch see the same, in the order in which it happened") {
  TestServer server;
  auto first = server.connect(), second = server.connect(), worker = server.connect();
  second.use_resp3();
  CHECK(first("MONITOR") == status("OK"));
  CHECK(second("MONITOR") == status("OK"));
  std::string requests;
  for (int i = 0; i < 100; i++) requests += encode_request({"SET", "k", std::to_string(i)});
  worker.send_raw(requests);
  for (int i = 0; i < 100; i++) {
    const Reply line = first.receive();
    CHECK(line.type == Reply::Type::status);
    CHECK(line.text.ends_with("\"SET\" \"k\" \"" + std::to_string(i) + "\""));
    CHECK(second.receive().text == line.text);
    CHECK(worker.receive() == status("OK"));
  }
  const std::string list = worker("CLIENT", "LIST").text;
  CHECK(list.find(" flags=O ") != std::string::npos);
  // One of them leaves: the other one is told all the same.
  second.close();
  worker("ECHO", "still");
  CHECK(first.receive().text.ends_with("\"ECHO\" \"still\""));
}

TEST_CASE("who watches and does not read is cut off, and nobody waits for it") {
  TestServer server({"--client-output-buffer-limit", "pubsub 1mb 0 0"});
  auto watcher = server.connect(), worker = server.connect();
  CHECK(watcher("MONITOR") == status("OK"));
  const std::string value(10'000, 'x');
  // More than may wait and what the sockets' buffers hold.
  for (int i = 0; i < 3000; i++) worker("ECHO", value);
  CHECK(eventually(
      [&] { return worker("CLIENT", "LIST").text.find(" flags=O ") == std::string::npos; }));
  CHECK(server.log().find("overcoming of output buffer limits") != std::string::npos);
  CHECK(worker("PING") == status("PONG"));
}

TEST_CASE("who watches is not dropped for being silent, and RESET makes it an ordinary client") {
  TestServer server({"--timeout", "1"});
  auto watcher = server.connect(), worker = server.connect();
  CHECK(watcher("MONITOR") == status("OK"));
  const auto idle_seconds = [&] {
    const std::string list = worker("CLIENT", "LIST").text;
    const size_t line = list.rfind("addr=", list.find(" flags=O "));
    if (list.find(" flags=O ") == std::string::npos) return int64_t{-1};
    return static_cast<int64_t>(std::stoll(list.substr(list.find(" idle=", line) + 6)));
  };
  CHECK(eventually([&] { return idle_seconds() >= 2; }));
  while (watcher.receive_within(0ms)) {
  }
  CHECK(watcher("RESET") == status("RESET"));
  CHECK(watcher("SET", "k", "v") == status("OK"));
  worker("PING");
  CHECK_FALSE(watcher.receive_within(50ms));
}

TEST_CASE("LATENCY remembers what made everybody wait") {
  TestServer server(with_debug({"--latency-monitor-threshold", "20"}));
  auto client = server.connect();
  client("DEBUG", "SLEEP", "0.03");
  const Reply latest = client("LATENCY", "LATEST");
  REQUIRE(latest.children.size() >= 1);
  const auto& events = latest.children;
  const auto event = std::find_if(events.begin(), events.end(), [](const Reply& one) {
    return one.children.at(0).text == "command";
  });
  REQUIRE(event != events.end());
  CHECK(event->children.at(3).integer >= 30);
  CHECK(client("LATENCY", "DOCTOR").text.find("1. command:") != std::string::npos);
  CHECK(client("LATENCY", "RESET").integer >= 1);
  CHECK(client("LATENCY", "LATEST") == array());
}

TEST_CASE("INFO tells how long turns of the loop take") {
  TestServer server(with_debug());
  auto client = server.connect();
  client("CONFIG", "RESETSTAT");
  client("DEBUG", "SLEEP", "0.05");
  CHECK(number_of(client, "stats", "eventloop_cycles") >= 1);
  CHECK(number_of(client, "stats", "eventloop_duration_max") >= 50'000);
  CHECK(number_of(client, "stats", "eventloop_duration_cmd_sum") >= 50'000);
  const int64_t busy_us = number_of(client, "stats", "eventloop_duration_sum");
  CHECK(busy_us >= number_of(client, "stats", "eventloop_duration_max"));
  // The wait for requests is no work.
  CHECK_FALSE(client.receive_within(300ms));
  CHECK(number_of(client, "stats", "eventloop_duration_sum") < busy_us + 300'000);
  client("CONFIG", "RESETSTAT");
  CHECK(number_of(client, "stats", "eventloop_duration_max") < 50'000);
}

TEST_CASE("errors with made-up codes cannot fill the memory, and are still counted") {
  TestServer server(with_debug());
  auto client = server.connect();
  for (int i = 0; i < 300; i++) client("DEBUG", "ERROR", "CODE" + std::to_string(i) + " text");
  const std::string errors = client("INFO", "errorstats").text;
  CHECK(std::count(errors.begin(), errors.end(), '\n') <= 130);
  CHECK(field_of(client, "errorstats", "errorstat_CODE0") == "count=1");
  CHECK(field_of(client, "errorstats", "errorstat_ERRORSTATS_OVERFLOW") == "count=172");
  CHECK(number_of(client, "stats", "total_error_replies") == 300);
  client("CONFIG", "RESETSTAT");
  client("DEBUG", "ERROR", "CODE299 text");
  CHECK(field_of(client, "errorstats", "errorstat_CODE299") == "count=1");
}

}  // namespace
}  // namespace larder
