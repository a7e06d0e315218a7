#include "server/dispatch/blocking.h"

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/dispatch/session.h"
#include "server/keyspace/edit.h"
#include "server/types/list.h"
#include "server/types/string.h"
#include "tests/unit/network/test_network.h"

namespace larder {
namespace {

// Sessions that wait, and keys that they wait for. Instead of running requests the test looks at
// who would be run.
class Room {
 public:
  ~Room() {
    for (const auto& session : sessions_) leave(*session);
  }

  Session& session() {
    clients_.push_back(network_.connect());
    sessions_.push_back(std::make_unique<Session>(*clients_.back().connection(), 0));
    return *sessions_.back();
  }
  // Lets a new session wait with a request of these keys.
  Session& wait(const std::vector<std::string>& keys, Wait wait = {}) {
    Session& waiting = session();
    wait_on(waiting, keys, std::move(wait));
    return waiting;
  }
  void wait_on(Session& waiting, const std::vector<std::string>& keys, Wait wait = {}) {
    const std::vector<std::string_view> arguments(keys.begin(), keys.end());
    waiting.kept = std::make_unique<KeptRequest>(arguments, std::vector<SharedBytes>());
    wait.key_count = keys.size();
    blocking.add(waiting, std::move(wait));
  }
  void leave(Session& waiting) {
    if (waiting.waiter != nullptr) blocking.remove(waiting);
  }

  void push(const std::string& name, size_t database = 0) {
    auto list = edit<List>(name, database);
    const std::string_view text = "element";
    list->push({&text, 1}, End::back);
    list.commit("rpush");
  }
  void set(const std::string& name) {
    auto string = edit<String>(name, 0);
    string->assign(std::string_view("text"));
    string.commit("set");
  }
  void remove(const std::string& name) {
    keyspace.remove(keyspace.database(0), make_key(name), "del");
  }
  // All who would be run, none of whom is answered.
  std::vector<Session*> all_to_serve() {
    std::vector<Session*> named;
    while (Session* next = blocking.next_to_serve()) named.push_back(next);
    return named;
  }
  BlockedCounts counts() const {
    BlockedCounts counts;
    blocking.count(counts);
    return counts;
  }

  Keyspace keyspace{2};
  Blocking blocking{keyspace};

 private:
  template <class T>
  Edit<T> edit(const std::string& name, size_t database) {
    const Key key = make_key(name);
    Database& in = keyspace.database(database);
    return Edit<T>(keyspace, in, key, keyspace.find(in, key, Lookup::write), T::kType, kNoExpiry);
  }

