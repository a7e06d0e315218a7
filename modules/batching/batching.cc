#include "modules/batching/batching.h"

#include <algorithm>

#include "server/base/listen_while.h"

namespace larder {
namespace {

// A slice that is shorter would not be worth beginning.
constexpr size_t kLeastSliceUs = 50;

}  // namespace

Batching::Batching()
    : Module({.name = "batching",
              .options_title = "Batching",
              .info_section = "Batching",
              .info_scope = InfoScope::module}) {
  info.on_reset([this] {
    forget_batches();
    push_batches_.reset_stats();
  });
}

std::vector<CommandFamily> Batching::commands() const {
  return batching_commands();
}

void Batching::start(Host& host) {
  host_ = &host;
  take_options();
  for (OptionBase* option : options.options()) {
    option->on_change([this]() -> Status {
      take_options();
      return ok;
    });
  }
  Hooks& hooks = host.hooks();
  hooks.client_reset.add([this](Client& client) { push_batches_.end(client); });
  hooks.client_closed.add([this](Client& client) { push_batches_.end(client); });
  host.work().add(push_batches_);
}

// --- Bounds ---

BatchBound::Rules Batching::turn_rules() const {
  // Set the wrong way round, the smaller of the two is what there must be at least.
  const auto least = static_cast<size_t>(*least_);
  return {.target_ns = int64_t{*target_us_} * 1000,
          .least = least,
          .most = std::max(least, static_cast<size_t>(*most_))};
}

BatchBound::Rules Batching::slice_rules() const {
  const auto target_us = static_cast<size_t>(*slice_us_);
  return {.target_ns = int64_t{*slice_us_} * 1000,
          .least = std::min(kLeastSliceUs, target_us),
          .most = 2 * target_us};
}

void Batching::take_options() {
  Hooks& hooks = host_->hooks();
  listen_while(*enabled_, hooks.turn_finished, turn_listener_,
               [this](const FinishedTurn& turn) { turn_finished(turn); });
  listen_while(*enabled_, hooks.slice_finished, slice_listener_,
               [this](const FinishedSlice& slice) { slice_finished(slice); });
  if (!*enabled_) forget_batches();
  turn_bound_.limit(turn_rules());
  slice_bound_.limit(slice_rules());
  set_pace();
}

void Batching::set_pace() {
  Pace& pace = host_->hooks().pace;
  if (!*enabled_) {
    pace = {};  // as without the module
    return;
  }
  pace.looks_ahead = true;
  pace.turn_requests = turn_bound_.value();
  pace.turn_us = 2 * int64_t{*target_us_};
  pace.slice_us = static_cast<int64_t>(slice_bound_.value());
}

void Batching::forget_batches() {
  sizes_.reset();
  slice_times_us_.reset();
  last_size_ = 0;
  for (Counter* counter : {&prefetched_keys_, &late_turns_, &cut_turns_, &late_slices_}) {
    counter->reset();
  }
}

void Batching::turn_finished(const FinishedTurn& turn) {
  last_size_ = turn.requests;
  sizes_.record(turn.requests);
  prefetched_keys_ += turn.prefetched_keys;
  if (turn.was_cut) ++cut_turns_;
  const BatchBound::Rules rules = turn_rules();
  if (turn.nanoseconds > rules.target_ns) ++late_turns_;
  turn_bound_.note({turn.requests, turn.nanoseconds, turn.was_cut}, rules);
  set_pace();
}

void Batching::slice_finished(const FinishedSlice& slice) {
  slice_times_us_.record(static_cast<uint64_t>(slice.nanoseconds / 1000));
  const BatchBound::Rules rules = slice_rules();
  // A backlog is allowed more than the target.
  const auto allowed = static_cast<size_t>(slice.allowed_us);
  if (slice.nanoseconds > std::max(rules.target_ns, slice.allowed_us * 1000)) ++late_slices_;
  slice_bound_.note({allowed, slice.nanoseconds, slice.was_cut}, rules);
  set_pace();
}

}  // namespace larder
