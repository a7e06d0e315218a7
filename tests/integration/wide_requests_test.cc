// Requests with as many things in them as half a megabyte holds, for each command that takes lists
// or patterns: the time they take grows with what is in them, and not with its square, so that
// others get their answers meanwhile.
#include <catch2/catch.hpp>
#include <functional>

#include "tests/support/server_figures.h"
#include "tests/support/test_server.h"

namespace larder {
namespace {

using Words = std::vector<std::string>;

constexpr int kMany = 50'000;
// Enough for a slow machine and sanitizers; what is quadratic takes longer on a fast one.
constexpr auto kBound = 3s;

// The words of `first`, and then those of `repeated` so many times, '#' being the number of the
// time.
Words wide(Words first, int times, const Words& repeated) {
  for (int i = 0; i < times; i++) {
    for (std::string word : repeated) {
      if (const size_t at = word.find('#'); at != std::string::npos) {
        word.replace(at, 1, std::to_string(i));
      }
      first.push_back(std::move(word));
    }
  }
  return first;
}

Words then(Words request, const Words& more) {
  request.insert(request.end(), more.begin(), more.end());
  return request;
}

struct WideRequest {
  Words request;
  std::vector<Words> before = {};  // by the same client
};

std::vector<WideRequest> requests_with_names() {
  const std::string many = std::to_string(kMany);
  const Words tracking = wide({"CLIENT", "TRACKING", "ON", "BCAST"}, kMany / 2, {"PREFIX", "p#:"});
  const Words watch = wide({"WATCH"}, kMany, {"w#"});
  const Words subscribe = wide({"SUBSCRIBE"}, kMany, {"c#"});
  return {
      {subscribe},
      {wide({"PSUBSCRIBE"}, kMany, {"c#*"})},
      {wide({"SSUBSCRIBE"}, kMany, {"c#"})},
      {wide({"UNSUBSCRIBE"}, kMany, {"c#"}), {subscribe}},
      {wide({"PUBSUB", "NUMSUB"}, kMany, {"c#"})},
      {tracking},
      {wide({"CLIENT", "TRACKING", "ON", "BCAST"}, kMany / 2, {"PREFIX", "q#:"}), {tracking}},
      {wide({"MSET"}, kMany / 2, {"p#:k", "v"}), {{"HELLO", "3"}, tracking}},
      {watch},
      {wide({"WATCH"}, kMany, {"w"})},
      {{"UNWATCH"}, {watch}},
      {wide({"CLIENT", "LIST", "ID"}, kMany, {"#"})},
      {wide({"COMMAND", "INFO"}, kMany, {"get"})},
      {wide({"COMMAND", "DOCS"}, kMany, {"get"})},
      {wide({"COMMAND", "GETKEYS", "MSET"}, kMany / 2, {"k#", "v"})},
      {wide({"INFO"}, kMany, {"nothing#"})},
      {wide({"CONFIG", "GET"}, kMany, {"nothing#"})},
      {then(wide({"BLPOP"}, kMany, {"b#"}), {"0"}), {{"RPUSH", "b49999", "x"}}},
      {then(wide({"BZMPOP", "0", many}, kMany, {"b#"}), {"MIN"}),
       {{"DEL", "b49999"}, {"ZADD", "b49999", "1", "x"}}},
      {then(wide({"XREAD", "STREAMS", "x"}, kMany / 2, {"x#"}), wide({"0"}, kMany / 2, {"0"})),
       {{"XADD", "x", "*", "f", "v"}}},
  };
}

std::vector<WideRequest> requests_with_keys() {
  const std::string many = std::to_string(kMany);
  const Words set = wide({"SADD", "s"}, 10, {"#"});
  const Words sorted_set = wide({"ZADD", "z"}, 10, {"#", "m#"});
  const Words list = wide({"RPUSH", "l"}, 10, {"#"});
  return {
      {wide({"MSET"}, kMany / 2, {"k#", "v"})},
      {wide({"MSETNX"}, kMany / 2, {"n#", "v"})},
      {wide({"MGET"}, kMany, {"k#"})},
      {wide({"EXISTS"}, kMany, {"k#"})},
      {wide({"DEL"}, kMany, {"k#"})},
      {wide({"UNLINK"}, kMany, {"n#"})},
      {wide({"SINTER"}, kMany, {"s"}), {set}},
      {wide({"SUNION"}, kMany, {"s"})},
      {wide({"SDIFF"}, kMany, {"s"})},
      {wide({"SINTERCARD", many}, kMany, {"s"})},
      {wide({"ZUNION", many}, kMany, {"z"}), {sorted_set}},
      {wide({"ZINTER", many}, kMany, {"z"})},
      {wide({"ZDIFF", many}, kMany, {"z"})},
      {wide({"SORT", "l", "BY", "nosort"}, kMany / 2, {"GET", "x*"}), {list}},
      {{"LCS", "left", "right"},
       {{"SET", "left", std::string(2000, 'a')}, {"SET", "right", std::string(2000, 'b')}}},
      {wide({"BITFIELD", "bits"}, kMany / 4, {"SET", "u8", "#", "1"})},
      {wide({"BITOP", "OR", "to"}, kMany, {"bits"})},
      {wide({"GEOADD", "places"}, kMany / 3, {"1.#", "2", "m#"})},
      {wide({"GEOPOS", "places"}, kMany, {"m#"})},
      {wide({"PFADD", "log"}, kMany, {"#"})},
      {wide({"PFMERGE", "to:log"}, 1000, {"log"})},
      {wide({"XADD", "x", "*"}, kMany / 2, {"f#", "v"})},
      {wide({"XDEL", "x"}, kMany, {"1-#"})},
      {wide({"HSET", "h"}, kMany / 2, {"f#", "v"})},
      {wide({"HMGET", "h"}, kMany, {"f#"})},
      {wide({"HEXPIRE", "h", "1000", "FIELDS", many}, kMany, {"f#"})},
      {wide({"HDEL", "h"}, kMany, {"f#"})},
      {wide({"SADD", "many"}, kMany, {"m#"})},
      {wide({"SMISMEMBER", "many"}, kMany, {"m#"})},
      {wide({"SREM", "many"}, kMany, {"m#"})},
      {wide({"ZADD", "ranks"}, kMany / 2, {"#", "m#"})},
      {wide({"ZREM", "ranks"}, kMany, {"m#"})},
      {wide({"LPUSH", "l"}, kMany, {"#"})},
  };
}

// What another client waits for an answer, from before the request until it has been answered.
std::chrono::milliseconds longest_wait(TestClient& other, const std::function<bool()>& is_done) {
  std::chrono::milliseconds longest{0};
  for (bool was_done = false; !was_done;) {
    was_done = is_done();
    const auto begin = std::chrono::steady_clock::now();
    REQUIRE(other("PING") == status("PONG"));
    longest = std::max(longest, std::chrono::duration_cast<std::chrono::milliseconds>(
                                    std::chrono::steady_clock::now() - begin));
  }
  return longest;
}

void check_others_are_served(const std::vector<WideRequest>& requests) {
  TestServer server;
  auto other = server.connect();
  other.set_timeout(60s);
  for (const WideRequest& wide : requests) {
    const std::string name =
        wide.request[0] + " " + (wide.request.size() > 1 ? wide.request[1] : "");
    INFO(name);
    auto client = server.connect();
    client.set_timeout(60s);
    for (const Words& request : wide.before) {
      REQUIRE_FALSE(client.call(request).is_error());
      if (request[0] == "SUBSCRIBE") {
        for (int i = 1; i < kMany; i++) client.receive();
      }
    }
    client.send(wide.request);
    std::optional<Reply> reply;
    CHECK(longest_wait(other, [&] {
            reply = client.receive_within(1ms);
            return reply.has_value();
          }) < kBound);
    CHECK_FALSE(reply->is_error());
    // What it has left behind goes with it.
    client.close();
    CHECK(longest_wait(other, [&] {
            return info_number(other, "clients", "connected_clients") == 1;
          }) < kBound);
  }
}

TEST_CASE("wide requests: many names, patterns and prefixes stop nobody") {
  check_others_are_served(requests_with_names());
}

TEST_CASE("wide requests: many keys, members and operations stop nobody") {
  check_others_are_served(requests_with_keys());
}

}  // namespace
}  // namespace larder
