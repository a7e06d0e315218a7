// Clients that end in the middle of what the server does for them or for others: killed, evicted or
// cut off by the same turn that serves, unblocks or tells them. Under AddressSanitizer nothing of
// them may be used afterwards; in every build nothing of them may stay.
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <optional>

#include "server/base/random.h"
#include "tests/support/build.h"
#include "tests/support/reply_text.h"
#include "tests/support/server_figures.h"
#include "tests/support/test_server.h"
#include "tests/support/tls_server.h"

namespace larder {
namespace {

// A client that finds itself alone: those before it may be killed as well, by what the others have
// left behind.
TestClient last_one(TestServer& server) {
  std::optional<TestClient> last;
  const bool is_alone = eventually(
      [&] {
        try {
          last.emplace(server.connect());
          // A pause would hold everybody back.
          (*last)("CLIENT", "UNPAUSE");
          return info_number(*last, "clients", "connected_clients") == 1;
        } catch (const std::runtime_error&) {
          return false;
        }
      },
      30s);
  REQUIRE(is_alone);
  return std::move(*last);
}

void check_nobody_stays(TestClient& admin) {
  CHECK(eventually([&] { return info_number(admin, "clients", "connected_clients") == 1; }, 30s));
  for (const std::string field :
       {"blocked_clients", "tracking_clients", "pubsub_clients", "watching_clients",
        "total_watched_keys", "total_blocking_keys"}) {
    INFO(field);
    CHECK(info_number(admin, "clients", field) == 0);
  }
  CHECK(info_number(admin, "stats", "pubsub_channels") == 0);
  CHECK(info_number(admin, "stats", "pubsub_patterns") == 0);
}

// --- One of each kind ---

// Brings clients into every state that lists of the server know.
struct Kinds {
  explicit Kinds(TlsServer& server) : server_(server) {
    for (const std::vector<std::vector<std::string>>& requests :
         std::vector<std::vector<std::vector<std::string>>>{
             {},
             {{"BLPOP", "queue", "other", "0"}},
             {{"BLMOVE", "queue", "other", "LEFT", "RIGHT", "0"}},
             {{"BZPOPMIN", "board", "0"}},
             {{"XREAD", "BLOCK", "0", "STREAMS", "stream", "$"}},
             {{"MONITOR"}},
             {{"SUBSCRIBE", "c"}, {"PSUBSCRIBE", "c*"}, {"SSUBSCRIBE", "s"}},
             {{"HELLO", "3"}, {"CLIENT", "TRACKING", "ON"}, {"GET", "queue"}, {"GET", "k"}},
             {{"HELLO", "3"}, {"CLIENT", "TRACKING", "ON", "BCAST"}},
             {{"WATCH", "k", "queue"}, {"MULTI"}, {"SET", "k", "v"}, {"RPUSH", "queue", "x"}},
             {{"CLIENT", "REPLY", "OFF"}},
             {{"CLIENT", "BATCH", "5"}},
         }) {
      plain.push_back(server_.connect());
      tls.push_back(server_.connect_tls());
      ids += " " + std::to_string(plain.back()("CLIENT", "ID").integer);
      for (const auto& request : requests) {
        plain.back().send(request);
        tls.back()->send(request);
      }
    }
    // One that is read from in pieces, one that reads nothing.
    plain.push_back(server_.connect());
    plain.back().send_raw("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1000000\r\nxyz");
    plain.push_back(server_.connect());
    for (int i = 0; i < 100; i++) plain.back().send({"GET", "large"});
  }

