#include "modules/memory_pressure/relief.h"

#include <algorithm>

namespace larder {
namespace {

// A step that is still not done after so many slices has to wait for the next run: others come
// then.
constexpr size_t kMaxSlices = 2000;
// How soon walks over everything are worth it again.
constexpr int64_t kWalkIntervalMs = 10'000;

}  // namespace

struct Relief::Step {
  std::string_view name;
  MemoryLevel from;     // the level at which it runs
  int64_t interval_ms;  // it runs no more often
  // Returns whether it is done.
  bool (Relief::*run)(Deadline);
};

// From harmless to costly. Keys that are still alive, and clients, come last, because these are the
// steps that somebody can notice. What they free is only given back by the purge behind them.
constexpr Relief::Step Relief::kSteps[kStepCount] = {
    {"expire", MemoryLevel::moderate, 0, &Relief::expire},
    {"buffers", MemoryLevel::moderate, 0, &Relief::shrink_buffers},
    {"tables", MemoryLevel::moderate, kWalkIntervalMs, &Relief::compact_tables},
    {"purge", MemoryLevel::moderate, 0, &Relief::purge},
    {"defragment", MemoryLevel::moderate, kWalkIntervalMs, &Relief::defragment},
    {"idle-clients", MemoryLevel::aggressive, 0, &Relief::drop_idle_clients},
    {"large-clients", MemoryLevel::aggressive, 0, &Relief::evict_clients},
    {"evict", MemoryLevel::aggressive, 0, &Relief::evict_keys},
    {"purge-again", MemoryLevel::aggressive, 0, &Relief::purge},
};

// Where the steps begin that only the aggressive level takes.
size_t Relief::first_costly_step() {
  size_t step = 0;
  while (kSteps[step].from != MemoryLevel::aggressive) step++;
  return step;
}

Relief::Relief(Host& host) : host_(host) {
  for (size_t i = 0; i < kStepCount; i++) outcomes_[i].name = kSteps[i].name;
}

void Relief::start(MemoryLevel level, const ReliefRules& rules, bool repeats_all) {
  rules_ = rules;
  set_slice_us(rules.slice_us);
  repeats_all_ |= repeats_all;
  level_ = is_running() ? std::max(level_, level) : level;
  if (is_running()) return;
  step_ = 0;
  freed_bytes_ = 0;
  begin_step();
  plan(0);
}

bool Relief::is_due(const Step& step) const {
  if (step.from > level_) return false;
  const Outcome& last = outcomes_[static_cast<size_t>(&step - kSteps)];
  return repeats_all_ || last.at_ms == 0 ||
         monotonic_ms() - last.began_ms >= step.interval_ms;
}

// Goes on to the next step that is to be run.
void Relief::begin_step() {
  while (step_ < kStepCount && !is_due(kSteps[step_])) step_++;
  slices_ = 0;
  if (step_ < kStepCount) {
    outcomes_[step_].freed_bytes = 0;
    outcomes_[step_].runs++;
    outcomes_[step_].at_ms = wall_clock_ms();
    outcomes_[step_].began_ms = monotonic_ms();
  }
}

void Relief::run(Deadline deadline) {
  while (is_running() && !deadline.has_passed()) {
    const size_t before = used_memory();
    const auto step = kSteps[step_].run;
    const bool is_done = (this->*step)(deadline) || ++slices_ >= kMaxSlices;
    const size_t after = used_memory();
    if (before > after) add_freed(before - after);
    if (!is_done) break;
    step_++;
    begin_step();
  }
  plan(is_running() ? 0 : kNever);
  if (is_running()) return;
  repeats_all_ = false;
  if (on_finished) on_finished();
}

void Relief::finish(Deadline deadline) {
  while (is_running() && !deadline.has_passed()) run(deadline);
}

void Relief::hurry(Deadline deadline) {
  if (is_running() && step_ < first_costly_step()) {
    step_ = first_costly_step();
    begin_step();
  }
  finish(deadline);
}

void Relief::add_freed(size_t bytes) {
  outcomes_[step_].freed_bytes += bytes;
  outcomes_[step_].total_bytes += bytes;
  freed_bytes_ += bytes;
  total_bytes_ += bytes;
}

// --- Steps ---

bool Relief::expire(Deadline deadline) {
  return !host_.drop_removed(deadline);
}

bool Relief::shrink_buffers(Deadline) {
  host_.shrink_buffers();
  return true;
}

bool Relief::compact_tables(Deadline deadline) {
  return host_.compact_tables(deadline);
}

bool Relief::purge(Deadline) {
  add_freed(host_.purge_allocator());
  return true;
}

// It runs beside the other steps, with a share of the processor of its own.
bool Relief::defragment(Deadline) {
  host_.defragment();
  return true;
}

bool Relief::drop_idle_clients(Deadline) {
  if (rules_.idle_timeout_ms == 0) return true;
  const int64_t now_ms = host_.keyspace().now_ms();
  for (const auto& [id, client] : host_.clients().all()) {
    const bool is_plain = client->type == ClientType::normal && !client->is_blocked &&
                          !client->is_in_transaction() && !client->no_evict;
    if (!is_plain || client->socket.is_closing()) continue;
    if (now_ms - client->last_request_ms < rules_.idle_timeout_ms) continue;
    add_freed(client->socket.memory());
    client->socket.close_now();
  }
  return true;
}

// Closed clients give their memory back at the end of the turn, which is not measured here.
bool Relief::evict_clients(Deadline) {
  if (rules_.client_bytes > 0) add_freed(host_.evict_clients(rules_.client_bytes));
  return true;
}

bool Relief::evict_keys(Deadline deadline) {
  if (rules_.evict_bytes == 0) return true;
  const size_t evicted = host_.evict_keys(rules_.evict_bytes, deadline);
  rules_.evict_bytes -= std::min(evicted, rules_.evict_bytes);
  return evicted == 0 || rules_.evict_bytes == 0;
}

}  // namespace larder
