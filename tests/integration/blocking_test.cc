// Clients that wait for keys: what wakes them, in which order, and what becomes of those who leave.
#include <catch2/catch.hpp>

#include <thread>

#include "tests/support/reply_text.h"
#include "tests/support/server_figures.h"
#include "tests/support/test_server.h"

namespace larder {
namespace {

std::string command_stats(TestClient& client, const std::string& command) {
  const std::string text = client("INFO", "commandstats").text;
  const size_t at = text.find("cmdstat_" + command + ":");
  if (at == std::string::npos) return "";
  const std::string line = text.substr(at, text.find('\r', at) - at);
  const auto number = [&](const std::string& field) {
    const size_t begin = line.find(field + "=") + field.size() + 1;
    return line.substr(begin, line.find(',', begin) - begin);
  };
  return number("calls") + " calls, " + number("rejected_calls") + " rejected, " +
         number("failed_calls") + " failed";
}

// Sends a request and returns when so many clients wait.
void block(TestClient& client, TestClient& admin, const std::vector<std::string>& request,
           int64_t waiting) {
  client.send(request);
  REQUIRE(eventually([&] { return info_number(admin, "clients", "blocked_clients") == waiting; }));
}

TEST_CASE("a BLPOP is served in the order in which clients blocked") {
  TestServer server;
  auto first = server.connect(), second = server.connect(), pusher = server.connect();
  block(first, pusher, {"BLPOP", "queue", "0"}, 1);
  block(second, pusher, {"BLPOP", "queue", "0"}, 2);
  CHECK(pusher("RPUSH", "queue", "a", "b") == 2);
  CHECK(first.receive() == array("queue", "a"));
  CHECK(second.receive() == array("queue", "b"));
  CHECK(pusher("EXISTS", "queue") == 0);
}

TEST_CASE("many clients at one key are served one element each, in their order") {
  TestServer server;
  auto pusher = server.connect();
  std::vector<TestClient> waiting;
  for (int i = 0; i < 50; i++) {
    waiting.push_back(server.connect());
    block(waiting.back(), pusher, {"BLPOP", "queue", "0"}, i + 1);
  }
  for (int i = 0; i < 50; i += 2) {
    CHECK(pusher("RPUSH", "queue", i, i + 1) == 2);
    CHECK(waiting[static_cast<size_t>(i)].receive() == array("queue", std::to_string(i)));
    CHECK(waiting[static_cast<size_t>(i) + 1].receive() == array("queue", std::to_string(i + 1)));
  }
  CHECK(info_number(pusher, "clients", "blocked_clients") == 0);
  CHECK(info_number(pusher, "clients", "total_blocking_keys") == 0);
}

TEST_CASE("who waits is served before the next command of a pipeline") {
  TestServer server;
  auto waiting = server.connect(), pusher = server.connect();
  block(waiting, pusher, {"BLPOP", "queue", "0"}, 1);
  pusher.send_raw(encode_request({"RPUSH", "queue", "a"}) + encode_request({"LLEN", "queue"}) +
                  encode_request({"LPOP", "queue"}));
  CHECK(pusher.receive() == 1);
  CHECK(pusher.receive() == 0);
  CHECK(pusher.receive() == nil);
  CHECK(waiting.receive() == array("queue", "a"));
}

TEST_CASE("requests behind the one that waits are run after it, in order") {
  TestServer server;
  auto waiting = server.connect(), pusher = server.connect();
  waiting.send_raw(encode_request({"INCR", "n"}) + encode_request({"BLPOP", "queue", "0"}) +
                   encode_request({"INCR", "n"}) + encode_request({"BLPOP", "queue", "0"}) +
                   encode_request({"INCR", "n"}));
  CHECK(waiting.receive() == 1);
  REQUIRE(eventually([&] { return info_number(pusher, "clients", "blocked_clients") == 1; }));
  CHECK(pusher("GET", "n") == "1");
  waiting.send({"INCR", "n"});  // what comes while it waits
  CHECK(pusher("RPUSH", "queue", "a") == 1);
  CHECK(waiting.receive() == array("queue", "a"));
  CHECK(waiting.receive() == 2);
  CHECK(pusher("RPUSH", "queue", std::string(100'000, 'x')) == 1);
  CHECK(waiting.receive() == array("queue", std::string(100'000, 'x')));
  CHECK(waiting.receive() == 3);
  CHECK(waiting.receive() == 4);
}

TEST_CASE("a client that waits may send much, and is served all the same") {
  TestServer server;
  auto waiting = server.connect(), pusher = server.connect();
  block(waiting, pusher, {"BLPOP", "queue", "0"}, 1);
  std::string pipeline;
  constexpr int kRequests = 20'000;
  for (int i = 0; i < kRequests; i++) pipeline += encode_request({"INCR", "n"});
  std::thread sender([&] { waiting.send_raw(pipeline); });
  CHECK(pusher("RPUSH", "queue", "a") == 1);
  CHECK(waiting.receive() == array("queue", "a"));
  for (int i = 1; i <= kRequests; i++) REQUIRE(waiting.receive() == i);
  sender.join();
}

TEST_CASE("BLMOVE feeds those who wait for its target, round after round") {
  TestServer server;
  auto first = server.connect(), second = server.connect(), last = server.connect(),
       pusher = server.connect();
  block(first, pusher, {"BLMOVE", "a", "b", "LEFT", "RIGHT", "0"}, 1);
  block(second, pusher, {"BLMOVE", "b", "c", "LEFT", "RIGHT", "0"}, 2);
  block(last, pusher, {"BLMPOP", "0", "2", "d", "c", "LEFT", "COUNT", "10"}, 3);
  CHECK(pusher("RPUSH", "a", "1", "2") == 2);
  CHECK(first.receive() == "1");
  CHECK(second.receive() == "1");
  CHECK(last.receive() == array("c", array("1")));
  CHECK(pusher("LRANGE", "a", 0, -1) == array("2"));
  CHECK(pusher("DBSIZE") == 1);
}

TEST_CASE("a client that left, or was killed, takes nothing along") {
  TestServer server;
  auto leaving = server.connect(), killed = server.connect(), staying = server.connect(),
       admin = server.connect();
  const int64_t id = killed("CLIENT", "ID").integer;
  block(leaving, admin, {"BLPOP", "queue", "0"}, 1);
  block(killed, admin, {"BLPOP", "queue", "0"}, 2);
  block(staying, admin, {"BLPOP", "queue", "0"}, 3);
  leaving.close();
  REQUIRE(eventually([&] { return info_number(admin, "clients", "blocked_clients") == 2; }));
  admin.send_raw(encode_request({"CLIENT", "KILL", "ID", std::to_string(id)}) +
                 encode_request({"RPUSH", "queue", "a"}));
  CHECK(admin.receive() == 1);
  CHECK(admin.receive() == 1);
  CHECK(killed.receive_eof());
  CHECK(staying.receive() == array("queue", "a"));
}

TEST_CASE("a client that leaves with much unread behind its waiting request is noticed") {
  TestServer server;
  auto leaving = server.connect(), admin = server.connect();
  block(leaving, admin, {"BLPOP", "queue", "0"}, 1);
  std::string pipeline;
  // More than is read ahead, and less than what the kernel keeps: its end comes behind all of it.
  for (int i = 0; i < 52'000; i++) pipeline += encode_request({"INCR", "n"});
  leaving.send_raw(pipeline);
  leaving.close();
  REQUIRE(eventually([&] { return info_number(admin, "clients", "connected_clients") == 1; }));
  CHECK(info_number(admin, "clients", "blocked_clients") == 0);
  CHECK(admin("EXISTS", "n") == 0);
}

TEST_CASE("a client that has finished sending is not waited with") {
  TestServer server;
  auto finished = server.connect(), admin = server.connect();
  block(finished, admin, {"BLPOP", "queue", "0"}, 1);
  finished.half_close();
  CHECK(finished.receive_eof());
  CHECK(info_number(admin, "clients", "blocked_clients") == 0);
}

TEST_CASE("CLIENT UNBLOCK ends a wait as its timeout would, or with an error") {
  TestServer server;
  auto waiting = server.connect(), admin = server.connect();
  const int64_t id = waiting("CLIENT", "ID").integer;
  CHECK(admin("CLIENT", "UNBLOCK", id) == 0);
  block(waiting, admin, {"BLPOP", "queue", "0"}, 1);
  CHECK(admin("CLIENT", "UNBLOCK", id) == 1);
  CHECK(waiting.receive() == nil);
  block(waiting, admin, {"BLMOVE", "queue", "other", "LEFT", "LEFT", "100"}, 1);
  waiting.send({"PING"});
  CHECK(admin("CLIENT", "UNBLOCK", id, "ERROR") == 1);
  CHECK(admin("CLIENT", "UNBLOCK", id, "ERROR") == 0);
  CHECK(waiting.receive() == is_error("UNBLOCKED client unblocked via CLIENT UNBLOCK"));
  CHECK(waiting.receive() == status("PONG"));
  CHECK(command_stats(admin, "blmove") == "1 calls, 0 rejected, 1 failed");
  CHECK(admin("RPUSH", "queue", "a") == 1);
  CHECK(admin("LLEN", "queue") == 1);
}

TEST_CASE("timeouts end in the order of their time") {
  TestServer server;
  auto late = server.connect(), early = server.connect(), never = server.connect(),
       admin = server.connect();
  const auto start = std::chrono::steady_clock::now();
  block(late, admin, {"BLPOP", "queue", "0.3"}, 1);
  block(never, admin, {"BLPOP", "queue", "0"}, 2);
  block(early, admin, {"BLPOP", "queue", "other", "0.05"}, 3);
  CHECK(info_number(admin, "clients", "clients_in_timeout_table") == 2);
  CHECK(info_number(admin, "clients", "total_blocking_keys") == 2);
  CHECK(early.receive() == nil);
  CHECK(std::chrono::steady_clock::now() - start >= 50ms);
  CHECK(late.receive() == nil);
  CHECK(std::chrono::steady_clock::now() - start >= 300ms);
  CHECK(info_number(admin, "clients", "blocked_clients") == 1);
  CHECK(info_number(admin, "clients", "clients_in_timeout_table") == 0);
  CHECK(admin("RPUSH", "queue", "a") == 1);
  CHECK(never.receive() == array("queue", "a"));
}

TEST_CASE("who is woken in vain keeps its place and the time it has left") {
  TestServer server;
  auto first = server.connect(), second = server.connect(), admin = server.connect();
  block(first, admin, {"BLPOP", "queue", "0"}, 1);
  block(second, admin, {"BLPOP", "queue", "0"}, 2);
  // The list comes and goes within one turn, and comes as another type.
  admin.send_raw(encode_request({"SET", "queue", "text"}) + encode_request({"DEL", "queue"}) +
                 encode_request({"SET", "queue", "text"}) + encode_request({"DEL", "queue"}) +
                 encode_request({"RPUSH", "queue", "a"}));
  for (const int64_t reply : {-1, 1, -1, 1, 1}) {
    CHECK(admin.receive() == (reply < 0 ? status("OK") : Expected(reply)));
  }
  CHECK(first.receive() == array("queue", "a"));
  CHECK(second.receive_within(0ms) == std::nullopt);
  CHECK(admin("RPUSH", "queue", "b") == 1);
  CHECK(second.receive() == array("queue", "b"));
}

TEST_CASE("a key that has expired before its transaction is over serves nobody") {
  TestServer server({"--enable-debug-command", "yes"});
  auto waiting = server.connect(), admin = server.connect();
  block(waiting, admin, {"BLPOP", "queue", "0"}, 1);
  admin("MULTI");
  admin("RPUSH", "queue", "late");
  admin("PEXPIRE", "queue", 10);
  admin("DEBUG", "SLEEP", "0.05");
  admin("EXEC");
  CHECK(info_number(admin, "clients", "blocked_clients") == 1);
  admin("RPUSH", "queue", "here");
  CHECK(waiting.receive() == array("queue", "here"));
}

TEST_CASE("a swap of databases feeds those who wait in either") {
  TestServer server;
  auto in_zero = server.connect(), in_one = server.connect(), admin = server.connect();
  CHECK(in_one("SELECT", 1) == status("OK"));
  block(in_zero, admin, {"BLPOP", "zero", "0"}, 1);
  block(in_one, admin, {"BLPOP", "one", "0"}, 2);
  CHECK(admin("RPUSH", "one", "a") == 1);
  CHECK(admin("SELECT", 1) == status("OK"));
  CHECK(admin("RPUSH", "zero", "b") == 1);
  CHECK(admin("SWAPDB", 0, 1) == status("OK"));
  CHECK(in_zero.receive() == array("zero", "b"));
  CHECK(in_one.receive() == array("one", "a"));
}

TEST_CASE("a wait counts as one call when it ends") {
  TestServer server;
  auto waiting = server.connect(), admin = server.connect();
  block(waiting, admin, {"BLPOP", "queue", "0"}, 1);
  CHECK(command_stats(admin, "blpop") != "1 calls, 0 rejected, 0 failed");
  CHECK(admin("SET", "queue", "text") == status("OK"));
  CHECK(admin("DEL", "queue") == 1);
  CHECK(admin("RPUSH", "queue", "a") == 1);
  CHECK(waiting.receive() == array("queue", "a"));
  CHECK(command_stats(admin, "blpop") == "1 calls, 0 rejected, 0 failed");
  CHECK(waiting("BLPOP", "queue", "0.001") == nil);
  CHECK(command_stats(admin, "blpop") == "2 calls, 0 rejected, 0 failed");
}

TEST_CASE("CLIENT LIST shows who waits, and with which command") {
  TestServer server;
  auto waiting = server.connect(), admin = server.connect();
  const std::string id = std::to_string(waiting("CLIENT", "ID").integer);
  block(waiting, admin, {"BLPOP", "queue", "0"}, 1);
  const std::string line = admin("CLIENT", "LIST", "ID", id).text;
  CHECK(line.find(" flags=b ") != std::string::npos);
  CHECK(line.find(" cmd=blpop ") != std::string::npos);
}

TEST_CASE("a pause holds back who would be served, and lets timeouts end") {
  TestServer server;
  auto waiting = server.connect(), pusher = server.connect(), admin = server.connect(),
       timed = server.connect();
  block(waiting, admin, {"BLPOP", "queue", "0"}, 1);
  block(timed, admin, {"BLPOP", "queue", "0.05"}, 2);
  CHECK(admin("CLIENT", "PAUSE", 100'000, "WRITE") == status("OK"));
  pusher.send({"RPUSH", "queue", "a"});
  CHECK(timed.receive() == nil);
  REQUIRE(eventually([&] { return info_number(admin, "clients", "blocked_clients") == 2; }));
  CHECK(waiting.receive_within(0ms) == std::nullopt);
  CHECK(admin("CLIENT", "UNPAUSE") == status("OK"));
  CHECK(pusher.receive() == 1);
  CHECK(waiting.receive() == array("queue", "a"));
}

TEST_CASE("a request that a pause held back may then wait for its key") {
  TestServer server;
  auto waiting = server.connect(), admin = server.connect();
  CHECK(admin("CLIENT", "PAUSE", 100'000, "ALL") == status("OK"));
  waiting.send({"BLPOP", "queue", "0"});
  waiting.send({"PING"});
  CHECK(admin("CLIENT", "UNPAUSE") == status("OK"));
  CHECK(admin("RPUSH", "queue", "a") == 1);
  CHECK(waiting.receive() == array("queue", "a"));
  CHECK(waiting.receive() == status("PONG"));
}

TEST_CASE("a muted client's wait ends unheard") {
  TestServer server;
  auto waiting = server.connect(), admin = server.connect();
  waiting.send({"CLIENT", "REPLY", "SKIP"});
  block(waiting, admin, {"BLPOP", "queue", "0"}, 1);
  CHECK(admin("RPUSH", "queue", "a") == 1);
  CHECK(waiting("PING") == status("PONG"));
  waiting.send({"CLIENT", "REPLY", "OFF"});
  waiting.send({"BLPOP", "queue", "0.001"});
  CHECK(waiting("CLIENT", "REPLY", "ON") == status("OK"));
  CHECK(waiting("PING") == status("PONG"));
}

TEST_CASE("a login that is asked for meanwhile does not keep an element back") {
  TestServer server;
  auto waiting = server.connect(), admin = server.connect();
  block(waiting, admin, {"BLPOP", "queue", "0"}, 1);
  CHECK(admin("CONFIG", "SET", "requirepass", "secret") == status("OK"));
  CHECK(admin("RPUSH", "queue", "a") == 1);
  CHECK(waiting.receive() == array("queue", "a"));
}

TEST_CASE("SIGTERM ends a server with clients that wait") {
  TestServer server;
  auto waiting = server.connect(), admin = server.connect();
  block(waiting, admin, {"BLPOP", "queue", "100"}, 1);
  CHECK(server.stop() == 0);
  CHECK(waiting.receive_eof());
}

}  // namespace
}  // namespace larder