  TestNetwork network_;
  std::vector<TestClient> clients_;
  std::vector<std::unique_ptr<Session>> sessions_;
};

using Sessions = std::vector<Session*>;

TEST_CASE("nobody listens to keys while nobody waits for one") {
  Room room;
  CHECK_FALSE(room.keyspace.key_changed.is_used());
  Session& waiting = room.wait({"a"});
  CHECK(room.keyspace.key_changed.is_used());
  CHECK(room.keyspace.flushed.is_used());
  room.leave(waiting);
  CHECK_FALSE(room.keyspace.key_changed.is_used());
  CHECK_FALSE(room.keyspace.flushed.is_used());
  // A wait without keys listens to none.
  room.wait_on(waiting, {});
  CHECK_FALSE(room.keyspace.key_changed.is_used());
}

TEST_CASE("a key that gets what is awaited names who waits, in the order in which they came") {
  Room room;
  Session& first = room.wait({"a", "b"});
  Session& second = room.wait({"b", "a"});
  Session& other = room.wait({"c"});
  CHECK_FALSE(room.blocking.has_ready());
  room.push("none");
  CHECK_FALSE(room.blocking.has_ready());
  room.push("a");
  CHECK(room.blocking.has_ready());
  CHECK(room.all_to_serve() == Sessions{&first, &second});
  CHECK_FALSE(room.blocking.has_ready());
  room.push("c");
  room.push("b");
  CHECK(room.all_to_serve() == Sessions{&other, &first, &second});
}

TEST_CASE("who was answered is not named again, and who was not keeps its place") {
  Room room;
  Session& first = room.wait({"a"});
  Session& second = room.wait({"a"});
  Session& third = room.wait({"a"});
  room.push("a");
  CHECK(room.blocking.next_to_serve() == &first);
  CHECK(room.blocking.next_to_serve() == &second);
  room.leave(second);
  // Somebody who comes meanwhile has to wait for another change.
  Session& fourth = room.wait({"a"});
  CHECK(room.blocking.next_to_serve() == &third);
  CHECK(room.blocking.next_to_serve() == nullptr);
  room.push("a");
  CHECK(room.all_to_serve() == Sessions{&first, &third, &fourth});
}

TEST_CASE("the walk survives that anybody leaves") {
  Room room;
  Session& first = room.wait({"a"});
  Session& second = room.wait({"a"});
  Session& third = room.wait({"a"});
  room.push("a");
  CHECK(room.blocking.next_to_serve() == &first);
  room.leave(first);
  room.leave(second);
  CHECK(room.blocking.next_to_serve() == &third);
  room.leave(third);
  CHECK(room.blocking.next_to_serve() == nullptr);
  CHECK(room.counts().keys == 0);
}

TEST_CASE("a key that goes away while it is served ends the walk") {
  Room room;
  Session& first = room.wait({"a"});
  room.wait({"a"});
  room.push("a");
  CHECK(room.blocking.next_to_serve() == &first);
  room.remove("a");
  CHECK(room.blocking.next_to_serve() == nullptr);
}

TEST_CASE("only the awaited type wakes, unless the end of the key is of interest too") {
  Room room;
  room.wait({"a"});
  Session& stream_reader = room.wait({"a"}, {.type = Type::stream});
  Session& group_reader = room.wait({"a"}, {.type = Type::stream, .wakes_on_removal = true});
  CHECK(room.counts().keys_on_removal == 1);
  room.set("a");
  CHECK(room.all_to_serve() == Sessions{&group_reader});
  room.remove("a");
  CHECK(room.all_to_serve() == Sessions{&group_reader});
  room.leave(group_reader);
  CHECK(room.counts().keys_on_removal == 0);
  room.set("a");
  room.remove("a");
  CHECK(room.all_to_serve().empty());
  room.leave(stream_reader);
}

TEST_CASE("databases are told apart, and a swap or a flush is a change of all their keys") {
  Room room;
  Session& in_zero = room.wait({"a"});
  Session& in_one = room.session();
  in_one.client.database = 1;
  room.wait_on(in_one, {"a"});
  room.push("a", 1);
  CHECK(room.all_to_serve() == Sessions{&in_one});
  room.keyspace.swap(room.keyspace.database(0), room.keyspace.database(1));
  CHECK(room.all_to_serve() == Sessions{&in_zero});
  Session& on_removal = room.wait({"b"}, {.type = Type::stream, .wakes_on_removal = true});
  room.keyspace.flush_all();
  CHECK(room.all_to_serve() == Sessions{&on_removal});
}

TEST_CASE("a key that is named twice counts once") {
  Room room;
  Session& waiting = room.wait({"a", "a", "b"});
  CHECK(room.counts().keys == 2);
  room.push("a");
  CHECK(room.all_to_serve() == Sessions{&waiting});
  room.leave(waiting);
  CHECK(room.counts().keys == 0);
}

TEST_CASE("deadlines come in their order") {
  Room room;
  const int64_t now_ms = monotonic_ms();
  CHECK(room.blocking.next_deadline_ms() == Blocking::kNever);
  Session& late = room.wait({"a"}, {.timeout_ms = 200'000});
  room.wait({"a"});
  Session& early = room.wait({"a"}, {.timeout_ms = 100'000});
  CHECK(room.counts().with_timeout == 2);
  const int64_t first_ms = room.blocking.next_deadline_ms();
  CHECK(first_ms >= now_ms + 100'000);
  CHECK(first_ms < now_ms + 200'000);
  CHECK(room.blocking.find_overdue(first_ms - 1) == nullptr);
  CHECK(room.blocking.find_overdue(first_ms) == &early);
  room.leave(early);
  CHECK(room.blocking.find_overdue(first_ms) == nullptr);
  CHECK(room.blocking.find_overdue(first_ms + 200'000) == &late);
  room.leave(late);
  CHECK(room.blocking.next_deadline_ms() == Blocking::kNever);
}

}  // namespace
}  // namespace larder
