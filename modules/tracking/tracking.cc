#include "modules/tracking/tracking.h"

#include <algorithm>

namespace larder {
namespace {

// Keys that a slice takes out of a table that is too large, however late it is.
constexpr size_t kMinEvicted = 16;
// How many keys too many the table may have before commands that read pay for it.
constexpr size_t kMaxOverLimit = 1000;

// What happens by itself is nobody's doing, even where a client's look-up brought it to light.
bool is_somebodys_doing(const KeyEvent& event) {
  return event.event_class != KeyEventClass::expired && event.event_class != KeyEventClass::evicted;
}

}  // namespace

Tracking::Tracking()
    : Module(
          {.name = "tracking", .options_title = "Client-side caching", .info_section = "Stats"}) {}

std::vector<CommandFamily> Tracking::commands() const {
  return tracking_commands();
}

void Tracking::start(Host& host) {
  host_ = &host;
  host.add_info(clients_info_);
  host.add_info(memory_info_);
  host.hooks().client_reset.add([this](Client& client) { end(client); });
  host.hooks().client_closed.add([this](Client& client) { end(client); });
}

// --- Who tracks ---

const Tracker* Tracking::find(const Client& client) const {
  return client.tracking.is_on ? trackers_[client.tracking.reader].get() : nullptr;
}

void Tracking::begin(Client& client, const TrackingMode& mode,
                     std::span<const std::string_view> prefixes) {
  if (!client.tracking.is_on) {
    const uint32_t reader = keys_.join();
    if (reader >= trackers_.size()) trackers_.resize(reader + 1);
    trackers_[reader].reset(new Tracker{client, mode});
    client.tracking.is_on = true;
    client.tracking.reader = reader;
    if (tracker_count_++ == 0) listen();
  }
  client.tracking.is_broadcast = mode.is_broadcast;
  client.tracking.is_redirect_broken = false;
  client.tracking.redirect = mode.redirect;
  Tracker& tracker = tracker_of(client);
  tracker.mode = mode;
  if (!mode.is_broadcast) return;
  const auto add = [&](std::string_view prefix) {
    if (tracker.prefixes.emplace(prefix).second) prefixes_.add(prefix, client.tracking.reader);
  };
  if (prefixes.empty()) add("");
  for (const std::string_view prefix : prefixes) add(prefix);
}

void Tracking::end(Client& client) {
  if (!client.tracking.is_on) return;
  const uint32_t reader = client.tracking.reader;
  for (const std::string& prefix : trackers_[reader]->prefixes) prefixes_.remove(prefix, reader);
  keys_.leave(reader);
  trackers_[reader].reset();
  client.tracking = {};
  if (--tracker_count_ > 0) return;
  keys_.clear();
  trackers_.clear();
  stop_listening();
}

// Without anybody who tracks, neither commands nor changes of keys pay for it.
void Tracking::listen() {
  Hooks& hooks = host_->hooks();
  Keyspace& keyspace = host_->keyspace();
  listeners_ = {
      .after_command = hooks.after_command.add([this](Context& context) { command_ran(context); }),
      .before_flush = hooks.before_flush.add([this] { broadcast(); }),
      .key_changed =
          keyspace.key_changed.add([this](const KeyEvent& event) { key_changed(event); }),
      .flushed = keyspace.flushed.add([this](Database*) { everything_changed(); }),
      .swapped = keyspace.swapped.add([this](Database&, Database&) { everything_changed(); }),
  };
  // What was cleared when the last one left still has to be freed.
  if (!std::exchange(listens_to_rest_, true)) {
    hooks.rest.add([this](Rest& slice) { rest(slice); });
  }
}

void Tracking::stop_listening() {
  Hooks& hooks = host_->hooks();
  Keyspace& keyspace = host_->keyspace();
  hooks.after_command.remove(listeners_->after_command);
  hooks.before_flush.remove(listeners_->before_flush);
  keyspace.key_changed.remove(listeners_->key_changed);
  keyspace.flushed.remove(listeners_->flushed);
  keyspace.swapped.remove(listeners_->swapped);
  listeners_.reset();
}

// --- What they read ---

void Tracking::give_caching(Client& client) {
  Tracker& tracker = tracker_of(client);
  tracker.caching_was_given = true;
  tracker.caching_request = client.commands;
  tracker.caching_in_transaction = client.is_in_transaction();
}

// Requests are counted, so that one which a gate refused ends it too.
bool Tracking::has_caching(const Client& client) const {
  const Tracker& tracker = *find(client);
  if (!tracker.caching_was_given) return false;
  return client.commands <= tracker.caching_request + 1 ||
         (tracker.caching_in_transaction && client.is_in_transaction());
}

void Tracking::command_ran(Context& context) {
  Client& client = context.client;
  if (!client.tracking.is_on) [[likely]]
    return;
  Tracker& tracker = tracker_of(client);
  const bool was_given = has_caching(client);
  const bool counts = tracker.mode.opts_in ? was_given : !(tracker.mode.opts_out && was_given);
  if (counts && !tracker.mode.is_broadcast && context.command().has(kRead)) remember_keys(context);
  // Who waits will run the same request again.
  if (!tracker.caching_was_given || client.is_blocked) return;
  // CLIENT and all of a transaction leave it as it is.
  if (was_given && (client.is_in_transaction() || context.command_name().starts_with("client|"))) {
    give_caching(client);
  } else {
    tracker.caching_was_given = false;
  }
}

void Tracking::remember_keys(const Context& context) {
  if (!find_command_keys(context.command(), context.arguments(), positions_)) return;
  read_.clear();
  for (const KeyPosition& position : positions_) {
    if ((position.flags & kNotKey) != 0) continue;
    read_.push_back(context.key(position.index));
    keys_.prefetch(read_.back());
  }
  for (const Key& key : read_) keys_.remember(key, context.client.tracking.reader);
  // What is more than the background can take away goes at the cost of who brought it.
  const auto limit = static_cast<size_t>(*max_keys_);
  if (limit != 0 && keys_.size() > limit + kMaxOverLimit) make_room(2 * read_.size(), Deadline::in_us(0));
}

bool Tracking::make_room(size_t at_least, Deadline deadline) {
  const auto limit = static_cast<size_t>(*max_keys_);
  if (limit == 0) return false;
  for (size_t evicted = 0; keys_.size() > limit; evicted++) {
    if (evicted >= at_least && deadline.has_passed()) return true;
    const std::string name(keys_.random(host_->keyspace().random)->key());
    const std::string_view key = name;
    Invalidation message({&key, 1});
    keys_.take(key, [&](uint32_t reader) { send(*trackers_[reader], message); });
  }
  return false;
}

void Tracking::rest(Rest& rest) {
  rest.has_more |= keys_.work(rest.deadline);
  rest.has_more |= make_room(kMinEvicted, rest.deadline);
  broadcast();  // of keys that expired since
}

// --- What changes ---

void Tracking::key_changed(const KeyEvent& event) {
  const Client* changed_by = is_somebodys_doing(event) ? host_->clients().running : nullptr;
  if (prefixes_.size() > 0) {
    prefixes_.note_change(event.key, changed_by == nullptr ? 0 : changed_by->id);
  }
  const std::string_view key = event.key;
  Invalidation message({&key, 1});
  keys_.take(key, [&](uint32_t reader) {
    Tracker& tracker = *trackers_[reader];
    if (tracker.mode.no_loop && &tracker.client == changed_by) return;
    send(tracker, message);
  });
}

void Tracking::everything_changed() {
  keys_.clear();
  Invalidation message = Invalidation::everything();
  for (const auto& tracker : trackers_) {
    if (tracker != nullptr) send(*tracker, message);
  }
}

// In the order of their names, so that what is sent does not depend on the hash's secret.
void Tracking::broadcast() {
  if (!prefixes_.has_changes()) return;
  prefixes_.take_changes(
      [this](const Prefixes::Changes& changes, const std::vector<uint32_t>& readers) {
        std::vector<std::string_view> keys;
        keys.reserve(changes.size());
        for (const auto& [key, changed_by] : changes) keys.push_back(key);
        std::ranges::sort(keys);
        Invalidation message(keys);
        for (const uint32_t reader : readers) {
          Tracker& tracker = *trackers_[reader];
          if (!tracker.mode.no_loop) {
            send(tracker, message);
            continue;
          }
          std::vector<std::string_view> news;
          std::ranges::copy_if(keys, std::back_inserter(news), [&](std::string_view key) {
            return changes.find(key)->second != tracker.client.id;
          });
          if (news.empty()) continue;
          Invalidation own(news);
          send(tracker, own);
        }
      });
}

// --- Messages ---

// A client of RESP2 can only be told through another one, which has subscribed to something.
void Tracking::send(Tracker& tracker, Invalidation& message) {
  Client* receiver = &tracker.client;
  const uint64_t redirect = tracker.mode.redirect;
  if (redirect != 0) {
    receiver = host_->clients().find(redirect);
    if (receiver == nullptr || receiver->socket.is_closing())
      return report_broken_redirect(tracker);
  }
  const RespVersion version = receiver->resp_version;
  const bool hears =
      version == RespVersion::resp3 || (redirect != 0 && receiver->type == ClientType::pubsub);
  if (hears) host_->pushes().invalidate(*receiver, message);
}

void Tracking::report_broken_redirect(Tracker& tracker) {
  tracker.client.tracking.is_redirect_broken = true;
  if (tracker.client.resp_version != RespVersion::resp3) return;
  PushFrame frame(2);
  frame.bulk("tracking-redir-broken").integer(static_cast<int64_t>(tracker.mode.redirect));
  host_->pushes().send(tracker.client, frame.only_for(RespVersion::resp3));
}

}  // namespace larder
