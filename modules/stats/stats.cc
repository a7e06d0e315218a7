#include "modules/stats/stats.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "modules/stats/known_load.h"
#include "server/base/allocator.h"
#include "server/base/clock.h"
#include "server/base/listen_while.h"

namespace larder {
namespace {

// What a key that is told without its name can be rounded up to.
static_assert(SampledUses::kNamedBytes * 3 / 2 < kBigKeyBytes);

// Uses are timed when there have been so many. Those that took longer than this in the mean were kept from
// the processor.
constexpr int64_t kTimed = 16;
constexpr int64_t kMostUseNs = 5'000;
// What a key takes in the table beside its entry, on average.
constexpr uint64_t kSlotBytes = 10;
// How many clients an advice names.
constexpr size_t kMostSlowClients = 8;
// The rows of CACHE.MRC, in tenths of the present size.
constexpr int kTenths = 20;

// A clock that was set back counts as one that stood still.
void record_ms(Histogram& histogram, int64_t ms) {
  histogram.record(static_cast<uint64_t>(std::max<int64_t>(ms, 0)));
}

int64_t now_seconds() {
  return monotonic_us() / 1'000'000;
}

}  // namespace

CacheStatistics::CacheStatistics()
    : Module({.name = "stats",
              .options_title = "Cache statistics",
              .info_section = "Cache",
              .info_scope = InfoScope::module}) {
  info.on_reset([this] { forget(); });
}

std::vector<CommandFamily> CacheStatistics::commands() const {
  return cache_commands();
}

void CacheStatistics::start(Host& host) {
  host_ = &host;
  enabled_.on_change([this]() -> Status {
    follow_option();
    return ok;
  });
  follow_option();
}

void CacheStatistics::follow_option() {
  if (is_on() == is_listening()) return;
  Keyspace& keyspace = host_->keyspace();
  listen_while(is_on(), keyspace.key_missed, miss_listener_,
               [this](const KeyEvent& miss) { note_miss(miss); });
  listen_while(is_on(), keyspace.key_removed, removal_listener_,
               [this](const KeyRemoval& removal) { note_removal(removal); });
  listen_while(is_on(), keyspace.sampled_uses.told, use_listener_,
               [this](std::span<const SampledUse> uses) { note_uses(uses); });
  listen_while(is_on(), keyspace.flushed, flush_listener_,
               [this](const Database* database) { note_flush(database); });
  listen_while(is_on(), keyspace.swapped, swap_listener_,
               [this](const Database& first, const Database& second) {
                 note_flush(&first);
                 note_flush(&second);
               });
  listen_while(is_on(), host_->hooks().tick, tick_listener_,
               [this](int64_t now_ms) { on_tick(now_ms); });
  fit_to_limit();
  seen_cpu_ns_ = thread_cpu_ns();
  spent_ns_ = 0;
  info.reset();
}

// For CONFIG RESETSTAT, and when the option changes.
void CacheStatistics::forget() {
  if (host_ == nullptr) return;
  host_->keyspace().sampled_uses.tell();
  sample_.clear();
  removed_keys_.clear();
  ratio_.clear();
  big_bytes_ = 0;
  big_key_.clear();
  const Keyspace& keyspace = host_->keyspace();
  seen_hits_ = keyspace.stats.keyspace_hits;
  seen_misses_ = keyspace.stats.keyspace_misses;
  note_end();
}

void CacheStatistics::note_end() {
  host_->keyspace().sampled_uses.end = is_listening() ? sample_.end() : 0;
}

// --- What happens ---

void CacheStatistics::note_miss(const KeyEvent& miss) {
  const auto cause = removed_keys_.find(miss.database.ghost_hash(miss.hash));
  if (!cause) {
    ++cold_misses_;
    return;
  }
  switch (*cause) {
    case RemovalCause::expired:
      ++expired_misses_;
      break;
    case RemovalCause::evicted:
      ++evicted_misses_;
      break;
    case RemovalCause::deleted:
      ++deleted_misses_;
      break;
  }
}

void CacheStatistics::note_removal(const KeyRemoval& removal) {
  const int64_t now_ms = host_->keyspace().now_ms();
  SampledUses& uses = host_->keyspace().sampled_uses;
  if (uses.contains(removal.hash)) uses.tell();
  const KeySample::Name name{removal.database.ghost_hash(removal.hash),
                             static_cast<uint32_t>(removal.hash),
                             static_cast<uint16_t>(removal.database.index())};
  if (big_bytes_ != 0 && name.id == big_id_) big_bytes_ = 0;
  removed_keys_.put(name.id, removal.cause);
  const std::optional<KeySample::Life> life =
      sample_.removed(name, removal.cause, removal.entry.expiry_ms(), now_ms);
  // A hash may have lost its last field before its own time.
  if (removal.cause == RemovalCause::expired && removal.entry.is_expired(now_ms)) {
    record_ms(expiry_lag_ms_, now_ms - removal.entry.expiry_ms());
  }
  if (!life || removal.cause == RemovalCause::deleted) return;
  ++removed_;
  if (!life->was_read) ++removed_unread_;
  if (removal.cause != RemovalCause::evicted) return;
  record_ms(eviction_age_ms_, life->age_ms);
  record_ms(eviction_idle_ms_, life->idle_ms);
}

void CacheStatistics::note_uses(std::span<const SampledUse> uses) {
  untimed_ += std::ssize(uses);
  const bool is_timed = untimed_ >= kTimed;
  const int64_t began_ns = is_timed ? monotonic_ns() : 0;
  for (const SampledUse& use : uses) note_use(use);
  note_end();
  if (!is_timed) return;
  const int64_t mean_ns = (monotonic_ns() - began_ns) / std::ssize(uses);
  spent_ns_ += std::min(mean_ns, kMostUseNs) * std::exchange(untimed_, 0);
}

void CacheStatistics::note_use(const SampledUse& use) {
  const KeySample::Name name{use.id, use.rank, use.database};
  if (use.kind == SampledUse::Kind::peeked) return sample_.peeked(name, use.is_there, use.now_ms);
  if (!use.is_there) {
    if (use.kind == SampledUse::Kind::read) sample_.read(name, nullptr, use.now_ms);
    return;
  }
  const KeySample::State state{allocation_size(use.entry_bytes) + use.value_bytes + kSlotBytes,
                               use.expiry_ms};
  if (use.kind == SampledUse::Kind::read) {
    sample_.read(name, &state, use.now_ms);
  } else {
    sample_.written(name, state, use.now_ms);
  }
  note_size(use, state.bytes);
}

void CacheStatistics::note_size(const SampledUse& use, uint64_t bytes) {
  if (big_bytes_ != 0 && use.id == big_id_) {
    big_bytes_ = bytes < kBigKeyBytes ? 0 : bytes;
  } else if (bytes >= kBigKeyBytes && bytes > big_bytes_) {
    big_id_ = use.id;
    big_database_ = use.database;
    big_bytes_ = bytes;
    big_key_ = shown_key(use.name, use.database);
  }
}

void CacheStatistics::note_flush(const Database* database) {
  follow_counters();  // what was read before belongs to the sample that was
  if (database == nullptr || database->index() == big_database_) big_bytes_ = 0;
  if (database != nullptr && host_->keyspace().total_keys() > 0) {
    sample_.forget_database(static_cast<uint16_t>(database->index()));
  } else {
    // Nothing is left of what the sample was made for.
    sample_.clear();
    removed_keys_.clear();
  }
  note_end();
}

const KeySample& CacheStatistics::sample() {
  host_->keyspace().sampled_uses.tell();
  return sample_;
}

void CacheStatistics::follow_counters() {
  host_->keyspace().sampled_uses.tell();
  const KeyspaceStats& stats = host_->keyspace().stats;
  // CONFIG RESETSTAT may have set them back.
  const auto grown = [](uint64_t now, uint64_t& seen) {
    const uint64_t before = std::exchange(seen, now);
    return now >= before ? now - before : now;
  };
  const uint64_t hits = grown(stats.keyspace_hits, seen_hits_);
  const uint64_t misses = grown(stats.keyspace_misses, seen_misses_);
  sample_.count_reads(hits, misses);
  ratio_.add(now_seconds(), hits, misses);
}

void CacheStatistics::on_tick(int64_t now_ms) {
  follow_counters();
  fit_to_limit();
  const int64_t cpu_ns = thread_cpu_ns();
  const int64_t busy_ns = cpu_ns - std::exchange(seen_cpu_ns_, cpu_ns);
  spent_ns_ += host_->keyspace().sampled_uses.take_sizing_ns();
  sample_.tick(now_ms, {.busy_ns = busy_ns, .spent_ns = std::exchange(spent_ns_, 0)});
  note_end();
}

// What is kept about keys costs keys, so that a small cache gets small sketches.
void CacheStatistics::fit_to_limit() {
  // Of the limit: a fiftieth for both.
  constexpr size_t kSampleShare = 84;
  constexpr size_t kRemovedShare = 128;
  const Eviction& eviction = host_->keyspace().eviction;
  const size_t limit = eviction.has_limit() ? eviction.limit() : SIZE_MAX;
  sample_.set_most_keys(limit / kSampleShare / KeySample::kBytesPerKey);
  removed_keys_.set_most_bytes(limit / kRemovedShare);
}

double CacheStatistics::ratio_over(int64_t seconds) {
  if (!is_on()) return 0;
  follow_counters();
  return ratio_.over(seconds);
}

// --- What follows from it ---

double CacheStatistics::share_at(size_t bytes) const {
  // The server itself takes the same, whatever the size of the cache.
  const size_t base = host_->memory().startup();
  const size_t used = host_->keyspace().eviction.counted_memory();
  if (used <= base || bytes <= base) return 0;
  return static_cast<double>(bytes - base) / static_cast<double>(used - base);
}

std::vector<CacheStatistics::Prediction> CacheStatistics::predict() {
  follow_counters();
  const size_t used = host_->keyspace().eviction.counted_memory();
  std::vector<Prediction> predictions;
  for (int tenths = 1; tenths <= kTenths; tenths++) {
    const size_t bytes = used / 10 * static_cast<size_t>(tenths);
    predictions.push_back({bytes, sample_.hit_ratio_at(share_at(bytes))});
  }
  return predictions;
}

std::vector<Advice> CacheStatistics::advise() {
  follow_counters();
  const size_t used = host_->keyspace().eviction.counted_memory();
  CacheFacts facts;
  facts.cold_misses = cold_misses_;
  facts.expired_misses = expired_misses_;
  facts.evicted_misses = evicted_misses_;
  facts.deleted_misses = deleted_misses_;
  facts.known_reads = sample_.known_reads();
  facts.ratio_at_half = sample_.hit_ratio_at(share_at(used / 2));
  facts.ratio_now = sample_.hit_ratio_at(share_at(used));
  facts.ratio_at_double = sample_.hit_ratio_at(share_at(used * 2));
  facts.removed_keys = removed_;
  facts.removed_unread = removed_unread_;
  facts.expiry_lag_p99_ms = static_cast<int64_t>(expiry_lag_ms_.percentile(99));
  facts.used_bytes = used;
  KnownLoad load = ask_known_load(*host_);
  facts.measured_requests = load.measured_requests;
  facts.hot_keys = std::move(load.hot_keys);
  facts.big_keys = std::move(load.big_keys);
  // Without that module the sample knows of one.
  if (facts.big_keys.empty() && big_bytes_ != 0) facts.big_keys.push_back({big_key_, big_bytes_});
  for (const uint64_t id : host_->clients().slow()) {
    const Client* client = host_->clients().find(id);
    const size_t waiting = client->socket.queued_output().bytes();
    if (waiting < ClientList::kSlowBytes) continue;
    if (facts.slow_clients.size() == kMostSlowClients) break;
    facts.slow_clients.push_back({id, std::string(client->socket.peer_address()), waiting});
  }
  return larder::advise(facts);
}

}  // namespace larder
