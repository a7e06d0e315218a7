// What commands may ask of the server as a whole. Implemented where the parts are wired together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "server/base/result.h"
#include "server/clients/client.h"
#include "server/command/wait.h"

namespace larder {

class Context;
struct Key;

enum class PauseMode { writes, all };

// What INFO tells of waiting clients.
struct BlockedCounts {
  size_t clients = 0;        // those that CLIENT PAUSE holds back included
  size_t with_timeout = 0;
  size_t keys = 0;           // for which somebody waits
  size_t keys_on_removal = 0;  // ... also for them to go
};

class ServerControl {
 public:
  // Takes note of a shutdown; it happens at the end of the turn, after replies that are due have left.
  virtual void shut_down() = 0;
  virtual bool is_shutting_down() const = 0;
  // CLIENT PAUSE: requests that may write (or all) wait until the moment has passed.
  virtual void pause_clients(PauseMode mode, int64_t for_ms) = 0;
  virtual void unpause_clients() = 0;
  // CLIENT UNBLOCK: ends the wait of a blocked client, as if its time were up or with an error.
  // Returns whether it was blocked.
  virtual bool unblock(Client& client, bool with_error) = 0;
  // Lets the client wait with this request: see Context::block.
  virtual void block(Client& client, std::span<const std::string_view> arguments, Wait wait) = 0;
  virtual BlockedCounts blocked() const = 0;
  // EXEC: runs what MULTI has queued, and writes the reply.
  virtual Status run_transaction(Context& ctx) = 0;
  virtual void begin_transaction(Client& client) = 0;
  // Forgets what was queued and what is watched.
  virtual void discard_transaction(Client& client) = 0;
  virtual void watch(Client& client, const Key& key) = 0;
  virtual void unwatch(Client& client) = 0;
  // How many keys somebody watches.
  virtual size_t watched_keys() const = 0;
  // The file the server was started with; empty: none.
  virtual std::string config_file() const = 0;
  // When the data were last saved, in seconds since 1970; before the first time, when the server began.
  virtual int64_t last_save_seconds() const = 0;
  // CONFIG RESETSTAT.
  virtual void reset_statistics() = 0;
  // Closes the clients that take most memory, until the others take at most this much (bytes). Those that
  // CLIENT NO-EVICT protects, and replicas, stay. Returns the bytes given back.
  virtual size_t evict_clients(size_t allowed_bytes) = 0;
  // Frees buffers that were kept for the next request; returns the bytes given back.
  virtual size_t shrink_buffers() = 0;
  // New clients of other machines are refused while there are so many clients or more; SIZE_MAX: none is.
  virtual void refuse_clients_from(size_t count) = 0;
  // Gives the allocator's unused pages back to the kernel, on a thread, because the kernel takes its time.
  // Returns about how many bytes that will be.
  virtual size_t purge_memory() = 0;
  // DEBUG PAUSE-CRON: whether the server looks after clients and figures.
  virtual void set_housekeeping(bool is_on) = 0;

 protected:
  ~ServerControl() = default;
};

}  // namespace larder
