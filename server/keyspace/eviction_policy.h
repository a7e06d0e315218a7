// What goes when memory is full: the policies by their names, and what each has to know of a key.
#pragma once

#include <cstdint>

namespace larder {

enum class EvictionPolicy : uint8_t {
  volatile_lru,
  volatile_lfu,
  volatile_random,
  volatile_ttl,
  allkeys_lru,
  allkeys_lfu,
  allkeys_random,
  noeviction,
  allkeys_hybrid,
  volatile_hybrid
};

// What a policy keeps in the 16 bits that a slot has for it; see eviction_word.h.
enum class UsageKind : uint8_t { idle_time, recency, frequency, hybrid };

constexpr UsageKind usage_kind(EvictionPolicy policy) {
  switch (policy) {
    case EvictionPolicy::volatile_lru:
    case EvictionPolicy::allkeys_lru:
      return UsageKind::recency;
    case EvictionPolicy::volatile_lfu:
    case EvictionPolicy::allkeys_lfu:
      return UsageKind::frequency;
    case EvictionPolicy::allkeys_hybrid:
    case EvictionPolicy::volatile_hybrid:
      return UsageKind::hybrid;
    default:
      return UsageKind::idle_time;
  }
}

// Whether only keys that have an expiry may go.
constexpr bool is_volatile(EvictionPolicy policy) {
  switch (policy) {
    case EvictionPolicy::volatile_lru:
    case EvictionPolicy::volatile_lfu:
    case EvictionPolicy::volatile_random:
    case EvictionPolicy::volatile_ttl:
    case EvictionPolicy::volatile_hybrid:
      return true;
    default:
      return false;
  }
}

// How policies work; the options of the same names (eviction_options.h) say what each means.
struct EvictionSettings {
  EvictionPolicy policy = EvictionPolicy::noeviction;
  int samples = 5;
  int lfu_log_factor = 10;
  int lfu_decay_minutes = 1;
  int size_weight = 50;
  int tenacity = 10;
};

}  // namespace larder