  TlsServer& server_;
  std::vector<TestClient> plain;
  std::vector<std::unique_ptr<TlsTestClient>> tls;
  std::string ids;
};

TEST_CASE("life time: all kinds of clients are killed by the turn that has something for them") {
  TlsServer server;
  auto admin = server.connect();
  REQUIRE(admin("SET", "large", std::string(300'000, 'x')) == status("OK"));
  const std::string kill = GENERATE(
      as<std::string>(), "CLIENT KILL TYPE normal SKIPME yes\r\nCLIENT KILL TYPE pubsub\r\n",
      "CLIENT KILL SKIPME yes MAXAGE 0\r\n", "CLIENT KILL USER default\r\n",
      "MULTI\r\nCLIENT KILL TYPE pubsub\r\nCLIENT KILL TYPE normal SKIPME yes\r\nPUBLISH c x\r\n"
      "RPUSH queue a\r\nEXEC\r\n",
      "CLIENT PAUSE 100000\r\nCLIENT KILL TYPE pubsub\r\nCLIENT KILL TYPE normal SKIPME yes\r\n"
      "CLIENT UNPAUSE\r\n",
      "ACL SETUSER default resetchannels -@all +@all\r\nCLIENT KILL TYPE normal SKIPME yes\r\n"
      "CLIENT KILL TYPE pubsub\r\n");
  const std::string work =
      "RPUSH queue a b c d\r\nRPUSH other a\r\nZADD board 1 a\r\nXADD stream * f v\r\nSET k 1\r\n"
      "PUBLISH c message\r\nSPUBLISH s message\r\nDEL k\r\nFLUSHALL\r\nRPUSH queue a b c d e f\r\n"
      "SET large v\r\n";
  for (int round = 0; round < 4; round++) {
    Kinds kinds(server);
    auto killer = server.connect();
    REQUIRE(killer("PING") == status("PONG"));
    {
      const Stopped stopped(server.server());
      std::string pipeline;
      for (int i = 0; i < 50; i++) pipeline += "INCR n\r\nGET large\r\n";
      for (TestClient& client : kinds.plain) client.send_raw(pipeline);
      for (auto& client : kinds.tls) client->send_raw(pipeline);
      // In both orders, and so that there is more to run behind it.
      killer.send_raw(round % 2 == 0 ? work + kill + work : kill + work + kill);
      kinds.plain[0].send_raw(round < 2 ? work : kill);
      kinds.tls[0]->send_raw(round < 2 ? kill : work);
    }
    kinds.plain.clear();
    kinds.tls.clear();
    killer.close();
    admin.close();
    admin = last_one(server.server());
    REQUIRE(admin("ACL", "SETUSER", "default", "allchannels") == status("OK"));
    check_nobody_stays(admin);
    REQUIRE(admin("FLUSHALL") == status("OK"));
    REQUIRE(admin("SET", "large", std::string(300'000, 'x')) == status("OK"));
  }
}

// --- Those who are served are cut off ---

TEST_CASE("life time: a client that waits is evicted by what it is served") {
  if (kHasSanitizers) return;  // the limit needs the allocator's figures
  TestServer server({"--maxmemory-clients", "1mb"});
  auto admin = server.connect();
  REQUIRE(admin("CLIENT", "NO-EVICT", "ON") == status("OK"));
  const std::string element(30'000, 'x');
  for (int round = 0; round < 5; round++) {
    std::vector<TestClient> waiting;
    for (int i = 0; i < 5; i++) {
      waiting.push_back(server.connect());
      waiting.back().send({"BLMPOP", "0", "1", "queue", "LEFT", "COUNT", "400"});
      // More requests behind the one that waits, which count for it.
      waiting.back().send_raw(encode_request({"ECHO", std::string(20'000, 'y')}));
    }
    CHECK(eventually([&] { return info_number(admin, "clients", "blocked_clients") == 5; }));
    // More than sockets take, for the first of them.
    for (int i = 0; i < 80; i++) {
      admin("RPUSH", "prepared", element, element, element, element, element);
    }
    CHECK(admin("RENAME", "prepared", "queue") == status("OK"));
    CHECK(eventually([&] { return info_number(admin, "stats", "evicted_clients") > round; }));
    waiting.clear();
    check_nobody_stays(admin);
    admin("DEL", "queue");
  }
}

TEST_CASE("life time: clients are cut off by the limit of output while many are told the same") {
  TestServer server({"--client-output-buffer-limit", "pubsub 64kb 0 0",
                     "--client-output-buffer-limit", "normal 64kb 0 0"});
  auto admin = server.connect();
  const std::string message(40'000, 'm');
  for (int round = 0; round < 5; round++) {
    std::vector<TestClient> listeners;
    for (int i = 0; i < 30; i++) {
      listeners.push_back(server.connect());
      TestClient& client = listeners.back();
      switch (i % 4) {
        case 0:
          client.send({"SUBSCRIBE", "c"});
          break;
        case 1:
          client.send({"MONITOR"});
          break;
        case 2:
          client.send({"HELLO", "3"});
          client.send({"CLIENT", "TRACKING", "ON", "BCAST"});
          break;
        default:
          client.send({"BLPOP", "queue", "0"});
      }
    }
    CHECK(eventually([&] {
      return info_number(admin, "clients", "pubsub_clients") == 8 &&
             info_number(admin, "clients", "blocked_clients") == 7 &&
             info_number(admin, "clients", "tracking_clients") == 7;
    }));
    {
      const Stopped stopped(server);
      for (int i = 0; i < 8; i++) {
        admin.send({"PUBLISH", "c", message});
        admin.send({"SET", std::string(20'000, 'k') + std::to_string(i), message});
        admin.send({"RPUSH", "queue", message, message, message});
      }
    }
    for (int i = 0; i < 24; i++) admin.receive();
    listeners.clear();
    check_nobody_stays(admin);
    admin("FLUSHALL");
  }
  CHECK(info_number(admin, "stats", "client_output_buffer_limit_disconnections") > 0);
}

// --- Anything, in any order ---

class Storm {
 public:
  Storm(TlsServer& server, uint64_t seed) : server_(server), random_(seed) {
    for (int i = 0; i < 24; i++) plain_.push_back(server_.connect());
    for (int i = 0; i < 6; i++) tls_.push_back(server_.connect_tls());
  }

  // A turn in which all of them do something.
  void turn() {
    const Stopped stopped(server_.server());
    for (size_t i = 0; i < 60; i++) {
      std::string requests;
      for (uint64_t j = 1 + random_.below(4); j > 0; j--) requests += request();
      const size_t who = random_.below(plain_.size() + tls_.size());
      try {
        if (who < plain_.size()) {
          plain_[who].send_raw(requests);
        } else {
          tls_[who - plain_.size()]->send_raw(requests);
        }
      } catch (const std::runtime_error&) {
        replace(who);
      }
      if (random_.below(20) == 0) replace(who);
    }
  }

 private:
  // The former connection ends with whatever it had waiting. The new one is accepted by the kernel;
  // TLS would need the server.
  void replace(size_t who) {
    if (who < plain_.size()) plain_[who] = server_.connect();
  }
  std::string word(std::initializer_list<const char*> words) {
    return *(words.begin() + random_.below(words.size()));
  }
  std::string id() { return std::to_string(1 + random_.below(400)); }

  std::string request() {
    switch (random_.below(30)) {
      case 0:
        return "CLIENT KILL ID " + id() + "\r\n";
      case 1:
        return "CLIENT KILL TYPE " + word({"normal", "pubsub"}) + " SKIPME " + word({"yes", "no"}) +
               "\r\n";
      case 2:
        return "CLIENT UNBLOCK " + id() + word({"", " ERROR", " TIMEOUT"}) + "\r\n";
      case 3:
        return "BLPOP " + word({"q1", "q2"}) + " 0\r\n";
      case 4:
        return "BLMOVE q1 q2 LEFT LEFT 0\r\n";
      case 5:
        return "BRPOPLPUSH q2 q1 0.01\r\n";
      case 6:
        return "XREADGROUP GROUP g c BLOCK 0 STREAMS s >\r\n";
      case 7:
        return "XGROUP " + word({"CREATE s g $ MKSTREAM", "DESTROY s g"}) + "\r\n";
      case 8:
        return "XADD s * f v\r\n";
      case 9:
        return "RPUSH " + word({"q1", "q2"}) + " a b c\r\n";
      case 10:
        return "DEL q1 q2 s k\r\n";
      case 11:
        return "SUBSCRIBE c d\r\n";
      case 12:
        return "PSUBSCRIBE c*\r\n";
      case 13:
        return "UNSUBSCRIBE\r\n";
      case 14:
        return "PUBLISH c m\r\n";
      case 15:
        return word({"MONITOR", "RESET", "RESET", "QUIT"}) + "\r\n";
      case 16:
        return "HELLO " + word({"2", "3"}) + "\r\n";
      case 17:
        return "CLIENT TRACKING ON" + word({"", " BCAST", " OPTIN", " NOLOOP"}) + "\r\n";
      case 18:
        return "CLIENT TRACKING ON REDIRECT " + id() + "\r\n";
      case 19:
        return "CLIENT TRACKING OFF\r\n";
      case 20:
        return "MGET k j q1\r\n";
      case 21:
        return "SET " + word({"k", "j"}) + " v PX " + word({"1", "1000"}) + "\r\n";
      case 22:
        return "WATCH k q1\r\n";
      case 23:
        return "MULTI\r\nINCR n\r\nBLPOP q1 0\r\nCLIENT KILL ID " + id() + "\r\nEXEC\r\n";
      case 24:
        return word({"MULTI", "EXEC", "DISCARD"}) + "\r\n";
      case 25:
        return "CLIENT PAUSE " + word({"1", "5"}) + word({"", " WRITE"}) + "\r\n";
      case 26:
        return "CLIENT REPLY " + word({"ON", "OFF", "SKIP"}) + "\r\n";
      case 27:
        return "SWAPDB 0 1\r\nSELECT " + word({"0", "1"}) + "\r\n";
      case 28:
        return word({"FLUSHALL", "FLUSHDB ASYNC", "CLIENT LIST", "INFO", "CLIENT NO-EVICT ON"}) +
               "\r\n";
      default:
        return "SET k " + std::string(random_.below(50'000), 'x') + "\r\n";
    }
  }

  TlsServer& server_;
  Random random_;
  std::vector<TestClient> plain_;
  std::vector<std::unique_ptr<TlsTestClient>> tls_;
};

TEST_CASE("life time: clients end anywhere in a storm of everything") {
  constexpr int kRounds = 6;
  constexpr int kTurns = 15;
  TlsServer server({"--notify-keyspace-events", "KEA", "--maxmemory-clients", "3mb"});
  for (int round = 0; round < kRounds; round++) {
    INFO("seed " << round);
    {
      Storm storm(server, static_cast<uint64_t>(round));
      for (int i = 0; i < kTurns; i++) storm.turn();
    }
    auto admin = last_one(server.server());
    check_nobody_stays(admin);
  }
}

}  // namespace
}  // namespace larder
