// CACHE.MRC and CACHE.ADVISE.
#include <cmath>

#include "modules/stats/stats.h"
#include "server/base/errors.h"

namespace larder {
namespace {

// CACHE.MRC
Status mrc(Context& ctx) {
  CacheStatistics& stats = ctx.owner<CacheStatistics>();
  if (!stats.is_on()) return errors::cache_stats_are_off();
  const auto predictions = stats.predict();
  ctx.reply.array(predictions.size());
  for (const CacheStatistics::Prediction& prediction : predictions) {
    ctx.reply.array(2);
    ctx.reply.integer(static_cast<int64_t>(prediction.bytes));
    ctx.reply.number(std::round(prediction.hit_ratio * 10'000) / 10'000);
  }
  return ok;
}

// CACHE.ADVISE
Status advise(Context& ctx) {
  CacheStatistics& stats = ctx.owner<CacheStatistics>();
  if (!stats.is_on()) return errors::cache_stats_are_off();
  const auto list = stats.advise();
  ctx.reply.array(list.size());
  for (const Advice& advice : list) {
    ctx.reply.array(3);
    ctx.reply.bulk(advice.code);
    ctx.reply.bulk(advice.text);
    ctx.reply.integer(advice.value);
  }
  return ok;
}

constexpr uint64_t kReport =
    kAdmin | kNoScript | kLoading | kStale | kNondeterministic | kAllShards | kSpecialResponse;

constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"cache.advise", advise, 1, kReport, no_keys(), "7.2.0",
     "O(N) where N is the number of clients", "",
     "Returns what the figures about the cache say could be better."},
    {"cache.mrc", mrc, 1, kReport, no_keys(), "7.2.0", "O(1)", "",
     "Returns the hit ratios that caches of other sizes would have, if they evicted by LRU."},
};

}  // namespace

std::vector<CommandFamily> cache_commands() {
  return {{"server", kCommands}};
}

}  // namespace larder
