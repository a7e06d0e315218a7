// All databases, and what is common to them: the time that commands see, the statistics, the listeners,
// and the rules about keys that have expired.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "server/base/clock.h"
#include "server/base/hook.h"
#include "server/base/random.h"
#include "server/info/info.h"
#include "server/keyspace/database.h"
#include "server/keyspace/disposal.h"
#include "server/keyspace/eviction.h"
#include "server/keyspace/key_event.h"
#include "server/keyspace/key_usage.h"
#include "server/keyspace/sampled_uses.h"

namespace larder {

// How a look-up counts. Redis's rule: commands that read count hits and misses, those that write do not,
// and commands that ask about the key and not for its value do not make it look used.
enum class Lookup { read, peek, write, silent };

struct KeyspaceStats : InfoGroup {
  KeyspaceStats() : InfoGroup("Stats") {}
  Counter expired_keys{*this, "expired_keys"};
  Counter expired_subkeys{*this, "expired_subkeys"};  // fields of hashes
  // Slices of expiry that ended before their work did, and the time that all slices took.
  Counter cut_expiry_slices{*this, "expired_time_cap_reached_count"};
  uint64_t expiry_us = 0;
  Field expiry_ms{*this, "expire_cycle_cpu_milliseconds", InfoKind::count,
                  [this] { return expiry_us / 1000; }};
  Counter keyspace_hits{*this, "keyspace_hits"};
  Counter keyspace_misses{*this, "keyspace_misses"};
};

class Keyspace {
 public:
  explicit Keyspace(size_t database_count);
  Keyspace(const Keyspace&) = delete;
  Keyspace& operator=(const Keyspace&) = delete;

  size_t database_count() const { return databases_.size(); }
  Database& database(size_t index) { return *databases_[index]; }

  // Milliseconds since 1970, the same for a whole batch of requests.
  int64_t now_ms() const { return now_ms_; }
  void set_now_ms(int64_t now_ms) {
    now_ms_ = now_ms;
    usage.set_now_ms(now_ms);
  }

  // The slot of a key that is alive, or nullptr. A key found expired is removed. Valid until the next
  // insertion or removal in the database.
  Database::Slot* find(Database& database, const Key& key, Lookup lookup) {
    Database::Slot* slot = database.find(key);
    if (slot != nullptr && slot->get()->is_expired(now_ms_)) [[unlikely]] {
      expire(database, key, slot);
      slot = nullptr;
    }
    if (slot != nullptr && (lookup == Lookup::read || lookup == Lookup::write)) {
      usage.touch(*slot);
    }
    if (lookup == Lookup::read || lookup == Lookup::peek) {
      slot != nullptr ? static_cast<void>(++stats.keyspace_hits) : missed(database, key);
      if (sampled_uses.contains(key.hash)) [[unlikely]] {
        const bool is_use = lookup == Lookup::read;
        note_use(is_use ? SampledUse::Kind::read : SampledUse::Kind::peeked, database, key, slot);
      }
    }
    return slot;
  }

  // Removes a key that was found expired.
  void expire(Database& database, const Key& key, Database::Slot* slot);
  // Removes a key; returns whether it was there. The caller says why by `event`.
  bool remove(Database& database, const Key& key, std::string_view event);
  // Sets an expiry, or with one in the past removes the key ("del"), as EXPIRE and its kin do.
  void set_expiry(Database& database, const Key& key, Database::Slot* slot, int64_t expiry_ms);
  // Gives the entry in `slot`, found for `from`, another name, another database, or both. Its value and
  // its expiry go along, nothing is copied. There must be no key `to` in the target.
  struct Relocation {
    Database& source;
    Key from;
    Database& target;
    Key to;
    std::string_view source_event;
    std::string_view target_event;
  };
  void relocate(const Relocation& relocation, Database::Slot* slot);
  // A key of the database that is alive, picked at random, or nullptr. Those found expired are removed.
  const Entry* random_entry(Database& database);

