// From readings to a level: which source says that memory is short, and for how long.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "modules/memory_pressure/meter.h"
#include "server/memory/memory_level.h"

namespace larder {

enum class PressureSource : uint8_t { used, resident, stalls };
inline constexpr size_t kPressureSources = 3;
std::string_view source_name(PressureSource source);

// In percent. A level that was reached is left when its source is `hysteresis` below what reached
// it, so that a reading which trembles around a threshold does not make the level tremble.
struct LevelRules {
  double moderate = 85;
  double aggressive = 90;
  double hysteresis = 3;
  // Of time; 0: that source is not looked at.
  double stall_moderate = 20;
  double stall_aggressive = 50;
};

// Of each source its level, and the highest of them.
class PressureLevel {
 public:
  // Returns whether the level has changed.
  bool update(const PressureReading& reading, const LevelRules& rules, int64_t now_ms);

  MemoryLevel level() const { return level_; }
  // The source that the level is due to, or that is nearest to one.
  PressureSource source() const { return source_; }
  double percent() const { return percents_[static_cast<size_t>(source_)]; }
  // Bytes, and their limit, of that source; those of used memory for stalls.
  size_t bytes() const;
  size_t limit() const;
  int64_t since_ms() const { return since_ms_; }
  const PressureReading& reading() const { return reading_; }

  // By how many bytes the source is above where the aggressive level ends; 0: it is not.
  size_t excess(const LevelRules& rules) const;
  // The number of used bytes from which on the next look at the meter is worth it: where the
  // nearest threshold is crossed, by used memory or by resident memory if that grows along. While
  // the level is aggressive already, each further hundredth of the limit is. SIZE_MAX: there is
  // none.
  size_t next_threshold(const LevelRules& rules) const;
  // Resident memory is more than half way from the aggressive threshold to its limit, behind which
  // the kernel ends the process.
  bool is_critical(const LevelRules& rules) const;

 private:
  PressureReading reading_;
  std::array<double, kPressureSources> percents_{};
  std::array<MemoryLevel, kPressureSources> levels_{};
  MemoryLevel level_ = MemoryLevel::normal;
  PressureSource source_ = PressureSource::used;
  int64_t since_ms_ = 0;
};

}  // namespace larder
