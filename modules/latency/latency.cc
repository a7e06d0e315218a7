#include "modules/latency/latency.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "server/base/clock.h"
#include "server/base/listen_while.h"
#include "server/base/numbers.h"

namespace larder {
namespace {

constexpr int64_t kNsPerMs = 1'000'000;
constexpr double kNsPerUs = 1000;

// How far back INFO latency looks.
constexpr int64_t kShownSeconds = 10;

// Below it the sum of a run of short commands says too little about one of them.
constexpr int64_t kExactBelowMs = 10;

std::string in_microseconds(uint64_t nanoseconds) {
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), "%.3f", static_cast<double>(nanoseconds) / kNsPerUs);
  return text.data();
}

// "p99.9=410.000"
std::string percentile_text(double percent, uint64_t nanoseconds) {
  return 'p' + format_double(percent) + '=' + in_microseconds(nanoseconds);
}

}  // namespace

Latency::Latency()
    : Module({.name = "latency",
              .options_title = "Latency",
              .info_section = "Latency",
              .info_scope = InfoScope::module}) {
  latencies_.on_reset([this] {
    forget_recent();
    histograms_.clear();
  });
}

std::vector<CommandFamily> Latency::commands() const {
  return latency_commands();
}

void Latency::start(Host& host) {
  host_ = &host;
  host.add_info(latencies_);
  on_change({&threshold_ms_, &tracking_}, [this]() -> Status {
    follow_options();
    return ok;
  });
  follow_options();
}

void Latency::follow_options() {
  Hooks& hooks = host_->hooks();
  const bool has_threshold = threshold_ms_.get() > 0;
  listen_while(tracking_.get(), hooks.commands_timed, histogram_listener_,
               [this](const TimedRun& run) {
                 note(run.command, Kind::execution, run.mean_ns(), run.calls);
               });
  listen_while(tracking_.get(), hooks.requests_served, service_listener_,
               [this](const ServedRun& run) {
                 note(run.command, Kind::service, run.nanoseconds, run.calls);
               });
  listen_while(tracking_.get(), hooks.tick, tick_listener_, [this](int64_t) { begin_second(); });
  if (tracking_.get()) {
    begin_second();
  } else {
    forget_recent();
  }
  listen_while(has_threshold, hooks.commands_timed, run_listener_,
               [this](const TimedRun& run) { note_run(run); });
  listen_while(has_threshold, hooks.slow_event, event_listener_,
               [this](std::string_view name, int64_t nanoseconds) { note_event(name, nanoseconds); });
  count_while(has_threshold && threshold_ms_.get() < kExactBelowMs, hooks.exact_timing,
              wants_exact_timing_);
}

void Latency::note(const Command& command, Kind kind, int64_t nanoseconds, uint64_t calls) {
  noted_.next() = {static_cast<uint16_t>(command.id()), kind, static_cast<uint32_t>(calls),
                   nanoseconds};
  if (noted_.is_full()) record_noted();
}

void Latency::record_noted() {
  for (const Noted& noted : noted_.take()) {
    Recent& recent = recent_of(noted.command);
    TimeWindows& windows = noted.kind == Kind::execution ? recent.execution : recent.service;
    windows.record(second_, static_cast<uint64_t>(noted.nanoseconds), noted.calls);
  }
}

void Latency::begin_recent(size_t id) {
  recent_.resize(host_->commands().rows().size());
  recent_[id] = std::make_unique<Recent>();
}

// The clock of the windows: a second that is over moves into the past.
void Latency::begin_second() {
  record_noted();
  const int64_t second = monotonic_us() / 1'000'000;
  if (second == second_) return;
  second_ = second;
  for (size_t id = 0; id < recent_.size(); id++) {
    auto& recent = recent_[id];
    if (recent == nullptr) continue;
    keep_second(id, *recent);
    recent->execution.begin(second);
    recent->service.begin(second);
    if (recent->execution.is_empty() && recent->service.is_empty()) recent.reset();
  }
}

void Latency::keep_second(size_t id, const Recent& recent) {
  const Histogram& now = recent.execution.current();
  if (now.count() == 0) return;
  if (id >= histograms_.size()) histograms_.resize(recent_.size());
  histograms_[id].add(now);
}

const Latency::Recent* Latency::find_recent(const Command& command) const {
  return command.id() < recent_.size() ? recent_[command.id()].get() : nullptr;
}

void Latency::add_recent(const Command& command, Kind kind, int64_t seconds,
                         TimeWindows::Summary& summary) {
  begin_second();
  const Recent* recent = find_recent(command);
  if (recent == nullptr) return;
  (kind == Kind::execution ? recent->execution : recent->service).add_to(summary, second_, seconds);
}

TimeWindows::Summary Latency::recent_of_all(Kind kind, int64_t seconds) {
  TimeWindows::Summary summary;
  for (const Command& command : host_->commands().rows()) {
    add_recent(command, kind, seconds, summary);
  }
  return summary;
}

void Latency::forget_recent() {
  if (host_ == nullptr) return;
  // In this turn others may have run, whose replies leave later.
  host_->hooks().served_epoch++;
  record_noted();
  for (size_t id = 0; id < recent_.size(); id++) {
    if (recent_[id] != nullptr) keep_second(id, *recent_[id]);
  }
  std::vector<std::unique_ptr<Recent>>().swap(recent_);
}

Histogram Latency::histogram_of(const Command& command) {
  record_noted();
  Histogram histogram;
  if (command.id() < histograms_.size()) histogram = histograms_[command.id()];
  if (const Recent* recent = find_recent(command)) histogram.add(recent->execution.current());
  return histogram;
}

void Latency::note_run(const TimedRun& run) {
  note_event(run.command.has(kFast) ? "fast-command" : "command", run.nanoseconds);
}

void Latency::note_event(std::string_view name, int64_t nanoseconds) {
  const int64_t ms = nanoseconds / kNsPerMs;
  if (ms < threshold_ms_.get()) [[likely]]
    return;
  auto event = events_.find(name);
  if (event == events_.end()) event = events_.emplace(name, EventSeries()).first;
  event->second.add(wall_clock_ms() / 1000, ms);
}

void Latency::RecentField::write(InfoWriter& writer) const {
  if (!latency_.tracking_.get()) return;
  const TimeWindows::Summary summary = latency_.recent_of_all(kind_, kShownSeconds);
  std::string text = "count=" + std::to_string(summary.histogram.count());
  for (const double percent : {50.0, 95.0, 99.0, 99.9}) {
    text += ',' + percentile_text(percent, summary.percentile(percent));
  }
  writer.line(name(), text + ",max=" + in_microseconds(summary.histogram.max()));
}

void Latency::write_percentiles(InfoWriter& writer) {
  if (!tracking_.get()) return;
  for (const Command& command : host_->commands().rows()) {
    const Histogram histogram = histogram_of(command);
    if (histogram.count() == 0) continue;
    std::string text;
    for (const double percent : percentiles_.get().values()) {
      if (!text.empty()) text += ',';
      text += percentile_text(percent, histogram.percentile(percent));
    }
    writer.line("latency_percentiles_usec_" + std::string(command.full_name()), text);
  }
}

}  // namespace larder
