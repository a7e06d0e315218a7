#include "server/dispatch/look_ahead.h"

#include <utility>

#include "server/base/text.h"
#include "tests/unit/dispatch/test_turns.h"

namespace larder {
namespace {

// Which arguments of a request were taken for keys: those whose hashes are there.
class Sight {
 public:
  Sight() {
    for (const CommandFamily& family : core_commands()) commands_.add(family);
  }
  std::vector<std::string> keys_of(const std::string& request) {
    std::vector<std::string> words;
    for (size_t at = 0; at < request.size();) {
      const size_t end = std::min(request.find(' ', at), request.size());
      words.push_back(request.substr(at, end - at));
      at = end + 1;
    }
    return keys_of(words);
  }
  std::vector<std::string> keys_of(const std::vector<std::string>& words) {
    const std::vector<std::string_view> arguments(words.begin(), words.end());
    std::vector<uint64_t> hashes(arguments.size());
    const Command* command = commands_.resolve(arguments);
    REQUIRE(command != nullptr);
    look_ahead_.begin();
    look_ahead_.add(*command, arguments, hashes, 0);
    Batch none;
    count = look_ahead_.finish(none);
    std::vector<std::string> keys;
    for (size_t i = 0; i < hashes.size(); i++) {
      if (hashes[i] == 0) continue;
      CHECK(hashes[i] == hash_bytes(arguments[i]));
      keys.emplace_back(arguments[i]);
    }
    CHECK(count == keys.size());
    return keys;
  }
  size_t count = 0;

