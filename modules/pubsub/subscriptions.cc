#include "modules/pubsub/subscriptions.h"

namespace larder {

size_t& Subscriptions::count_in(Client& client, TopicKind kind) {
  switch (kind) {
    case TopicKind::channel:
      return client.subscriptions.channels;
    case TopicKind::pattern:
      return client.subscriptions.patterns;
    case TopicKind::shard_channel:
      break;
  }
  return client.subscriptions.shard_channels;
}

bool Subscriptions::add(Client& client, TopicKind kind, std::string_view name) {
  auto& subscriber = subscribers_[client.id];
  if (subscriber == nullptr) subscriber.reset(new Subscriber{client});
  Topics& topics = topics_[index(kind)];
  auto found = topics.find(name);
  if (found == topics.end()) {
    found = topics.emplace(std::string(name), Topic{}).first;
    found->second.name = &found->first;
  }
  Topic& topic = found->second;
  if (!subscriber->topics[index(kind)].emplace(&topic, topic.subscribers.size()).second)
    return false;
  topic.subscribers.push_back(subscriber.get());
  count_in(client, kind)++;
  return true;
}

bool Subscriptions::remove(Client& client, TopicKind kind, std::string_view name) {
  const auto subscriber = subscribers_.find(client.id);
  if (subscriber == subscribers_.end()) return false;
  Topics& topics = topics_[index(kind)];
  const auto topic = topics.find(name);
  if (topic == topics.end()) return false;
  if (!subscriber->second->topics[index(kind)].contains(&topic->second)) return false;
  leave(*subscriber->second, kind, &topic->second);
  drop_if_done(client);
  return true;
}

void Subscriptions::remove_all(Client& client) {
  const auto subscriber = subscribers_.find(client.id);
  if (subscriber == subscribers_.end()) return;
  for (const TopicKind kind : {TopicKind::channel, TopicKind::pattern, TopicKind::shard_channel}) {
    auto& topics = subscriber->second->topics[index(kind)];
    while (!topics.empty()) leave(*subscriber->second, kind, topics.begin()->first);
  }
  drop_if_done(client);
}

// The last subscriber of the topic takes the place that becomes free.
void Subscriptions::leave(Subscriber& subscriber, TopicKind kind, Topic* topic) {
  auto& own = subscriber.topics[index(kind)];
  const auto place = own.find(topic);
  Subscriber* last = topic->subscribers.back();
  topic->subscribers[place->second] = last;
  last->topics[index(kind)][topic] = place->second;
  topic->subscribers.pop_back();
  own.erase(place);
  count_in(subscriber.client, kind)--;
  if (topic->subscribers.empty()) {
    Topics& topics = topics_[index(kind)];
    topics.erase(topics.find(*topic->name));
  }
}

void Subscriptions::drop_if_done(Client& client) {
  if (client.subscriptions.total() == 0) subscribers_.erase(client.id);
}

std::vector<std::string> Subscriptions::names_of(const Client& client, TopicKind kind) const {
  std::vector<std::string> names;
  const auto subscriber = subscribers_.find(client.id);
  if (subscriber == subscribers_.end()) return names;
  for (const auto& [topic, place] : subscriber->second->topics[index(kind)]) {
    names.push_back(*topic->name);
  }
  return names;
}

const Subscriptions::Topic* Subscriptions::find(TopicKind kind, std::string_view name) const {
  const Topics& topics = topics_[index(kind)];
  const auto found = topics.find(name);
  return found == topics.end() ? nullptr : &found->second;
}

}  // namespace larder
