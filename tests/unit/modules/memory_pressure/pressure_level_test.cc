#include "modules/memory_pressure/pressure_level.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace larder {
namespace {

using Level = MemoryLevel;

const LevelRules kRules;

// A reading in percent: limits of 1000, and all else as given.
struct Percents {
  size_t used = 0;
  size_t resident = 0;
  double stalls = 0;
};
PressureReading reading_of(const Percents& percents) {
  return {percents.used * 10, 1000, percents.resident * 10, 1000, percents.stalls};
}

Level level_after(const std::vector<Percents>& readings, PressureLevel& level) {
  int64_t now_ms = 1000;
  for (const Percents& percents : readings) level.update(reading_of(percents), kRules, now_ms++);
  return level.level();
}
Level level_after(const std::vector<Percents>& readings) {
  PressureLevel level;
  return level_after(readings, level);
}

TEST_CASE("pressure: every transition of one source") {
  struct Case {
    std::vector<size_t> percents;
    Level expected;
  };
  const Case cases[] = {
      {{0}, Level::normal},
      {{84}, Level::normal},
      {{85}, Level::moderate},
      {{89}, Level::moderate},
      {{90}, Level::aggressive},
      {{100}, Level::aggressive},
      // Down again: three below where each begins.
      {{85, 84}, Level::moderate},
      {{85, 82}, Level::moderate},
      {{85, 81}, Level::normal},
      {{90, 89}, Level::aggressive},
      {{90, 87}, Level::aggressive},
      {{90, 86}, Level::moderate},
      {{90, 82}, Level::moderate},
      {{90, 81}, Level::normal},
      {{90, 0}, Level::normal},
      // And up once more.
      {{90, 86, 89}, Level::moderate},
      {{90, 86, 90}, Level::aggressive},
      {{85, 81, 84}, Level::normal},
      {{85, 81, 85}, Level::moderate},
      {{0, 100, 0, 100}, Level::aggressive},
  };
  for (const Case& each : cases) {
    std::vector<Percents> used;
    std::vector<Percents> resident;
    for (const size_t percent : each.percents) {
      used.push_back({.used = percent});
      resident.push_back({.resident = percent});
    }
    INFO("last of " << each.percents.size() << ": " << each.percents.back());
    CHECK(level_after(used) == each.expected);
    CHECK(level_after(resident) == each.expected);
  }
}

TEST_CASE("pressure: stalls have thresholds of their own") {
  CHECK(level_after({{.stalls = 19.9}}) == Level::normal);
  CHECK(level_after({{.stalls = 20}}) == Level::moderate);
  CHECK(level_after({{.stalls = 50}}) == Level::aggressive);
  CHECK(level_after({{.stalls = 50}, {.stalls = 47}}) == Level::aggressive);
  CHECK(level_after({{.stalls = 50}, {.stalls = 46}}) == Level::moderate);
  CHECK(level_after({{.stalls = 50}, {.stalls = 16}}) == Level::normal);
}

TEST_CASE("pressure: a threshold of 0 switches stalls off") {
  LevelRules rules;
  rules.stall_moderate = rules.stall_aggressive = 0;
  PressureLevel level;
  CHECK(!level.update(reading_of({.stalls = 100}), rules, 1));
  CHECK(level.level() == Level::normal);
}

TEST_CASE("pressure: the highest source decides, and is named") {
  PressureLevel level;
  CHECK(level_after({{.used = 86, .resident = 91}}, level) == Level::aggressive);
  CHECK(level.source() == PressureSource::resident);
  CHECK(level.bytes() == 910);
  // Each keeps its own hysteresis: used memory was never aggressive.
  CHECK(level_after({{.used = 88, .resident = 50}}, level) == Level::moderate);
  CHECK(level.source() == PressureSource::used);
  CHECK(level_after({{.used = 10, .resident = 50, .stalls = 60}}, level) == Level::aggressive);
  CHECK(level.source() == PressureSource::stalls);
  CHECK(level.percent() == 60);
}

TEST_CASE("pressure: at equal levels the source is the one that is nearest to the next") {
  PressureLevel level;
  level_after({{.used = 40, .resident = 60}}, level);
  CHECK(level.source() == PressureSource::resident);
  level_after({{.used = 70, .resident = 60}}, level);
  CHECK(level.source() == PressureSource::used);
}

TEST_CASE("pressure: without a limit a source says nothing") {
  PressureLevel level;
  CHECK(!level.update({.used = 1 << 30, .used_limit = 0, .resident = 5, .resident_limit = 0},
                      kRules, 1));
  CHECK(level.percent() == 0);
  CHECK(level.next_threshold(kRules) == SIZE_MAX);
}

TEST_CASE("pressure: an update says whether the level changed, and since when it is so") {
  PressureLevel level;
  CHECK(!level.update(reading_of({.used = 10}), kRules, 100));
  CHECK(level.since_ms() == 100);
  CHECK(level.update(reading_of({.used = 86}), kRules, 200));
  CHECK(!level.update(reading_of({.used = 88}), kRules, 300));
  CHECK(level.since_ms() == 200);
  CHECK(level.update(reading_of({.used = 95}), kRules, 400));
  CHECK(level.update(reading_of({.used = 0}), kRules, 500));
  CHECK(level.since_ms() == 500);
}

TEST_CASE("pressure: a slow climb and fall changes the level four times") {
  PressureLevel level;
  int changes = 0;
  const auto see = [&](size_t percent) {
    changes += level.update(reading_of({.used = percent}), kRules, 1) ? 1 : 0;
  };
  for (size_t percent = 0; percent <= 100; percent++) see(percent);
  for (size_t percent = 100; percent > 0; percent--) see(percent);
  CHECK(changes == 4);
}

TEST_CASE("pressure: trembling around a threshold changes the level once") {
  PressureLevel level;
  int changes = 0;
  for (int i = 0; i < 100; i++) {
    changes += level.update(reading_of({.used = i % 2 == 0 ? 85u : 83u}), kRules, 1) ? 1 : 0;
  }
  CHECK(changes == 1);
}

TEST_CASE("pressure: the next look is due at the next threshold above") {
  PressureLevel level;
  level.update({.used = 100, .used_limit = 1000, .resident = 0, .resident_limit = 4000}, kRules, 1);
  CHECK(level.next_threshold(kRules) == 850);
  level.update({.used = 860, .used_limit = 1000, .resident = 0, .resident_limit = 4000}, kRules, 1);
  CHECK(level.next_threshold(kRules) == 900);
  level.update({.used = 950, .used_limit = 1000, .resident = 0, .resident_limit = 4000}, kRules, 1);
  CHECK(level.next_threshold(kRules) == 960);
}

TEST_CASE("pressure: resident memory crosses its thresholds as used memory grows") {
  PressureLevel level;
  PressureReading reading{.used = 300, .used_limit = 0, .resident = 400, .resident_limit = 1000};
  level.update(reading, kRules, 1);
  CHECK(level.next_threshold(kRules) == 750);
  reading.resident = 200;  // the rest is not backed, or swapped
  level.update(reading, kRules, 1);
  CHECK(level.next_threshold(kRules) == 850);
  reading = {.used = 770, .used_limit = 0, .resident = 870, .resident_limit = 1000};
  level.update(reading, kRules, 1);
  CHECK(level.next_threshold(kRules) == 800);
  reading.resident = 970;
  level.update(reading, kRules, 1);
  CHECK(level.next_threshold(kRules) == 780);
}

TEST_CASE("pressure: it is critical half way from aggressive to the end of resident memory") {
  PressureLevel level;
  level_after({{.used = 99, .resident = 95}}, level);
  CHECK_FALSE(level.is_critical(kRules));
  level_after({{.used = 50, .resident = 96}}, level);
  CHECK(level.is_critical(kRules));
}

TEST_CASE("pressure: the excess leads to below where the aggressive level ends") {
  PressureLevel level;
  level_after({{.used = 95}}, level);
  CHECK(level.excess(kRules) == 950 - 870);
  level_after({{.used = 50}}, level);
  CHECK(level.excess(kRules) == 0);
  // Where it is not known how much would help, a little at each look.
  level_after({{.used = 50, .stalls = 80}}, level);
  CHECK(level.excess(kRules) == 10);
  level_after({{.used = 50, .resident = 95}}, level);
  CHECK(level.excess(kRules) == 10);
}

TEST_CASE("pressure: without a known limit there is no excess, and no threshold below nothing") {
  PressureLevel level;
  level.update({.used = 1 << 30, .used_limit = 0, .resident = 5, .resident_limit = 0}, kRules, 1);
  CHECK(level.excess(kRules) == 0);
  LevelRules rules = kRules;
  rules.moderate = 1;
  rules.aggressive = 2;
  rules.hysteresis = 3;
  level.update({.used = 30, .used_limit = 1000, .resident = 0, .resident_limit = 1000}, rules, 2);
  CHECK(level.level() == MemoryLevel::aggressive);
  CHECK(level.excess(rules) == 30);
  level.update({.used = 0, .used_limit = 1000, .resident = 0, .resident_limit = 1000}, rules, 3);
  CHECK(level.level() == MemoryLevel::normal);
}

}  // namespace
}  // namespace larder
