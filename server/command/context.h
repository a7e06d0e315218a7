// What a command works with while it runs: its arguments, the selected database, the client, the reply.
//
// Made once per client and turn, pointed at one request after the other; a command keeps nothing of it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/reply_writer.h"
#include "server/background/background_work.h"
#include "server/base/errors.h"
#include "server/base/result.h"
#include "server/base/shared_bytes.h"
#include "server/clients/client.h"
#include "server/clients/client_list.h"
#include "server/clients/pushes.h"
#include "server/command/command_table.h"
#include "server/command/hooks.h"
#include "server/command/server_control.h"
#include "server/command/wait.h"
#include "server/config/options.h"
#include "server/info/info.h"
#include "server/keyspace/defragmentation.h"
#include "server/keyspace/edit.h"
#include "server/keyspace/keyspace.h"
#include "server/memory/memory_usage.h"

namespace larder {

// Limits that commands obey, from the options of those who own them.
struct Limits {
  size_t max_bulk_bytes = size_t{512} << 20;  // proto-max-bulk-len: no string grows beyond it
};

class Acl;

// The parts of the server that commands may use. Owned by Server.
struct Services {
  Keyspace& keyspace;
  CommandTable& commands;
  ClientList& clients;
  Options& options;
  Info& info;
  ServerControl& control;
  Limits& limits;
  MemoryUsage& memory;
  Hooks& hooks;
  Pushes& pushes;
  BackgroundWork& work;
  Defragmentation& defragmentation;
  Acl& acl;  // server/acl/acl.h
};

// Every step-th argument from one on.
class ArgumentRange {
 public:
  class Iterator {
   public:
    Iterator(const std::string_view* at, size_t step) : at_(at), step_(step) {}
    std::string_view operator*() const { return *at_; }
    Iterator& operator++() {
      at_ += step_;
      return *this;
    }
    bool operator!=(const Iterator& other) const { return at_ < other.at_; }

   private:
    const std::string_view* at_;
    size_t step_;
  };

  ArgumentRange(std::span<const std::string_view> arguments, size_t step)
      : arguments_(arguments), step_(step) {}
  Iterator begin() const { return {arguments_.data(), step_}; }
  Iterator end() const { return {arguments_.data() + arguments_.size(), step_}; }
  size_t size() const { return (arguments_.size() + step_ - 1) / step_; }

 private:
  std::span<const std::string_view> arguments_;
  size_t step_;
};

// A value that was looked up for reading, or none: what Context::find returns. Valid until the database
// changes.
template <class T>
class Found {
 public:
  Found() = default;
  explicit Found(const Entry& entry) : entry_(&entry), value_(entry.value()) {}

  explicit operator bool() const { return entry_ != nullptr; }
  const T* operator->() const { return &value_; }
  const T& operator*() const { return value_; }
  const Entry& entry() const { return *entry_; }

 private:
  const Entry* entry_ = nullptr;
  T value_{ValueView{T::kType, kNoValue, 0, nullptr}};
};

class Context {
 public:
  Context(Services& all_services, Client& caller, ReplyWriter& writer)
      : reply(writer), client(caller), services(all_services), keyspace(all_services.keyspace) {}

  // Points at the next request. `hashes`: one per argument, those of keys computed ahead or 0;
  // `large`: arguments that came into memory of their own.
  void begin(const Command& command, std::span<const std::string_view> arguments,
             std::span<const uint64_t> hashes, std::span<SharedBytes> large) {
    command_ = &command;
    arguments_ = arguments;
    hashes_ = hashes;
    large_ = large;
  }

  ReplyWriter& reply;
  Client& client;
  Services& services;
  Keyspace& keyspace;

  const Command& command() const { return *command_; }
  // The name as errors and events show it: "expire", "client|kill".
  std::string_view command_name() const { return command_->full_name(); }
  // The module that brings the command.
  template <class Module>
  Module& owner() const {
    return static_cast<Module&>(*command_->owner());
  }
  int64_t now_ms() const { return keyspace.now_ms(); }

