#include "modules/batching/push_batches.h"

#include <array>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/support/fake_socket.h"

namespace larder {
namespace {

// A client whose output the test reads and sends away.
class Scene {
 public:
  Scene() { client.resp_version = RespVersion::resp3; }
  ~Scene() { batches.end(client); }

  void push(std::string_view text) {
    PushFrame frame(1);
    frame.bulk(text);
    pushes.send(client, frame);
  }
  void change(std::vector<std::string_view> keys) {
    Invalidation message(keys);
    pushes.invalidate(client, message);
  }
  void change_all() {
    Invalidation message = Invalidation::everything();
    pushes.invalidate(client, message);
  }
  std::string queued() {
    std::array<iovec, 16> pieces;
    std::string text;
    for (const iovec& piece : std::span(pieces).first(socket.chain.fill(pieces))) {
      text.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
    }
    return text;
  }
  // What the reactor does with an output that it was asked to flush.
  std::string sent() {
    const std::string text = queued();
    socket.sent += text.size();
    socket.chain.drop_front(text.size());
    return text;
  }
  static std::string news(std::string_view keys) {
    return ">2\r\n$10\r\ninvalidate\r\n" + std::string(keys);
  }

  FakeSocket socket;
  Client client{1, socket, 0};
  Pushes pushes;
  PushBatches batches;
};

constexpr std::string_view kA = "*1\r\n$1\r\na\r\n";
constexpr std::string_view kB = "*1\r\n$1\r\nb\r\n";

TEST_CASE("pushes leave when there are as many as the client wants", "[push-batches]") {
  Scene scene;
  scene.batches.begin(scene.client, {.size = 3});
  scene.push("one");
  scene.push("two");
  CHECK(scene.socket.flushes == 0);
  scene.push("three");
  CHECK(scene.socket.flushes == 1);
  CHECK(scene.sent() == ">1\r\n$3\r\none\r\n>1\r\n$3\r\ntwo\r\n>1\r\n$5\r\nthree\r\n");
  CHECK(scene.batches.stats().batches == 1);
  CHECK(scene.batches.stats().messages == 3);
  CHECK(scene.batches.next_us() == BackgroundTask::kNever);
  scene.push("four");
  CHECK(scene.socket.flushes == 1);
}

TEST_CASE("pushes leave when the first of them has waited long enough", "[push-batches]") {
  Scene scene;
  scene.batches.begin(scene.client, {.interval_ms = 20});
  const int64_t before_us = monotonic_us();
  scene.push("one");
  const int64_t due_us = scene.batches.next_us();
  CHECK(due_us >= before_us + 20'000);
  CHECK(due_us <= monotonic_us() + 20'000);
  scene.push("two");
  CHECK(scene.batches.next_us() == due_us);
  while (monotonic_us() < due_us) {
    scene.batches.run(Deadline::never());
    // Too early, unless the moment came just now.
    if (monotonic_us() < due_us) CHECK(scene.socket.flushes == 0);
  }
  scene.batches.run(Deadline::never());
  CHECK(scene.socket.flushes == 1);
  CHECK(scene.batches.next_us() == BackgroundTask::kNever);
}

TEST_CASE("what has left with a reply is not waited for", "[push-batches]") {
  Scene scene;
  scene.batches.begin(scene.client, {.size = 2});
  scene.push("one");
  scene.socket.output().append("+OK\r\n");
  CHECK(scene.sent() == ">1\r\n$3\r\none\r\n+OK\r\n");
  const int flushes = scene.socket.flushes;
  scene.push("two");
  CHECK(scene.socket.flushes == flushes);
  scene.push("three");
  CHECK(scene.socket.flushes == flushes + 1);
  CHECK(scene.batches.stats().batches == 2);
}

TEST_CASE("a key is told once while the news lies there", "[push-batches]") {
  Scene scene;
  scene.batches.begin(scene.client, {});
  scene.change({"a"});
  scene.change({"b"});
  scene.change({"a"});
  scene.change({"a", "b"});
  CHECK(scene.queued() == Scene::news(kA) + Scene::news(kB));
  CHECK(scene.batches.stats().merged == 3);
  scene.change({"b", "c"});
  CHECK(scene.queued() == Scene::news(kA) + Scene::news(kB) + Scene::news("*1\r\n$1\r\nc\r\n"));
}

TEST_CASE("a key is told again once the news has left", "[push-batches]") {
  Scene scene;
  scene.batches.begin(scene.client, {});
  scene.change({"a"});
  scene.sent();
  scene.change({"a"});
  CHECK(scene.queued() == Scene::news(kA));
  CHECK(scene.batches.stats().merged == 0);
}

// The client has read the key anew with the request that is answered here.
TEST_CASE("a key is told again behind a reply", "[push-batches]") {
  Scene scene;
  scene.batches.begin(scene.client, {});
  scene.change({"a"});
  scene.socket.output().append("$2\r\nv2\r\n");
  scene.change({"a"});
  CHECK(scene.queued() == Scene::news(kA) + "$2\r\nv2\r\n" + Scene::news(kA));
  CHECK(scene.batches.stats().merged == 0);
}

TEST_CASE("a change of everything stands for all that follows", "[push-batches]") {
  Scene scene;
  scene.batches.begin(scene.client, {});
  scene.change({"a"});
  scene.change_all();
  scene.change({"b"});
  scene.change_all();
  CHECK(scene.queued() == Scene::news(kA) + Scene::news("_\r\n"));
  CHECK(scene.batches.stats().merged == 2);
}

TEST_CASE("a batch is no larger than a write is worth, whatever the client wants",
          "[push-batches]") {
  Scene scene;
  scene.batches.begin(scene.client, {.size = 1'000'000, .interval_ms = 60'000});
  const std::string text(10'000, 'x');
  for (int i = 0; i < 6; i++) scene.push(text);
  CHECK(scene.socket.flushes == 0);
  scene.push(text);
  CHECK(scene.socket.flushes == 1);
}

TEST_CASE("what was gathered leaves when the client wants no batches any more", "[push-batches]") {
  Scene scene;
  scene.batches.begin(scene.client, {});
  scene.push("one");
  SECTION("at its end") {
    scene.batches.end(scene.client);
    CHECK(scene.client.gatherer == nullptr);
    CHECK(scene.batches.clients() == 0);
    CHECK(scene.batches.next_us() == BackgroundTask::kNever);
  }
  SECTION("before other rules hold") {
    scene.batches.begin(scene.client, {.size = 2});
    CHECK(scene.batches.clients() == 1);
  }
  CHECK(scene.socket.flushes == 1);
  CHECK(scene.sent() == ">1\r\n$3\r\none\r\n");
}

TEST_CASE("who falls behind further than it may is closed, batches or not", "[push-batches]") {
  Scene scene;
  scene.socket.chain.set_limit(100);
  scene.batches.begin(scene.client, {});
  for (int i = 0; i < 20; i++) scene.push("a message");
  CHECK(scene.socket.is_closed);
}

TEST_CASE("a client in the middle of a reply gets its pushes behind it", "[push-batches]") {
  Scene scene;
  scene.batches.begin(scene.client, {});
  scene.client.is_being_answered = true;
  scene.change({"a"});
  scene.push("one");
  CHECK(scene.queued().empty());
  scene.socket.output().append("+OK\r\n");
  scene.pushes.deliver_waiting(scene.client);
  scene.client.is_being_answered = false;
  CHECK(scene.queued() == "+OK\r\n" + Scene::news(kA) + ">1\r\n$3\r\none\r\n");
}

}  // namespace
}  // namespace larder
