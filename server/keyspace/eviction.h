// Makes room when memory is full: picks the keys that go, and decides how long requests wait for
// it.
//
// A victim is the best of the pool and of a fresh sample (eviction_pool.h), two buckets of the
// table as a rule, by what the policy makes of their bits (key_usage.h): 0.5 microseconds to pick,
// and what it takes to free it. Where few keys have an expiry, the volatile policies go through the
// table in order instead of guessing. What was removed already and waits to be freed is freed
// first, so that nothing goes for memory that is on its way.
//
// Time: in a turn of the loop, requests spend as much on eviction as maxmemory-eviction-tenacity
// says; after that each makes room at most for what it brings itself. The rest is done between
// turns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "server/base/clock.h"
#include "server/base/hook.h"
#include "server/info/info.h"
#include "server/keyspace/database.h"
#include "server/keyspace/eviction_policy.h"
#include "server/keyspace/eviction_pool.h"
#include "server/keyspace/key_event.h"

namespace larder {

class Keyspace;

struct EvictionStats : InfoGroup {
  EvictionStats();

  Counter evicted_keys{*this, "evicted_keys"};
  // How long more memory than allowed was used, in milliseconds: since the start, and this time.
  Field total_exceeded{*this, "total_eviction_exceeded_time", InfoKind::count,
                       [this] { return total_ms(); }};
  Field current_exceeded{*this, "current_eviction_exceeded_time", [this] { return current_ms(); }};

  // Tells whether the limit is exceeded.
  void note(bool is_exceeded) {
    if (is_exceeded != (exceeded_since_us_ != 0)) [[unlikely]]
      change(is_exceeded);
  }

 private:
  void change(bool is_exceeded);
  int64_t current_ms() const;
  int64_t total_ms() const { return past_us_ / 1000 + current_ms(); }

  int64_t exceeded_since_us_ = 0;  // 0: it is not
  int64_t past_us_ = 0;
};

class Eviction {
 public:
  // Knows the keyspace that it is part of.
  explicit Eviction(Keyspace& keyspace) : keyspace_(keyspace) {}
  Eviction(const Eviction&) = delete;
  Eviction& operator=(const Eviction&) = delete;

  void configure(const EvictionSettings& settings);
  // How much memory may be used; 0: any.
  void set_limit(size_t bytes) { limit_ = bytes; }
  bool has_limit() const { return limit_ != 0; }
  size_t limit() const { return limit_; }
  // Memory that does not count, because evicting does not make it smaller: output that waits for
  // clients. To be set once a turn; what evictions add to it meanwhile is known here.
  void set_uncounted(size_t bytes) { uncounted_ = bytes; }
  size_t uncounted() const { return uncounted_; }
  // What counts towards the limit.
  size_t counted_memory() const;

  bool is_over_limit() const;

  // For a request that needs memory, `bytes` of its own: makes room if there is none. Returns false
  // if the limit is exceeded and nothing can go.
  bool make_room(size_t bytes) {
    if (limit_ == 0 || !is_over_limit()) [[likely]]
      return true;
    return make_room_now(bytes);
  }
  // Evicts keys until so many bytes are free that were not, or nothing can go, or the deadline has
  // passed. Returns the bytes that came free. Also for those who want room before the limit is
  // reached; under noeviction it frees no more than what was removed already.
  size_t evict(size_t bytes, Deadline deadline);
  // Goes on where requests have stopped. Returns whether there is more to do.
  bool do_background_work(Deadline deadline);
  void begin_turn() { spent_us_ = 0; }

  EvictionStats stats;
  // What has been evicted, for those who want to hear of nothing else; key_changed tells it as well.
  Hook<const KeyEvent&> key_evicted;

 private:
  // A database with keys that may go, and how many of these the ones before it have.
  struct Share {
    Database* database;
    size_t before;
  };

  size_t excess() const;
  bool make_room_now(size_t bytes);
  bool has_candidates() const;
  size_t candidates_in(const Database& database) const;
  bool evict_one();
  bool evict_from_pool();
  bool evict_slot(Database& database, Database::Slot* slot);
  void tell(const KeyEvent& event);
  Database* pick_database();
  void count_shares();
  void sample(Database& database);
  void sample_in_order(Database& database, size_t wanted);
  void add_candidate(Database& database, uint64_t position, const Database::Slot& slot);
  void rank_new_candidates();
  uint64_t score(const EvictionPool::Candidate& candidate) const;
  bool may_go(const Database::Slot& slot) const {
    return !is_volatile_ || (slot.bits() & EvictionWord::kExpiresBit) != 0;
  }

  Keyspace& keyspace_;
  EvictionSettings settings_;
  bool is_volatile_ = false;
  size_t limit_ = 0;
  size_t uncounted_ = 0;
  int64_t turn_us_ = 0;   // that requests may spend in a turn
  int64_t spent_us_ = 0;  // that they have spent in this one

  EvictionPool pool_;
  std::vector<Share> shares_;
  size_t candidates_ = 0;  // in all shares
  unsigned picks_until_count_ = 0;
  Database* hand_database_ = nullptr;  // where the search in order goes on
  uint64_t hand_ = 0;
};

}  // namespace larder
