// Options of eviction. What is not said here is said in eviction.h.
#pragma once

#include <array>
#include <limits>

#include "server/config/option.h"
#include "server/keyspace/eviction_policy.h"

namespace larder {

struct EvictionOptions : OptionGroup {
  EvictionOptions() : OptionGroup("Keys and memory") {}

  Option<EvictionPolicy> maxmemory_policy{
      *this,
      "maxmemory-policy",
      EvictionPolicy::noeviction,
      kPolicyNames,
      {.help =
           "What happens when maxmemory is reached. noeviction: commands that need memory are "
           "refused. allkeys-*: a key goes; volatile-*: a key that has an expiry goes. Which one, "
           "says the rest of the name: lru the one not used for the longest time, lfu the least "
           "used, random any, ttl the one that expires first, hybrid the one that is worth least "
           "by "
           "the time since its last use, how often it was used and its size, as learnt from keys "
           "that came back. For a cache we recommend allkeys-hybrid: it has fewer misses than the "
           "others."}};
  Option<int> maxmemory_samples{
      *this,
      "maxmemory-samples",
      5,
      {.min = 1,
       .max = std::numeric_limits<int>::max(),
       .help =
           "Among how many keys (and the best of those seen before) the one that goes is chosen; "
           "never fewer than two buckets of the table, some ten keys, and never more than 64."}};
  Option<int> maxmemory_eviction_tenacity{
      *this,
      "maxmemory-eviction-tenacity",
      10,
      {.max = 100,
       .help = "How long requests may wait for eviction: 50 microseconds a turn of the loop for "
               "each of "
               "the first ten steps, 15 % more for each further one; 100 sets no limit. What is "
               "left is "
               "done between requests."}};
  Option<int> lfu_log_factor{
      *this,
      "lfu-log-factor",
      10,
      {.max = std::numeric_limits<int>::max(),
       .help =
           "How slowly the counters of the lfu policies grow: at 10, some million uses reach the "
           "highest count of 255."}};
  Option<int> lfu_decay_time{
      *this,
      "lfu-decay-time",
      1,
      {.max = std::numeric_limits<int>::max(),
       .help = "Minutes after which the counter of a key that is not used loses one; 0: never."}};
  Option<int> hybrid_size_weight{
      *this,
      "hybrid-size-weight",
      50,
      {.max = 100,
       .help = "What size counts in the hybrid policies: 100 keeps as many keys as possible, for "
               "the most "
               "hits per request; 0 ignores sizes, for the most hits per byte."}};

  EvictionSettings settings() const {
    return {*maxmemory_policy, *maxmemory_samples,  *lfu_log_factor,
            *lfu_decay_time,   *hybrid_size_weight, *maxmemory_eviction_tenacity};
  }

 private:
  static constexpr std::array<EnumName<EvictionPolicy>, 10> kPolicyNames = {{
      {"volatile-lru", EvictionPolicy::volatile_lru},
      {"volatile-lfu", EvictionPolicy::volatile_lfu},
      {"volatile-random", EvictionPolicy::volatile_random},
      {"volatile-ttl", EvictionPolicy::volatile_ttl},
      {"allkeys-lru", EvictionPolicy::allkeys_lru},
      {"allkeys-lfu", EvictionPolicy::allkeys_lfu},
      {"allkeys-random", EvictionPolicy::allkeys_random},
      {"noeviction", EvictionPolicy::noeviction},
      {"allkeys-hybrid", EvictionPolicy::allkeys_hybrid},
      {"volatile-hybrid", EvictionPolicy::volatile_hybrid},
  }};
};

}  // namespace larder
