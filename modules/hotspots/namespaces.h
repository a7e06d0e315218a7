// Which prefixes of keys are heavy: "user:" of "user:7:name" where the delimiter is ":".
//
// Two tables that have prefixes for names. The one of load gets the requests that were measured; it
// keeps counts that grow, as INFO's do, and decides by fading weights which prefixes it keeps. The
// one of memory comes from a walk over the keys, a few hundred at a time, that begins again when
// something has changed: keys lie in the order of their hashes, which is chance, so a part of the
// walk is a sample. After kWindow keys, or all there are, what was seen becomes what is shown, and
// the next window begins. With up to kWindow keys figures are those of the last round; of more, a
// prefix that has a hundredth of all keys is within 8 % (two standard deviations).
//
// Memory: two tables of kCapacity, and while the walk goes on a third.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "modules/hotspots/big_keys.h"
#include "modules/hotspots/heavy_hitters.h"
#include "modules/hotspots/load.h"
#include "server/keyspace/keyspace.h"

namespace larder {

class Namespaces {
 public:
  static constexpr size_t kCapacity = 256;
  static constexpr size_t kWindow = 65'536;

  struct Report {
    std::string_view prefix;  // valid until the next change
    double keys = 0;
    double bytes = 0;
    Load load{};
    double evictions = 0;
    double load_share = 0;    // of requests, time and bytes alike, of late
    double memory_share = 0;  // of the bytes of all keys
  };

  // An empty delimiter: there are no prefixes.
  explicit Namespaces(std::string delimiter, uint64_t seed);

  // The key's part up to the delimiter and with it; empty if it has none.
  std::string_view prefix_of(std::string_view key) const;
  // A key was used. `weight`: of the load, in a unit that may grow (Fading).
  void add(std::string_view key, const Load& load, double weight);
  void add_eviction(std::string_view key, double times);
  void scale(double factor) { load_.scale(factor); }

  // One step of the walk: looks at some hundred keys. Does nothing while nothing has changed since
  // it was at its end. `big_keys` is offered what it sees, and refreshed before.
  void walk(Keyspace& keyspace, BigKeys& big_keys);
  // Up to `count` prefixes, the heaviest first: by their share of the load or of the memory,
  // whichever is larger.
  std::vector<Report> heaviest(size_t count, const Keyspace& keyspace) const;
  size_t memory() const;

 private:
  struct Served {
    Load load;  // does not fade
    double evictions = 0;
    void scale(double) {}
  };
  struct Stored {
    double keys = 0;
    double bytes = 0;
    void scale(double) {}
  };
  // What a part of the walk has seen.
  struct Window {
    explicit Window(uint64_t seed) : prefixes(kCapacity, seed) {}
    HeavyHitters<Stored> prefixes;
    double keys = 0;
    double bytes = 0;
  };

  bool begin_window(const Keyspace& keyspace);
  bool walk_in_order(Keyspace& keyspace, BigKeys& big_keys);
  bool walk_sample(Keyspace& keyspace, BigKeys& big_keys);
  bool look_at_bucket(Keyspace& keyspace, size_t index, BigKeys& big_keys);
  void see(const Entry& entry, size_t entry_bytes);

  std::string delimiter_;
  uint64_t seed_;
  HeavyHitters<Served> load_;
  std::unique_ptr<Window> window_;  // the one that is being filled
  std::unique_ptr<Window> shown_;
  Random random_;
  // A window of all keys goes through one database after the other; one of a sample through all at
  // a time.
  bool is_whole_ = true;
  size_t database_ = 0;
  std::vector<uint64_t> positions_;  // by database
  // To notice that nothing has changed since all was seen.
  uint64_t changes_ = 0;
  size_t keys_ = 0;
  size_t seen_since_change_ = 0;
};

}  // namespace larder
