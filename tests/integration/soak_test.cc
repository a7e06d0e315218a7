// A server under everything at once for a while: what it holds afterwards is what it held before.
// Some seconds with the other tests; LARDER_SOAK_SECONDS=600 build/tests/integration_tests 'soak*'
// says more.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <numeric>

#include "server/base/random.h"
#include "tests/support/build.h"
#include "tests/support/reply_text.h"
#include "tests/support/server_figures.h"
#include "tests/support/test_server.h"
#include "tests/support/tls_server.h"

namespace larder {
namespace {

using Clock = std::chrono::steady_clock;

// What LATENCY PERCENTILES keeps of the last five minutes grows for five minutes: a soak of at least
// twice the time looks at what comes behind them.
constexpr std::chrono::seconds kLongestWindow = 300s;

std::chrono::seconds soak_time() {
  const char* wanted = std::getenv("LARDER_SOAK_SECONDS");
  return std::chrono::seconds(wanted == nullptr ? 9 : std::atoi(wanted));
}

// Requests of every family on a few thousand keys, whose mean sizes stay the same however long it
// goes.
class MixedLoad {
 public:
  explicit MixedLoad(uint64_t seed) : random_(seed) {}

  // How many replies it gets is added to `replies`.
  std::string pipeline(size_t& replies) {
    std::string requests;
    for (int i = 0; i < 60; i++) requests += request(replies);
    return requests;
  }

 private:
  std::string key(const char* kind, uint64_t count) {
    return kind + std::to_string(random_.below(count));
  }
  // The same for the same key, so that writing it again changes nothing.
  static std::string value_of(const std::string& key) {
    return std::string(10 + std::hash<std::string>()(key) % 2000, 'v');
  }
  static std::string of(size_t& replies, std::initializer_list<std::vector<std::string>> requests) {
    std::string bytes;
    for (const auto& request : requests) bytes += encode_request(request);
    replies += requests.size();
    return bytes;
  }

  std::string request(size_t& replies) {
    const std::string member = std::to_string(random_.below(60));
    switch (random_.below(22)) {
      case 0:
      case 1:
      case 2:
      case 3: {
        const std::string name = key("s", 4000);
        return of(replies, {{"SET", name, value_of(name)}});
      }
      case 4:
      case 5:
      case 6:
      case 7:
        return of(replies, {{"GET", key("s", 4400)}});
      case 8: {
        const std::string name = key("t", 2000);
        return of(replies, {{"SET", name, value_of(name), "PX", "300"}});
      }
      case 9:
        return of(replies, {{"HSET", key("h", 50), member, "value-of-" + member}});
      case 10:
        return of(replies, {{"HDEL", key("h", 50), member}});
      case 11:
        return of(replies, {{"SADD", key("m", 50), member}, {"SREM", key("m", 50), member}});
      case 12:
        return of(replies, {{"ZADD", key("z", 50), member, "m" + member},
                            {"ZRANK", key("z", 50), "m" + member}});
      case 13: {
        const std::string name = key("l", 50);
        return of(replies, {{"RPUSH", name, "element-" + member}, {"LTRIM", name, "-50", "-1"}});
      }
      case 14:
        return of(replies, {{"XADD", key("x", 10), "MAXLEN", "50", "*", "f", member}});
      case 15:
        return of(replies, {{"MULTI"}, {"INCR", "n"}, {"GET", key("s", 4000)}, {"EXEC"}});
      case 16:
        return of(replies, {{"DEL", key("s", 4000)}, {"UNLINK", key("l", 50)}});
      case 17:
        return of(replies, {{"PUBLISH", "channel", member}});
      case 18:
        return of(replies, {{"EXPIRE", key("s", 4000), "1000"}, {"PERSIST", key("s", 4000)}});
      case 19:
        return of(replies, {{"SETBIT", key("b", 20), std::to_string(random_.below(8000)), "1"},
                            {"PFADD", key("p", 20), member}});
      case 20:
        return of(replies, {{"NONSENSE", member}, {"LPUSH", "s1", "wrong"}, {"GET"}});
      default:
        return of(replies, {{"SCAN", "0", "COUNT", "20"}, {"LRANGE", key("l", 50), "0", "-1"}});
    }
  }

  Random random_;
};

double mean(const std::vector<double>& values, size_t begin, size_t end) {
  return std::accumulate(values.begin() + static_cast<ptrdiff_t>(begin),
                         values.begin() + static_cast<ptrdiff_t>(end), 0.0) /
         static_cast<double>(end - begin);
}

TEST_CASE("soak: memory stays what it is under a mixed load") {
  const auto length = soak_time();
  TlsServer server({"--latency-tracking", "yes", "--slowlog-log-slower-than", "100",
                    "--notify-keyspace-events", "Ex"});
  auto admin = server.connect(), listener = server.connect();
  listener("SUBSCRIBE", "channel");
  MixedLoad load(1);
  std::vector<TestClient> clients;
  for (int i = 0; i < 8; i++) clients.push_back(server.connect());
  auto tls = server.connect_tls();
  Random random(2);

  const auto turn = [&] {
    std::vector<size_t> replies(clients.size());
    for (size_t i = 0; i < clients.size(); i++) clients[i].send_raw(load.pipeline(replies[i]));
    size_t tls_replies = 0;
    tls->send_raw(load.pipeline(tls_replies));
    for (size_t i = 0; i < clients.size(); i++) {
      for (size_t j = 0; j < replies[i]; j++) clients[i].receive();
    }
    for (size_t j = 0; j < tls_replies; j++) tls->receive();
    while (listener.receive_within(0ms)) {
    }
    // Some come and go, in the middle of something or not.
    const size_t who = random.below(clients.size());
    if (random.below(4) == 0) {
      clients[who].send_raw("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$900000\r\nxyz");
      clients[who] = server.connect();
    }
    auto waiting = server.connect();
    waiting.send({"BLPOP", "nothing", "0"});
    if (random.below(10) == 0) tls = server.connect_tls();
  };

  std::vector<double> used, resident;
  const auto start = Clock::now();
  // First everything takes the size that it has from then on.
  constexpr int kFirstTurns = 400;
  constexpr int kLeastTurns = 100;
  for (int i = 0; i < kFirstTurns; i++) turn();
  int turns = 0;
  for (auto next = Clock::now(); turns < kLeastTurns || Clock::now() - start < length; turns++) {
    turn();
    const bool is_filling = length >= 2 * kLongestWindow && Clock::now() - start < kLongestWindow;
    if (Clock::now() < next || is_filling) continue;
    used.push_back(static_cast<double>(used_memory(admin)));
    resident.push_back(static_cast<double>(resident_bytes(server.server().pid())));
    next = Clock::now() + length / 500;
  }
  REQUIRE(used.size() >= 8);
  const size_t quarter = used.size() / 4;
  const double used_growth =
      mean(used, used.size() - quarter, used.size()) / mean(used, 0, quarter);
  const double resident_growth =
      mean(resident, used.size() - quarter, used.size()) / mean(resident, 0, quarter);
  WARN("soak of " << length.count()
                  << " s: " << info_number(admin, "stats", "total_commands_processed")
                  << " commands, used memory x" << used_growth << ", resident x"
                  << resident_growth);
  const double bound = length >= 2 * kLongestWindow ? 1.02 : 1.1;
  if (!kHasSanitizers) {
    CHECK(used_growth < bound);
    CHECK(resident_growth < bound);
  }
  clients.clear();
  CHECK(eventually([&] { return info_number(admin, "clients", "blocked_clients") == 0; }));
}

}  // namespace
}  // namespace larder
