#include "modules/pubsub/subscriptions.h"

#include <catch2/catch.hpp>

#include <map>
#include <memory>
#include <random>
#include <set>

#include "tests/support/fake_socket.h"

namespace larder {
namespace {

TEST_CASE("a channel is there while somebody listens") {
  FakeSocket socket;
  Client client(1, socket, 0);
  Subscriptions subscriptions;
  CHECK(subscriptions.empty());
  CHECK(subscriptions.add(client, TopicKind::channel, "a"));
  CHECK(!subscriptions.add(client, TopicKind::channel, "a"));
  CHECK(client.subscriptions.channels == 1);
  REQUIRE(subscriptions.find(TopicKind::channel, "a") != nullptr);
  CHECK(subscriptions.find(TopicKind::channel, "a")->subscribers.size() == 1);
  CHECK(subscriptions.find(TopicKind::shard_channel, "a") == nullptr);
  CHECK(!subscriptions.remove(client, TopicKind::channel, "b"));
  CHECK(!subscriptions.remove(client, TopicKind::pattern, "a"));
  CHECK(subscriptions.remove(client, TopicKind::channel, "a"));
  CHECK(client.subscriptions.total() == 0);
  CHECK(subscriptions.find(TopicKind::channel, "a") == nullptr);
  CHECK(subscriptions.empty());
}

TEST_CASE("subscriptions agree with a plain model under random operations") {
  std::mt19937 random(11);
  FakeSocket socket;
  std::vector<std::unique_ptr<Client>> clients;
  for (uint64_t id = 1; id <= 20; id++) clients.push_back(std::make_unique<Client>(id, socket, 0));
  Subscriptions subscriptions;
  std::map<std::pair<TopicKind, std::string>, std::set<uint64_t>> model;
  for (int step = 0; step < 30'000; step++) {
    Client& client = *clients[random() % clients.size()];
    const auto kind = static_cast<TopicKind>(random() % kTopicKinds);
    const std::string name = "topic" + std::to_string(random() % 6);
    if (random() % 50 == 0) {
      subscriptions.remove_all(client);
      for (auto& [topic, ids] : model) ids.erase(client.id);
      REQUIRE(client.subscriptions.total() == 0);
    } else if (random() % 2 == 0) {
      REQUIRE(subscriptions.add(client, kind, name) ==
              model[{kind, name}].insert(client.id).second);
    } else {
      REQUIRE(subscriptions.remove(client, kind, name) ==
              (model[{kind, name}].erase(client.id) > 0));
    }
    std::set<uint64_t> ids;
    if (const auto* topic = subscriptions.find(kind, name)) {
      REQUIRE(*topic->name == name);
      for (const auto* subscriber : topic->subscribers) ids.insert(subscriber->client.id);
      REQUIRE(ids.size() == topic->subscribers.size());
      REQUIRE(!ids.empty());
    }
    REQUIRE(ids == model[{kind, name}]);
  }
  for (auto& client : clients) {
    size_t expected = 0;
    for (const auto& [topic, ids] : model) expected += ids.count(client->id);
    CHECK(client->subscriptions.total() == expected);
    subscriptions.remove_all(*client);
  }
  CHECK(subscriptions.empty());
  CHECK(subscriptions.topics(TopicKind::channel).empty());
}

}  // namespace
}  // namespace larder
