#include "modules/memory_pressure/memory_pressure.h"

#include <algorithm>
#include <utility>

#include "server/base/log.h"
#include "server/base/numbers.h"

namespace larder {
namespace {

// The row of MEMORY PRESSURE, whose clients wait for the end of a run.
constexpr std::string_view kRunCommand = "memory|pressure";
// How many slices may follow each other without a turn when the kernel is about to end the process.
constexpr int64_t kHurrySlices = 10;

}  // namespace

MemoryPressure::MemoryPressure()
    : Module({.name = "memory-pressure",
              .options_title = "Memory pressure",
              .info_section = "Pressure",
              .info_scope = InfoScope::module}) {}

std::vector<CommandFamily> MemoryPressure::commands() const {
  return memory_pressure_commands();
}

void MemoryPressure::start(Host& host) {
  host_ = &host;
  if (meter_ == nullptr) meter_ = std::make_unique<ServerMeter>(host);
  relief_ = std::make_unique<Relief>(host);
  relief_->on_finished = [this] { answer_waiting(); };
  host.work().add(*relief_);
  host.hooks().tick.add([this](int64_t now_ms) { on_tick(now_ms); });
  for (OptionBase* option : options.options()) {
    option->on_change([this]() -> Status {
      next_check_ms_ = 0;  // the next tick looks with the new values
      return ok;
    });
  }
}

void MemoryPressure::on_tick(int64_t now_ms) {
  // A clock that was set back must not make the next look wait for it.
  next_check_ms_ = std::min(next_check_ms_, now_ms + *interval_ms_);
  if (now_ms < next_check_ms_) return;
  next_check_ms_ = now_ms + *interval_ms_;
  check();
}

void MemoryPressure::check() {
  const MemoryLevel former = level_.level();
  ++checks_;
  const PressureReading reading = *enabled_ ? meter_->read() : PressureReading{};
  if (level_.update(reading, rules(), wall_clock_ms())) level_changed(former);
  set_alarm();
  if (level_.level() == MemoryLevel::normal) return;
  relief_->start(level_.level(), relief_rules(), false);
  // Between two turns megabytes can come in, and there are few of them left.
  if (level_.is_critical(rules())) relief_->hurry(Deadline::in_us(kHurrySlices * *slice_us_));
}

// Whoever writes faster than the interval is met at the next threshold.
void MemoryPressure::set_alarm() {
  const size_t threshold = *enabled_ ? level_.next_threshold(rules()) : SIZE_MAX;
  host_->memory().set_alarm(threshold, [this] { check(); });
}

void MemoryPressure::level_changed(MemoryLevel former) {
  ++changes_;
  const MemoryLevel now = level_.level();
  const std::string source(source_name(level_.source()));
  const std::string text =
      "Memory pressure is " + std::string(level_name(now)) + ", was " +
      std::string(level_name(former)) + ": " + source + " at " + format_fixed(level_.percent(), 1) +
      " % of " +
      (level_.source() == PressureSource::stalls ? "the time" : format_bytes_human(level_.limit()));
  now > former ? log::warning(text) : log::notice(text);
  const bool is_aggressive = now == MemoryLevel::aggressive;
  host_->refuse_clients_from(is_aggressive && *max_clients_ > 0 ? static_cast<size_t>(*max_clients_)
                                                                : SIZE_MAX);
  host_->memory().set_level(now);
  host_->hooks().memory_level(now);
  host_->hooks().publish(kChannel, "level=" + std::string(level_name(now)) + " former=" +
                                       std::string(level_name(former)) + " source=" + source +
                                       " percent=" + format_fixed(level_.percent(), 1));
}

LevelRules MemoryPressure::rules() const {
  LevelRules rules;
  rules.moderate = *moderate_;
  // Set the wrong way round, both begin where the higher one would.
  rules.aggressive = std::max(*aggressive_, *moderate_);
  rules.hysteresis = *hysteresis_;
  rules.stall_moderate = *stall_moderate_;
  rules.stall_aggressive = *stall_aggressive_;
  return rules;
}

ReliefRules MemoryPressure::relief_rules() const {
  ReliefRules allowed;
  allowed.slice_us = *slice_us_;
  allowed.client_bytes = bytes_of(*clients_, host_->memory().machine().bytes);
  allowed.idle_timeout_ms = int64_t{*idle_timeout_} * 1000;
  allowed.evict_bytes = level_.excess(rules());
  return allowed;
}

// --- MEMORY PRESSURE RUN ---

void MemoryPressure::run_steps(MemoryLevel level, Client& client) {
  waiting_clients_.push_back(client.id);
  relief_->start(level, relief_rules(), true);
}

void MemoryPressure::run_steps_at_once(MemoryLevel level) {
  relief_->start(level, relief_rules(), true);
  relief_->finish(Deadline::never());
}

void MemoryPressure::answer_waiting() {
  for (const uint64_t id : std::exchange(waiting_clients_, {})) {
    Client* client = host_->clients().find(id);
    // Whoever was unblocked meanwhile may wait for something else now.
    const bool waits = client != nullptr && client->is_blocked && client->last_command == kRunCommand;
    if (waits) host_->end_wait(*client);
  }
}

// --- INFO ---

void MemoryPressure::write_steps(InfoWriter& writer) const {
  if (relief_ == nullptr) return;
  for (const Relief::Outcome& outcome : relief_->outcomes()) {
    std::string name = "pressure_step_" + std::string(outcome.name);
    std::ranges::replace(name, '-', '_');
    writer.line(name, "runs=" + std::to_string(outcome.runs) +
                          ",freed_bytes=" + std::to_string(outcome.total_bytes));
  }
}

}  // namespace larder
