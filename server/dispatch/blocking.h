// Who waits for what: blocked clients by key, by the order in which they came, and by deadline.
//
// A command that cannot answer yet calls Context::block. Its request is kept in the session, and
// its client gets a Waiter here. From then on:
//
//   a change of a key     marks the keys for which somebody waits (one branch while nobody does).
//   After
//                         the command, and before any other, the dispatcher asks next_to_serve()
//                         again and again and runs the kept requests of those it names. What they
//                         change in turn (BLMOVE feeds another key) is served in the same loop,
//                         keys in the order in which they changed.
//   time                  next_deadline_ms() is for the timer; find_overdue() names who waited too
//   long. CLIENT UNBLOCK, the client's end
//                         find their waiter through the session.
//
// A waiter that was run and still cannot be answered stays where it is. The lists are walked by
// numbers and not by pointers: whoever is run may take itself and others out of them.
//
// Keys belong to the number of a database and not to its contents, so that SWAPDB feeds those who
// wait. Cost: a few hundred bytes for each waiter and key; O(log n) to come and go, for n clients
// at one key.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "server/command/server_control.h"
#include "server/command/wait.h"
#include "server/keyspace/key_name.h"
#include "server/keyspace/keyspace.h"

namespace larder {

class Session;

class Blocking {
 public:
  static constexpr int64_t kNever = INT64_MAX;

  struct Queue;
  // One blocked client. Belongs to its session, which has one while its kept request waits here.
  struct Waiter {
    Session* session;
    Wait wait;
    uint64_t order;              // counts up: who blocked first is served first
    int64_t deadline_ms;         // by the monotonic clock; kNever
    std::vector<Queue*> queues;  // one for each key it waits for
  };

  explicit Blocking(Keyspace& keyspace) : keyspace_(keyspace) {}
  Blocking(const Blocking&) = delete;
  Blocking& operator=(const Blocking&) = delete;

  // Lets the session, whose kept request it is, wait as `wait` says. It has no waiter yet.
  void add(Session& session, Wait wait);
  // Takes the session's waiter out of all lists and frees it.
  void remove(Session& session);

  // Some key that somebody waits for has changed since next_to_serve() last returned nullptr.
  bool has_ready() const { return !ready_.empty(); }
  // The next client whose request is to be run again, or nullptr: nobody is left. Clients that
  // begin to wait meanwhile are named only after another change.
  Session* next_to_serve();

  // The earliest moment, by the monotonic clock in ms, at which somebody has waited long enough.
  int64_t next_deadline_ms() const {
    return deadlines_.empty() ? kNever : deadlines_.begin()->first;
  }
  // Somebody whose time is up, or nullptr. The caller has to remove() it before the next call.
  Session* find_overdue(int64_t monotonic_ms) const;

  // Adds what is known here: all but the number of clients.
  void count(BlockedCounts& counts) const;

  // A key with the clients that wait for it.
  struct Queue {
    const KeyName* key;
    std::map<uint64_t, Waiter*> waiters;  // by order
    // How many wait for each type, and how many for the key to go: spares walking over clients that
    // the key is of no use to.
    std::array<uint32_t, 6> awaited_types{};
    uint32_t on_removal = 0;
    bool is_ready = false;  // it is in ready_
  };

 private:
  void listen();
  void stop_listening();
  void mark(Queue& queue);
  void mark_database(const Database* database);
  Queue& queue_of(size_t database, std::string_view name);
  Queue* find_queue(const KeyName& key);
  Session* next_of_current();

  Keyspace& keyspace_;
  KeyNameMap<Queue> queues_;
  std::set<std::pair<int64_t, Waiter*>> deadlines_;
  std::deque<KeyName> ready_;
  size_t removal_queues_ = 0;  // in which somebody waits for the key to go
  uint64_t last_order_ = 0;
  // How far next_to_serve() has come with the key in front of ready_.
  struct Position {
    uint64_t after;  // who was named last
    uint64_t last;   // who came later is not named this time
  };
  std::optional<Position> position_;
  uint64_t change_listener_ = 0;  // 0: not listening, because nobody waits for a key
  uint64_t flush_listener_ = 0;
  uint64_t swap_listener_ = 0;
};

}  // namespace larder
