#include "modules/pubsub/pubsub.h"

#include <algorithm>
#include <array>
#include <span>

#include "server/base/errors.h"
#include "server/base/glob.h"
#include "server/base/listen_while.h"
#include "server/base/numbers.h"
#include "server/base/prefetch.h"

namespace larder {
namespace {

// In RESP2 a push cannot be told from a reply: who has subscribed gets no replies but these.
Status only_subscriptions(const Client& client, const Command& command) {
  if (client.resp_version != RespVersion::resp2) return ok;
  const std::string_view name = command.full_name();
  if (name.ends_with("subscribe") || name == "ping" || name == "quit" || name == "reset") return ok;
  return errors::only_subscriptions(name);
}

// What sending looks at: the beginning, and what the client chose.
void prefetch_client(const Client& client) {
  prefetch_line(&client);
  prefetch_line(&client.resp_version);
  prefetch_line(&client.is_being_answered);
}

}  // namespace

PubSub::PubSub()
    : Module({.name = "pubsub", .options_title = "Notifications", .info_section = "Stats"}) {}

std::vector<CommandFamily> PubSub::commands() const {
  return pubsub_commands();
}

void PubSub::start(Host& host) {
  host_ = &host;
  host.add_info(clients_info_);
  host.hooks().client_reset.add([this](Client& client) { forget(client); });
  host.hooks().client_closed.add([this](Client& client) { forget(client); });
  host.hooks().channel_rights_changed.add(
      [this](const ChannelRights& rights) { close_forbidden(rights); });
  host.hooks().publish.add(
      [this](std::string_view channel, std::string_view message) { publish(channel, message); });
  notify_keyspace_events_.on_change([this]() -> Status {
    follow_events();
    return ok;
  });
  follow_events();
}

// --- Subscriptions ---

void PubSub::subscribe(Client& client, TopicKind kind, std::string_view name) {
  subscriptions_.add(client, kind, name);
  update_mode(client);
}

bool PubSub::unsubscribe(Client& client, TopicKind kind, std::string_view name) {
  const bool was_subscribed = subscriptions_.remove(client, kind, name);
  update_mode(client);
  return was_subscribed;
}

void PubSub::forget(Client& client) {
  if (client.subscriptions.total() == 0) return;
  subscriptions_.remove_all(client);
  update_mode(client);
}

void PubSub::close_forbidden(const ChannelRights& rights) {
  const auto hears_forbidden = [&](const Client& client, TopicKind kind) {
    const auto names = subscriptions_.names_of(client, kind);
    return std::ranges::any_of(names, [&](const std::string& name) {
      return !rights.may_listen(name, kind == TopicKind::pattern);
    });
  };
  for (const auto& [id, client] : host_->clients().all()) {
    if (client->user.get() != &rights.user || client->subscriptions.total() == 0) continue;
    if (hears_forbidden(*client, TopicKind::pattern) || hears_forbidden(*client, TopicKind::channel) ||
        hears_forbidden(*client, TopicKind::shard_channel)) {
      client->is_being_answered ? client->socket.close_after_flush() : client->socket.close_now();
    }
  }
}

void PubSub::update_mode(Client& client) {
  if (client.subscriptions.total() > 0) {
    client.type = ClientType::pubsub;
    client.add_gate(only_subscriptions);
  } else if (client.type == ClientType::pubsub) {
    client.type = ClientType::normal;
    client.remove_gate(only_subscriptions);
  }
}

// --- Messages ---

// Most of them have been silent for long, so that the processor has to fetch what it needs of each;
// it is asked to do so for some of them at a time.
int64_t PubSub::send(const Subscriptions::Topic& topic, PushFrame& frame) {
  constexpr size_t kAhead = 8;
  const std::span<Subscriptions::Subscriber* const> subscribers = topic.subscribers;
  for (size_t i = 0; i < subscribers.size(); i++) {
    if (i + 2 * kAhead < subscribers.size()) prefetch_line(subscribers[i + 2 * kAhead]);
    if (i + kAhead < subscribers.size()) prefetch_client(subscribers[i + kAhead]->client);
    host_->pushes().send(subscribers[i]->client, frame);
  }
  return static_cast<int64_t>(subscribers.size());
}

int64_t PubSub::send(const Subscriptions::Topic* topic, std::string_view type,
                     std::string_view channel, std::string_view message) {
  if (topic == nullptr) return 0;
  PushFrame frame(3, type.size() + channel.size() + message.size());
  frame.bulk(type).bulk(channel).bulk(message);
  return send(*topic, frame);
}

int64_t PubSub::publish(std::string_view channel, std::string_view message) {
  return publish(channel, {&message, 1});
}

// Each message goes to all before the next does, so that who listens in two ways hears them in the
// order in which single ones would come.
int64_t PubSub::publish(std::string_view channel, std::span<const std::string_view> messages) {
  const Subscriptions::Topic* topic = subscriptions_.find(TopicKind::channel, channel);
  matches_.clear();
  for (const auto& [pattern, listeners] : subscriptions_.topics(TopicKind::pattern)) {
    if (glob_matches(pattern, channel)) matches_.push_back(&listeners);
  }
  int64_t receivers = 0;
  for (const std::string_view message : messages) {
    receivers = send(topic, "message", channel, message);
    for (const Subscriptions::Topic* match : matches_) {
      const std::string& pattern = *match->name;
      PushFrame frame(4, pattern.size() + channel.size() + message.size());
      frame.bulk("pmessage").bulk(pattern).bulk(channel).bulk(message);
      receivers += send(*match, frame);
    }
  }
  return receivers;
}

int64_t PubSub::publish_to_shard(std::string_view channel, std::string_view message) {
  return send(subscriptions_.find(TopicKind::shard_channel, channel), "smessage", channel, message);
}

// --- Notifications ---

void PubSub::follow_events() {
  const EventClasses& classes = *notify_keyspace_events_;
  const auto notifies = [this](const KeyEvent& event) { notify(event); };
  Keyspace& keyspace = host_->keyspace();
  listen_while(classes.is_on(), keyspace.key_changed, change_listener_, notifies);
  listen_while(classes.is_on() && classes.has(KeyEventClass::new_key), keyspace.key_added,
               addition_listener_, notifies);
  listen_while(classes.is_on() && classes.has(KeyEventClass::key_miss), keyspace.key_missed,
               miss_listener_, notifies);
}

void PubSub::notify(const KeyEvent& event) {
  const EventClasses& classes = *notify_keyspace_events_;
  // A change without a name is for those who watch the key, not for those who listen.
  if (subscriptions_.empty() || !classes.has(event.event_class) || event.event.empty()) return;
  const std::string database = to_text(event.database.index());
  if (classes.to_keyspace()) {
    channel_name_.assign("__keyspace@").append(database).append("__:").append(event.key);
    publish(channel_name_, event.event);
  }
  if (classes.to_keyevent()) {
    channel_name_.assign("__keyevent@").append(database).append("__:").append(event.event);
    publish(channel_name_, event.key);
  }
}

}  // namespace larder
