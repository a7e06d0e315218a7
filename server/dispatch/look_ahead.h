// Brings near what the requests of a batch will look at, so that the processor waits for memory
// once for all of them and not once for each: first the buckets of all keys, then the entries in
// them, then, for commands on collections, where the value on the heap begins or, if the request
// names an element, where the search for it does, then the element.
//
// Keys are hashed on the way, and requests keep the hashes. How many keys a request and a batch may
// have is bounded: more lines than the nearest cache holds would drive each other out again, and
// commands with many keys look ahead by themselves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "server/dispatch/batch.h"
#include "server/keyspace/keyspace.h"

namespace larder {

class LookAhead {
 public:
  // Beyond so many keys of a batch, and of one request, no more are looked at.
  static constexpr size_t kMaxKeys = 128;
  static constexpr size_t kMaxKeysOfRequest = 16;

  // The keyspace outlives this.
  explicit LookAhead(Keyspace& keyspace) : keyspace_(keyspace) {}
  LookAhead(const LookAhead&) = delete;
  LookAhead& operator=(const LookAhead&) = delete;

  void begin() {
    if (keys_.size() < kMaxKeys) [[unlikely]]
      keys_.resize(kMaxKeys);
    key_count_ = 0;
    has_collections_ = false;
  }
  // Takes the keys of a request, whose command is known, of a client of this database; stores their
  // hashes, and asks for their buckets.
  void add(const Command& command, std::span<const std::string_view> arguments,
           std::span<uint64_t> hashes, size_t database) {
    if (command.keys() == Command::Keys::none) return;
    has_collections_ |= command.works_on_collections();
    const size_t first = command.first_key();
    if (command.keys() != Command::Keys::one) [[unlikely]] {
      add_several(command, arguments, hashes, database);
    } else if (first < arguments.size() && key_count_ < kMaxKeys) [[likely]] {
      hashes[first] = add_key(arguments[first], keyspace_.database(database));
    }
  }
  // The other steps. Returns how many keys were looked at.
  size_t finish(Batch& batch);
  // Frees what is kept for its memory.
  void shrink();

 private:
  struct SoughtKey {
    const Database* database;
    uint64_t hash;
  };
  struct SoughtElement {
    ValueView collection;
    uint64_t hash;
  };

  uint64_t add_key(std::string_view name, const Database& database) {
    const uint64_t hash = hash_bytes(name);
    keys_[key_count_++] = {&database, hash};
    database.prefetch_bucket(hash);
    return hash;
  }
  void add_several(const Command& command, std::span<const std::string_view> arguments,
                   std::span<uint64_t> hashes, size_t database);
  void prefetch_collections(Batch& batch);
  void prefetch_collection(const Command& command, std::span<const std::string_view> arguments,
                           size_t key_index, ValueView collection);

  Keyspace& keyspace_;
  std::vector<SoughtKey> keys_;  // the first key_count_ of them
  size_t key_count_ = 0;
  bool has_collections_ = false;
  std::vector<SoughtElement> elements_;
  std::vector<KeyPosition> positions_;
};

}  // namespace larder
