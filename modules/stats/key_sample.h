// What becomes of a sample of all keys: how deep in the order of their last use they are read, how
// old they are when they are evicted, and whether anybody reads them at all.
//
// The sample is a part of all keys, by their hash, so that each key is in it with all its uses or
// with none (SHARDS: Waldspurger et al., "Efficient MRC Construction with SHARDS", FAST 2015, in
// its form of fixed size). It begins with all keys, and the part becomes smaller whenever there are
// more than 8192 of them, or they cost more time than they may; when both are far from it, a finer
// sample begins.
// Keys that were evicted stay in it as far as a cache of 2.2 times the size would still have them.
// Some 100 bytes a key: less than 1 MB.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "modules/stats/recency_stack.h"
#include "server/info/histogram.h"
#include "server/keyspace/key_event.h"

namespace larder {

class KeySample {
 public:
  static constexpr size_t kMostKeys = 8192;
  static constexpr size_t kFewestKeys = 64;
  // At most about so many, with all that belongs to it.
  static constexpr size_t kBytesPerKey = 104;
  // The part of the server's own time that may be spent on it, in the long run.
  static constexpr int64_t kTimeShare = 400;
  // How much may be spent at once by one that is new, so that a few million requests are enough for a
  // good prediction.
  static constexpr int64_t kMostAtOnceNs = 100'000'000;
  // How much more than that may have been spent before something is done about it: what a few uses seem
  // to take when the thread has to wait for its processor.
  static constexpr int64_t kMostDebtNs = 5'000'000;

  // A key, and what of its hash decides whether it is in the sample.
  struct Name {
    uint64_t id;
    uint32_t rank;
    uint16_t database;
  };
  // Of a key that is there.
  struct State {
    uint64_t bytes;
    int64_t expiry_ms;  // below 0: none
  };

  explicit KeySample(size_t most_keys = kMostKeys) : most_keys_(most_keys) {}
  // Between kFewestKeys and kMostKeys; what there are more goes with the next key that comes.
  void set_most_keys(size_t count) { most_keys_ = std::clamp(count, kFewestKeys, kMostKeys); }

  // Ranks below this are in the sample.
  uint64_t end() const { return end_; }
  // How many keys each of the sample stands for.
  double scale() const { return static_cast<double>(kRanks) / static_cast<double>(end_); }

  // nullptr: it is not there.
  void read(const Name& name, const State* state, int64_t now_ms);
  // A read that asks about the key only: it is a hit or a miss at any size, and no use.
  void peeked(const Name& name, bool is_there, int64_t now_ms);
  void written(const Name& name, const State& state, int64_t now_ms);
  // How it had lived, if that is known from its beginning.
  struct Life {
    int64_t age_ms;   // since it came to life
    int64_t idle_ms;  // since it was last read or written
    bool was_read;
  };
  std::optional<Life> removed(const Name& name, RemovalCause cause, int64_t expiry_ms,
                              int64_t now_ms);
  // Everything that was in the database is gone or elsewhere.
  void forget_database(uint16_t database);
  // Some ten times a second. For how long the server has worked since the last call, and how much of
  // it went into what was told here.
  struct Time {
    int64_t busy_ns;
    int64_t spent_ns;
  };
  void tick(int64_t now_ms, Time time);
  void clear();

  // --- What would be with another size ---
  // So many reads have found something and nothing, of all keys.
  void count_reads(uint64_t hits, uint64_t misses) {
    all_hits_ += static_cast<double>(hits);
    all_misses_ += static_cast<double>(misses);
    considered_reads_ += hits + misses;
  }
  // The part of the reads that a cache of so many times the present size would have answered, if it
  // let the least recently used go. An estimate, for sizes up to 2.
  double hit_ratio_at(double size) const;
  // How many reads the estimate rests on.
  uint64_t known_reads() const { return static_cast<uint64_t>(known_hits() + known_misses()); }

  // --- What is known of them ---
  size_t size() const { return count_; }
  // Keys that are there and have never been read since they were written, in all; an estimate.
  uint64_t unread_keys() const;
  size_t memory() const;

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  // So many times the present size are looked at.
  static constexpr double kDepth = 2.2;
  // What was long ago counts half as much every so often.
  static constexpr int64_t kHalfLifeMs = 3'600'000;
  static constexpr uint64_t kRanks = uint64_t{1} << 32;
  static constexpr uint64_t kLeastEnd = 1024;
  // Histograms count a read as so many, because one of the sample stands for 1.3 or 17.8 of all.
  static constexpr uint64_t kReadUnits = 256;

  struct Record {
    uint64_t id;
    uint32_t rank;
    uint16_t database;
    bool is_used : 1;   // the record holds a key
    bool is_there : 1;  // the key is in the cache, not only in larger ones
    bool was_read : 1;
    int64_t born_ms;  // 0: before anything was known of it
    int64_t used_ms;
    int64_t expiry_ms;
  };

  uint32_t count_read(const Name& name, bool is_there, int64_t now_ms);
  uint32_t find(uint64_t id) const;
  uint32_t insert(const Name& name);
  uint32_t add(const Record& record);
  uint32_t take_record();
  void enter(uint32_t number);
  void erase(uint32_t number);
  static double reads_of(uint64_t units) { return static_cast<double>(units) / kReadUnits; }
  // What the sample says of all reads.
  double known_hits() const { return reads_of(hit_depths_.count()); }
  double known_misses() const { return reads_of(miss_depths_.count()) + far_misses_; }
  size_t place_of(uint64_t id) const { return (id >> 32) & (table_.size() - 1); }
  void grow_table();
  uint64_t counted_bytes(uint64_t bytes) const;
  void use(uint32_t number, const State& state, int64_t now_ms);
  void set_there(Record& record, uint32_t number, bool is_there);
  void make_room();
  void drop_deep();
  void coarsen(double part);
  void move_together();
  void consider_finer(int64_t now_ms, Time time);

  size_t most_keys_;
  uint64_t end_ = kRanks;
  std::vector<Record> records_;
  std::vector<uint32_t> free_;
  std::vector<uint32_t> table_;  // numbers of records + 1; open addressing, at most half full
  size_t count_ = 0;
  RecencyStack stack_;
  uint64_t there_bytes_ = 0;  // of the keys that are there

  // How large the whole cache has to be for a read to find something: those that did, and those that
  // did not. In units.
  Histogram hit_depths_;
  Histogram miss_depths_;
  double far_misses_ = 0;  // that are misses at any size
  // Hits of keys that were there before anything was known of them: they say nothing.
  double unknown_hits_ = 0;
  double all_hits_ = 0;
  double all_misses_ = 0;
  int64_t left_ns_ = kMostAtOnceNs;  // that may be spent
  int64_t halved_ms_ = 0;
  // Since when, and what has happened since then: whether a finer sample could be afforded.
  int64_t considered_ms_ = 0;
  uint64_t considered_reads_ = 0;
  Time considered_time_{};
};

}  // namespace larder
