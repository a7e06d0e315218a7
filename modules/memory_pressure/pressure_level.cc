#include "modules/memory_pressure/pressure_level.h"

#include <algorithm>

namespace larder {
namespace {

double percent_of(size_t part, size_t whole) {
  return whole == 0 ? 0 : 100 * static_cast<double>(part) / static_cast<double>(whole);
}

size_t share_of(size_t whole, double percent) {
  return static_cast<size_t>(static_cast<double>(whole) * percent / 100);
}

struct Thresholds {
  double moderate;
  double aggressive;
};

Thresholds thresholds_of(PressureSource source, const LevelRules& rules) {
  if (source == PressureSource::stalls) return {rules.stall_moderate, rules.stall_aggressive};
  return {rules.moderate, rules.aggressive};
}

// A threshold of 0 is never reached.
bool reaches(double percent, double threshold, bool was_there, double hysteresis) {
  if (threshold <= 0) return false;
  return was_there ? percent > 0 && percent >= threshold - hysteresis : percent >= threshold;
}

MemoryLevel level_at(double percent, const Thresholds& thresholds, double hysteresis,
                     MemoryLevel former) {
  const bool was_aggressive = former == MemoryLevel::aggressive;
  const bool was_moderate = former != MemoryLevel::normal;
  if (reaches(percent, thresholds.aggressive, was_aggressive, hysteresis)) {
    return MemoryLevel::aggressive;
  }
  return reaches(percent, thresholds.moderate, was_moderate, hysteresis) ? MemoryLevel::moderate
                                                                         : MemoryLevel::normal;
}

}  // namespace

std::string_view source_name(PressureSource source) {
  switch (source) {
    case PressureSource::used:
      return "used";
    case PressureSource::resident:
      return "rss";
    case PressureSource::stalls:
      return "psi";
  }
  return "";
}

bool PressureLevel::update(const PressureReading& reading, const LevelRules& rules,
                           int64_t now_ms) {
  reading_ = reading;
  percents_ = {percent_of(reading.used, reading.used_limit),
               percent_of(reading.resident, reading.resident_limit), reading.stall_percent};
  MemoryLevel highest = MemoryLevel::normal;
  double nearest = -1;
  for (size_t i = 0; i < kPressureSources; i++) {
    const auto source = static_cast<PressureSource>(i);
    const Thresholds thresholds = thresholds_of(source, rules);
    levels_[i] = level_at(percents_[i], thresholds, rules.hysteresis, levels_[i]);
    // Sources are compared by how far they are on their way to the aggressive level.
    const double way = thresholds.aggressive > 0 ? percents_[i] / thresholds.aggressive : 0;
    if (levels_[i] > highest || (levels_[i] == highest && way > nearest)) {
      source_ = source;
      nearest = way;
    }
    highest = std::max(highest, levels_[i]);
  }
  if (since_ms_ == 0) since_ms_ = now_ms;
  if (highest == level_) return false;
  level_ = highest;
  since_ms_ = now_ms;
  return true;
}

size_t PressureLevel::bytes() const {
  return source_ == PressureSource::resident ? reading_.resident : reading_.used;
}

size_t PressureLevel::limit() const {
  return source_ == PressureSource::resident ? reading_.resident_limit : reading_.used_limit;
}

size_t PressureLevel::excess(const LevelRules& rules) const {
  if (level_ != MemoryLevel::aggressive && source_ == PressureSource::stalls) return 0;
  // What would end stalls is not known, and resident memory follows only when the allocator has given
  // pages back, or is not even ours: a little at each look, so that data does not go for nothing.
  const size_t little = reading_.used / 50;
  if (source_ == PressureSource::stalls) return little;
  if (limit() == 0) return 0;
  const size_t wanted = share_of(limit(), std::max(rules.aggressive - rules.hysteresis, 0.0));
  const size_t too_much = bytes() > wanted ? bytes() - wanted : 0;
  return source_ == PressureSource::resident ? std::min(too_much, little) : too_much;
}

size_t PressureLevel::next_threshold(const LevelRules& rules) const {
  const size_t used = reading_.used;
  // What is resident without being used: it stays when used memory grows.
  const size_t overhead = reading_.resident - std::min(reading_.resident, used);
  size_t next = SIZE_MAX;
  const auto look_at = [&](size_t limit, size_t offset) {
    for (const double percent : {rules.moderate, rules.aggressive}) {
      const size_t threshold = share_of(limit, percent);
      if (threshold > used + offset) next = std::min(next, threshold - offset);
    }
  };
  look_at(reading_.used_limit, 0);
  look_at(reading_.resident_limit, overhead);
  const size_t hundredth = limit() / 100;
  if (level_ == MemoryLevel::aggressive && hundredth > 0) next = std::min(next, used + hundredth);
  return next;
}

bool PressureLevel::is_critical(const LevelRules& rules) const {
  const double percent = percents_[static_cast<size_t>(PressureSource::resident)];
  return percent > (rules.aggressive + 100) / 2;
}

}  // namespace larder
