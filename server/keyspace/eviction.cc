#include "server/keyspace/eviction.h"

#include <algorithm>
#include <cmath>

#include "server/base/allocator.h"
#include "server/base/prefetch.h"
#include "server/keyspace/keyspace.h"

namespace larder {
namespace {

constexpr size_t kLeastBuckets = 2;
constexpr size_t kMostBuckets = 64;
// One key in so many must have an expiry for buckets at random to be worth looking at.
constexpr size_t kSparse = 32;
// How much of the table one search in order goes through: some 50 microseconds.
constexpr int kMostSegments = 64;
// How often the sizes of the databases are read again, and the clock.
constexpr unsigned kPicksPerCount = 64;
constexpr unsigned kVictimsPerLook = 8;
// What a request may evict for itself when the turn's time is up.
constexpr int64_t kOwnShareUs = 500;
// What a key takes beside the bytes of the request that brings it.
constexpr size_t kOverhead = 256;
constexpr uint64_t kMostRank = (uint64_t{1} << 55) - 1;

// The rank under volatile-ttl: the first to expire is the first to go.
uint64_t rank_by_expiry(const Entry& entry) {
  const auto expiry_ms = static_cast<uint64_t>(std::max<int64_t>(entry.expiry_ms(), 0));
  return kMostRank - std::min(expiry_ms, kMostRank);
}

// Redis's measure of tenacity.
int64_t tenacity_us(int tenacity) {
  if (tenacity <= 10) return 50 * tenacity;
  if (tenacity >= 100) return INT64_MAX;
  return static_cast<int64_t>(500 * std::pow(1.15, tenacity - 10));
}

}  // namespace

// --- Statistics ---

EvictionStats::EvictionStats() : InfoGroup("Stats") {
  on_reset([this] {
    past_us_ = 0;
    if (exceeded_since_us_ != 0) exceeded_since_us_ = monotonic_us();
  });
}

void EvictionStats::change(bool is_exceeded) {
  if (!is_exceeded) past_us_ += monotonic_us() - exceeded_since_us_;
  exceeded_since_us_ = is_exceeded ? monotonic_us() : 0;
}

int64_t EvictionStats::current_ms() const {
  return exceeded_since_us_ == 0 ? 0 : (monotonic_us() - exceeded_since_us_) / 1000;
}

// --- How much, and how long ---

void Eviction::configure(const EvictionSettings& settings) {
  if (settings.policy != settings_.policy) pool_.clear();
  settings_ = settings;
  is_volatile_ = is_volatile(settings.policy);
  turn_us_ = tenacity_us(settings.tenacity);
  picks_until_count_ = 0;
}

bool Eviction::is_over_limit() const {
  return excess() > 0;
}

size_t Eviction::counted_memory() const {
  const size_t used = used_memory();
  return used - std::min(used, uncounted_);
}

size_t Eviction::excess() const {
  const size_t counted = counted_memory();
  return counted > limit_ ? counted - limit_ : 0;
}

bool Eviction::make_room_now(size_t bytes) {
  const int64_t began_us = monotonic_us();
  if (spent_us_ < turn_us_) {
    evict(excess(),
          turn_us_ == INT64_MAX ? Deadline::never() : Deadline::in_us(turn_us_ - spent_us_));
  }
  if (is_over_limit() && spent_us_ >= turn_us_) {
    evict(std::min(bytes + kOverhead, excess()), Deadline::in_us(kOwnShareUs));
  }
  spent_us_ += monotonic_us() - began_us;
  const bool is_exceeded = is_over_limit();
  stats.note(is_exceeded);
  return !is_exceeded || keyspace_.has_removed() || has_candidates();
}

bool Eviction::do_background_work(Deadline deadline) {
  keyspace_.usage.fit_ghost();
  const bool was_exceeded = limit_ != 0 && is_over_limit();
  if (was_exceeded) evict(excess(), deadline);
  const bool is_exceeded = was_exceeded && is_over_limit();
  stats.note(is_exceeded);
  return is_exceeded && (keyspace_.has_removed() || has_candidates());
}

size_t Eviction::evict(size_t bytes, Deadline deadline) {
  const size_t before = counted_memory();
  const size_t target = before - std::min(before, bytes);
  unsigned victims = 0;
  while (counted_memory() > target) {
    if (keyspace_.has_removed()) {
      if (keyspace_.free_removed(deadline)) break;
      continue;
    }
    if (!evict_one()) break;
    if (++victims % kVictimsPerLook == 0 && deadline.has_passed()) break;
  }
  const size_t after = counted_memory();
  return before - std::min(before, after);
}

// --- Which ---

size_t Eviction::candidates_in(const Database& database) const {
  return is_volatile_ ? database.expiring() : database.size();
}

bool Eviction::has_candidates() const {
  if (settings_.policy == EvictionPolicy::noeviction) return false;
  for (size_t i = 0; i < keyspace_.database_count(); i++) {
    if (candidates_in(keyspace_.database(i)) > 0) return true;
  }
  return false;
}

void Eviction::count_shares() {
  shares_.clear();
  candidates_ = 0;
  for (size_t i = 0; i < keyspace_.database_count(); i++) {
    Database& database = keyspace_.database(i);
    const size_t count = candidates_in(database);
    if (count == 0) continue;
    shares_.push_back({&database, candidates_});
    candidates_ += count;
  }
  picks_until_count_ = kPicksPerCount;
}

// A database, each with the odds of its candidates; nullptr if there are none.
Database* Eviction::pick_database() {
  for (int attempt = 0; attempt < 2; attempt++) {
    if (attempt > 0 || picks_until_count_ == 0) count_shares();
    if (shares_.empty()) continue;
    picks_until_count_ -= picks_until_count_ > 0;
    const size_t place = shares_.size() == 1 ? 0 : keyspace_.random.below(candidates_);
    const auto behind =
        std::upper_bound(shares_.begin(), shares_.end(), place,
                         [](size_t at, const Share& share) { return at < share.before; });
    Database* database = std::prev(behind)->database;
    if (candidates_in(*database) > 0) return database;
  }
  return nullptr;
}

// Returns false if nothing can go, or nothing was found this time.
bool Eviction::evict_one() {
  if (settings_.policy == EvictionPolicy::noeviction) return false;
  Database* database = pick_database();
  if (database == nullptr) return false;
  if (settings_.policy == EvictionPolicy::allkeys_random) {
    return evict_slot(*database, database->random(keyspace_.random));
  }
  // Chance has no favourites among those that were passed over.
  if (settings_.policy == EvictionPolicy::volatile_random) pool_.clear();
  sample(*database);
  rank_new_candidates();
  return evict_from_pool();
}

bool Eviction::evict_from_pool() {
  keyspace_.usage.score().refresh();
  while (!pool_.is_empty()) {
    auto best =
        pool_.take_best([&](const EvictionPool::Candidate& candidate) { return score(candidate); });
    Database::Slot* found = nullptr;
    best.database->visit_bucket(best.position, [&](Database::Slot& slot) {
      if (slot.get() == best.entry && slot.bits() == best.word) found = &slot;
    });
    if (found == nullptr) continue;
    if (settings_.policy == EvictionPolicy::volatile_ttl) {
      // It may have another expiry now, which its bits do not tell.
      const uint64_t rank = rank_by_expiry(*found->get());
      if (rank != best.rank) {
        best.rank = rank;
        pool_.add(best);
        continue;
      }
    }
    return evict_slot(*best.database, found);
  }
  return false;
}

bool Eviction::evict_slot(Database& database, Database::Slot* slot) {
  if (slot == nullptr) return false;
  const Key key = make_key(slot->get()->key());
  const bool is_expired = slot->get()->is_expired(keyspace_.now_ms());
  if (!is_expired) {
    keyspace_.usage.count_victim(database.ghost_hash(key.hash), slot->bits());
  }
  Entry* entry = database.take(key, slot);
  ++(is_expired ? keyspace_.stats.expired_keys : stats.evicted_keys);
  // The name in the entry lives until the entry goes.
  const KeyEvent event = is_expired
                             ? KeyEvent{KeyEventClass::expired, "expired", database, entry->key()}
                             : KeyEvent{KeyEventClass::evicted, "evicted", database, entry->key()};
  tell(event);
  if (!is_expired) key_evicted(event);
  keyspace_.disposal.dispose(entry);
  return true;
}

// What the listeners write for their clients about a small victim can be more than it gives back.
// It must not count, or evicting would lead away from its target.
void Eviction::tell(const KeyEvent& event) {
  const size_t before = used_memory();
  keyspace_.key_changed(event);
  const size_t after = used_memory();
  uncounted_ += after - std::min(before, after);
}

// --- Samples ---

void Eviction::sample(Database& database) {
  const auto wanted =
      std::min<size_t>(static_cast<size_t>(settings_.samples), EvictionPool::kMostSampled);
  if (is_volatile_ && database.expiring() * kSparse < database.size()) {
    return sample_in_order(database, wanted);
  }
  size_t seen = 0;
  size_t unused = 0;
  for (size_t buckets = 0; buckets < kMostBuckets; buckets++) {
    if (buckets >= kLeastBuckets && seen >= wanted) break;
    database.sample_bucket(keyspace_.random, [&](uint64_t position, const Database::Slot& slot) {
      if (!may_go(slot)) return;
      seen++;
      unused += HybridWord::uses(slot.bits()) == 0;
      add_candidate(database, position, slot);
    });
  }
  if (keyspace_.usage.kind() == UsageKind::hybrid)
    keyspace_.usage.score().note_sample(seen, unused);
  // A table that has just lost most of its keys: any key will do.
  if (seen == 0) sample_in_order(database, wanted);
}

// Goes on through the table from where the last such search ended.
void Eviction::sample_in_order(Database& database, size_t wanted) {
  if (hand_database_ != &database) {
    hand_database_ = &database;
    hand_ = keyspace_.random.next();
  }
  size_t seen = 0;
  for (int segments = 0; segments < kMostSegments && seen < wanted; segments++) {
    hand_ = database.visit_places(hand_, [&](uint64_t position, const Database::Slot& slot) {
      if (!may_go(slot)) return;
      seen++;
      add_candidate(database, position, slot);
    });
  }
}

void Eviction::add_candidate(Database& database, uint64_t position, const Database::Slot& slot) {
  if (settings_.policy == EvictionPolicy::volatile_ttl) prefetch_line(slot.get());
  pool_.add({slot.get(), &database, position, 0, slot.bits()});
}

// Reads what is not in the bits, from entries that were asked for when they were sampled.
void Eviction::rank_new_candidates() {
  if (settings_.policy == EvictionPolicy::volatile_ttl) {
    pool_.visit_new([](EvictionPool::Candidate& candidate) {
      candidate.rank = rank_by_expiry(*candidate.entry);
    });
  } else if (settings_.policy == EvictionPolicy::volatile_random) {
    pool_.visit_new(
        [&](EvictionPool::Candidate& candidate) { candidate.rank = keyspace_.random.next() >> 9; });
  }
}

uint64_t Eviction::score(const EvictionPool::Candidate& candidate) const {
  if (keyspace_.usage.kind() == UsageKind::idle_time) return candidate.rank;
  return keyspace_.usage.worthlessness(candidate.word);
}

}  // namespace larder
