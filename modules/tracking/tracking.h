// Client-side caching: the server remembers what a client has read and tells it when that changes.
//
// Two ways. By default the server remembers each key that a client reads (TrackedKeys) and tells it
// once when the key changes. With BCAST it remembers nothing but prefixes, and tells of every
// change of a key that begins with one, at the end of the turn. Databases are not told apart, as in
// Redis: a message names a key, whatever database it is in.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/clients/invalidation.h"
#include "modules/tracking/prefixes.h"
#include "modules/tracking/tracked_keys.h"
#include "server/module/module.h"

namespace larder {

// What CLIENT TRACKING ON asks for.
struct TrackingMode {
  uint64_t redirect = 0;  // the id of the client that is told; 0: the one who tracks
  bool is_broadcast = false;
  bool opts_in = false;   // keys count only behind CLIENT CACHING YES
  bool opts_out = false;  // keys count unless behind CLIENT CACHING NO
  bool no_loop = false;   // what the client changes itself is no news
};

// A client that tracks.
struct Tracker {
  Client& client;
  TrackingMode mode;
  std::set<std::string, std::less<>> prefixes{};
  // CLIENT CACHING: whether it was given, by the number of the last request that it outlived, and
  // whether that was in a transaction.
  bool caching_was_given = false;
  uint64_t caching_request = 0;
  bool caching_in_transaction = false;
};

class Tracking final : public Module {
 public:
  Tracking();
  std::vector<CommandFamily> commands() const override;
  void start(Host& host) override;

  // nullptr: the client does not track.
  const Tracker* find(const Client& client) const;

  // Begins to track, or goes on in another mode; prefixes are added to those that there are. In a
  // broadcast without prefixes the empty one is meant.
  void begin(Client& client, const TrackingMode& mode, std::span<const std::string_view> prefixes);
  // The client forgets what it has read.
  void end(Client& client);
  // CLIENT CACHING: for the next command, or the transaction that begins with it.
  void give_caching(Client& client);
  // Whether CLIENT CACHING holds for the request that runs.
  bool has_caching(const Client& client) const;

 private:
  void listen();
  void stop_listening();
  Tracker& tracker_of(const Client& client) { return *trackers_[client.tracking.reader]; }

  void command_ran(Context& context);
  void remember_keys(const Context& context);
  void key_changed(const KeyEvent& event);
  void everything_changed();
  void broadcast();
  void rest(Rest& rest);
  // Forgets keys until the table is no larger than it may be, at least so many if there are too many
  // whatever the deadline says. Returns whether there is more to do.
  bool make_room(size_t at_least, Deadline deadline);
  void send(Tracker& tracker, Invalidation& message);
  void report_broken_redirect(Tracker& tracker);

  Option<int64_t> max_keys_{
      options,
      "tracking-table-max-keys",
      1'000'000,
      {.max = std::numeric_limits<int64_t>::max(),
       .help =
           "How many keys are remembered for clients that cache what they read. Beyond it, clients "
           "are told to forget keys picked at random. 0: any number."}};
  Field total_keys_{info, "tracking_total_keys", [this] { return keys_.size(); }};
  Field total_items_{info, "tracking_total_items", [this] { return keys_.items(); }};
  Field total_prefixes_{info, "tracking_total_prefixes", [this] { return prefixes_.size(); }};
  InfoGroup clients_info_{"Clients"};
  Field clients_{clients_info_, "tracking_clients", [this] { return tracker_count_; }};
  InfoGroup memory_info_{"Memory"};
  Field memory_{memory_info_, "mem_tracking_table", [this] { return keys_.memory(); }};

  Host* host_ = nullptr;
  TrackedKeys keys_;
  Prefixes prefixes_;
  std::vector<std::unique_ptr<Tracker>> trackers_;  // by their number in keys_
  size_t tracker_count_ = 0;
  // Of the command that has run; kept for their memory.
  std::vector<KeyPosition> positions_;
  std::vector<Key> read_;
  // Numbers of listeners, while somebody tracks.
  struct Listeners {
    uint64_t after_command;
    uint64_t before_flush;
    uint64_t key_changed;
    uint64_t flushed;
    uint64_t swapped;
  };
  std::optional<Listeners> listeners_;
  bool listens_to_rest_ = false;  // from the first time on
};

// The table of commands.cc.
std::vector<CommandFamily> tracking_commands();

}  // namespace larder
