// What the server does about memory while it runs: limits, clients that take too much, freeing,
// defragmentation, pressure.
#include <catch2/catch.hpp>
#include <stdexcept>
#include <string>

#include "server/base/allocation_mover.h"
#include "server/base/numbers.h"
#include "tests/support/build.h"
#include "tests/support/reply_text.h"
#include "tests/support/test_server.h"

namespace larder {
namespace {

constexpr size_t kMegabyte = 1 << 20;

// The value of a field of INFO.
std::string info(TestClient& client, const std::string& section, const std::string& field) {
  const std::string text = client("INFO", section).text;
  const size_t at = text.find("\n" + field + ":");
  if (at == std::string::npos) return "";
  const size_t begin = at + field.size() + 2;
  return text.substr(begin, text.find('\r', begin) - begin);
}
int64_t number(TestClient& client, const std::string& section, const std::string& field) {
  return parse_int64(info(client, section, field)).value_or(-1);
}

// The value behind a name in one line of CLIENT LIST.
int64_t client_field(TestClient& admin, int64_t id, const std::string& name) {
  const std::string line = admin("CLIENT", "LIST", "ID", id).text;
  const size_t at = line.find(" " + name + "=");
  if (at == std::string::npos) return -1;
  const size_t begin = at + name.size() + 2;
  return parse_int64(line.substr(begin, line.find_first_of(" \n", begin) - begin)).value_or(-1);
}

// Requests for so many replies of a megabyte, which nobody reads.
void ask_for_much(TestClient& client, int replies) {
  std::string requests;
  for (int i = 0; i < replies; i++) requests += encode_request({"GET", "big"});
  client.send_raw(requests);
}

TEST_CASE("maxmemory auto and percentages follow the machine, and stay as they were written") {
  TestServer server({"--maxmemory", "auto"});
  auto client = server.connect();
  CHECK(client("CONFIG", "GET", "maxmemory") == array("maxmemory", "auto"));
  const int64_t automatic = number(client, "memory", "maxmemory");
  CHECK(automatic > int64_t{64} << 20);
  CHECK(client("CONFIG", "SET", "maxmemory", "40%") == status("OK"));
  const int64_t forty = number(client, "memory", "maxmemory");
  CHECK(forty / 1000 == automatic / 2000);
  CHECK(server.log().find("maxmemory auto is") != std::string::npos);
}

TEST_CASE("CONFIG REWRITE keeps a relative maxmemory") {
  TestServer server(TestServer::Options{.config = "maxmemory 75%\n"});
  auto client = server.connect();
  CHECK(client("CONFIG", "SET", "maxmemory-clients", "5%") == status("OK"));
  CHECK(client("CONFIG", "REWRITE") == status("OK"));
  const std::string file = server.folder().read("test.conf");
  CHECK(file.find("maxmemory 75%\n") != std::string::npos);
  CHECK(file.find("maxmemory-clients 5%\n") != std::string::npos);
}

TEST_CASE("beyond maxmemory-clients the client that takes most has to go") {
  TestServer server({"--maxmemory-clients", "8mb"});
  auto admin = server.connect(), slow = server.connect(), quiet = server.connect();
  admin("SET", "big", std::string(kMegabyte, 'x'));
  const int64_t slow_id = slow("CLIENT", "ID").integer;
  const int64_t quiet_id = quiet("CLIENT", "ID").integer;
  ask_for_much(slow, 64);
  CHECK(eventually([&] { return admin("CLIENT", "LIST", "ID", slow_id).text.empty(); }));
  CHECK(!admin("CLIENT", "LIST", "ID", quiet_id).text.empty());
  CHECK(number(admin, "stats", "evicted_clients") == 1);
  CHECK(server.log().find("Evicting client: id=" + std::to_string(slow_id)) != std::string::npos);
  CHECK(quiet("PING") == status("PONG"));
}

TEST_CASE("a query that grows counts for maxmemory-clients too") {
  TestServer server({"--maxmemory-clients", "4mb"});
  auto admin = server.connect(), sender = server.connect();
  const int64_t id = sender("CLIENT", "ID").integer;
  try {
    sender.send_raw("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$67108864\r\n" +
                    std::string(6 * kMegabyte, 'x'));
  } catch (const std::runtime_error&) {
    // It may be cut off while it sends.
  }
  CHECK(eventually([&] { return admin("CLIENT", "LIST", "ID", id).text.empty(); }));
  CHECK(number(admin, "stats", "evicted_clients") == 1);
}

TEST_CASE("CLIENT NO-EVICT protects from maxmemory-clients") {
  TestServer server({"--maxmemory-clients", "4mb"});
  auto admin = server.connect(), slow = server.connect();
  admin("SET", "big", std::string(kMegabyte, 'x'));
  const int64_t id = slow("CLIENT", "ID").integer;
  // The others would have to go instead of it.
  CHECK(slow("CLIENT", "NO-EVICT", "on") == status("OK"));
  CHECK(admin("CLIENT", "NO-EVICT", "on") == status("OK"));
  ask_for_much(slow, 64);
  CHECK(eventually([&] { return client_field(admin, id, "tot-mem") > 4 << 20; }));
  for (int i = 0; i < 64; i++) CHECK(slow.receive().text.size() == kMegabyte);
  CHECK(number(admin, "stats", "evicted_clients") == 0);
}

TEST_CASE("a limit that is set while clients take more ends the largest") {
  TestServer server;
  auto admin = server.connect(), slow = server.connect();
  admin("SET", "big", std::string(kMegabyte, 'x'));
  const int64_t id = slow("CLIENT", "ID").integer;
  ask_for_much(slow, 64);
  CHECK(eventually([&] { return client_field(admin, id, "tot-mem") > 4 << 20; }));
  CHECK(number(admin, "memory", "mem_clients_normal") > 4 << 20);
  CHECK(admin("CONFIG", "SET", "maxmemory-clients", "2mb") == status("OK"));
  CHECK(eventually([&] { return admin("CLIENT", "LIST", "ID", id).text.empty(); }));
  CHECK(eventually([&] { return number(admin, "memory", "mem_clients_normal") < 2 << 20; }));
}

TEST_CASE("what is freed after its command is counted") {
  TestServer server;
  auto client = server.connect();
  for (int i = 0; i < 2000; i++) client("RPUSH", "list", std::string(200, 'x'));
  client("RPUSH", "short", "a");
  CHECK(client("UNLINK", "list", "short") == 2);
  CHECK(eventually([&] { return number(client, "memory", "lazyfree_pending_objects") == 0; }));
  const int64_t freed = number(client, "memory", "lazyfreed_objects");
  CHECK(freed == 1);
  for (int i = 0; i < 100; i++) client("SET", "key:" + std::to_string(i), "value");
  CHECK(client("FLUSHALL", "ASYNC") == status("OK"));
  CHECK(eventually([&] { return number(client, "memory", "lazyfreed_objects") >= freed + 100; }));
  CHECK(client("CONFIG", "RESETSTAT") == status("OK"));
  CHECK(number(client, "memory", "lazyfreed_objects") == 0);
}

TEST_CASE("active defragmentation packs what is left after most has gone") {
  if (kHasSanitizers || !AllocationMover::is_supported()) return;
  TestServer server({"--active-defrag-ignore-bytes", "1mb"});
  auto client = server.connect();
  constexpr int kKeys = 100'000;
  std::string requests;
  for (int i = 0; i < kKeys; i++) {
    requests += encode_request({"SET", "key:" + std::to_string(i), std::string(300, 'x')});
  }
  for (int i = 0; i < kKeys; i++) {
    if (i % 10 != 0) requests += encode_request({"DEL", "key:" + std::to_string(i)});
  }
  requests += encode_request({"ECHO", "end"});
  client.send_raw("*3\r\n$6\r\nCLIENT\r\n$5\r\nREPLY\r\n$3\r\nOFF\r\n" + requests +
                  encode_request({"CLIENT", "REPLY", "ON"}));
  client.set_timeout(60s);
  CHECK(client.receive() == status("OK"));
  const auto overhang = [&] { return number(client, "memory", "allocator_frag_bytes"); };
  REQUIRE(eventually([&] { return overhang() > 8 << 20; }));
  CHECK(number(client, "memory", "active_defrag_running") == 0);
  CHECK(client("CONFIG", "SET", "activedefrag", "yes") == status("OK"));
  CHECK(eventually([&] { return overhang() < 6 << 20; }, 30s));
  CHECK(number(client, "stats", "active_defrag_hits") > 1000);
  CHECK(number(client, "stats", "active_defrag_key_hits") > 1000);
  CHECK(number(client, "stats", "total_active_defrag_time") > 0);
  CHECK(client("GET", "key:500").text.size() == 300);
  CHECK(client("DBSIZE") == kKeys / 10);
}

TEST_CASE("MEMORY DOCTOR names the client that takes most") {
  TestServer server;
  auto admin = server.connect(), slow = server.connect();
  admin("SET", "big", std::string(kMegabyte, 'x'));
  const int64_t id = slow("CLIENT", "ID").integer;
  ask_for_much(slow, 64);
  CHECK(eventually([&] {
    return admin("MEMORY", "DOCTOR").text.find("client id=" + std::to_string(id) + " alone") !=
           std::string::npos;
  }));
}

TEST_CASE("MEMORY DOCTOR warns of a maxmemory that the machine does not have") {
  TestServer server({"--maxmemory", "100000gb"});
  auto client = server.connect();
  client("SETRANGE", "big", 8 * kMegabyte, "x");
  CHECK(client("MEMORY", "DOCTOR").text.find("Limit: maxmemory is") != std::string::npos);
  client("CONFIG", "SET", "maxmemory", "9mb");
  CHECK(client("MEMORY", "DOCTOR").text.find("evicts nothing") != std::string::npos);
}

TEST_CASE("memory pressure rises when a write crosses the level, and falls again") {
  if (kHasSanitizers) return;  // its allocator does not count
  TestServer server({"--maxmemory", "64mb", "--memory-pressure-interval-ms", "60000"});
  auto client = server.connect(), listener = server.connect();
  listener("SUBSCRIBE", "__pressure__");
  // The module's first look, which sets the alarm.
  client("MEMORY", "PRESSURE");
  const std::string value(kMegabyte, 'x');
  for (int i = 0; i < 61; i++) client("SET", "key:" + std::to_string(i), value);
  const Reply moderate = listener.receive();
  REQUIRE(moderate.children.size() == 3);
  CHECK(moderate.children[2].text.find("level=moderate former=normal source=used") == 0);
  const Reply aggressive = listener.receive();
  CHECK(aggressive.children[2].text.find("level=aggressive former=moderate source=used") == 0);
  CHECK(info(client, "pressure", "pressure_level") == "aggressive");
  client("FLUSHALL", "SYNC");
  client("MEMORY", "PRESSURE");
  CHECK(listener.receive().children[2].text.find("level=normal former=aggressive") == 0);
  CHECK(!listener.receive_within(0ms));
  CHECK(number(client, "pressure", "pressure_level_changes") == 3);
  CHECK(server.log().find("Memory pressure is aggressive, was moderate") != std::string::npos);
}

TEST_CASE("MEMORY PRESSURE RUN in a transaction leaves the requests around it alone") {
  TestServer server;
  auto client = server.connect(), other = server.connect();
  std::string requests = encode_request({"MULTI"}) + encode_request({"MEMORY", "PRESSURE", "RUN", "moderate"}) +
                         encode_request({"EXEC"});
  for (int i = 0; i < 200; i++) requests += encode_request({"SET", "k" + std::to_string(i), "v"});
  std::string others;
  for (int i = 0; i < 200; i++) others += encode_request({"INCR", "n"});
  for (int round = 0; round < 20; round++) {
    client.send_raw(requests);
    other.send_raw(others);
    CHECK(client.receive() == status("OK"));
    CHECK(client.receive() == status("QUEUED"));
    CHECK(client.receive().type == Reply::Type::array);
    for (int i = 0; i < 200; i++) REQUIRE(client.receive() == status("OK"));
    for (int i = 1; i <= 200; i++) REQUIRE(other.receive() == round * 200 + i);
  }
}

TEST_CASE("MEMORY PRESSURE RUN answers when the steps are done, and others do not wait") {
  TestServer server;
  auto client = server.connect(), other = server.connect();
  client.send({"MEMORY", "PRESSURE", "RUN", "aggressive"});
  CHECK(other("PING") == status("PONG"));
  CHECK(client.receive().integer >= 0);
  CHECK(info(client, "pressure", "pressure_step_evict").starts_with("runs=1,"));
  CHECK(number(client, "clients", "blocked_clients") == 0);
}

}  // namespace
}  // namespace larder
