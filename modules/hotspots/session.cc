#include "modules/hotspots/session.h"

#include <algorithm>

namespace larder {
namespace {

// How many keys are counted for each that is shown.
constexpr size_t kKeptPerShown = 10;

int64_t milliseconds(const timeval& time) {
  return int64_t{time.tv_sec} * 1000 + time.tv_usec / 1000;
}

rusage usage_now() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage;
}

}  // namespace

HotKeysSession::HotKeysSession(const Settings& settings, int64_t wall_ms, int64_t now_ms)
    : settings_(settings),
      began_wall_ms_(wall_ms),
      began_ms_(now_ms),
      usage_at_start_(usage_now()) {
  const size_t kept = settings.count * kKeptPerShown;
  if (settings.by_time) by_time_.emplace(kept, random_seed());
  if (settings.by_bytes) by_bytes_.emplace(kept, random_seed());
}

void HotKeysSession::add_request(const MeasuredRequest& request) {
  nanoseconds_ += static_cast<double>(request.nanoseconds) * request.weight;
  bytes_ += static_cast<double>(request.request_bytes + request.reply_bytes) * request.weight;
}

void HotKeysSession::add_key(const MeasuredRequest& request, std::string_view key, uint64_t hash,
                             double part) {
  const double times = part * request.weight;
  if (by_time_) by_time_->add(key, hash, static_cast<double>(request.nanoseconds) * times);
  if (by_bytes_) {
    by_bytes_->add(key, hash,
                   static_cast<double>(request.request_bytes + request.reply_bytes) * times);
  }
}

void HotKeysSession::stop(int64_t now_ms) {
  is_active_ = false;
  ended_ms_ = now_ms;
  usage_at_end_ = usage_now();
}

void HotKeysSession::check_time(int64_t now_ms) {
  const int64_t end_ms = began_ms_ + settings_.duration_ms;
  if (is_active_ && settings_.duration_ms > 0 && now_ms >= end_ms) stop(end_ms);
}

rusage HotKeysSession::usage() const {
  return is_active_ ? usage_now() : usage_at_end_;
}

int64_t HotKeysSession::user_ms() const {
  return milliseconds(usage().ru_utime) - milliseconds(usage_at_start_.ru_utime);
}

int64_t HotKeysSession::system_ms() const {
  return milliseconds(usage().ru_stime) - milliseconds(usage_at_start_.ru_stime);
}

}  // namespace larder
