// Gives memory back before a limit is hit: in small slices between commands, instead of inside the
// write that finds the server full, and before the kernel ends a process that took too much.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "modules/memory_pressure/meter.h"
#include "modules/memory_pressure/pressure_level.h"
#include "modules/memory_pressure/relief.h"
#include "server/module/module.h"

namespace larder {

class MemoryPressure final : public Module {
 public:
  // Where changes of the level are published.
  static constexpr std::string_view kChannel = "__pressure__";

  MemoryPressure();
  std::vector<CommandFamily> commands() const override;
  void start(Host& host) override;

  // Reads the meter, and does what the level asks for.
  void check();
  // Runs the steps of a level now, in slices; `client` is answered when they are done.
  void run_steps(MemoryLevel level, Client& client);
  // The same at once, for where nobody can wait.
  void run_steps_at_once(MemoryLevel level);

  const PressureLevel& level() const { return level_; }
  const Relief& relief() const { return *relief_; }

  // For tests: a meter that says what they want. Before start().
  void set_meter(std::unique_ptr<PressureMeter> meter) { meter_ = std::move(meter); }

 private:
  LevelRules rules() const;
  ReliefRules relief_rules() const;
  void level_changed(MemoryLevel former);
  void on_tick(int64_t now_ms);
  void set_alarm();
  void answer_waiting();

  Option<bool> enabled_{options,
                        "memory-pressure",
                        true,
                        {.help = "Whether the server watches how short of memory it is, and gives "
                                 "memory back in time. It "
                                 "looks at used memory (against maxmemory where nothing is "
                                 "evicted, else against what the "
                                 "machine and its control groups allow), at what is resident, and "
                                 "at the kernel's pressure "
                                 "stall information."}};
  Option<int> moderate_{
      options,
      "memory-pressure-moderate",
      85,
      {.min = 1,
       .max = 100,
       .help =
           "From this percentage on, what nobody notices is done: what has expired is removed, "
           "idle "
           "buffers and sparse tables shrink, unused pages go back, and data is defragmented."}};
  Option<int> aggressive_{
      options,
      "memory-pressure-aggressive",
      90,
      {.min = 1,
       .max = 100,
       .help =
           "From this percentage on also what clients may notice: keys are evicted ahead of the "
           "limit, if the policy allows it, and what the three options below say."}};
  Option<int> hysteresis_{options,
                          "memory-pressure-hysteresis",
                          3,
                          {.max = 50,
                           .help = "A level ends when its source is so many percent below where it "
                                   "begins."}};
  Option<int> interval_ms_{
      options,
      "memory-pressure-interval-ms",
      1000,
      {.min = 10,
       .max = 60'000,
       .unit = Unit::milliseconds,
       .help = "How often the server looks. When used memory crosses a level it "
               "looks at once."}};
  Option<int> slice_us_{options,
                        "memory-pressure-slice",
                        1000,
                        {.min = 100,
                         .max = 50'000,
                         .unit = Unit::microseconds,
                         .help = "How many microseconds the work may take between two turns."}};
  Option<int> stall_moderate_{
      options,
      "memory-pressure-psi-moderate",
      20,
      {.max = 100,
       .help =
           "The level is also moderate from this percentage of time on in which processes of the "
           "machine, or of the control group, waited for memory; 0: not looked at."}};
  Option<int> stall_aggressive_{
      options,
      "memory-pressure-psi-aggressive",
      50,
      {.max = 100, .help = "The percentage of time for the aggressive level; 0: not looked at."}};
  Option<int64_t> clients_{
      options,
      "memory-pressure-clients",
      -20,
      {.min = -100,
       .unit = Unit::bytes_or_percent,
       .help =
           "While the level is aggressive, the clients that take most are disconnected until all "
           "others together take at most this; 20% is a part of what the machine allows, 0 is no "
           "limit."}};
  Option<int> idle_timeout_{
      options,
      "memory-pressure-idle-timeout",
      0,
      {.unit = Unit::seconds,
       .help = "While the level is aggressive, clients that were silent for so many seconds are "
               "disconnected; 0: none is."}};
  Option<int> max_clients_{
      options,
      "memory-pressure-max-clients",
      0,
      {.help =
           "While the level is aggressive, new clients of other machines are refused when so many "
           "clients are there; 0: none is."}};

  Field level_field_{info, "pressure_level", [this] { return level_name(level_.level()); }};
  Field source_field_{info, "pressure_source", [this] { return source_name(level_.source()); }};
  Field percent_field_{info, "pressure_percent", [this] { return level_.percent(); }};
  Field used_field_{info, "pressure_used", [this] { return level_.bytes(); }};
  Field limit_field_{info, "pressure_limit", [this] { return level_.limit(); }};
  Field psi_field_{info, "pressure_psi", [this] { return level_.reading().stall_percent; }};
  Field since_field_{info, "pressure_since", [this] { return level_.since_ms() / 1000; }};
  Counter checks_{info, "pressure_checks"};
  Counter changes_{info, "pressure_level_changes"};
  Field freed_field_{info, "pressure_freed_bytes", InfoKind::count,
                     [this] { return relief_ == nullptr ? 0 : relief_->total_bytes(); }};
  Fields steps_field_{info, [this](InfoWriter& writer) { write_steps(writer); }};
  void write_steps(InfoWriter& writer) const;

  Host* host_ = nullptr;
  std::unique_ptr<PressureMeter> meter_;
  std::unique_ptr<Relief> relief_;
  PressureLevel level_;
  int64_t next_check_ms_ = 0;
  std::vector<uint64_t> waiting_clients_;  // for the end of a run
};

// The table of commands.cc.
std::vector<CommandFamily> memory_pressure_commands();

}  // namespace larder
