// CLIENT BATCH: what is pushed to a client is gathered until there are so many messages or the
// first of them has waited so long, and then leaves in one write.
//
// The pushes lie in the client's output from the beginning, behind everything that was queued
// before: when the client sends a request meanwhile, they leave with its reply and in front of it,
// as they would have without batches. Only the write is put off.
//
// While the news that a key has changed lies there, and nothing was queued behind it but other
// pushes, the same key is not told again: when the client reads the first news, it has to forget
// whatever it knew of the key before that.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "server/background/background_work.h"
#include "server/base/hash.h"
#include "server/clients/invalidation.h"
#include "server/clients/pushes.h"

namespace larder {

struct PushBatchRules {
  static constexpr size_t kUsualSize = 100;
  static constexpr size_t kMostSize = 1'000'000;
  static constexpr int64_t kUsualIntervalMs = 10;
  static constexpr int64_t kMostIntervalMs = 60'000;

  size_t size = kUsualSize;
  int64_t interval_ms = kUsualIntervalMs;
};

struct PushBatchStats {
  uint64_t batches = 0;
  uint64_t messages = 0;  // that were gathered
  uint64_t merged = 0;    // keys that were not told again
};

class PushBatches final : public BackgroundTask {
 public:
  PushBatches();
  ~PushBatches();
  PushBatches(const PushBatches&) = delete;
  PushBatches& operator=(const PushBatches&) = delete;

  // Begins to gather for the client, or goes on by other rules.
  void begin(Client& client, const PushBatchRules& rules);
  // What was gathered leaves.
  void end(Client& client);
  size_t clients() const { return gatherers_.size(); }
  const PushBatchStats& stats() const { return stats_; }
  void reset_stats() { stats_ = {}; }

  // Lets those go whose time has come.
  void run(Deadline deadline) override;

 private:
  class Gatherer;
  using Due = std::pair<int64_t, Gatherer*>;  // by monotonic_us()

  void set_due(Gatherer& gatherer, int64_t at_us);
  void plan_next() { plan(dues_.empty() ? kNever : dues_.begin()->first); }

  std::unordered_map<uint64_t, std::unique_ptr<Gatherer>> gatherers_;  // by the client's id
  std::set<Due> dues_;
  PushBatchStats stats_;
};

}  // namespace larder
