#include "modules/commandlog/commandlog.h"

#include <algorithm>
#include <string>
#include <utility>

#include "server/base/clock.h"
#include "server/base/listen_while.h"
#include "server/command/secret_arguments.h"

namespace larder {
namespace {

// Longer than anything takes; times the calls of a run it is still far from an overflow.
constexpr int64_t kMaxSlowerThanUs = int64_t{1} << 40;
constexpr int64_t kNsPerUs = 1000;

// Below it the mean of a run says too little about one of its calls.
constexpr int64_t kExactBelowUs = 1000;

// SIZE_MAX: nothing is that large.
size_t threshold_of(int64_t option, int64_t max_entries) {
  return option < 0 || max_entries == 0 ? SIZE_MAX : static_cast<size_t>(option);
}

}  // namespace

CommandLog::CommandLog() : Module({.name = "commandlog", .options_title = "Command logs"}) {}

std::vector<CommandFamily> CommandLog::commands() const {
  return commandlog_commands();
}

void CommandLog::start(Host& host) {
  host_ = &host;
  on_change({&slower_than_, &slow_entries_, &request_larger_than_, &large_requests_,
             &reply_larger_than_, &large_replies_},
            [this]() -> Status {
              follow_options();
              return ok;
            });
  follow_options();
}

void CommandLog::follow_options() {
  Hooks& hooks = host_->hooks();
  slower_than_ns_ = std::clamp<int64_t>(slower_than_.get(), 0, kMaxSlowerThanUs) * kNsPerUs;
  const bool logs_slow = slower_than_.get() >= 0 && slow_entries_.get() > 0;
  listen_while(logs_slow, hooks.commands_timed, time_listener_,
               [this](const TimedRun& run) { note_time(run); });
  count_while(logs_slow && slower_than_.get() < kExactBelowUs, hooks.exact_timing,
              wants_exact_timing_);

  hooks.large_request_bytes = threshold_of(request_larger_than_, large_requests_);
  hooks.large_reply_bytes = threshold_of(reply_larger_than_, large_replies_);
  listen_while(hooks.large_request_bytes != SIZE_MAX || hooks.large_reply_bytes != SIZE_MAX,
               hooks.large_transfer, transfer_listener_,
               [this](const CommandTransfer& transfer) { note_transfer(transfer); });

  log(LogType::slow).shrink_to(static_cast<size_t>(slow_entries_.get()));
  log(LogType::large_request).shrink_to(static_cast<size_t>(large_requests_.get()));
  log(LogType::large_reply).shrink_to(static_cast<size_t>(large_replies_.get()));
}

void CommandLog::note_time(const TimedRun& run) {
  if (run.nanoseconds < slower_than_ns_ * static_cast<int64_t>(run.calls)) [[likely]]
    return;
  if (run.command.has(kSkipSlowlog)) return;
  const int64_t us = run.mean_ns() / kNsPerUs;
  RequestLog::Entry entry;
  if (run.client != nullptr) {
    entry = entry_for(us, run.command, *run.client, run.arguments);
  } else {
    // All of them took that long, and nobody knows which one how long.
    entry.value = us;
    entry.time_seconds = wall_clock_ms() / 1000;
    entry.arguments = {std::string(run.command.full_name()),
                       "... (" + std::to_string(run.calls) + " calls, timed together)"};
  }
  entry.queued_us = run.queued_ns / kNsPerUs;
  log(LogType::slow).add(std::move(entry), static_cast<size_t>(slow_entries_.get()));
}

void CommandLog::note_transfer(const CommandTransfer& transfer) {
  if (transfer.command.has(kSkipSlowlog)) return;
  const auto note = [&](LogType type, size_t bytes, size_t threshold, int64_t max_entries) {
    if (bytes < threshold) return;
    log(type).add(entry_for(static_cast<int64_t>(bytes), transfer.command, transfer.client,
                            transfer.arguments),
                  static_cast<size_t>(max_entries));
  };
  const Hooks& hooks = host_->hooks();
  note(LogType::large_request, transfer.request_bytes, hooks.large_request_bytes, large_requests_);
  note(LogType::large_reply, transfer.reply_bytes, hooks.large_reply_bytes, large_replies_);
}

RequestLog::Entry CommandLog::entry_for(int64_t value, const Command& command, const Client& client,
                                        std::span<const std::string_view> arguments) const {
  std::vector<std::string_view> shown;
  for (size_t i = 0; i < std::min(arguments.size(), RequestLog::kMaxArguments); i++) {
    shown.push_back(shown_argument(command, arguments, i, host_->options()));
  }
  return {.id = 0,
          .time_seconds = wall_clock_ms() / 1000,
          .value = value,
          .arguments = trimmed_arguments(shown, arguments.size()),
          .address = std::string(client.socket.peer_address()),
          .name = client.name.substr(0, RequestLog::kMaxArgumentBytes)};
}

}  // namespace larder
