// Bytes that are no requests, or promise what never comes: whatever they are, others are served,
// and nothing of them stays.
#include <sys/socket.h>

#include <array>
#include <catch2/catch.hpp>
#include <functional>

#include "server/base/random.h"
#include "tests/support/build.h"
#include "tests/support/reply_text.h"
#include "tests/support/server_figures.h"
#include "tests/support/test_server.h"
#include "tests/support/tls_server.h"

namespace larder {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

// --- Promises ---

TEST_CASE("hostile input: 300 clients that promise much grow the server little, and cost no key") {
  constexpr int kClients = 300;
  constexpr int64_t kMegabyte = 1024 * 1024;
  TestServer server({"--maxmemory", "300mb", "--maxmemory-policy", "allkeys-lru"});
  auto admin = server.connect();
  for (int i = 0; i < 100; i++) {
    REQUIRE(admin("SET", "key:" + std::to_string(i), std::string(kMegabyte, 'x')) == status("OK"));
  }
  const int64_t used_before = used_memory(admin);
  const int64_t resident_before = resident_bytes(server.pid());
  const std::array<std::string, 4> promises = {
      "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870912\r\n" + std::string(1000, 'x'),
      "*2147483647\r\n$3\r\nDEL\r\n$1\r\nk\r\n",
      "*2147483647\r\n$536870912\r\n" + std::string(100'000, 'x'),
      "*2147483647\r\n$4\r\nMSET\r\n$1\r\nk\r\n$536870912\r\nxyz",
  };
  std::vector<TestClient> clients;
  int64_t sent = info_number(admin, "stats", "total_net_input_bytes");
  for (size_t i = 0; i < kClients; i++) {
    clients.push_back(server.connect());
    clients.back().send_raw(promises[i % promises.size()]);
    sent += static_cast<int64_t>(promises[i % promises.size()].size());
  }
  REQUIRE(eventually([&] { return info_number(admin, "stats", "total_net_input_bytes") > sent; }));
  // None of them was refused: all that they promise is allowed.
  CHECK(info_number(admin, "clients", "connected_clients") == kClients + 1);
  if (!kHasSanitizers) CHECK(used_memory(admin) - used_before < 192 * kMegabyte);
  CHECK(resident_bytes(server.pid()) - resident_before < (kHasSanitizers ? 400 : 192) * kMegabyte);
  CHECK(info_number(admin, "stats", "evicted_keys") == 0);
  CHECK(admin("DBSIZE") == 100);
}

TEST_CASE("hostile input: a request may have more than a million arguments") {
  constexpr size_t kKeys = 1'500'000;
  TestServer server;
  auto client = server.connect();
  client.set_timeout(60s);
  std::string request = "*" + std::to_string(kKeys + 1) + "\r\n$6\r\nEXISTS\r\n";
  for (size_t i = 0; i < kKeys; i++) request += "$1\r\nk\r\n";
  REQUIRE(client("SET", "k", "v") == status("OK"));
  client.send_raw(request);
  CHECK(client.receive() == kKeys);
  client.send_raw("*2147483648\r\n");
  CHECK(client.receive() == is_error("ERR Protocol error: invalid multibulk length"));
}

// --- Ten thousand kinds of rubbish ---

// Makes input that is wrong in one of the ways in which it can be, the same for the same seed.
class Rubbish {
 public:
  explicit Rubbish(uint64_t seed) : random_(seed) {}

  std::string next() {
    static constexpr std::array kKinds = {
        &Rubbish::wrong_count,     &Rubbish::wrong_length,
        &Rubbish::wrong_type,      &Rubbish::nested,
        &Rubbish::resp3,           &Rubbish::reply,
        &Rubbish::inline_line,     &Rubbish::http,
        &Rubbish::tls_hello,       &Rubbish::truncated,
        &Rubbish::behind_an_error, &Rubbish::damaged,
        &Rubbish::noise,           &Rubbish::endless_line,
        &Rubbish::bare_line_feeds, &Rubbish::empty_requests,
    };
    return (this->*kKinds[random_.below(kKinds.size())])();
  }
  uint64_t below(uint64_t bound) { return random_.below(bound); }

 private:
  template <class Words>
  std::string one_of(const Words& words) {
    return std::string(words[random_.below(std::size(words))]);
  }
  std::string number() {
    static constexpr std::string_view kNumbers[] = {"-1",
                                                    "-2",
                                                    "0",
                                                    "1",
                                                    "2",
                                                    "3",
                                                    "10",
                                                    "1000",
                                                    "65536",
                                                    "1048577",
                                                    "536870912",
                                                    "536870913",
                                                    "2147483647",
                                                    "2147483648",
                                                    "4294967295",
                                                    "4294967296",
                                                    "-2147483648",
                                                    "9223372036854775807",
                                                    "9223372036854775808",
                                                    "-9223372036854775808",
                                                    "-9223372036854775809",
                                                    "18446744073709551615",
                                                    "18446744073709551616",
                                                    "99999999999999999999999999999999",
                                                    "00",
                                                    "01",
                                                    "+1",
                                                    " 1",
                                                    "1 ",
                                                    "1x",
                                                    "0x10",
                                                    "1e3",
                                                    "1.5",
                                                    "",
                                                    "-",
                                                    "--1",
                                                    "nan",
                                                    "inf",
                                                    "\0"sv,
                                                    "1\0"sv,
                                                    "\xff",
                                                    "\xd9\xa1",
                                                    "*1",
                                                    "$1"};
    return one_of(kNumbers);
  }
  std::string line_end() {
    static constexpr std::string_view kEnds[] = {"\r\n", "\r\n", "\r\n", "\n",    "\r",
                                                 "\r\r", "",     "\n\r", "\r\nx", "\0\r\n"sv};
    return one_of(kEnds);
  }
  std::string bytes(size_t count) {
    std::string bytes;
    for (size_t i = 0; i < count; i++) bytes += static_cast<char>(random_.below(256));
    return bytes;
  }
  std::string request() {
    static const std::vector<std::vector<std::string>> kRequests = {
        {"PING"},
        {"GET", "k1"},
        {"SET", "k1", "value"},
        {"SET", "k2", std::string(2000, 'v')},
        {"DEL", "k1", "k2"},
        {"MGET", "k1", "k2", "k3"},
        {"LPUSH", "k3", "a", "b"},
        {"SET", "k4", std::string(100'000, 'w')},
        {"HELLO", "3"},
        {"HELLO", "9"},
        {"MULTI"},
        {"EXEC"},
        {"DISCARD"},
        {"SUBSCRIBE", "c"},
        {"RESET"},
        {"INCRBY", "k5", "-9223372036854775808"},
        {"SETRANGE", "k6", "-1", "x"},
        {"GETRANGE", "k1", "-9223372036854775808", "9223372036854775807"},
        {"NONSENSE", "a\r\nb"},
        {"CLIENT", "REPLY", "OFF"},
        {"AUTH", "x"},
        {"SELECT", "99"},
        {"SRANDMEMBER", "k7", "-9223372036854775808"},
        {"", ""},
        {"CLIENT", "SETNAME", "a b"}};
    return encode_request(kRequests[random_.below(kRequests.size())]);
  }
  std::string requests() {
    std::string requests;
    for (uint64_t i = random_.below(5); i > 0; i--) requests += request();
    return requests;
  }

  std::string wrong_count() { return requests() + "*" + number() + line_end() + request(); }
  std::string wrong_length() {
    return "*2\r\n$3\r\nGET\r\n$" + number() + line_end() + bytes(random_.below(20)) + line_end() +
           requests();
  }
  std::string wrong_type() {
    const char type = static_cast<char>(random_.below(256));
    return "*2\r\n$3\r\nGET\r\n" + std::string(1, type) + number() + line_end() + requests();
  }
  std::string nested() {
    std::string nested = requests();
    for (uint64_t depth = 1 + random_.below(2000); depth > 0; depth--) nested += "*1\r\n";
    return nested + "$4\r\nPING\r\n";
  }
  std::string resp3() {
    static constexpr std::string_view kValues[] = {"%1\r\n+k\r\n+v\r\n",
                                                   "~2\r\n:1\r\n:2\r\n",
                                                   ">2\r\n+a\r\n+b\r\n",
                                                   "|1\r\n+k\r\n+v\r\n*1\r\n$4\r\nPING\r\n",
                                                   "_\r\n",
                                                   "#t\r\n",
                                                   ",1.5\r\n",
                                                   "(12345678901234567890\r\n",
                                                   "=7\r\ntxt:abc\r\n",
                                                   "!3\r\nERR\r\n",
                                                   "$?\r\n;3\r\nabc\r\n;0\r\n",
                                                   "*?\r\n:1\r\n.\r\n"};
    const std::string value = one_of(kValues);
    return random_.below(2) == 0 ? value + requests() : "*2\r\n$3\r\nGET\r\n" + value + requests();
  }
  std::string reply() {
    static constexpr std::string_view kReplies[] = {
        "+OK\r\n", "-ERR no\r\n", ":1\r\n", "$3\r\nabc\r\n", "$-1\r\n", "+\r\n", "-\n"};
    std::string replies;
    for (uint64_t i = 1 + random_.below(20); i > 0; i--) replies += one_of(kReplies);
    return replies + requests();
  }
  std::string inline_line() {
    static constexpr std::string_view kParts[] = {
        "SET",    "GET",       "k1", "\"",        "'",    "\"a\"", "\"a\"b", "'a'b",
        "\"\\x4", "\"\\xzz\"", "\\", "\"\\",      " ",    "\t",    "\0"sv,   "\xff\xfe",
        "''",     "\"\"",      "\r", "\"\\x00\"", "PING", "'\\''"};
    std::string line;
    for (uint64_t i = random_.below(12); i > 0; i--) {
      line += one_of(kParts);
      if (random_.below(2) == 0) line += ' ';
    }
    return line + line_end() + requests();
  }
  std::string http() {
    static constexpr std::string_view kVerbs[] = {"GET",     "POST", "PUT",  "HEAD", "CONNECT",
                                                  "OPTIONS", "PRI",  "post", "Host:"};
    return one_of(kVerbs) + " / HTTP/1.1" + line_end() + "Host: localhost:6379" + line_end() +
           "Content-Length: 30" + line_end() + line_end() + requests();
  }
  std::string tls_hello() {
    return "\x16\x03\x01"s + bytes(2) + "\x01\x00"s + bytes(random_.below(600));
  }
  std::string truncated() {
    const std::string whole = requests() + request();
    return whole.substr(0, random_.below(whole.size() + 1));
  }
  std::string behind_an_error() {
    return requests() + "*" + number() + "\r\n$" + number() + "\r\n" + requests() + request();
  }
  std::string damaged() {
    std::string whole = requests() + request() + requests();
    for (uint64_t i = 1 + random_.below(4); i > 0; i--) {
      const size_t at = random_.below(whole.size());
      switch (random_.below(3)) {
        case 0:
          whole[at] = static_cast<char>(random_.below(256));
          break;
        case 1:
          whole.erase(at, 1 + random_.below(4));
          break;
        default:
          whole.insert(at, bytes(1 + random_.below(4)));
      }
      if (whole.empty()) whole = "*";
    }
    return whole;
  }
  std::string noise() { return bytes(random_.below(3000)); }
  std::string endless_line() {
    static constexpr std::string_view kStarts[] = {"*", "$", "*1\r\n$", "GET ", "\"", "*0", ""};
    return one_of(kStarts) +
           std::string(random_.below(90'000), static_cast<char>('0' + random_.below(60)));
  }
  std::string bare_line_feeds() {
    std::string text = requests() + request();
    std::erase(text, '\r');
    return text;
  }
  std::string empty_requests() {
    static constexpr std::string_view kEmpty[] = {"*0\r\n",  "*-1\r\n",         "\r\n",
                                                  "\n",      " \r\n",           "*0\r\nPING\r\n",
                                                  "*-9\r\n", "*1\r\n$0\r\n\r\n"};
    std::string text;
    for (uint64_t i = 1 + random_.below(200); i > 0; i--) text += one_of(kEmpty);
    return text + requests();
  }

  Random random_;
};

// Sends as much as the server takes: it may have ended the connection already.
void try_to_send(TestClient& client, std::string_view bytes) {
  try {
    client.send_raw(bytes);
  } catch (const std::runtime_error&) {
  }
}

// To its end, which must come.
void read_to_the_end(TestClient& client) {
  try {
    while (!client.receive_raw().empty()) {
    }
  } catch (const std::runtime_error& failure) {
    // Reset, because the server has not read all. Not: no answer in time.
    INFO(failure.what());
    CHECK(std::string(failure.what()).find("in time") == std::string::npos);
  }
}

void send_rubbish(int port, TestClient& other, uint64_t seed, int cases) {
  Rubbish rubbish(seed);
  std::vector<TestClient> open;
  for (int i = 0; i < cases; i++) {
    const std::string bytes = rubbish.next();
    INFO("seed " << seed << " case " << i << ": " << quote_bytes(bytes.substr(0, 2000)));
    auto client = TestClient::connect(port);
    const size_t split = rubbish.below(bytes.size() + 1);
    try_to_send(client, std::string_view(bytes).substr(0, split));
    try_to_send(client, std::string_view(bytes).substr(split));
    switch (rubbish.below(4)) {
      case 0:
        break;
      case 1:
        try {
          client.half_close();
        } catch (const std::runtime_error&) {
        }
        read_to_the_end(client);
        break;
      case 2: {
        const linger at_once{.l_onoff = 1, .l_linger = 0};
        ::setsockopt(client.socket(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
        break;
      }
      default:
        open.push_back(std::move(client));
    }
    if (open.size() > 100) open.clear();
    const auto start = std::chrono::steady_clock::now();
    REQUIRE(other("PING") == status("PONG"));
    REQUIRE(std::chrono::steady_clock::now() - start < 1s);
  }
}

void check_nothing_stays(TestClient& other, int64_t used_before) {
  REQUIRE(other("FLUSHALL") == status("OK"));
  CHECK(eventually([&] { return info_number(other, "clients", "connected_clients") == 1; }, 30s));
  if (!kHasSanitizers) {
    INFO("bytes before: " << used_before << ", now: " << used_memory(other));
    CHECK(eventually([&] { return used_memory(other) - used_before < 1024 * 1024; }, 30s));
  }
  CHECK(other("CLIENT", "LIST").text.find('\n') == other("CLIENT", "LIST").text.size() - 1);
}

TEST_CASE("hostile input: ten thousand malformed inputs harm nobody and leave nothing") {
  constexpr int64_t kSettled = 500;  // of them first, so that what is kept for good is there
  SECTION("from those who may run commands") {
    TestServer server;
    auto other = server.connect();
    send_rubbish(server.port(), other, 1, kSettled);
    const int64_t before = used_memory(other);
    send_rubbish(server.port(), other, 2, 5500);
    check_nothing_stays(other, before);
  }
  SECTION("from strangers") {
    TestServer server({"--requirepass", "secret"});
    auto other = server.connect();
    REQUIRE(other("AUTH", "secret") == status("OK"));
    send_rubbish(server.port(), other, 3, kSettled);
    const int64_t before = used_memory(other);
    send_rubbish(server.port(), other, 4, 2000);
    check_nothing_stays(other, before);
  }
  SECTION("on the TLS port") {
    // Whoever says nothing wrong, and nothing more, is dropped when the places are needed.
    TlsServer server({"--tls-handshake-timeout", "1"});
    auto other = server.connect();
    send_rubbish(server.tls_port(), other, 5, kSettled);
    const int64_t before = used_memory(other);
    send_rubbish(server.tls_port(), other, 6, 1500);
    CHECK(eventually([&] { return info_number(other, "stats", "tls_handshakes_in_progress") == 0; },
                     30s));
    check_nothing_stays(other, before);
  }
}

}  // namespace
}  // namespace larder