  // --- Arguments; 0 is the command's name ---
  size_t argc() const { return arguments_.size(); }
  std::string_view arg(size_t index) const { return arguments_[index]; }
  std::span<const std::string_view> arguments() const { return arguments_; }
  // From `first` to the last.
  ArgumentRange args(size_t first, size_t step = 1) const {
    return {arguments_.subspan(first < argc() ? first : argc()), step};
  }
  // An argument as a key, with its hash.
  Key key(size_t index) const {
    const uint64_t hash = index < hashes_.size() ? hashes_[index] : 0;
    return {arguments_[index], hash != 0 ? hash : hash_bytes(arguments_[index])};
  }
  // Whether the key at this index, and those before it, were brought near with the batch's.
  bool has_looked_ahead(size_t index) const { return index < hashes_.size() && hashes_[index] != 0; }
  // Brings the table's lines for several keys near before they are looked up one by one.
  void prefetch(std::span<const Key> keys) const {
    for (const Key& key : keys) database().prefetch_bucket(key.hash);
    for (const Key& key : keys) database().prefetch_entry(key.hash);
  }
  // The memory that a large argument came in, to be kept; empty for others.
  SharedBytes large(size_t index) const {
    // Looks only at what can be one: a request may have many of both kinds.
    if (arguments_[index].size() <= kLargeBulk) return {};
    for (SharedBytes& block : large_) {
      if (block.data() == arguments_[index].data()) return block;
    }
    return {};
  }

  // --- Waiting ---
  // Whether the request may wait. Where it may not, in a transaction or a script, block() answers at
  // once what it would at the timeout.
  bool may_block = true;
  // Whether the request has waited and is run again.
  bool has_waited = false;
  // Lets the client wait; `return ctx.block({...})`, with nothing written and nothing changed. The
  // request is run again from the start when one of its keys may have what it needs. When that turns
  // out wrong it calls block() again, and keeps its place in the queue and the time that it has left.
  Status block(Wait wait) {
    if (may_block) {
      services.control.block(client, arguments_, std::move(wait));
    } else {
      wait.at_timeout(*this);
    }
    return ok;
  }

  // --- Keys of the selected database ---
  Database& database() const { return keyspace.database(client.database); }

  // The value for reading. Counts a hit or a miss. Error: WRONGTYPE.
  template <class T>
  Result<Found<T>> find(const Key& key) {
    const Lookup lookup = client.no_touch ? Lookup::peek : Lookup::read;
    Database::Slot* slot = keyspace.find(database(), key, lookup);
    if (slot == nullptr) return Found<T>();
    if (slot->get()->type() != T::kType) return errors::wrong_type();
    return Found<T>(*slot->get());
  }
  // The entry of any type, or nullptr. `lookup`: whether it counts as a read.
  const Entry* find_entry(const Key& key, Lookup lookup = Lookup::read) {
    Database::Slot* slot = keyspace.find(database(), key, lookup);
    return slot == nullptr ? nullptr : slot->get();
  }

  // Opens a value for changing; false if there is no such key. Error: WRONGTYPE.
  // Whatever is called on an edit of a missing key creates it: see edit_or_create.
  template <class T>
  Result<Edit<T>> edit(const Key& key) {
    Database::Slot* slot = keyspace.find(database(), key, Lookup::write);
    if (slot != nullptr && slot->get()->type() != T::kType) return errors::wrong_type();
    return Edit<T>(keyspace, database(), key, slot, T::kType,
                   slot == nullptr ? kNoExpiry : slot->get()->expiry_ms());
  }
  // The same; says that a missing key is meant to come to life when it is given a value.
  template <class T>
  Result<Edit<T>> edit_or_create(const Key& key) {
    return edit<T>(key);
  }
  // Opens a key that gets a new value whatever it holds now, with this expiry. The value must be
  // given at once.
  template <class T>
  Edit<T> replace(const Key& key, int64_t expiry_ms = kNoExpiry) {
    Edit<T> edit(keyspace, database(), key, keyspace.find(database(), key, Lookup::write), T::kType,
                 expiry_ms);
    edit.discard_value();
    return edit;
  }
  // Removes a key; whether it was there.
  bool remove(const Key& key, std::string_view event = "del") {
    return keyspace.remove(database(), key, event);
  }

 private:
  const Command* command_ = nullptr;
  std::span<const std::string_view> arguments_;
  std::span<const uint64_t> hashes_;
  std::span<SharedBytes> large_;
};

inline void reply_null_array(Context& ctx) { ctx.reply.null_array(); }

}  // namespace larder
