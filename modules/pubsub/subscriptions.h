// Who listens to what: channels, patterns and shard channels, each with the clients that
// subscribed.
//
// Subscribing, leaving, and finding who listens to a channel cost O(1) each, whatever else there
// is. A channel exists while somebody listens to it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "server/base/hash.h"
#include "server/clients/client.h"

namespace larder {

enum class TopicKind : uint8_t { channel, pattern, shard_channel };
inline constexpr size_t kTopicKinds = 3;

class Subscriptions {
 public:
  struct Subscriber;
  // A channel or a pattern.
  struct Topic {
    const std::string* name = nullptr;
    std::vector<Subscriber*> subscribers{};
  };
  struct NameHash {
    using is_transparent = void;
    size_t operator()(std::string_view name) const { return hash_bytes(name); }
  };
  using Topics = std::unordered_map<std::string, Topic, NameHash, std::equal_to<>>;
  // A client with at least one subscription.
  struct Subscriber {
    Client& client;
    // The topics of each kind, and the subscriber's place among those of the topic.
    std::array<std::unordered_map<Topic*, size_t>, kTopicKinds> topics{};
  };

  // Whether the client was not subscribed before. The counts in the client follow.
  bool add(Client& client, TopicKind kind, std::string_view name);
  // Whether the client was subscribed.
  bool remove(Client& client, TopicKind kind, std::string_view name);
  // Everything of a client, which need not have any.
  void remove_all(Client& client);
  // The names that the client is subscribed to.
  std::vector<std::string> names_of(const Client& client, TopicKind kind) const;

  // nullptr: nobody listens.
  const Topic* find(TopicKind kind, std::string_view name) const;
  const Topics& topics(TopicKind kind) const { return topics_[index(kind)]; }
  size_t client_count() const { return subscribers_.size(); }
  bool empty() const { return subscribers_.empty(); }

 private:
  static constexpr size_t index(TopicKind kind) { return static_cast<size_t>(kind); }
  static size_t& count_in(Client& client, TopicKind kind);
  void leave(Subscriber& subscriber, TopicKind kind, Topic* topic);
  void drop_if_done(Client& client);

  std::array<Topics, kTopicKinds> topics_;  // the elements stay where they are
  std::unordered_map<uint64_t, std::unique_ptr<Subscriber>> subscribers_;  // by the client's id
};

}  // namespace larder
