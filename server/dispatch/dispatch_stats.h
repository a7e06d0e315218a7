// What dispatch counts.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "server/info/info.h"

namespace larder {

struct DispatchStats : InfoGroup {
  DispatchStats() : InfoGroup("Stats") {
    on_reset([this] {
      command_ns = 0;
      errors_by_code.clear();
    });
  }
  Counter commands_processed{*this, "total_commands_processed"};
  Counter error_replies{*this, "total_error_replies"};
  // Clients that were closed because they sent too much at once, and because they read too little.
  Counter input_limit_disconnections{*this, "client_query_buffer_limit_disconnections"};
  Counter output_limit_disconnections{*this, "client_output_buffer_limit_disconnections"};
  // In commands, what EXEC runs counted once.
  int64_t command_ns = 0;
  Field command_us{*this, "eventloop_duration_cmd_sum", InfoKind::count,
                   [this] { return command_ns / 1000; }};

  // Errors by their code, for INFO errorstats. Scripts and modules can make codes up, so there is a
  // bound, and what comes beyond it counts together.
  static constexpr size_t kMaxCodes = 128;
  static constexpr std::string_view kOtherCodes = "ERRORSTATS_OVERFLOW";
  static constexpr size_t kMaxCodeLength = 32;
  std::map<std::string, uint64_t, std::less<>> errors_by_code;

  void count_error(std::string_view text) {
    ++error_replies;
    // As in Redis, an error without a code, or with one that is too long to be one, counts as ERR.
    const size_t space = text.substr(0, kMaxCodeLength).find(' ');
    const std::string_view code = space == std::string_view::npos ? "ERR" : text.substr(0, space);
    if (auto known = errors_by_code.find(code); known != errors_by_code.end()) {
      known->second++;
    } else {
      errors_by_code[std::string(errors_by_code.size() < kMaxCodes ? code : kOtherCodes)]++;
    }
  }
};

}  // namespace larder
