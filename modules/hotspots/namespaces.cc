#include "modules/hotspots/namespaces.h"

#include <algorithm>
#include <unordered_map>

#include "server/base/hash.h"

namespace larder {
namespace {

// How many buckets of the table a step of the walk looks at, with five keys each or so: some 30
// microseconds where all of them have to come from memory.
constexpr size_t kBucketsPerStep = 64;

}  // namespace

Namespaces::Namespaces(std::string delimiter, uint64_t seed)
    : delimiter_(std::move(delimiter)), seed_(seed), load_(kCapacity, seed), random_(seed) {}

std::string_view Namespaces::prefix_of(std::string_view key) const {
  if (delimiter_.empty()) return {};
  const size_t at = key.find(delimiter_);
  return at == std::string_view::npos ? std::string_view() : key.substr(0, at + delimiter_.size());
}

void Namespaces::add(std::string_view key, const Load& load, double weight) {
  if (delimiter_.empty()) return;
  const std::string_view prefix = prefix_of(key);
  auto* entry = load_.add(prefix, hash_bytes(prefix), weight);
  if (entry != nullptr) entry->figures.load.add(load, 1);
}

void Namespaces::add_eviction(std::string_view key, double times) {
  if (delimiter_.empty()) return;
  if (auto* entry = load_.find(hash_bytes(prefix_of(key)))) entry->figures.evictions += times;
}

// --- The walk ---

void Namespaces::walk(Keyspace& keyspace, BigKeys& big_keys) {
  // A sample of what is not large any more would go round for long, and show what is gone.
  if (window_ != nullptr && !is_whole_ && keyspace.total_keys() <= kWindow) window_.reset();
  if (window_ == nullptr) {
    if (!begin_window(keyspace)) return;
    big_keys.refresh(keyspace);  // makes room where keys are gone, for what the window will see
  }
  const bool is_at_end =
      is_whole_ ? walk_in_order(keyspace, big_keys) : walk_sample(keyspace, big_keys);
  // Also of all keys there may be more than there were when the window began.
  if (!is_at_end && window_->keys < static_cast<double>(kWindow)) return;
  shown_ = std::move(window_);
}

// Goes on through one database after the other; returns whether all are done.
bool Namespaces::walk_in_order(Keyspace& keyspace, BigKeys& big_keys) {
  for (size_t i = 0; i < kBucketsPerStep; i++) {
    if (!look_at_bucket(keyspace, database_, big_keys)) continue;
    if (++database_ == keyspace.database_count()) return true;
  }
  return false;
}

// Divides the buckets of the step among the databases by their keys, so that the window is a sample
// of all. Returns false: there is no end.
bool Namespaces::walk_sample(Keyspace& keyspace, BigKeys& big_keys) {
  const size_t stride = std::max<size_t>(keyspace.total_keys() / kBucketsPerStep, 1);
  size_t next = random_.below(stride);
  size_t end = 0;
  for (size_t i = 0; i < keyspace.database_count(); i++) {
    end += keyspace.database(i).size();
    for (; next < end; next += stride) look_at_bucket(keyspace, i, big_keys);
  }
  return false;
}

// The next bucket of the database; returns whether it was the last one.
bool Namespaces::look_at_bucket(Keyspace& keyspace, size_t index, BigKeys& big_keys) {
  const Database& database = keyspace.database(index);
  uint64_t& position = positions_[index];
  position = database.scan(position, [&](const Entry& entry) {
    if (entry.is_expired(keyspace.now_ms())) return;
    const size_t bytes = memory_of(entry);
    see(entry, bytes);
    big_keys.offer(database, entry, bytes);
  });
  return position == 0;
}

// Returns false where there is nothing new to see.
bool Namespaces::begin_window(const Keyspace& keyspace) {
  const size_t keys = keyspace.total_keys();
  if (changes_ != keyspace.changes() || keys_ != keys) seen_since_change_ = 0;
  changes_ = keyspace.changes();
  keys_ = keys;
  is_whole_ = keys <= kWindow;
  // Of many keys each is seen once in a round, but a round is not walked in order.
  if (shown_ != nullptr && seen_since_change_ >= (is_whole_ ? keys : 2 * keys)) return false;
  window_ = std::make_unique<Window>(seed_);
  positions_.resize(keyspace.database_count(), 0);
  if (!is_whole_) return true;
  std::ranges::fill(positions_, 0);
  database_ = 0;
  return true;
}

void Namespaces::see(const Entry& entry, size_t entry_bytes) {
  seen_since_change_++;
  const auto bytes = static_cast<double>(entry_bytes);
  window_->keys++;
  window_->bytes += bytes;
  const std::string_view prefix = prefix_of(entry.key());
  // Keys and bytes count alike.
  const double weight = 1 + bytes * window_->keys / window_->bytes;
  auto* kept = window_->prefixes.add(prefix, hash_bytes(prefix), weight);
  if (kept == nullptr) return;
  kept->figures.keys++;
  kept->figures.bytes += bytes;
}

// --- Reports ---

std::vector<Namespaces::Report> Namespaces::heaviest(size_t count, const Keyspace& keyspace) const {
  std::vector<Report> reports;
  if (delimiter_.empty()) return reports;
  std::unordered_map<uint64_t, size_t> places;
  for (const auto& entry : load_.entries()) {
    places.emplace(entry.hash, reports.size());
    reports.push_back({.prefix = entry.name,
                       .load = entry.figures.load,
                       .evictions = entry.figures.evictions,
                       .load_share = load_.total() > 0 ? entry.count / load_.total() : 0});
  }
  if (shown_ != nullptr && shown_->keys > 0) {
    // From the sample to all keys, as many as there are now.
    const double times = static_cast<double>(keyspace.total_keys()) / shown_->keys;
    for (const auto& entry : shown_->prefixes.entries()) {
      const auto [place, is_new] = places.emplace(entry.hash, reports.size());
      if (is_new) reports.push_back({.prefix = entry.name});
      Report& report = reports[place->second];
      report.keys = entry.figures.keys * times;
      report.bytes = entry.figures.bytes * times;
      report.memory_share = entry.figures.bytes / shown_->bytes;
    }
  }
  const auto share = [](const Report& report) {
    return std::max(report.load_share, report.memory_share);
  };
  std::ranges::sort(reports, [&](const Report& left, const Report& right) {
    const double difference = share(left) - share(right);
    return difference != 0 ? difference > 0 : left.prefix < right.prefix;
  });
  if (reports.size() > count) reports.resize(count);
  return reports;
}

size_t Namespaces::memory() const {
  size_t bytes = sizeof(*this) + load_.memory();
  for (const Window* window : {window_.get(), shown_.get()}) {
    if (window != nullptr) bytes += sizeof(Window) + window->prefixes.memory();
  }
  return bytes;
}

}  // namespace larder
