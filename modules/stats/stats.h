// Why reads miss, and what the cache would do at another size: INFO cache, CACHE.MRC, CACHE.ADVISE.
//
// Three feeds, all of them nothing while `cache-stats` is off: each miss and each removed key (a
// sketch of removed keys tells why a miss is one), uses of a sample of all keys (KeySample), which
// come many at a time, and the counters of hits and misses, looked at on each tick. Between them a
// GET that hits costs a comparison. What is kept is bounded: some 3 MB for the largest caches, a
// 50th of a small `maxmemory`.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "modules/stats/advice.h"
#include "modules/stats/hit_ratio.h"
#include "modules/stats/key_sample.h"
#include "modules/stats/removed_keys.h"
#include "server/module/module.h"

namespace larder {

class CacheStatistics final : public Module {
 public:
  CacheStatistics();
  std::vector<CommandFamily> commands() const override;
  void start(Host& host) override;

  bool is_on() const { return enabled_.get(); }
  struct Prediction {
    size_t bytes;  // as maxmemory counts them
    double hit_ratio;
  };
  // From a tenth of the present size to twice as much.
  std::vector<Prediction> predict();
  std::vector<Advice> advise();

 private:
  void follow_option();
  bool is_listening() const { return tick_listener_ != 0; }
  void forget();
  void note_miss(const KeyEvent& miss);
  void note_removal(const KeyRemoval& removal);
  void note_uses(std::span<const SampledUse> uses);
  void note_use(const SampledUse& use);
  void note_size(const SampledUse& use, uint64_t bytes);
  void note_flush(const Database* database);
  void follow_counters();
  void on_tick(int64_t now_ms);
  void fit_to_limit();
  void note_end();
  // The sample, with all that has happened until now.
  const KeySample& sample();
  // The part of the present data that fits when the server may use so many bytes.
  double share_at(size_t bytes) const;

  Option<bool> enabled_{
      options,
      "cache-stats",
      true,
      {.help =
           "Finds out why reads miss, how old keys are when they are evicted, and what a cache of "
           "another size would do: INFO cache, CACHE.MRC and CACHE.ADVISE. Takes up to 3 MB, "
           "or a 50th of a small maxmemory, and less than a hundredth of the server's time."}};

  Field on_{info, "cache_stats", [this] { return is_on(); }};
  Field ratio_1m_{info, "cache_hit_ratio_1m", [this] { return ratio_over(60); }, 4};
  Field ratio_10m_{info, "cache_hit_ratio_10m", [this] { return ratio_over(600); }, 4};
  Field ratio_60m_{info, "cache_hit_ratio_60m", [this] { return ratio_over(3600); }, 4};
  Counter cold_misses_{info, "cache_misses_cold"};
  Counter expired_misses_{info, "cache_misses_expired"};
  Counter evicted_misses_{info, "cache_misses_evicted"};
  Counter deleted_misses_{info, "cache_misses_deleted"};
  HistogramField eviction_age_ms_{info, "cache_eviction_age_ms"};
  HistogramField eviction_idle_ms_{info, "cache_eviction_idle_ms"};
  HistogramField expiry_lag_ms_{info, "cache_expiry_lag_ms"};
  Field lag_p99_{info, "cache_expiry_lag_p99_ms", [this] { return expiry_lag_ms_.percentile(99); }};
  Field unread_{info, "cache_keys_never_read", [this] { return sample().unread_keys(); }};
  // Of the keys of the sample.
  Counter removed_{info, "cache_removed_sampled"};
  Counter removed_unread_{info, "cache_removed_never_read"};
  Field sampled_{info, "cache_sampled_keys", [this] { return sample().size(); }};
  Field sampling_{info, "cache_sampling_ratio",
                  [this] { return 1 / sample().scale(); }, 6};
  Field known_{info, "cache_removed_keys_known", [this] { return removed_keys_.size(); }};
  Field memory_{info, "cache_stats_bytes",
                [this] { return sample().memory() + removed_keys_.memory(); }};
  double ratio_over(int64_t seconds);

  Host* host_ = nullptr;
  KeySample sample_;
  RemovedKeys removed_keys_;
  HitRatio ratio_;
  // What uses of the sample have cost since the last tick, and how many there were since some were timed.
  int64_t spent_ns_ = 0;
  int64_t untimed_ = 0;
  int64_t seen_cpu_ns_ = 0;  // on the last tick
  // The counters of the keyspace when they were last looked at.
  uint64_t seen_hits_ = 0;
  uint64_t seen_misses_ = 0;
  // The largest key of the sample that is there; no bytes: none is big.
  uint64_t big_id_ = 0;
  uint16_t big_database_ = 0;
  std::string big_key_;  // as it is shown
  uint64_t big_bytes_ = 0;

  // Numbers of listeners; 0: not listening.
  uint64_t miss_listener_ = 0;
  uint64_t removal_listener_ = 0;
  uint64_t use_listener_ = 0;
  uint64_t flush_listener_ = 0;
  uint64_t swap_listener_ = 0;
  uint64_t tick_listener_ = 0;
};

// The table of commands.cc.
std::vector<CommandFamily> cache_commands();

}  // namespace larder
