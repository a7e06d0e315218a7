// The commands of publish and subscribe. Those that subscribe have no reply: they push a confirmation
// for each channel, which stands where a reply would.
#include <optional>

#include "modules/pubsub/pubsub.h"
#include "server/base/glob.h"
#include "server/command/reply_help.h"

namespace larder {
namespace {

constexpr uint64_t kSubscribing = kPubsub | kNoScript | kLoading | kStale;
constexpr uint64_t kAsking = kPubsub | kLoading | kStale;

size_t count_of(const Client& client, TopicKind kind) {
  if (kind == TopicKind::shard_channel) return client.subscriptions.shard_channels;
  return client.subscriptions.channels + client.subscriptions.patterns;
}

// `name`: nothing, where there was nothing to leave.
void confirm(Context& ctx, TopicKind kind, std::optional<std::string_view> name) {
  const auto count = static_cast<int64_t>(count_of(ctx.client, kind));
  if (ctx.client.reply_mode != ReplyMode::on) {
    // Confirmations are heard even where replies are not.
    PushFrame frame(3, name ? name->size() : 0);
    frame.bulk(ctx.command_name());
    name ? frame.bulk(*name) : frame.null(ctx.client.resp_version);
    frame.integer(count);
    ctx.services.pushes.send(ctx.client, frame);
    return;
  }
  ctx.reply.push(3);
  ctx.reply.bulk(ctx.command_name());
  if (name) {
    ctx.reply.bulk(*name);
  } else {
    ctx.reply.null();
  }
  ctx.reply.integer(count);
}

Status subscribe_to(Context& ctx, TopicKind kind) {
  PubSub& pubsub = ctx.owner<PubSub>();
  for (const std::string_view name : ctx.args(1)) {
    pubsub.subscribe(ctx.client, kind, name);
    confirm(ctx, kind, name);
  }
  return ok;
}

Status leave(Context& ctx, TopicKind kind) {
  PubSub& pubsub = ctx.owner<PubSub>();
  const auto leave_one = [&](std::string_view name) {
    pubsub.unsubscribe(ctx.client, kind, name);
    confirm(ctx, kind, name);
  };
  if (ctx.argc() > 1) {
    for (const std::string_view name : ctx.args(1)) leave_one(name);
    return ok;
  }
  const auto names = pubsub.subscriptions().names_of(ctx.client, kind);
  for (const std::string& name : names) leave_one(name);
  if (names.empty()) confirm(ctx, kind, std::nullopt);
  return ok;
}

// SUBSCRIBE channel [channel ...]
Status subscribe(Context& ctx) { return subscribe_to(ctx, TopicKind::channel); }

// PSUBSCRIBE pattern [pattern ...]
Status psubscribe(Context& ctx) { return subscribe_to(ctx, TopicKind::pattern); }

// SSUBSCRIBE shardchannel [shardchannel ...]
Status ssubscribe(Context& ctx) {
  // As in Redis, where the two others may for the sake of old clients.
  if (!ctx.may_block) return errors::subscribes_in_transaction("SSUBSCRIBE");
  return subscribe_to(ctx, TopicKind::shard_channel);
}

// UNSUBSCRIBE [channel [channel ...]]
Status unsubscribe(Context& ctx) { return leave(ctx, TopicKind::channel); }

// PUNSUBSCRIBE [pattern [pattern ...]]
Status punsubscribe(Context& ctx) { return leave(ctx, TopicKind::pattern); }

// SUNSUBSCRIBE [shardchannel [shardchannel ...]]
Status sunsubscribe(Context& ctx) { return leave(ctx, TopicKind::shard_channel); }

// PUBLISH channel message
Status publish(Context& ctx) {
  ctx.reply.integer(ctx.owner<PubSub>().publish(ctx.arg(1), ctx.arg(2)));
  return ok;
}

// MPUBLISH channel message [message ...]
Status mpublish(Context& ctx) {
  ctx.reply.integer(ctx.owner<PubSub>().publish(ctx.arg(1), ctx.arguments().subspan(2)));
  return ok;
}

// SPUBLISH shardchannel message
Status spublish(Context& ctx) {
  ctx.reply.integer(ctx.owner<PubSub>().publish_to_shard(ctx.arg(1), ctx.arg(2)));
  return ok;
}

Status list_channels(Context& ctx, TopicKind kind) {
  if (ctx.argc() > 3) return errors::wrong_subcommand_arity(ctx.arg(1), "PUBSUB");
  auto list = ctx.reply.deferred_array();
  size_t count = 0;
  for (const auto& [name, topic] : ctx.owner<PubSub>().subscriptions().topics(kind)) {
    if (ctx.argc() == 3 && !glob_matches(ctx.arg(2), name)) continue;
    ctx.reply.bulk(name);
    count++;
  }
  list.finish(count);
  return ok;
}

Status count_subscribers(Context& ctx, TopicKind kind) {
  const Subscriptions& subscriptions = ctx.owner<PubSub>().subscriptions();
  ctx.reply.array(2 * (ctx.argc() - 2));
  for (const std::string_view name : ctx.args(2)) {
    const Subscriptions::Topic* topic = subscriptions.find(kind, name);
    ctx.reply.bulk(name);
    ctx.reply.integer(topic == nullptr ? 0 : static_cast<int64_t>(topic->subscribers.size()));
  }
  return ok;
}

// PUBSUB CHANNELS [pattern]
Status channels(Context& ctx) { return list_channels(ctx, TopicKind::channel); }

// PUBSUB SHARDCHANNELS [pattern]
Status shardchannels(Context& ctx) { return list_channels(ctx, TopicKind::shard_channel); }

// PUBSUB NUMSUB [channel [channel ...]]
Status numsub(Context& ctx) { return count_subscribers(ctx, TopicKind::channel); }

// PUBSUB SHARDNUMSUB [shardchannel [shardchannel ...]]
Status shardnumsub(Context& ctx) { return count_subscribers(ctx, TopicKind::shard_channel); }

// PUBSUB NUMPAT
Status numpat(Context& ctx) {
  const auto& patterns = ctx.owner<PubSub>().subscriptions().topics(TopicKind::pattern);
  ctx.reply.integer(static_cast<int64_t>(patterns.size()));
  return ok;
}

constexpr std::string_view kHelp[] = {
    "CHANNELS [<pattern>]",
    "    The channels that somebody listens to, all or those that match.",
    "NUMPAT",
    "    How many patterns somebody listens to.",
    "NUMSUB [<channel> ...]",
    "    How many clients listen to each of these channels, by its name.",
    "SHARDCHANNELS [<pattern>]",
    "    CHANNELS for shard channels.",
    "SHARDNUMSUB [<shardchannel> ...]",
    "    NUMSUB for shard channels.",
};

// PUBSUB HELP
Status help(Context& ctx) {
  reply_help(ctx, kHelp);
  return ok;
}

constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"mpublish", mpublish, -3, kPubsub | kLoading | kStale | kMayReplicate, no_keys(), "7.2.0",
        "O(N+M*L) in the patterns there are, the clients that listen and the messages",
        "channel message [message ...]",
        "Sends several messages to everybody who listens to the channel.", {}, {}, nullptr, nullptr,
        {.first = 1}},
    {"psubscribe", psubscribe, -2, kSubscribing, no_keys(), "2.0.0", "O(N) in the patterns",
        "pattern [pattern ...]",
        "Listens to all channels whose names match.", {}, {}, nullptr, nullptr,
        {.first = 1, .has_several = true, .are_patterns = true}},
    {"publish", publish, 3, kPubsub | kLoading | kStale | kFast | kMayReplicate, no_keys(), "2.0.0",
        "O(N+M) in the clients that listen and the patterns there are",
        "channel message",
        "Sends a message to everybody who listens to the channel.", {}, {}, nullptr, nullptr,
        {.first = 1}},
    {"pubsub", nullptr, -2, 0, no_keys(), "2.8.0", "",
        "",
        "Commands about channels and who listens to them."},
    {"pubsub|channels", channels, -2, kAsking, no_keys(), "2.8.0", "O(N) in the channels",
        "[pattern]",
        "Lists the channels that somebody listens to."},
    {"pubsub|help", help, 2, kLoading | kStale, no_keys(), "6.2.0", "O(1)",
        "",
        "Lists the subcommands."},
    {"pubsub|numpat", numpat, 2, kAsking, no_keys(), "2.8.0", "O(1)",
        "",
        "Counts the patterns that somebody listens to."},
    {"pubsub|numsub", numsub, -2, kAsking, no_keys(), "2.8.0", "O(N) in the channels asked for",
        "[channel [channel ...]]",
        "Counts the clients that listen to each channel."},
    {"pubsub|shardchannels", shardchannels, -2, kAsking, no_keys(), "7.0.0", "O(N) in the channels",
        "[pattern]",
        "Lists the shard channels that somebody listens to."},
    {"pubsub|shardnumsub", shardnumsub, -2, kAsking, no_keys(), "7.0.0",
        "O(N) in the channels asked for",
        "[shardchannel [shardchannel ...]]",
        "Counts the clients that listen to each shard channel."},
    {"punsubscribe", punsubscribe, -1, kSubscribing, no_keys(), "2.0.0", "O(N) in the patterns",
        "[pattern [pattern ...]]",
        "Stops listening to patterns, or to all of them."},
    {"spublish", spublish, 3, kPubsub | kLoading | kStale | kFast | kMayReplicate,
        one_key(1, kNotKey), "7.0.0", "O(N) in the clients that listen",
        "shardchannel message",
        "Sends a message to everybody who listens to the shard channel.", {}, {}, nullptr, nullptr,
        {.first = 1}},
    {"ssubscribe", ssubscribe, -2, kSubscribing, keys_from(1, kNotKey), "7.0.0",
        "O(N) in the channels",
        "shardchannel [shardchannel ...]",
        "Listens to shard channels.", {}, {}, nullptr, nullptr,
        {.first = 1, .has_several = true}},
    {"subscribe", subscribe, -2, kSubscribing, no_keys(), "2.0.0", "O(N) in the channels",
        "channel [channel ...]",
        "Listens to channels.", {}, {}, nullptr, nullptr,
        {.first = 1, .has_several = true}},
    {"sunsubscribe", sunsubscribe, -1, kSubscribing, keys_from(1, kNotKey), "7.0.0",
        "O(N) in the channels",
        "[shardchannel [shardchannel ...]]",
        "Stops listening to shard channels, or to all of them."},
    {"unsubscribe", unsubscribe, -1, kSubscribing, no_keys(), "2.0.0", "O(N) in the channels",
        "[channel [channel ...]]",
        "Stops listening to channels, or to all of them."},
};

}  // namespace

std::vector<CommandFamily> pubsub_commands() { return {{"pubsub", kCommands}}; }

}  // namespace larder