 private:
  CommandTable commands_;
  Keyspace keyspace_{1};
  LookAhead look_ahead_{keyspace_};
};

using Keys = std::vector<std::string>;

TEST_CASE("the keys of every command whose positions are known are looked at", "[look-ahead]") {
  Sight sight;
  CHECK(sight.keys_of("GET k") == Keys{"k"});
  CHECK(sight.keys_of("SET k v EX 10 GET") == Keys{"k"});
  CHECK(sight.keys_of("BITFIELD k GET u8 0") == Keys{"k"});
  CHECK(sight.keys_of("MGET a b c") == Keys{"a", "b", "c"});
  CHECK(sight.keys_of("MSET a 1 b 2") == Keys{"a", "b"});
  CHECK(sight.keys_of("DEL a b") == Keys{"a", "b"});
  CHECK(sight.keys_of("RENAME a b") == Keys{"a", "b"});
  CHECK(sight.keys_of("SMOVE a b member") == Keys{"a", "b"});
  CHECK(sight.keys_of("BLPOP a b 0") == Keys{"a", "b"});
  CHECK(sight.keys_of("BITOP AND to a b") == Keys{"to", "a", "b"});
  CHECK(sight.keys_of("OBJECT ENCODING k") == Keys{"k"});
  CHECK(sight.keys_of("ZUNIONSTORE to 2 a b WEIGHTS 1 2") == Keys{"to", "a", "b"});
  CHECK(sight.keys_of("SINTERCARD 2 a b LIMIT 3") == Keys{"a", "b"});
  CHECK(sight.keys_of("LMPOP 2 a b LEFT") == Keys{"a", "b"});
  CHECK(sight.keys_of("XREAD COUNT 2 STREAMS a b 0 0") == Keys{"a", "b"});
  CHECK(sight.keys_of("XREADGROUP GROUP g c STREAMS a >") == Keys{"a"});
  CHECK(sight.keys_of("GEORADIUS a 15 37 200 km STORE to") == Keys{"a", "to"});
  CHECK(sight.keys_of("SORT a BY nosort STORE to") == Keys{"a", "to"});
}

TEST_CASE("what is no key is not looked at", "[look-ahead]") {
  Sight sight;
  CHECK(sight.keys_of("PING k").empty());
  CHECK(sight.keys_of("CONFIG GET port").empty());
  CHECK(sight.keys_of("SCAN 0 MATCH a").empty());
}

TEST_CASE("requests that are wrong are left to the gates", "[look-ahead]") {
  Sight sight;
  CHECK(sight.keys_of("GET").empty());
  CHECK(sight.keys_of("MGET").empty());
  CHECK(sight.keys_of("RENAME a") == Keys{"a"});
  CHECK(sight.keys_of("ZUNIONSTORE to").empty());
  CHECK(sight.keys_of("ZUNIONSTORE to 3 a b").empty());
  CHECK(sight.keys_of("LMPOP x a LEFT").empty());
  CHECK(sight.keys_of("XREAD STREAMS a").empty());
  CHECK(sight.keys_of("OBJECT ENCODING").empty());
  CHECK(sight.keys_of("OBJECT").empty());
}

TEST_CASE("of a request with many keys only the first are looked at", "[look-ahead]") {
  Sight sight;
  std::vector<std::string> words{"MGET"};
  for (int i = 0; i < 100; i++) words.push_back("key:" + std::to_string(i));
  CHECK(sight.keys_of(words).size() == LookAhead::kMaxKeysOfRequest);
}

TEST_CASE("a batch has a bound of keys", "[look-ahead]") {
  Keyspace keyspace(1);
  CommandTable commands;
  for (const CommandFamily& family : core_commands()) commands.add(family);
  LookAhead look_ahead(keyspace);
  look_ahead.begin();
  const std::string_view get[] = {"GET", "key"};
  std::vector<std::string_view> mget(LookAhead::kMaxKeysOfRequest + 1, "key");
  mget[0] = "MGET";
  for (size_t i = 0; i < LookAhead::kMaxKeys; i++) {
    std::vector<uint64_t> hashes(mget.size());
    look_ahead.add(*commands.resolve(get), get, hashes, 0);
    look_ahead.add(*commands.resolve(mget), mget, hashes, 0);
  }
  Batch none;
  CHECK(look_ahead.finish(none) == LookAhead::kMaxKeys);
}

// What was looked up ahead is out of date as soon as a request before it in the batch has run.
TEST_CASE("requests see what those before them did, looked ahead or not", "[look-ahead]") {
  TestTurns turns;
  turns.hooks.pace.looks_ahead = GENERATE(true, false);
  TestClient& client = turns.connect();
  std::string requests;
  std::string expected;
  const auto ask = [&](const std::string& request, const std::string& reply) {
    requests += request + "\r\n";
    expected += reply;
  };
  for (int i = 0; i < 600; i++) {
    const std::string n = std::to_string(i);
    ask("HSET h f" + n + " v" + n, ":1\r\n");
    ask("SADD s m" + n, ":1\r\n");
  }
  TestTurns::send(client, std::exchange(requests, {}));
  turns.turn();
  ask("HGET h f7", "$2\r\nv7\r\n");
  ask("LPUSH l a b c", ":3\r\n");
  ask("LLEN l", ":3\r\n");
  ask("RENAME h g", "+OK\r\n");
  ask("HGET h f7", "$-1\r\n");
  ask("HGET g f7", "$2\r\nv7\r\n");
  ask("DEL g", ":1\r\n");
  ask("HGET g f7", "$-1\r\n");
  ask("SCARD s", ":600\r\n");
  ask("DEL s", ":1\r\n");
  ask("SADD s m", ":1\r\n");
  ask("SISMEMBER s m7", ":0\r\n");
  ask("SINTER s l", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n");
  ask("ZADD z 1 m", ":1\r\n");
  ask("ZSCORE z m", "$1\r\n1\r\n");
  ask("XADD x 1-1 f v", "$3\r\n1-1\r\n");
  ask("XLEN x", ":1\r\n");
  TestTurns::send(client, requests);
  const auto everything_came = [&] {
    client.receive();
    return client.received().size() >= expected.size();
  };
  for (int i = 0; i < 20 && !everything_came(); i++) turns.turn();
  CHECK(client.received() == expected);
  size_t keys = 0;
  for (const FinishedTurn& turn : turns.finished) keys += turn.prefetched_keys;
  CHECK(keys == (turns.hooks.pace.looks_ahead ? 1200 + 19 : 0));
}

}  // namespace
}  // namespace larder
