// CACHE.ADVISE: what the figures say, in words. To add an advice: a function of advice.cc and its
// line in the list there; what it needs to know is a member of CacheFacts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace larder {

struct CacheFacts {
  // Misses by their cause, and how many reads the predictions rest on.
  uint64_t cold_misses = 0;
  uint64_t expired_misses = 0;
  uint64_t evicted_misses = 0;
  uint64_t deleted_misses = 0;
  uint64_t known_reads = 0;
  // Predicted hit ratios at half the present size, at it, and at twice as much.
  double ratio_at_half = 0;
  double ratio_now = 0;
  double ratio_at_double = 0;
  // Keys that were evicted or have expired, and those of them that nobody had ever read.
  uint64_t removed_keys = 0;
  uint64_t removed_unread = 0;
  int64_t expiry_lag_p99_ms = 0;
  size_t used_bytes = 0;
  // Names of keys are in quotes, as they are shown.
  struct BigKey {
    std::string name;
    size_t bytes;
  };
  std::vector<BigKey> big_keys;  // the largest that are known
  struct HotKey {
    std::string name;
    double requests_percent;
    double requests_per_second;
    double time_percent;  // of the time that commands take
    double us_per_second;
  };
  std::vector<HotKey> hot_keys;    // those that cost most of late
  uint64_t measured_requests = 0;  // that their shares rest on
  struct SlowClient {
    uint64_t id;
    std::string address;
    size_t waiting_bytes;
  };
  std::vector<SlowClient> slow_clients;  // whose output waits to be read

  uint64_t misses() const { return cold_misses + expired_misses + evicted_misses + deleted_misses; }
};

struct Advice {
  std::string_view code;  // "TOO_SMALL"
  std::string text;
  int64_t value;  // the figure that it is about; its unit is in the text
};

// From which size on a key counts as big.
inline constexpr size_t kBigKeyBytes = size_t{1} << 20;

// The most useful first; empty: nothing to say.
std::vector<Advice> advise(const CacheFacts& facts);

}  // namespace larder
