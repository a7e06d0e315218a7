// HOTKEYS: the keys that cost most between START and STOP, as Redis 8.6 tells them.
//
// Two tables, by time and by bytes, of ten times as many keys as are asked for. A request's cost is
// divided evenly among its keys. With SAMPLE the figures of keys are what was measured times how
// many requests each stands for, and so are the totals beside them: shares are true. (Redis shows
// of keys what the sample had, and of the totals everything.)
#pragma once

#include <sys/resource.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "modules/hotspots/heavy_hitters.h"
#include "server/command/timing.h"

namespace larder {

class HotKeysSession {
 public:
  static constexpr int64_t kMaxCount = 64;
  static constexpr int64_t kDefaultCount = 10;
  static constexpr int64_t kMaxDurationSeconds = 1'000'000;

  struct Settings {
    bool by_time = false;
    bool by_bytes = false;
    size_t count = kDefaultCount;
    int64_t duration_ms = 0;  // 0: until it is stopped
    uint32_t one_of = 1;
  };
  struct Nothing {
    void scale(double) {}
  };
  using Table = HeavyHitters<Nothing>;

  // When it begins, by the clock on the wall, for who asks, and by one that never goes back, for
  // all else: `now_ms` of the others is by this one.
  HotKeysSession(const Settings& settings, int64_t wall_ms, int64_t now_ms);

  // A request, and one of its `keys`, which has so much of it as a part (1 / keys or more if some
  // were left out).
  void add_request(const MeasuredRequest& request);
  void add_key(const MeasuredRequest& request, std::string_view key, uint64_t hash, double part);

  void stop(int64_t now_ms);
  // Stops it when its time is up.
  void check_time(int64_t now_ms);

  const Settings& settings() const { return settings_; }
  bool is_active() const { return is_active_; }
  int64_t began_wall_ms() const { return began_wall_ms_; }
  int64_t duration_ms(int64_t now_ms) const {
    return is_active_ ? now_ms - began_ms_ : ended_ms_ - began_ms_;
  }
  // Of all requests that have keys.
  double nanoseconds() const { return nanoseconds_; }
  double bytes() const { return bytes_; }
  // Of the process from START on, until STOP, in milliseconds.
  int64_t user_ms() const;
  int64_t system_ms() const;
  const std::optional<Table>& by_time() const { return by_time_; }
  const std::optional<Table>& by_bytes() const { return by_bytes_; }

 private:
  // Of the process until now, or until it was stopped.
  rusage usage() const;

  Settings settings_;
  bool is_active_ = true;
  int64_t began_wall_ms_;
  int64_t began_ms_;
  int64_t ended_ms_ = 0;
  rusage usage_at_start_{};
  rusage usage_at_end_{};
  double nanoseconds_ = 0;
  double bytes_ = 0;
  std::optional<Table> by_time_;
  std::optional<Table> by_bytes_;
};

}  // namespace larder
