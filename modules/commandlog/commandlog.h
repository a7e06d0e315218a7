// SLOWLOG and COMMANDLOG: which requests were slow, which were large, and which had large replies.
//
// Costs nothing per request but for those that are logged, as long as slowlog-log-slower-than is a
// millisecond or more: the dispatcher times and measures in any case. Below that every command has
// to be timed by itself.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "modules/commandlog/log.h"
#include "server/module/module.h"

namespace larder {

enum class LogType : uint8_t { slow, large_request, large_reply };
inline constexpr size_t kLogTypes = 3;

class CommandLog final : public Module {
 public:
  CommandLog();
  std::vector<CommandFamily> commands() const override;
  void start(Host& host) override;

  RequestLog& log(LogType type) { return logs_[static_cast<size_t>(type)]; }

 private:
  // Listens as far as the options ask for it.
  void follow_options();
  void note_time(const TimedRun& run);
  void note_transfer(const CommandTransfer& transfer);
  RequestLog::Entry entry_for(int64_t value, const Command& command, const Client& client,
                              std::span<const std::string_view> arguments) const;

  Option<int64_t> slower_than_{
      options,
      "slowlog-log-slower-than",
      10'000,
      {.min = -1,
       .unit = Unit::microseconds,
       .aliases = {"commandlog-execution-slower-than"},
       .help =
           "Requests that take at least so many microseconds are in SLOWLOG; 0 logs all, -1 none. "
           "Consecutive short requests of the same kind (GET, SET, INCR ...) are timed together "
           "and "
           "count with their mean, which costs next to nothing; below 1000 each is timed by "
           "itself, "
           "for 40 ns or so a request."}};
  Option<int64_t> slow_entries_{
      options,
      "slowlog-max-len",
      128,
      {.aliases = {"commandlog-slow-execution-max-len"},
       .help = "So many of them are kept, the newest. An entry takes up to 4.6 kB."}};
  Option<int64_t> request_larger_than_{
      options,
      "commandlog-request-larger-than",
      1'048'576,
      {.min = -1,
       .help =
           "Requests of at least so many bytes are in COMMANDLOG's large-request log; -1: none."}};
  Option<int64_t> large_requests_{options,
                                  "commandlog-large-request-max-len",
                                  128,
                                  {.help = "So many of them are kept, the newest."}};
  Option<int64_t> reply_larger_than_{
      options,
      "commandlog-reply-larger-than",
      1'048'576,
      {.min = -1,
       .help = "Requests whose replies have at least so many bytes are in COMMANDLOG's large-reply "
               "log; -1: none."}};
  Option<int64_t> large_replies_{options,
                                 "commandlog-large-reply-max-len",
                                 128,
                                 {.help = "So many of them are kept, the newest."}};

  Host* host_ = nullptr;
  std::array<RequestLog, kLogTypes> logs_;
  int64_t slower_than_ns_ = 0;
  bool wants_exact_timing_ = false;
  // Numbers of listeners; 0: not listening.
  uint64_t time_listener_ = 0;
  uint64_t transfer_listener_ = 0;
};

// The tables of commands.cc.
std::vector<CommandFamily> commandlog_commands();

}  // namespace larder
