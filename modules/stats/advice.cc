#include "modules/stats/advice.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "server/base/numbers.h"
#include "server/base/text.h"

namespace larder {
namespace {

// So many reads, misses or keys must have been seen before they mean anything.
constexpr uint64_t kEnough = 100;
constexpr uint64_t kEnoughReads = 1000;
// In points of the hit ratio.
constexpr double kWorthwhileGain = 3;
constexpr double kHarmlessLoss = 0.5;
// In percent.
constexpr uint64_t kManyExpiredMisses = 20;
constexpr uint64_t kManyUnread = 50;
constexpr int64_t kLateExpiryMs = 1000;
// A key is hot with such a share of the requests or of the time, unless there is next to nothing to
// do.
constexpr double kHotPercent = 10;
constexpr double kLeastHotRequestsPerSecond = 10;
constexpr double kLeastHotUsPerSecond = 1000;

using List = std::vector<Advice>;

uint64_t percent(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : part * 100 / whole;
}

std::string number(double value) {
  return format_double(std::round(value * 10) / 10);
}

void look_at_size(const CacheFacts& facts, List& list) {
  if (facts.known_reads < kEnoughReads) return;
  const double gain = (facts.ratio_at_double - facts.ratio_now) * 100;
  const double loss = (facts.ratio_now - facts.ratio_at_half) * 100;
  if (facts.evicted_misses >= kEnough && gain >= kWorthwhileGain) {
    list.push_back(
        {"TOO_SMALL",
         "With twice the memory " + number(gain) +
             " more of 100 reads would hit; CACHE.MRC has the sizes between. Raise maxmemory.",
         std::lround(gain)});
  } else if (facts.ratio_now > 0 && loss < kHarmlessLoss) {
    list.push_back(
        {"TOO_LARGE",
         "With half the memory only " + number(std::max(loss, 0.0)) +
             " of 100 reads more would miss: " + format_bytes_human(facts.used_bytes / 2) +
             " could be had for something else.",
         static_cast<int64_t>(facts.used_bytes / 2)});
  }
}

void look_at_expiry(const CacheFacts& facts, List& list) {
  const uint64_t share = percent(facts.expired_misses, facts.misses());
  if (facts.expired_misses >= kEnough && share >= kManyExpiredMisses) {
    list.push_back(
        {"TTL_TOO_SHORT",
         std::to_string(share) +
             " % of the misses ask for keys that have expired. Where the data allows it, give "
             "them longer times to live.",
         static_cast<int64_t>(share)});
  }
  if (facts.expiry_lag_p99_ms >= kLateExpiryMs) {
    list.push_back(
        {"EXPIRY_LAGS",
         "One in a hundred expired keys keeps its memory for " +
             std::to_string(facts.expiry_lag_p99_ms) +
             " ms or more: more keys expire at a time than the server removes. Spread their "
             "times.",
         facts.expiry_lag_p99_ms});
  }
}

void look_at_unread_keys(const CacheFacts& facts, List& list) {
  const uint64_t share = percent(facts.removed_unread, facts.removed_keys);
  if (facts.removed_keys < kEnough || share < kManyUnread) return;
  list.push_back(
      {"NEVER_READ",
       std::to_string(share) +
           " % of the keys that were evicted or have expired had never been read. Do not write "
           "them, or give them short times to live.",
       static_cast<int64_t>(share)});
}

void look_at_big_keys(const CacheFacts& facts, List& list) {
  for (const CacheFacts::BigKey& key : facts.big_keys) {
    if (key.bytes < kBigKeyBytes) continue;
    list.push_back({"BIG_KEY",
                    "The key " + key.name + " takes " + format_bytes_human(key.bytes) +
                        ". Split it, or compress what is in it: others wait while it is sent.",
                    static_cast<int64_t>(key.bytes)});
  }
}

void look_at_hot_keys(const CacheFacts& facts, List& list) {
  if (facts.measured_requests < kEnoughReads) return;
  for (const CacheFacts::HotKey& key : facts.hot_keys) {
    const bool is_often = key.requests_percent >= kHotPercent &&
                          key.requests_per_second >= kLeastHotRequestsPerSecond;
    const bool is_long =
        key.time_percent >= kHotPercent && key.us_per_second >= kLeastHotUsPerSecond;
    if (!is_often && !is_long) continue;
    list.push_back({"HOT_KEY",
                    "The key " + key.name + " takes " + number(key.requests_percent) +
                        " % of the requests and " + number(key.time_percent) +
                        " % of the time of all commands. Let clients keep a copy (CLIENT "
                        "TRACKING), or spread it over several keys.",
                    std::lround(std::max(key.requests_percent, key.time_percent))});
  }
}

void look_at_clients(const CacheFacts& facts, List& list) {
  for (const CacheFacts::SlowClient& client : facts.slow_clients) {
    list.push_back({"SLOW_CLIENT",
                    "The client with id " + std::to_string(client.id) + " at " + client.address +
                        " has not read " + format_bytes_human(client.waiting_bytes) +
                        " of its replies.",
                    static_cast<int64_t>(client.waiting_bytes)});
  }
}

constexpr std::array kLooks = {look_at_size,     look_at_expiry,   look_at_unread_keys,
                               look_at_hot_keys, look_at_big_keys, look_at_clients};

}  // namespace

std::vector<Advice> advise(const CacheFacts& facts) {
  List list;
  for (const auto look : kLooks) look(facts, list);
  return list;
}

}  // namespace larder