  // Empties a database (FLUSHDB) or all. What was in it is freed by do_background_work in slices.
  void flush(Database& database);
  void flush_all();
  // Frees what was flushed, and large values that were removed, until the deadline passes. Returns whether
  // some is left.
  bool free_removed(Deadline deadline);
  bool has_removed() const { return !flushed_contents_.empty() || disposal.pending() > 0; }
  // Evicts keys by maxmemory-policy until so many bytes are free that were not: see Eviction::evict.
  size_t evict(size_t bytes, Deadline deadline) { return eviction.evict(bytes, deadline); }
  void swap(Database& first, Database& second);

  // Makes the tables as small as what is in them allows: a walk over all databases that goes on where the
  // last call ended. Returns whether the walk is at its end; the next call begins another.
  bool compact_tables(Deadline deadline);
  // How many keys and values wait to be freed in the background.
  size_t pending_disposal() const;

  // Frees what was flushed, removes keys whose time has come, and evicts where memory is full. Returns
  // whether there is more to do.
  bool do_background_work(Deadline deadline);
  // When do_background_work has something to do again; INT64_MAX: only when something changes.
  int64_t next_background_ms() const;
  // DEBUG SET-ACTIVE-EXPIRE: whether keys also go without being looked at.
  void set_active_expiry(bool is_on) { active_expiry_ = is_on; }

  // Counts changes, which are of elements where the value has several, and tells the listeners. What
  // follows from a change (an emptied collection goes) and what time does are told but not counted.
  void changed(const KeyEvent& event, uint64_t changes = 1) {
    changes_ += changes;
    key_changed(event);
  }
  // Counts changes of a kind that nobody listens to.
  void changed_quietly(uint64_t changes) { changes_ += changes; }
  // Tells that a key came to life, before the event of what gave it its value.
  void added(Database& database, const Key& key) {
    if (key_added.is_used()) [[unlikely]] {
      key_added({KeyEventClass::new_key, "new", database, key.name});
    }
  }
  void note_written(const Database& database, const Key& key, const Database::Slot* slot) {
    if (sampled_uses.contains(key.hash)) [[unlikely]]
      note_use(SampledUse::Kind::written, database, key, slot);
  }
  // Tells that a key is about to go.
  void removing(RemovalCause cause, Database& database, uint64_t hash, const Entry& entry) {
    if (key_removed.is_used()) [[unlikely]] key_removed({cause, database, hash, entry});
  }
  // Changes since the process started: what "rdb_changes_since_last_save" counts.
  uint64_t changes() const { return changes_; }
  size_t total_keys() const { return usage.keys(); }

  Hook<const KeyEvent&> key_changed;
  // What only notifications are about: keys that came to life, and keys that were read and not there.
  Hook<const KeyEvent&> key_added;
  Hook<const KeyEvent&> key_missed;
  Hook<const KeyRemoval&> key_removed;
  SampledUses sampled_uses;
  Hook<Database*> flushed;  // nullptr: all databases
  Hook<Database&, Database&> swapped;
  KeyspaceStats stats;
  Random random;
  TypeLimits type_limits;  // up to which size collections keep their small forms
  Disposal disposal;       // this and the usage outlive the databases
  KeyUsage usage;
  Eviction eviction{*this};

 private:
  void empty(Database& database);
  bool age_usage(Deadline deadline);
  bool has_expiry_work() const;
  bool expire_due(Deadline deadline);
  bool expire_fields(Database& database, Deadline deadline);
  void missed(Database& database, const Key& key);
  void note_use(SampledUse::Kind kind, const Database& database, const Key& key,
                const Database::Slot* slot);

  std::vector<std::unique_ptr<Database>> databases_;
  // Contents that were flushed and wait to be freed.
  std::deque<std::unique_ptr<Database>> flushed_contents_;
  size_t next_to_expire_ = 0;  // the database that the next slice of expiry begins with
  int64_t now_ms_;
  // The walk that ages what KeyUsage keeps of all keys.
  bool is_aging_ = false;
  size_t aging_database_ = 0;
  uint64_t aging_position_ = 0;
  // The walk of compact_tables.
  size_t compacting_database_ = 0;
  uint64_t compacting_position_ = 0;
  uint64_t changes_ = 0;
  bool active_expiry_ = true;
};

}  // namespace larder
