// Publish and subscribe, and notifications about keys, which are messages that the server
// publishes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "modules/pubsub/event_classes.h"
#include "modules/pubsub/subscriptions.h"
#include "server/module/module.h"

namespace larder {

class PubSub final : public Module {
 public:
  PubSub();
  std::vector<CommandFamily> commands() const override;
  void start(Host& host) override;

  const Subscriptions& subscriptions() const { return subscriptions_; }
  void subscribe(Client& client, TopicKind kind, std::string_view name);
  // Whether the client was subscribed.
  bool unsubscribe(Client& client, TopicKind kind, std::string_view name);

  // Sends the message to everybody who listens; how many that are. The bytes that leave are made
  // once for all clients of a channel, and once for those of each pattern. Cost: O(1) for each of
  // them, and a match against every pattern there is.
  int64_t publish(std::string_view channel, std::string_view message);
  // The same for several messages, for which those who listen are found once. How many clients get
  // each.
  int64_t publish(std::string_view channel, std::span<const std::string_view> messages);
  int64_t publish_to_shard(std::string_view channel, std::string_view message);

 private:
  // Listens to the keyspace as far as the option asks for it.
  void follow_events();
  void notify(const KeyEvent& event);
  void forget(Client& client);
  // Closes the clients of a user that listen to what it may not hear any more.
  void close_forbidden(const ChannelRights& rights);
  void update_mode(Client& client);
  // How many they are; of no topic, none.
  int64_t send(const Subscriptions::Topic& topic, PushFrame& frame);
  int64_t send(const Subscriptions::Topic* topic, std::string_view type, std::string_view channel,
               std::string_view message);

  Option<EventClasses> notify_keyspace_events_{
      options,
      "notify-keyspace-events",
      {},
      {.help =
           "Which events about keys are published. K: on __keyspace@<db>__ channels, E: on "
           "__keyevent@<db>__ channels; g generic, $ strings, l lists, s sets, h hashes, z sorted "
           "sets, t streams, x expired, e evicted, A all of these; n new keys, m missed keys. "
           "Empty "
           "publishes nothing."}};
  Field channels_{info, "pubsub_channels",
                  [this] { return subscriptions_.topics(TopicKind::channel).size(); }};
  Field patterns_{info, "pubsub_patterns",
                  [this] { return subscriptions_.topics(TopicKind::pattern).size(); }};
  Field shard_channels_{info, "pubsubshard_channels",
                        [this] { return subscriptions_.topics(TopicKind::shard_channel).size(); }};
  InfoGroup clients_info_{"Clients"};
  Field clients_{clients_info_, "pubsub_clients", [this] { return subscriptions_.client_count(); }};

  Host* host_ = nullptr;
  Subscriptions subscriptions_;
  std::vector<const Subscriptions::Topic*> matches_;  // of a message; keeps its memory
  std::string channel_name_;  // of the notification that is being made; keeps its memory
  // Numbers of listeners; 0: not listening.
  uint64_t change_listener_ = 0;
  uint64_t addition_listener_ = 0;
  uint64_t miss_listener_ = 0;
};

// The tables of commands.cc.
std::vector<CommandFamily> pubsub_commands();

}  // namespace larder
