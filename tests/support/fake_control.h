// The server as a whole for unit tests: it notes what it was asked for, and does nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server/command/server_control.h"

namespace larder {

class FakeControl : public ServerControl {
 public:
  void shut_down() override {}
  bool is_shutting_down() const override { return false; }
  void pause_clients(PauseMode, int64_t) override {}
  void unpause_clients() override {}
  bool unblock(Client& client, bool) override {
    unblocked.push_back(client.id);
    return true;
  }
  void block(Client&, std::span<const std::string_view>, Wait) override {}
  BlockedCounts blocked() const override { return {}; }
  Status run_transaction(Context&) override { return ok; }
  void begin_transaction(Client&) override {}
  void discard_transaction(Client&) override {}
  void watch(Client&, const Key&) override {}
  void unwatch(Client&) override {}
  std::string config_file() const override { return ""; }
  int64_t last_save_seconds() const override { return 0; }
  size_t watched_keys() const override { return 0; }
  void reset_statistics() override {}
  size_t evict_clients(size_t allowed_bytes) override {
    evictions.push_back(allowed_bytes);
    return evicted_bytes;
  }
  size_t shrink_buffers() override {
    shrinks++;
    return 0;
  }
  void refuse_clients_from(size_t count) override { refused_from = count; }
  size_t purge_memory() override {
    purges++;
    return purged_bytes;
  }
  void set_housekeeping(bool) override {}

  std::vector<uint64_t> unblocked;
  std::vector<size_t> evictions;
  size_t evicted_bytes = 0;
  size_t refused_from = SIZE_MAX;
  size_t purged_bytes = 0;
  int purges = 0;
  int shrinks = 0;
};

}  // namespace larder
