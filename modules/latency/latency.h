// LATENCY, INFO latencystats and INFO latency: how long each command takes, and what made everybody
// wait.
//
// Histograms cost one entry for each run of commands (TimedRun), and one for each client and turn,
// for the time that it waited for its replies (ServedRun); events are only looked for while
// latency-monitor-threshold is set. All follow the options from one moment to the next.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "modules/latency/event_series.h"
#include "modules/latency/percentiles.h"
#include "modules/latency/time_windows.h"
#include "server/base/gathered.h"
#include "server/info/histogram.h"
#include "server/module/module.h"

namespace larder {

class Latency final : public Module {
 public:
  using Events = std::map<std::string, EventSeries, std::less<>>;

  Latency();
  std::vector<CommandFamily> commands() const override;
  void start(Host& host) override;

  // In nanoseconds; empty: the command has not run while latency-tracking was on. Costs a copy.
  Histogram histogram_of(const Command& command);
  Events& events() { return events_; }

  // What LATENCY PERCENTILES is about: the command alone, or all that its client waits for.
  enum class Kind : uint8_t { execution, service };
  // Adds what this command took in the last seconds, in nanoseconds.
  void add_recent(const Command& command, Kind kind, int64_t seconds, TimeWindows::Summary& summary);
  // The same of all commands. Cost: some microseconds for each that has run.
  TimeWindows::Summary recent_of_all(Kind kind, int64_t seconds);
  // Forgets what LATENCY PERCENTILES knows.
  void forget_recent();
  int64_t threshold_ms() const { return threshold_ms_; }

 private:
  // Listens as far as the options ask for it.
  void follow_options();
  void note(const Command& command, Kind kind, int64_t nanoseconds, uint64_t calls);
  void record_noted();
  void begin_second();
  void note_run(const TimedRun& run);
  void note_event(std::string_view name, int64_t nanoseconds);
  void write_percentiles(InfoWriter& writer);

  Option<int64_t> threshold_ms_{
      options,
      "latency-monitor-threshold",
      0,
      {.unit = Unit::milliseconds,
       .help =
           "What keeps the server busy for at least so many milliseconds is an event of LATENCY. "
           "A run of short requests that are timed together counts with its sum, because "
           "everybody else waited that long; below 10 each request is timed by itself. 0: off."}};
  Option<bool> tracking_{
      options,
      "latency-tracking",
      true,
      {.help = "Keeps a histogram of the times of each command, for LATENCY HISTOGRAM and INFO "
               "latencystats, and what clients waited for their replies in the last five minutes, for "
               "LATENCY PERCENTILES. Short requests that are timed together count with their mean."}};
  Option<Percentiles> percentiles_{
      options,
      "latency-tracking-info-percentiles",
      Percentiles({50, 99, 99.9}),
      {.help = "The percentiles that INFO latencystats shows for each command."}};
  InfoGroup latencies_{"Latencystats", InfoScope::on_request};
  Fields fields_{latencies_, [this](InfoWriter& writer) { write_percentiles(writer); }};

  // What all commands together have taken of late: a number that a budget can watch. Without
  // latency-tracking it is not there.
  class RecentField final : public InfoField {
   public:
    RecentField(InfoGroup& group, std::string_view name, Latency& latency, Kind kind)
        : InfoField(group, name), latency_(latency), kind_(kind) {}
    void write(InfoWriter& writer) const override;

   private:
    Latency& latency_;
    Kind kind_;
  };
  RecentField service_field_{info, "latency_service_usec", *this, Kind::service};
  RecentField execution_field_{info, "latency_execution_usec", *this, Kind::execution};

  Host* host_ = nullptr;
  // Of the last minutes, by Command::id() and kind.
  struct Recent {
    TimeWindows execution;
    TimeWindows service;
  };
  Recent& recent_of(size_t id) {
    if (id >= recent_.size() || recent_[id] == nullptr) [[unlikely]]
      begin_recent(id);
    return *recent_[id];
  }
  void begin_recent(size_t id);
  // nullptr: it has not run of late.
  const Recent* find_recent(const Command& command) const;
  // What the second that ends had becomes part of what there was.
  void keep_second(size_t id, const Recent& recent);

  // By Command::id(), all but what is in this second's windows: a run is recorded once.
  std::vector<Histogram> histograms_;
  std::vector<std::unique_ptr<Recent>> recent_;
  int64_t second_ = 0;  // monotonic, as of the last tick
  Events events_;
  bool wants_exact_timing_ = false;
  // What is not in the windows yet.
  struct Noted {
    uint16_t command;  // Command::id()
    Kind kind;
    uint32_t calls;
    int64_t nanoseconds;
  };
  Gathered<Noted> noted_;
  // Numbers of listeners; 0: not listening.
  uint64_t histogram_listener_ = 0;
  uint64_t service_listener_ = 0;
  uint64_t tick_listener_ = 0;
  uint64_t run_listener_ = 0;
  uint64_t event_listener_ = 0;
};

// The tables of commands.cc.
std::vector<CommandFamily> latency_commands();

}  // namespace larder
