// When a key was last used, in the 15 bits that a slot of the table has for it.
//
// A stamp is either fine, whole seconds modulo 4.5 hours, or coarse, units of 1024 seconds modulo
// 194 days. A use stamps fine, and so stores at most once a second; a walk over the table every 68
// minutes (Keyspace) makes coarse stamps of the older ones before the fine ones come round. Coarse
// ones come round as Redis's do.
//
//   bit 14: coarse    bits 0-13: the number
#pragma once

#include <cstdint>

namespace larder {

class IdleTime {
 public:
  // How often stamps must be aged.
  static constexpr int64_t kAgingIntervalMs = 4096 * 1000;

  static constexpr uint16_t stamp(int64_t now_ms) {
    return static_cast<uint16_t>((now_ms / 1000) & kNumberMask);
  }
  static constexpr int64_t idle_seconds(uint16_t stamp, int64_t now_ms) {
    const int64_t now = now_ms / 1000;
    if ((stamp & kCoarse) == 0) return (now - stamp) & kNumberMask;
    return ((now / kCoarseSeconds - stamp) & kNumberMask) * kCoarseSeconds;
  }
  // The stamp to keep in place of one from at most two intervals ago, or of a coarse one.
  static constexpr uint16_t aged(uint16_t stamp, int64_t now_ms) {
    const int64_t idle = idle_seconds(stamp, now_ms);
    if ((stamp & kCoarse) != 0 || idle < kAgingIntervalMs / 1000) return stamp;
    const int64_t last_use = now_ms / 1000 - idle;
    return static_cast<uint16_t>(kCoarse | (last_use / kCoarseSeconds & kNumberMask));
  }

 private:
  static constexpr uint16_t kCoarse = 1 << 14;
  static constexpr int64_t kNumberMask = kCoarse - 1;
  static constexpr int64_t kCoarseSeconds = 1024;
};

}  // namespace larder
