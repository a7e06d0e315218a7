// How much is done at once: requests in a turn of the loop, background work between two turns, and
// pushes in a write.
//
// The core keeps to the bounds of Pace; this module moves them, so that a turn and a slice take the
// time that the options say, whatever the requests cost, lets the dispatcher look ahead, and
// counts.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "modules/batching/batch_bound.h"
#include "modules/batching/push_batches.h"
#include "server/module/module.h"

namespace larder {

class Batching final : public Module {
 public:
  Batching();
  std::vector<CommandFamily> commands() const override;
  void start(Host& host) override;

  PushBatches& push_batches() { return push_batches_; }

 private:
  BatchBound::Rules turn_rules() const;
  BatchBound::Rules slice_rules() const;
  void take_options();
  void set_pace();
  // What turns and slices have been so far.
  void forget_batches();
  void turn_finished(const FinishedTurn& turn);
  void slice_finished(const FinishedSlice& slice);

  Option<bool> enabled_{
      options,
      "batching",
      true,
      {.help =
           "Whether the keys of all requests of a batch are brought into the processor's cache "
           "before the first of them runs, and what a turn of the loop does adapts to the options "
           "below. Without, a turn has fixed bounds."}};
  Option<int> target_us_{
      options,
      "batch-target-us",
      500,
      {.min = 10,
       .max = 1'000'000,
       .unit = Unit::microseconds,
       .help =
           "How long the requests of one turn of the loop may take, in microseconds, before the "
           "replies leave. The number of requests in a turn adapts to it. Less means that nobody "
           "waits long for others, more that each write carries more replies."}};
  Option<int> least_{
      options,
      "batch-min",
      16,
      {.min = 1,
       .max = 1'000'000,
       .help = "The number of requests that a turn runs at least, if there are so many, "
               "however long they take."}};
  Option<int> most_{
      options,
      "batch-max",
      16'384,
      {.min = 1,
       .max = 1'000'000,
       .help = "The number of requests that a turn runs at most. Half of the clients that "
               "have some get one all the same, so that nobody waits for more than two turns."}};
  Option<int> slice_us_{
      options,
      "background-batch-target-us",
      500,
      {.min = 50,
       .max = 100'000,
       .unit = Unit::microseconds,
       .help =
           "How long background work may take between two turns, in microseconds: removing what "
           "has expired, evicting, and freeing what was removed."}};
  size_t last_size_ = 0;
  Histogram sizes_;
  Histogram slice_times_us_;
  Pace pace() const { return host_ == nullptr ? Pace{} : host_->hooks().pace; }

  Field turns_field_{info, "batches", InfoKind::count, [this] { return sizes_.count(); }};
  Field mean_field_{info, "batch_size_mean", [this] { return sizes_.mean(); }};
  Field p50_field_{info, "batch_size_p50", [this] { return sizes_.percentile(50); }};
  Field p99_field_{info, "batch_size_p99", [this] { return sizes_.percentile(99); }};
  Field last_field_{info, "batch_size_current", [this] { return last_size_; }};
  Field bound_field_{info, "batch_limit", [this] { return pace().turn_requests; }};
  Counter prefetched_keys_{info, "batch_prefetched_keys"};
  Counter late_turns_{info, "batch_over_target"};
  Counter cut_turns_{info, "batch_cut"};
  Field slices_field_{info, "background_batches", InfoKind::count,
                      [this] { return slice_times_us_.count(); }};
  Field slice_p50_field_{info, "background_batch_us_p50",
                         [this] { return slice_times_us_.percentile(50); }};
  Field slice_p99_field_{info, "background_batch_us_p99",
                         [this] { return slice_times_us_.percentile(99); }};
  Field slice_bound_field_{info, "background_batch_limit_us", [this] { return pace().slice_us; }};
  Counter late_slices_{info, "background_batch_over_target"};
  Field push_clients_field_{info, "push_batch_clients", [this] { return push_batches_.clients(); }};
  Field push_batches_field_{info, "push_batches", InfoKind::count,
                            [this] { return push_batches_.stats().batches; }};
  Field push_messages_field_{info, "push_batch_messages", InfoKind::count,
                             [this] { return push_batches_.stats().messages; }};
  Field push_merged_field_{info, "push_batch_messages_merged", InfoKind::count,
                           [this] { return push_batches_.stats().merged; }};

  Host* host_ = nullptr;
  BatchBound turn_bound_{1024};
  BatchBound slice_bound_{500};
  PushBatches push_batches_;
  // Numbers of listeners; 0: not listening.
  uint64_t turn_listener_ = 0;
  uint64_t slice_listener_ = 0;
};

// The table of commands.cc.
std::vector<CommandFamily> batching_commands();

}  // namespace larder
